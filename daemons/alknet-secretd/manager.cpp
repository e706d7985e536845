#include "alknet-secretd/manager.hpp"

#include "alknet-secretd/unlock_request.hpp"
#include "base/fd.hpp"
#include "config/config.hpp"
#include "log/log.hpp"

#include <cerrno>
#include <cstdlib>

#include <fcntl.h>
#include <sodium.h>
#include <unistd.h>

namespace alk::secretd {

static constexpr const char* credential_name = "unlock"; // of the unit, made by `alknetctl secret enroll`

static void fill_random(std::span<std::byte> out) {
  ::randombytes_buf(out.data(), out.size());
}

static std::uint64_t wall_clock() {
  using std::chrono::system_clock;
  return static_cast<std::uint64_t>(system_clock::to_time_t(system_clock::now()));
}

// The disk counts, each time: alknetctl writes the identity after this process has started.
static Result<std::string> read_identity(const std::string& configuration) {
  auto loaded = config::load(configuration);
  if (loaded) return loaded->dynamic.secrets.identity;
  return fail(Kind::Invalid,
              "the configuration cannot be used (alknetctl check): [secrets] identity is not known");
}

// Empty: there is none.
static std::string find_credential() {
  const char* directory = std::getenv("CREDENTIALS_DIRECTORY");
  if (directory == nullptr) return {};
  std::string path = std::string(directory) + "/" + credential_name;
  return ::access(path.c_str(), F_OK) == 0 ? path : std::string();
}

// Straight into locked memory.
static Result<LockedBytes> read_credential(Arena& arena, const std::string& path) {
  Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file) return fail_errno(errno, "opening the enrolled credential");
  ALK_TRY(LockedBytes bytes, arena.take(max_unlock_request + 1));
  std::size_t used = 0;
  while (used < bytes.size()) {
    const ssize_t got = ::read(file.get(), bytes.raw() + used, bytes.size() - used);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return fail_errno(errno, "reading the enrolled credential");
    if (got == 0) break;
    used += static_cast<std::size_t>(got);
  }
  bytes.truncate(used);
  return bytes;
}

Result<std::unique_ptr<daemon::Service>> Manager::start(daemon::Context& context) {
  ALK_TRY(auto arena, Arena::make(arena_size));
  const std::string credential = find_credential();
  std::unique_ptr<Manager> manager(
      new Manager(context.loop, std::move(arena), context.options.config, !credential.empty()));
  if (!credential.empty()) manager->unlock_unattended(credential);
  ALK_TRY_VOID(manager->bus_.serve(context.bus));
  manager->sweep_later();
  return std::unique_ptr<daemon::Service>(std::move(manager));
}

Manager::Manager(asio::io_context& loop, std::unique_ptr<Arena> arena, std::string configuration,
                 bool unattended)
    : arena_(std::move(arena)), vault_(*arena_, &std::chrono::steady_clock::now, &fill_random),
      prepared_(*arena_), configuration_(std::move(configuration)), sweep_(loop),
      bus_(*arena_, vault_, prepared_, &std::chrono::steady_clock::now,
           {[this] { return read_identity(configuration_); }, unattended, &wall_clock}) {}

void Manager::unlock_unattended(const std::string& credential) {
  auto unlocked = [&]() -> Result<void> {
    ALK_TRY(const LockedBytes bytes, read_credential(*arena_, credential));
    ALK_TRY(const UnlockRequest request, parse_unlock_request(bytes.bytes()));
    ALK_TRY(const std::string identity, read_identity(configuration_));
    return vault_.unlock(request.mnemonic, request.passphrase, {identity});
  }();
  wipe_stack();
  if (unlocked) {
    log::write(log::Level::Info, log::event::secrets_unlocked,
               {{"identity", vault_.identity()}, {"uid", std::uint64_t{::geteuid()}}});
    return;
  }
  log::write(log::Level::Warning, log::event::unlock_refused,
             {{"uid", std::uint64_t{::geteuid()}}, {"kind", kind_name(unlocked.error().kind)}});
  log::error("the enrolled credential does not unlock: " + unlocked.error().describe());
}

std::string Manager::status() const {
  return vault_.unlocked() ? "running, unlocked" : "running, locked";
}

void Manager::stop(std::function<void()> stopped) {
  sweep_.cancel();
  vault_.lock();
  prepared_.clear();
  stopped();
}

// What is over counts as gone at every call; this only gives its memory back when nobody calls.
void Manager::sweep_later() {
  sweep_.expires_after(prepared_key_lifetime);
  sweep_.async_wait([this](std::error_code error) {
    if (error) return;
    vault_.sweep();
    prepared_.sweep(std::chrono::steady_clock::now());
    sweep_later();
  });
}

} // namespace alk::secretd
