#include "ssh/client_session.hpp"

#include "base/encoding.hpp"
#include "base/fd.hpp"
#include "base/text.hpp"
#include "loop/asio.hpp"
#include "ssh/agent.hpp"
#include "ssh/algorithms.hpp"
#include "ssh/channel.hpp"
#include "ssh/identity_key.hpp"
#include "ssh/key_file.hpp"
#include "ssh/memory_transport.hpp"
#include "ssh/open_request.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdio>

#include <fcntl.h>

// ssh_message_get is deprecated in favour of callbacks, which answer requests behind our back.
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"

namespace alk::ssh {

namespace {

// What a server may tell us in words before it is cut.
constexpr std::size_t server_text_limit = 200;

// Nothing is read from anywhere: no configuration, no known hosts, no default identities of libssh's own.
int set_options(ssh_session session, const std::string& user, int descriptor) {
  const bool no = false;
  int set = ssh_options_set(session, SSH_OPTIONS_PROCESS_CONFIG, &no);
  set |= ssh_options_set(session, SSH_OPTIONS_SSH_DIR, "/nonexistent");
  set |= ssh_options_set(session, SSH_OPTIONS_KNOWNHOSTS, "/dev/null");
  set |= ssh_options_set(session, SSH_OPTIONS_GLOBAL_KNOWNHOSTS, "/dev/null");
  set |= ssh_options_set(session, SSH_OPTIONS_FD, &descriptor);
  set |= ssh_options_set(session, SSH_OPTIONS_USER, user.c_str());
  set |= ssh_options_set(session, SSH_OPTIONS_KEY_EXCHANGE, kex_algorithms);
  set |= ssh_options_set(session, SSH_OPTIONS_HOSTKEYS, host_key_algorithms);
  set |= ssh_options_set(session, SSH_OPTIONS_CIPHERS_C_S, ciphers);
  set |= ssh_options_set(session, SSH_OPTIONS_CIPHERS_S_C, ciphers);
  set |= ssh_options_set(session, SSH_OPTIONS_HMAC_C_S, macs);
  set |= ssh_options_set(session, SSH_OPTIONS_HMAC_S_C, macs);
  set |= ssh_options_set(session, SSH_OPTIONS_COMPRESSION, compression);
  set |= ssh_options_set(session, SSH_OPTIONS_PUBLICKEY_ACCEPTED_TYPES, public_key_types);
  return set;
}

OpenFailure failure_of(ssh_session session) {
  if (ssh_is_connected(session) == 0) return OpenFailure::SessionOver;
  // The reason code is nowhere but in the text: "Channel opening failure: channel N error (CODE) TEXT".
  unsigned channel = 0, code = 0;
  const std::string_view text = ssh_get_error(session);
  if (std::sscanf(text.data(), "Channel opening failure: channel %u error (%u)", &channel, &code) != 2)
    return OpenFailure::Other;
  if (code == 1) return OpenFailure::Prohibited;
  if (code != 2) return OpenFailure::Other;
  return text.find("refused") != text.npos ? OpenFailure::Refused : OpenFailure::ConnectFailed;
}

} // namespace

struct ClientSession::Opening {
  OpenRequest request;
  std::function<void(Opened)> answer;
  ssh_channel channel = nullptr; // lives as long as the libssh session, or until the splice
  PeerEnd heard;                 // what came before anybody listened
  ssh_channel_callbacks_struct callbacks{};

