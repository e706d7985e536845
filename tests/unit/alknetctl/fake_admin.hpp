// A server that answers what the test wants.
#pragma once

#include "admin.hpp"

namespace alk::alknetctl {

class FakeAdmin : public Admin {
 public:
  static constexpr std::uint64_t now = 1'700'000'000;

  Result<clients::ListenStatus> status() override {
    if (!running_) return absence();
    return status_;
  }
  Result<AuthInfo> auth_info() override {
    ++auth_questions_;
    return auth_;
  }
  Result<std::vector<clients::SessionInfo>> sessions() override {
    if (broken_) return *broken_;
    return sessions_;
  }
  Result<void> disconnect(std::uint64_t session) override {
    if (broken_) return *broken_;
    if (session != 12) return fail(Kind::NotFound, "no such session");
    disconnected_ = session;
    return {};
  }
  Result<clients::Login> verify_token(const SecretBytes& token, const std::string& address) override {
    if (broken_) return *broken_;
    presented_ = std::string(token.view()) + " from " + address;
    return login_;
  }
  Result<clients::PolicyInForce> policy() override {
    if (broken_) return *broken_;
    return policy_;
  }
  Result<clients::LimitsInForce> limits() override {
    if (broken_) return *broken_;
    return limits_;
  }
  Result<clients::Penalties> penalties() override {
    if (broken_) return *broken_;
    return penalties_;
  }
  Result<std::uint64_t> clear_penalties(const std::string& address) override {
    if (broken_) return *broken_;
    cleared_ = address;
    return address.empty() ? 2 : 1;
  }
  Result<clients::Reloaded> reload() override {
    if (broken_) return *broken_;
    return reloaded_;
  }
  Result<clients::Login> lookup_credential(const std::string& fingerprint) override {
    if (broken_) return *broken_;
    presented_ += fingerprint + "\n";
    return login_;
  }
  Result<clients::Explanation> explain(const std::string& identity, const std::string& destination,
                                       const std::string& transport) override {
    if (broken_) return *broken_;
    explained_ = identity + "|" + destination + "|" + transport;
    return explanation_;
  }

  Result<std::vector<Metric>> metrics() override {
    if (broken_) return *broken_;
    return metrics_;
  }
  Result<std::vector<Metric>> auth_metrics() override { return auth_metrics_; }
  Result<std::vector<Metric>> store_metrics() override { return store_metrics_; }
  Result<std::vector<Metric>> secret_metrics() override { return secret_metrics_; }

  bool running_ = true;
  std::optional<Failure> broken_;
  clients::Login login_;
  std::string presented_;
  clients::ListenStatus status_{"0.1.0",
                                7,
                                "digest",
                                now - 3660,
                                1,
                                3,
                                {{"tls", "tls", "127.0.0.1:8443", true}, {"ssh", "tcp", "", false}},
                                true,
                                "SHA256:abc",
                                {},
                                {"alknet.toml:3: forwarding.default: everything is allowed"},
                                {{"tls", now + 100 * 86400 + 5, false}}};
  Result<AuthInfo> auth_ = AuthInfo{7, "digest", 2, 1, {"authorized_keys:4: unknown option"}};
  Result<std::vector<clients::SessionInfo>> sessions_ = std::vector<clients::SessionInfo>{
      {12, "SHA256:key", "e\x1b[31m vil", "2001:db8::1", 50000, "tls", "tls", now - 45, 3, 7}};
  Result<clients::Reloaded> reloaded_ =
      clients::Reloaded{8, {"limits.max_connections", "forwarding.rules[1].action"}, {"listeners[0].listen"}};
  clients::Penalties penalties_{
      {{"192.0.2.7", "auth-failure", 601, true, 12}, {"2001:db8::/64", "no-auth", 3, false, 0}}, 2};
  std::optional<std::string> cleared_;
  clients::Explanation explanation_{false, 2, "10.0.0.0/8"};
  clients::PolicyInForce policy_{
      7, "deny", {{0, "10.0.0.0/8", "deny", {}, {}}, {1, "*:443", "allow", {"ann", "bob"}, {"tls"}}}};
  clients::LimitsInForce limits_{7,
                                 {{"max_connections", 0, "", "unlimited"},
                                  {"login_grace_time", 30, "seconds", ""},
                                  {"max_auth_attempts", 10, "", "unlimited"}}};
  Result<std::vector<Metric>> store_metrics_ =
      std::vector<Metric>{{"alknet_stored_rows", "gauge", "Rows, by table", {{{{"table", "accounts"}}, 4}}}};
  Result<std::vector<Metric>> secret_metrics_ = fail(Kind::Gone, "not there");
  std::vector<Metric> metrics_{
      {"alknet_logins_accepted_total",
       "counter",
       "SSH logins",
       {{{{"listener", "tls"}}, 9}, {{{"listener", "ssh"}}, 0}}},
      {"alknet_identity_sessions", "gauge", "Sessions", {{{{"identity", "SHA256:key"}}, 1}}}};
  Result<std::vector<Metric>> auth_metrics_ =
      std::vector<Metric>{{"alknet_authd_reloads_total", "counter", "Reloads", {{{{"result", "ok"}}, 2}}}};
  std::uint64_t disconnected_ = 0;
  std::string explained_;
  int auth_questions_ = 0;

 private:
  Failure absence() const { return broken_ ? *broken_ : Failure(fail(Kind::Gone, "not running")); }
};

} // namespace alk::alknetctl
