#include "ssh/server_session.hpp"

#include "base/bytes.hpp"
#include "base/encoding.hpp"
#include "loop/asio.hpp"
#include "ssh/algorithms.hpp"
#include "ssh/handles.hpp"
#include "ssh/host_key_binding.hpp"
#include "ssh/key_file.hpp"
#include "ssh/memory_transport.hpp"
#include "ssh/open_request.hpp"

#include <utility>

// libssh would rather see callbacks than messages, but answers unhandled requests itself once callbacks are
// set, and a callback cannot wait for another process.
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"

namespace alk::ssh {

// A direct-tcpip request that waits for its answer.
struct ServerSession::Opening {
  MessageHandle message;
  bool decided = false;
  std::unique_ptr<net::Stream> stream;
};

std::shared_ptr<ServerSession> ServerSession::make(asio::io_context& loop,
                                                   std::unique_ptr<net::Stream> stream,
                                                   const HostKey& host_key, ServerEvents& events,
                                                   std::string early_input, std::uint32_t max_channels) {
  SessionHandle session(ssh_new());
  ALK_CHECK(session != nullptr);
  ssh_options_set(session.get(), SSH_OPTIONS_COMPRESSION, compression); // "no" would only prefer none
  bool accepted = false;
  {
    Window window; // the bind call looks at the descriptor
    accepted = ssh_bind_accept_fd(host_key.binding().bind.get(), session.get(), memory_descriptor) == SSH_OK;
  }
  std::shared_ptr<ServerSession> made(
      new ServerSession(loop, std::move(stream), session.release(), events, max_channels));
  made->prepend_input(std::move(early_input));
  if (!accepted) made->fail();
  return made;
}

ServerSession::ServerSession(asio::io_context& loop, std::unique_ptr<net::Stream> stream,
                             ssh_session_struct* session, ServerEvents& events, std::uint32_t max_channels)
    : Connection(loop, std::move(stream), session), events_(&events), max_channels_(max_channels),
      auth_message_(nullptr, &ssh_message_free) {
  ssh_set_auth_methods(session, SSH_AUTH_METHOD_PUBLICKEY);
}

ServerSession::~ServerSession() = default;

void ServerSession::ended() {
  openings_.clear();
  if (events_ != nullptr) std::exchange(events_, nullptr)->on_ended();
}

bool ServerSession::step() {
  if (events_ == nullptr) return false;
  if (phase_ == Phase::KeyExchange) return exchange_keys();
  bool worked = apply_verdict();
  worked |= finish_openings();
  worked |= take_messages();
  if (phase_ == Phase::Authentication) report_silent_requests();
  return worked;
}

bool ServerSession::exchange_keys() {
  int state = ssh_handle_key_exchange(session());
  if (state == SSH_AGAIN) return false;
  if (state != SSH_OK) {
    fail();
    return false;
  }
  phase_ = Phase::Authentication;
  return true;
}

bool ServerSession::take_messages() {
  bool worked = false;
  while (!answer_due_ && events_ != nullptr) {
    MessageHandle message(ssh_message_get(session()));
    if (!message) break;
    worked = true;
    switch (ssh_message_type(message.get())) {
    case SSH_REQUEST_SERVICE: handle_service(message.get()); break;
    case SSH_REQUEST_AUTH: handle_auth(message.release()); break;
    case SSH_REQUEST_CHANNEL_OPEN: handle_open(message.release()); break;
    case SSH_REQUEST_GLOBAL:
      ssh_message_reply_default(message.get());
      events_->on_refused(RefusedRequest::RemoteForward);
      break;
    default: ssh_message_reply_default(message.get()); events_->on_refused(RefusedRequest::ChannelRequest);
    }
  }
  return worked;
}

void ServerSession::handle_service(ssh_message_struct* message) {
  const char* service = ssh_message_service_service(message);
  if (service != nullptr && std::string_view(service) == "ssh-userauth")
    ssh_message_service_reply_success(message);
  else
    fail();
}

// --- authentication
// -------------------------------------------------------------------------------------------

static std::string blob_of(ssh_key_struct* key) {
  char* encoded = nullptr;
  if (key == nullptr || ssh_pki_export_pubkey_base64(key, &encoded) != SSH_OK) return {};
  OwnedText owned(encoded);
  return base64_decode(encoded).value_or("");
}

// A certificate goes by the key that it certifies, as ssh-keygen -l names it: what the login will be called.
static std::string fingerprint_of_offer(const std::string& blob) {
  ByteReader reader(blob);
  auto type = reader.string(blob.size());
  if (!type || *type != "ssh-ed25519-cert-v01@openssh.com") return fingerprint_of_blob(blob);
  auto nonce = reader.string(blob.size()), point = reader.string(blob.size());
  if (!nonce || !point) return fingerprint_of_blob(blob);
  return fingerprint_of_blob(ByteWriter().string("ssh-ed25519").string(*point).bytes());
}

void ServerSession::handle_auth(ssh_message_struct* raw) {
  MessageHandle message(raw);
  ++requests_taken_;
  const char* user = ssh_message_auth_user(raw);
  std::string name = user != nullptr ? user : "";
  if (phase_ == Phase::Open) { // RFC 4252 section 5.1: silently ignored after success
    return;
  }
  if (ssh_message_subtype(raw) != SSH_AUTH_METHOD_PUBLICKEY) {
    ssh_message_reply_default(raw);
    if (ssh_message_subtype(raw) != SSH_AUTH_METHOD_NONE)
      events_->on_silent_request(SilentRequest::OtherMethod, name);
    return;
  }
  auto state = ssh_message_auth_publickey_state(raw);
  std::string blob = blob_of(ssh_message_auth_pubkey(raw));
  if (blob.empty() || (state != SSH_PUBLICKEY_STATE_NONE && state != SSH_PUBLICKEY_STATE_VALID)) {
    ssh_message_reply_default(raw);
    events_->on_silent_request(blob.empty() ? SilentRequest::UnparsableKey : SilentRequest::WrongSignature,
                               name);
    return;
  }
  offer_ = std::make_unique<KeyOffer>(
      KeyOffer{name, blob, fingerprint_of_offer(blob), state == SSH_PUBLICKEY_STATE_VALID});
  auth_message_.reset(message.release());
  answer_due_ = true;
  verdict_ready_ = false;
  std::weak_ptr<Connection> weak = weak_from_this();
  events_->on_key(*offer_, [weak, this](KeyVerdict verdict) {
    auto alive = weak.lock();
    if (!alive || !answer_due_) return;
    verdict_ = verdict;
    verdict_ready_ = true;
    pump();
  });
}

bool ServerSession::apply_verdict() {
  if (!verdict_ready_) return false;
  verdict_ready_ = false;
  answer_due_ = false;
  auto message = std::move(auth_message_);
  auth_message_.reset();
  auto offer = std::move(offer_);
  if (verdict_ == KeyVerdict::Reject) {
    ssh_message_reply_default(message.get());
  } else if (!offer->signed_login) {
    ssh_message_auth_reply_pk_ok_simple(message.get());
  } else {
    ssh_message_auth_reply_success(message.get(), 0);
    phase_ = Phase::Open;
    ssh_set_log_level(log_level());
    events_->on_authenticated(*offer);
  }
  return true;
}

// Before login libssh is told to talk (level 3 of its log) because it drops some authentication requests
// without an answer and without queueing them. Each request logs one line when it arrives; those that did not
// come out of the queue afterwards were dropped.
int ServerSession::log_level() const {
  return phase_ == Phase::Open ? SSH_LOG_NONE : SSH_LOG_DEBUG;
}

void ServerSession::log_line(int, const char* text) {
  std::string_view line(text);
  static constexpr std::string_view request = "Auth request for service ";
  static constexpr std::string_view bad_signature = "Received an invalid signature";
  auto at = line.find(request);
  if (at != std::string_view::npos) {
    ++requests_logged_;
    bad_signature_logged_ = false;
    std::string_view rest = line.substr(at + request.size());
    auto method = rest.find(", method "), user = rest.rfind(" for user '");
    logged_method_.clear();
    logged_user_.clear();
    if (method != std::string_view::npos && user != std::string_view::npos && user > method) {
      logged_method_ = rest.substr(method + 9, user - method - 9);
      logged_user_ = rest.substr(user + 11);
      if (logged_user_.ends_with('\'')) logged_user_.pop_back();
    }
  } else if (line.find(bad_signature) != std::string_view::npos) {
    bad_signature_logged_ = true;
  }
}

void ServerSession::report_silent_requests() {
  if (answer_due_ || requests_logged_ <= requests_taken_ || events_ == nullptr) return;
  requests_taken_ = requests_logged_;
  SilentRequest kind = SilentRequest::UnparsableKey;
  if (bad_signature_logged_)
    kind = SilentRequest::WrongSignature;
  else if (logged_method_ == "gssapi-with-mic")
    kind = SilentRequest::Gssapi;
  events_->on_silent_request(kind, logged_user_);
}

// --- channels
// ---------------------------------------------------------------------------------------------------

void ServerSession::handle_open(ssh_message_struct* raw) {
  MessageHandle message(raw);
  auto refuse = [&] { ssh_message_reply_default(raw); };
  if (phase_ != Phase::Open || ssh_message_subtype(raw) != SSH_CHANNEL_DIRECT_TCPIP) {
    refuse();
    events_->on_refused(RefusedRequest::Channel);
    return;
  }
  auto packet_size = claimed_packet_size(raw);
  int port = ssh_message_channel_request_open_destination_port(raw);
  if (!packet_size || *packet_size < smallest_packet_size ||
      channel_count() + openings_.size() >= max_channels_) {
    refuse();
    events_->on_refused(RefusedRequest::Channel);
    return;
  }
  std::string host = ssh_message_channel_request_open_destination(raw);
  std::uint64_t id = next_opening_++;
  openings_[id] = std::make_unique<Opening>(Opening{std::move(message), false, nullptr});
  std::weak_ptr<Connection> weak = weak_from_this();
  events_->on_open(host, static_cast<std::uint16_t>(port),
                   [weak, this, id](std::unique_ptr<net::Stream> stream) {
                     auto alive = weak.lock();
                     if (!alive) return;
                     auto found = openings_.find(id);
                     if (found == openings_.end() || found->second->decided) return;
                     found->second->decided = true;
                     found->second->stream = std::move(stream);
                     decided_.push_back(id);
                     pump();
                   });
}

bool ServerSession::finish_openings() {
  std::vector<std::uint64_t> decided = std::exchange(decided_, {});
  for (std::uint64_t id : decided) {
    auto found = openings_.find(id);
    if (found == openings_.end()) continue;
    auto opening = std::move(found->second);
    openings_.erase(found);
    if (!opening->stream) {
      ssh_message_reply_default(opening->message.get());
      continue;
    }
    ssh_channel channel = ssh_message_channel_request_open_reply_accept(opening->message.get());
    if (channel == nullptr) {
      fail();
      return true;
    }
    splice(channel, std::move(opening->stream));
  }
  return !decided.empty();
}

} // namespace alk::ssh