  void listen();
};

// A server that has little to say may confirm, speak and close within one packet: these two note the end
// until a Channel takes over. Data needs no care, libssh keeps it within the window.
void ClientSession::Opening::listen() {
  callbacks.userdata = &heard;
  callbacks.channel_eof_function = [](ssh_session, ssh_channel, void* heard) noexcept {
    static_cast<PeerEnd*>(heard)->eof = true;
  };
  callbacks.channel_close_function = [](ssh_session, ssh_channel, void* heard) noexcept {
    static_cast<PeerEnd*>(heard)->close = true;
  };
  ssh_callbacks_init(&callbacks);
  ssh_set_channel_callbacks(channel, &callbacks);
}

Result<std::shared_ptr<ClientSession>> ClientSession::make(asio::io_context& loop,
                                                           std::unique_ptr<net::Stream> stream,
                                                           const Identity& identity, const std::string& user,
                                                           ClientEvents& events) {
  std::unique_ptr<AgentGate> gate;
  if (identity.in_agent()) {
    ALK_TRY(gate, AgentGate::open(identity.agent_socket(), identity.blob()));
  }
  // libssh keeps 16 bits of a client's descriptor and makes it blocking, so memory_descriptor will not do: it
  // gets a real one that leads nowhere, which the interposed functions take for memory during our turns.
  // libssh closes it.
  Fd placeholder(::open("/dev/null", O_RDWR | O_CLOEXEC));
  if (!placeholder) return fail_errno(errno, "/dev/null");
  if (placeholder.get() > 0xffff) return alk::fail(Kind::Broken, "descriptor number too large for libssh");
  SessionHandle session(ssh_new());
  ALK_CHECK(session != nullptr);
  if (set_options(session.get(), user, placeholder.get()) != SSH_OK)
    return alk::fail(Kind::Broken, "libssh refuses our options");
  if (gate) ssh_set_agent_socket(session.get(), gate->take_descriptor());
  std::shared_ptr<ClientSession> made(
      new ClientSession(loop, std::move(stream), session.release(), identity, events));
  made->use_alias(placeholder.get());
  made->placeholder_ = std::move(placeholder);
  made->agent_gate_ = std::move(gate);
  return made;
}

ClientSession::ClientSession(asio::io_context& loop, std::unique_ptr<net::Stream> stream,
                             ssh_session_struct* session, const Identity& identity, ClientEvents& events)
    : Connection(loop, std::move(stream), session), events_(&events), identity_(identity) {}

ClientSession::~ClientSession() = default;

bool ClientSession::step() {
  switch (phase_) {
  case Phase::KeyExchange: return exchange_keys();
  case Phase::HostKey: return false;
  case Phase::Login: return log_in();
  case Phase::Open: break;
  }
  refuse_requests();
  return advance_openings();
}

bool ClientSession::exchange_keys() {
  (void)placeholder_.release(); // libssh's with this call
  const int state = ssh_connect(session());
  if (state == SSH_AGAIN) return false;
  if (state != SSH_OK) {
    fail();
    return false;
  }
  phase_ = Phase::HostKey;
  ask_about_host_key();
  return true;
}

void ClientSession::ask_about_host_key() {
  ssh_key raw = nullptr;
  char* encoded = nullptr;
  if (ssh_get_server_publickey(session(), &raw) != SSH_OK) return fail();
  const KeyHandle key(raw);
  if (ssh_pki_export_pubkey_base64(key.get(), &encoded) != SSH_OK) return fail();
  const OwnedText owned(encoded);
  PresentedKey presented;
  presented.type = ssh_key_type_to_char(ssh_key_type(key.get()));
  presented.blob = base64_decode(encoded).value_or("");
  presented.fingerprint = fingerprint_of_blob(presented.blob);

  host_key_due_ = true;
  end_ = ClientEnd::LoginFailed;
  if (events_ == nullptr) return fail();
  std::weak_ptr<Connection> weak = weak_from_this();
  events_->on_host_key(presented, [weak, this](HostKeyAnswer answer) {
    const auto alive_here = weak.lock();
    if (!alive_here || !host_key_due_ || !alive()) return;
    host_key_due_ = false;
    if (answer == HostKeyAnswer::Refuse) return end_with(ClientEnd::HostKeyRefused);
    phase_ = Phase::Login;
    pump();
  });
}

// A goodbye without reasons: the other side may be anybody.
void ClientSession::end_with(ClientEnd end) {
  end_ = end;
  end_settled_ = true;
  disconnect("closed by the client");
}

// With an agent, libssh talks to it here and waits for the answer (a person may have to confirm): before the
// login there is nothing else for this loop to do.
bool ClientSession::log_in() {
  const int state = identity_.in_agent()
                        ? ssh_userauth_agent(session(), nullptr)
                        : ssh_userauth_publickey(session(), nullptr, identity_.key().private_key.get());
  if (state == SSH_AUTH_AGAIN) return false;
  if (state == SSH_AUTH_SUCCESS) {
    phase_ = Phase::Open;
    end_ = ClientEnd::Lost;
    agent_gate_.reset();
    if (events_ != nullptr) events_->on_open();
    return true;
  }
  if (state == SSH_AUTH_ERROR) {
    fail();
  } else {
    end_with(ClientEnd::LoginRefused);
  }
  return false;
}

// Channels that the server opens, and whatever else it asks of us.
void ClientSession::refuse_requests() {
  while (MessageHandle message{ssh_message_get(session())}) ssh_message_reply_default(message.get());
}

// --- channels

void ClientSession::open(OpenRequest request, std::function<void(Opened)> answer) {
  if (phase_ != Phase::Open || !alive()) {
    asio::post(loop(),
               [answer = std::move(answer)] { answer(tl::make_unexpected(OpenFailure::SessionOver)); });
    return;
  }
  const auto id = next_opening_++;
  auto opening = std::make_unique<Opening>();
  opening->request = std::move(request);
  opening->answer = std::move(answer);
  openings_.emplace(id, std::move(opening));
  unanswered_.push_back(id);
  fresh_openings_ = true;
  asio::post(loop(), [self = shared_from_this()] { self->pump(); });
}

bool ClientSession::advance_openings() {
  const bool worked = free_discarded();
  // Asking libssh costs a little for every opening: only when something may have changed.
  const bool all_read = current_transport()->input.empty();
  if (unanswered_.empty() || !(fresh_openings_ || (all_read && seen_bytes_ != bytes_received())))
    return worked;
  fresh_openings_ = false;
  if (all_read) seen_bytes_ = bytes_received();

  const auto before = unanswered_.size();
  std::erase_if(unanswered_, [this](std::uint64_t id) { return advance(id); });
  return worked || unanswered_.size() != before;
}

bool ClientSession::free_discarded() {
  const auto ids = std::exchange(discarded_, {});
  for (const auto id : ids) {
    const auto found = openings_.find(id);
    if (found == openings_.end()) continue;
    ssh_remove_channel_callbacks(found->second->channel, &found->second->callbacks);
    ssh_channel_free(found->second->channel);
    openings_.erase(found);
  }
  return !ids.empty();
}

// True once it is answered.
bool ClientSession::advance(std::uint64_t id) {
  Opening& opening = *openings_.at(id);
  if (opening.channel == nullptr) {
    opening.channel = ssh_channel_new(session());
    ALK_CHECK(opening.channel != nullptr);
    opening.listen();
  }
  const OpenRequest& request = opening.request;
  const int state = ssh_channel_open_forward(opening.channel, request.host.c_str(), request.port,
                                             request.originator.c_str(), request.originator_port);
  if (state == SSH_AGAIN) return false;
  // Already closed by the server means that it had been opened.
  if (state == SSH_OK || opening.heard.close) {
    settle(id, OpenChannel(std::static_pointer_cast<ClientSession>(shared_from_this()), id));
    return true;
  }
  const auto failure = failure_of(session());
  ssh_remove_channel_callbacks(opening.channel, &opening.callbacks);
  ssh_channel_free(opening.channel);
  settle(id, tl::make_unexpected(failure));
  openings_.erase(id);
  return true;
}

// Posted: the answer may call us again.
void ClientSession::settle(std::uint64_t id, Opened opened) {
  auto answer = std::exchange(openings_.at(id)->answer, nullptr);
  auto shared = std::make_shared<Opened>(std::move(opened));
  asio::post(loop(), [answer = std::move(answer), shared] { answer(std::move(*shared)); });
}

void ClientSession::use(std::uint64_t id, std::unique_ptr<net::Stream> stream) {
  const auto found = openings_.find(id);
  if (!alive() || found == openings_.end()) return stream->close();
  const auto opening = std::move(found->second);
  openings_.erase(found);
  ssh_remove_channel_callbacks(opening->channel, &opening->callbacks);
  splice(opening->channel, std::move(stream), opening->heard);
  pump();
}

void ClientSession::discard(std::uint64_t id) {
  if (!alive()) return;
  discarded_.push_back(id);
  asio::post(loop(), [self = shared_from_this()] { self->pump(); });
}

// libssh subtracts from the packet size that the peer claims, and loops without end on a very small one.
void ClientSession::log_line(int, const char* text) {
  static constexpr std::string_view claim = ", maxpacket : ";
  const std::string_view line(text);
  const auto at = line.find(claim);
  if (at == line.npos || line.find("Remote window") == line.npos) return;
  const auto size = parse_number(line.substr(at + claim.size()));
  if (!size || *size < smallest_packet_size) fail();
}

int ClientSession::log_level() const {
  return unanswered_.empty() ? SSH_LOG_NONE : SSH_LOG_PROTOCOL;
}

void ClientSession::ended() {
  for (const auto id : std::exchange(unanswered_, {}))
    settle(id, tl::make_unexpected(OpenFailure::SessionOver));
  openings_.clear();
  if (events_ != nullptr) std::exchange(events_, nullptr)->on_ended(end_, detail());
}

std::string ClientSession::detail() const {
  if (end_settled_) return {};
  std::string text = ssh_get_error(const_cast<ClientSession*>(this)->session());
  if (text.starts_with("Channel opening failure")) text.clear(); // long past
  for (char& c : text)
    if (c < 0x20 || c == 0x7f) c = ' ';
  if (text.size() > server_text_limit) text = text.substr(0, server_text_limit) + "...";
  return text;
}

void ClientSession::close() {
  end_ = ClientEnd::Closed;
  end_settled_ = true;
  disconnect("shutdown");
}

OpenChannel::OpenChannel(OpenChannel&& other) noexcept
    : session_(std::exchange(other.session_, {})), id_(std::exchange(other.id_, 0)) {}

OpenChannel& OpenChannel::operator=(OpenChannel&& other) noexcept {
  std::swap(session_, other.session_);
  std::swap(id_, other.id_);
  return *this;
}

OpenChannel::~OpenChannel() {
  if (const auto session = session_.lock()) session->discard(id_);
}

void OpenChannel::splice(std::unique_ptr<net::Stream> stream) {
  const auto session = std::exchange(session_, {}).lock();
  if (session)
    session->use(id_, std::move(stream));
  else
    stream->close();
}

} // namespace alk::ssh
