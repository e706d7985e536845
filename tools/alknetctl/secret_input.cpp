#include "secret_input.hpp"

#include "base/fd.hpp"
#include "clients/sealed_box.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

namespace alk::alknetctl {

static constexpr std::array signals{SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP};
static volatile std::sig_atomic_t caught = 0;

// No echo while it lives; a signal ends the reading, so that the terminal is put right before it takes
// effect. It is held back but for wait_for_input(): one that came just before a read(2) would be missed.
class Quiet {
 public:
  explicit Quiet(int terminal) : terminal_(terminal) {
    ::sigset_t held;
    ::sigemptyset(&held);
    for (const int number : signals) ::sigaddset(&held, number);
    ::pthread_sigmask(SIG_BLOCK, &held, &outside_);
    struct ::sigaction action {};
    action.sa_handler = [](int number) { caught = number; };
    for (std::size_t i = 0; i < signals.size(); ++i) ::sigaction(signals[i], &action, &before_[i]);
    changed_ = ::tcgetattr(terminal, &modes_) == 0;
    ::termios silent = modes_;
    silent.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    silent.c_lflag |= ECHONL;
    if (changed_) changed_ = ::tcsetattr(terminal, TCSAFLUSH, &silent) == 0;
  }
  ~Quiet() {
    if (changed_) ::tcsetattr(terminal_, TCSAFLUSH, &modes_);
    for (std::size_t i = 0; i < signals.size(); ++i) ::sigaction(signals[i], &before_[i], nullptr);
    const int number = caught;
    caught = 0;
    ::pthread_sigmask(SIG_SETMASK, &outside_, nullptr);
    if (number != 0) ::raise(number);
  }
  Quiet(const Quiet&) = delete;
  Quiet& operator=(const Quiet&) = delete;
  bool works() const { return changed_; }
  const ::sigset_t& outside() const { return outside_; } // what was held back before

 private:
  int terminal_;
  bool changed_ = false;
  ::termios modes_{};
  std::array<struct ::sigaction, signals.size()> before_{};
  ::sigset_t outside_{};
};

static Result<void> wait_for_input(int descriptor, const ::sigset_t& held_back) {
  ::pollfd one{descriptor, POLLIN, 0};
  while (::ppoll(&one, 1, nullptr, &held_back) < 0)
    if (errno != EINTR || caught != 0) return fail_errno(errno, "reading the secret");
  return {};
}

// Up to the end, or to the end of a line. Straight into memory that is wiped, one allocation.
static Result<SecretBytes> read_secret(int descriptor, bool whole, const Quiet* quiet = nullptr) {
  SecretBytes buffer(max_secret_input);
  std::size_t used = 0;
  while (true) {
    if (used == buffer.size()) return fail(Kind::Invalid, "that is too long for a secret");
    if (quiet != nullptr) ALK_TRY_VOID(wait_for_input(descriptor, quiet->outside()));
    char byte = 0; // one at a time: what comes after the line is not ours
    const ssize_t got =
        ::read(descriptor, whole ? reinterpret_cast<char*>(buffer.bytes().data()) + used : &byte,
               whole ? buffer.size() - used : 1);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return fail_errno(errno, "reading the secret");
    if (got == 0 || (!whole && byte == '\n')) break;
    if (!whole) buffer.bytes()[used] = std::byte(byte);
    used += static_cast<std::size_t>(got);
    wipe(std::as_writable_bytes(std::span(&byte, 1)));
  }
  return SecretBytes(buffer.view().substr(0, used));
}

static Result<SecretBytes> ask_terminal(const std::string& question) {
  Fd terminal(::open("/dev/tty", O_RDWR | O_CLOEXEC));
  if (!terminal) return fail(Kind::Invalid, "there is no terminal to ask on: use --fd N or --ask-password");
  const Quiet quiet(terminal.get());
  if (!quiet.works()) return fail(Kind::Broken, "the terminal cannot be kept from showing what is typed");
  const std::string prompt = question + ": ";
  if (::write(terminal.get(), prompt.data(), prompt.size()) < 0)
    return fail_errno(errno, "asking on the terminal");
  return read_secret(terminal.get(), false, &quiet);
}

static Result<SecretBytes> ask_systemd(const std::string& question) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return fail_errno(errno, "a pipe");
  Fd from(ends[0]), to(ends[1]);
  ::posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_adddup2(&actions, to.get(), STDOUT_FILENO);
  const std::string text = question + ":";
  const char* const arguments[] = {"systemd-ask-password", "--no-tty", "--timeout=0", "--",
                                   text.c_str(),           nullptr};
  ::pid_t child = -1;
  const int failed =
      ::posix_spawnp(&child, arguments[0], &actions, nullptr, const_cast<char* const*>(arguments), environ);
  ::posix_spawn_file_actions_destroy(&actions);
  to.reset();
  if (failed != 0) return fail_errno(failed, "systemd-ask-password");
  auto answer = read_secret(from.get(), false);
  int status = -1;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  if (status != 0) return fail(Kind::Invalid, "systemd-ask-password got no answer");
  return answer;
}

Result<void> SecretInput::fill() {
  if (std::exchange(filled_, true)) return {};
  ALK_TRY(rest_, read_secret(source_.descriptor, true));
  return {};
}

Result<SecretBytes> SecretInput::line(const std::string& question) {
  if (source_.descriptor < 0) return source_.ask_password ? ask_systemd(question) : ask_terminal(question);
  ALK_TRY_VOID(fill());
  const std::string_view rest = rest_.view();
  const std::size_t end = std::min(rest.find('\n'), rest.size());
  SecretBytes line(rest.substr(0, end));
  rest_ = SecretBytes(rest.substr(std::min(end + 1, rest.size())));
  return line;
}

Result<SecretBytes> SecretInput::text(const std::string& question) {
  if (source_.descriptor < 0) return line(question);
  ALK_TRY_VOID(fill());
  return std::move(rest_);
}

Result<SecretBytes> ask_unlock_request(SecretSource source) {
  SecretInput input(source);
  ALK_TRY(const SecretBytes mnemonic, input.line("Mnemonic"));
  ALK_TRY(const SecretBytes passphrase, input.line("Passphrase (empty if there is none)"));
  return clients::unlock_request(mnemonic.view(), passphrase.view());
}

} // namespace alk::alknetctl
