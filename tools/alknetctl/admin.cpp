#include "admin.hpp"

#include "base/fd.hpp"
#include "bus/socket_address.hpp"
#include "clients/auth_client.hpp"
#include "clients/destinations.hpp"
#include "clients/metrics_wire.hpp"
#include "loop/asio.hpp"
#include "loop/task_group.hpp"

#include <cerrno>

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

namespace alk::alknetctl {

namespace {

class BusAdmin : public Admin {
 public:
  BusAdmin(bus::BlockingConnection connection, std::string address, Fd directory)
      : directory_(std::move(directory)), address_(std::move(address)), connection_(std::move(connection)),
        listen_(connection_) {}

  Result<clients::ListenStatus> status() override { return listen_.status(); }
  Result<AuthInfo> auth_info() override;
  Result<std::vector<clients::SessionInfo>> sessions() override { return listen_.list_sessions(); }
  Result<void> disconnect(std::uint64_t session) override { return listen_.disconnect(session); }
  Result<clients::PolicyInForce> policy() override { return listen_.policy(); }
  Result<clients::LimitsInForce> limits() override { return listen_.limits(); }
  Result<clients::Penalties> penalties() override { return listen_.list_penalties(); }
  Result<std::uint64_t> clear_penalties(const std::string& address) override {
    return listen_.clear_penalties(address);
  }
  Result<clients::Reloaded> reload() override;
  Result<std::vector<Metric>> metrics() override {
    return clients::ask_metrics(connection_,
                                {"org.alknet.Listen1", "/org/alknet/Listen1", "org.alknet.Listen1"});
  }
  Result<std::vector<Metric>> auth_metrics() override {
    return clients::ask_metrics(connection_, {"org.alknet.Auth1", "/org/alknet/Auth1", "org.alknet.Auth1"});
  }
  Result<std::vector<Metric>> store_metrics() override {
    return clients::ask_metrics(connection_, clients::store_daemon);
  }
  Result<std::vector<Metric>> secret_metrics() override {
    return clients::ask_metrics(connection_, clients::secret_daemon);
  }
  Result<clients::Login> verify_token(const SecretBytes& token, const std::string& address) override {
    return clients::verify_token(connection_, token.view(), address);
  }
  Result<clients::Login> lookup_credential(const std::string& fingerprint) override {
    return clients::lookup_credential(connection_, fingerprint);
  }
  Result<clients::Explanation> explain(const std::string& identity, const std::string& destination,
                                       const std::string& transport) override {
    return listen_.explain(identity, destination, transport);
  }

 private:
  Fd directory_; // the address may go through it
  std::string address_;
  bus::BlockingConnection connection_;
  clients::ListenClient listen_;
};

// Like `systemctl reload`, as far as the caller's rights go.
Result<clients::Reloaded> BusAdmin::reload() {
  auto files = clients::ServiceManager(connection_).credentials(clients::listend_unit);
  if (!files || files->empty())
    return listen_.reload(); // no service: keys are files that the server reads itself
  if (::geteuid() == 0) {
    ALK_TRY(auto credentials, clients::open_credentials(*files));
    return listen_.reload_with_keys(credentials);
  }
  ALK_TRY(auto reloaded, listen_.reload());
  reloaded.keys_left = true;
  return reloaded;
}

Task<> ask_status(clients::AuthClient& client, std::optional<Result<clients::AuthStatus>>& answer) {
  answer = co_await client.status();
}

// The client of alknet-authd wants a loop; this one lives for a single question.
Result<AuthInfo> BusAdmin::auth_info() {
  asio::io_context loop(1);
  ALK_TRY(auto connection, bus::Connection::open(loop, address_));
  clients::AuthClient client(*connection);
  std::optional<Result<clients::AuthStatus>> answer;
  loop::TaskGroup tasks(loop);
  tasks.spawn("auth status", ask_status(client, answer));
  tasks.when_drained([&loop] { loop.stop(); });
  loop.run();
  if (!answer) return fail(Kind::Broken, "no answer from alknet-authd");
  if (!*answer) return pass(std::move(*answer).error());
  const clients::AuthStatus& status = **answer;
  return AuthInfo{status.generation, status.config_digest,
                  status.key_count,  status.certificate_authority_count,
                  status.warnings,   status.accounts};
}

Failure cannot_open(int number, const std::string& path) {
  if (number == ENOENT || number == ENOTDIR)
    return fail(Kind::Gone, path + ": no server keeps its state there");
  return fail_errno(number, path);
}

// Looks before it leaps: a stale or foreign socket gives a better reason here than inside the bus library.
Result<void> check_socket(const Fd& directory, const std::string& state) {
  struct ::stat status {};
  if (::fstatat(directory.get(), "bus", &status, 0) == 0) return {};
  if (errno == ENOENT) return fail(Kind::Gone, state + ": no server is running there");
  return fail_errno(errno, state + "/bus");
}

} // namespace

Result<Line> open_line(const Place& place) {
  std::string address = bus::choose_address(place.bus_address);
  Fd directory;
  if (!place.state.empty()) {
    directory.reset(::open(place.state.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    if (!directory) return cannot_open(errno, place.state);
    ALK_TRY_VOID(check_socket(directory, place.state));
    address = bus::socket_address(place.state, "bus", directory.get());
  }
  ALK_TRY(auto connection, bus::BlockingConnection::open(address));
  return Line{std::move(directory), std::move(address), std::move(connection)};
}

Result<std::unique_ptr<Admin>> connect(const Place& place) {
  ALK_TRY(Line line, open_line(place));
  return std::make_unique<BusAdmin>(std::move(line.connection), line.address, std::move(line.directory));
}

} // namespace alk::alknetctl
