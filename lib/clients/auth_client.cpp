#include "clients/auth_client.hpp"

#include "base/text.hpp"
#include "clients/destinations.hpp"
#include "clients/hop.hpp"
#include "clients/identity_wire.hpp"
#include "log/log.hpp"

namespace alk::clients {

static constexpr std::size_t max_ids_per_call = 4096; // the contract's limit of FindRevoked
static constexpr std::size_t max_reason = 64;         // one word

AuthClient::AuthClient(bus::Connection& connection) : connection_(connection) {
  watch_ = connection_.watch_name(auth_daemon.name, [this](bool now) { present(now); });
  changed_ = connection_.match_signal(auth_daemon, "Changed", [this](bus::Message& message) {
    auto generation = message.read_u64();
    auto revoked = message.read_texts();
    if (generation && revoked && on_changed_) on_changed_(*generation, std::move(*revoked));
  });
}

void AuthClient::present(bool now) {
  available_ = now;
  if (on_available_) on_available_(now);
}

void AuthClient::on_changed(std::function<void(std::uint64_t, std::vector<std::string>)> callback) {
  on_changed_ = std::move(callback);
}

template <class T>
Task<Result<T>> AuthClient::ask(const char* member, std::function<void(bus::Message&)> fill,
                                std::function<Result<T>(bus::Message&)> decode,
                                std::chrono::milliseconds timeout) {
  std::function<void(Done<T>)> start = [this, member, fill = std::move(fill), decode = std::move(decode),
                                        timeout](Done<T> done) {
    auto call = connection_.make_call(auth_daemon, member);
    if (call) fill(call);
    connection_.call(std::move(call), timeout, [decode, done](Result<bus::Message> reply) {
      if (reply)
        done(decode(*reply));
      else
        done(pass(std::move(reply).error()));
    });
  };
  return on_bus<T>(connection_.loop(), std::move(start));
}

// The peer chose it: what is not UTF-8 would cost us the connection.
static std::string as_utf8(const std::string& text) {
  return is_utf8(text) ? text : escape_token(text);
}

static void write_request(bus::Message& call, const LoginRequest& request) {
  bus::Dictionary facts{{"port", request.peer.port}, {"transport", as_utf8(request.peer.transport)}};
  if (!request.peer.address.empty()) facts.emplace("address", as_utf8(request.peer.address));
  call.write_bytes(request.key).write_text(as_utf8(request.user)).write_dictionary(facts);
}

static Result<Login> read_login(bus::Message& reply) {
  Login login;
  ALK_TRY(login.accepted, reply.read_bool());
  ALK_TRY(login.reason, reply.read_text(max_reason));
  if (!login.accepted) return login;
  ALK_TRY(login.identity.id, reply.read_text());
  ALK_TRY_VOID(read_grants(reply, login.identity, login.constraints));
  return login;
}

Task<Result<Login>> AuthClient::verify_public_key(LoginRequest request, std::chrono::milliseconds timeout) {
  std::function<void(bus::Message&)> fill = [request = std::move(request)](bus::Message& call) {
    write_request(call, request);
  };
  return ask<Login>("VerifyPublicKey", std::move(fill), read_login, timeout);
}

Task<Result<Login>> AuthClient::lookup_credential(std::string fingerprint,
                                                  std::chrono::milliseconds timeout) {
  std::function<void(bus::Message&)> fill = [fingerprint = std::move(fingerprint)](bus::Message& call) {
    call.write_text(fingerprint);
  };
  return ask<Login>("LookupCredential", std::move(fill), read_login, timeout);
}

Task<Result<std::vector<std::string>>> AuthClient::find_revoked(std::vector<std::string> ids) {
  std::vector<std::string> revoked;
  for (std::size_t begin = 0; begin < ids.size(); begin += max_ids_per_call) {
    auto end = std::min(ids.size(), begin + max_ids_per_call);
    std::vector<std::string> portion(ids.begin() + static_cast<std::ptrdiff_t>(begin),
                                     ids.begin() + static_cast<std::ptrdiff_t>(end));
    std::function<void(bus::Message&)> fill = [portion](bus::Message& call) { call.write_texts(portion); };
    std::function<Result<std::vector<std::string>>(bus::Message&)> decode = [](bus::Message& reply) {
      return reply.read_texts();
    };
    auto found = co_await ask<std::vector<std::string>>("FindRevoked", std::move(fill), std::move(decode),
                                                        reload_deadline);
    if (!found) co_return pass(std::move(found).error());
    revoked.insert(revoked.end(), found->begin(), found->end());
  }
  co_return revoked;
}

static std::function<void(bus::Message&)> with(std::uint64_t transaction) {
  return [transaction](bus::Message& call) { call.write_u64(transaction); };
}

Task<Result<std::string>> AuthClient::prepare(std::uint64_t transaction) {
  return ask<std::string>(
      "Prepare", with(transaction), [](bus::Message& reply) { return reply.read_text(); }, reload_deadline);
}

Task<Result<std::uint64_t>> AuthClient::commit(std::uint64_t transaction) {
  return ask<std::uint64_t>(
      "Commit", with(transaction), [](bus::Message& reply) { return reply.read_u64(); }, reload_deadline);
}

Task<Result<void>> AuthClient::abort(std::uint64_t transaction) {
  return ask<void>(
      "Abort", with(transaction), [](bus::Message&) { return Result<void>(); }, reload_deadline);
}

static Result<AuthStatus> read_status(bus::Message& reply) {
  ALK_TRY(auto properties, reply.read_dictionary());
  AuthStatus status;
  auto take = [&properties](const char* name, auto& target) {
    auto* value = bus::find<std::decay_t<decltype(target)>>(properties, name);
    if (value) target = *value;
    return value != nullptr;
  };
  take("Accounts", status.accounts);
  if (take("Version", status.version) && take("Generation", status.generation) &&
      take("ConfigDigest", status.config_digest) && take("KeyCount", status.key_count) &&
      take("CertificateAuthorityCount", status.certificate_authority_count) &&
      take("Warnings", status.warnings))
    return status;
  return fail(Kind::Broken, "org.alknet.Auth1 lacks a property of its contract");
}

Task<Result<AuthStatus>> AuthClient::status(std::chrono::milliseconds timeout) {
  std::function<void(Done<AuthStatus>)> start = [this, timeout](Done<AuthStatus> done) {
    auto call = connection_.make_call({auth_daemon.name, auth_daemon.path, "org.freedesktop.DBus.Properties"},
                                      "GetAll");
    if (call) call.write_text(auth_daemon.interface);
    connection_.call(std::move(call), timeout, [done](Result<bus::Message> reply) {
      if (reply)
        done(read_status(*reply));
      else
        done(pass(std::move(reply).error()));
    });
  };
  return on_bus<AuthStatus>(connection_.loop(), std::move(start));
}

Result<Login> verify_token(bus::BlockingConnection& connection, std::string_view token,
                           const std::string& address) {
  auto call = connection.make_call(auth_daemon, "VerifyToken");
  bus::Dictionary facts;
  if (!address.empty()) facts.emplace("address", as_utf8(address));
  if (call) call.write_bytes(token).write_dictionary(facts);
  ALK_TRY(auto reply, connection.call(std::move(call)));
  return read_login(reply);
}

Result<Login> lookup_credential(bus::BlockingConnection& connection, const std::string& fingerprint) {
  auto call = connection.make_call(auth_daemon, "LookupCredential");
  if (call) call.write_text(fingerprint);
  ALK_TRY(auto reply, connection.call(std::move(call)));
  return read_login(reply);
}

} // namespace alk::clients
