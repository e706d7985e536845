#include "ssh/memory_transport.hpp"

#include "ssh/handles.hpp"

#include <cerrno>
#include <memory>
#include <vector>

#include <gssapi/gssapi.h>

namespace alk::ssh {

namespace {
// Output scratch that a quiet thread keeps.
constexpr std::size_t kept_output = 1024 * 1024;

struct ThreadState {
  MemoryTransport transport;
  bool open = false;
  std::unique_ptr<std::byte[]> input;
};

ThreadState& thread_state() {
  thread_local ThreadState state;
  return state;
}
} // namespace

Window::Window(int alias) {
  ThreadState& state = thread_state();
  ALK_CHECK(!state.open);
  state.open = true;
  state.transport.alias = alias;
  state.transport.input = {};
  state.transport.input_ended = false;
  state.transport.overflowed = false;
  state.transport.output.clear();
}

Window::~Window() {
  ThreadState& state = thread_state();
  state.open = false;
  state.transport.output.clear();
  if (state.transport.output.capacity() > kept_output) state.transport.output.shrink_to_fit();
}

MemoryTransport& Window::transport() {
  return thread_state().transport;
}

MemoryTransport* current_transport() {
  ThreadState& state = thread_state();
  return state.open ? &state.transport : nullptr;
}

bool is_memory(int fd) {
  if (fd == memory_descriptor) return true;
  const MemoryTransport* transport = current_transport();
  return transport != nullptr && fd >= 0 && fd == transport->alias;
}

std::span<std::byte> input_scratch() {
  ThreadState& state = thread_state();
  if (!state.input) state.input = std::make_unique_for_overwrite<std::byte[]>(input_chunk);
  return {state.input.get(), input_chunk};
}

InterpositionMarks& interposition_marks() {
  thread_local InterpositionMarks marks;
  return marks;
}

// A server session that greets, reads a greeting and answers it walks through poll, recv and send.
Result<void> check_interposition() {
  interposition_marks() = {};
  {
    Window window;
    SessionHandle session(ssh_new());
    BindHandle bind(ssh_bind_new());
    bool no = false;
    ssh_bind_options_set(bind.get(), SSH_BIND_OPTIONS_PROCESS_CONFIG, &no);
    ssh_key raw = nullptr;
    if (ssh_pki_generate(SSH_KEYTYPE_ED25519, 0, &raw) != SSH_OK)
      return fail(Kind::Broken, "libssh cannot generate an Ed25519 key");
    ssh_bind_options_set(bind.get(), SSH_BIND_OPTIONS_IMPORT_KEY, raw); // takes the key
    if (ssh_bind_accept_fd(bind.get(), session.get(), memory_descriptor) != SSH_OK)
      return fail(Kind::Broken, "libssh refuses the memory descriptor");
    ssh_set_blocking(session.get(), 0);
    static constexpr std::string_view greeting = "SSH-2.0-check\r\n";
    window.transport().input = std::as_bytes(std::span(greeting));
    for (int i = 0; i < 4; ++i) (void)ssh_handle_key_exchange(session.get());
  }
  OM_uint32 minor = 0;
  gss_OID_set mechanisms = GSS_C_NO_OID_SET;
  (void)gss_indicate_mechs(&minor, &mechanisms);
  if (mechanisms != GSS_C_NO_OID_SET) gss_release_oid_set(&minor, &mechanisms);

  const InterpositionMarks& marks = interposition_marks();
  if (!marks.poll) return fail(Kind::Broken, "libssh does not reach our poll()");
  if (!marks.recv) return fail(Kind::Broken, "libssh does not reach our recv()");
  if (!marks.send) return fail(Kind::Broken, "libssh does not reach our send()");
  if (!marks.gss) return fail(Kind::Broken, "gss_indicate_mechs is not ours");
  return {};
}

} // namespace alk::ssh
