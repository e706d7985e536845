#include "supervisor/generation_store.hpp"

#include "base/text.hpp"
#include "log/log.hpp"
#include "loop/notify.hpp"

#include <algorithm>

#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

namespace alk::listend {

namespace {
constexpr std::string_view engine_prefix = "gen-";
constexpr const char* counter_name = "generation-number";
constexpr const char* sums_name = "metric-sums";
constexpr std::size_t sums_limit = 8 << 20;                 // readings_limit of some hundred bytes, with room
constexpr std::chrono::milliseconds manager_patience{2000}; // it reads within microseconds unless it hangs

bool is_control_socket(const Fd& fd) {
  int type = 0;
  socklen_t size = sizeof type;
  return ::getsockopt(fd.get(), SOL_SOCKET, SO_TYPE, &type, &size) == 0 && type == SOCK_SEQPACKET;
}

std::string read_all(const Fd& fd, std::size_t limit) {
  struct ::stat status {};
  if (::fstat(fd.get(), &status) != 0 || status.st_size < 0) return {};
  std::string bytes(std::min(static_cast<std::size_t>(status.st_size), limit), '\0');
  ssize_t count = ::pread(fd.get(), bytes.data(), bytes.size(), 0);
  bytes.resize(count > 0 ? static_cast<std::size_t>(count) : 0);
  return bytes;
}

std::optional<StoredEngine> read_name(std::string_view name) {
  if (!name.starts_with(engine_prefix)) return std::nullopt;
  auto parts = split(name.substr(engine_prefix.size()), '-');
  if (parts.size() != 2) return std::nullopt;
  auto number = parse_number(parts[0]), pid = parse_number(parts[1]);
  if (!number || !pid || *number == 0 ||
      *pid > static_cast<std::uint64_t>(std::numeric_limits<::pid_t>::max()))
    return std::nullopt;
  return StoredEngine{*number, static_cast<::pid_t>(*pid), {}};
}
} // namespace

std::string stored_name(std::uint64_t number, ::pid_t pid) {
  return std::string(engine_prefix) + std::to_string(number) + "-" + std::to_string(pid);
}

std::vector<StoredEngine> GenerationStore::take(std::vector<loop::PassedDescriptor>& passed) {
  std::vector<StoredEngine> engines;
  for (loop::PassedDescriptor& one : passed) {
    auto engine = read_name(one.name);
    if (engine && is_control_socket(one.fd)) {
      engine->control = std::move(one.fd);
      last_number_ = std::max(last_number_, engine->number);
      engines.push_back(std::move(*engine));
    } else if (one.name == counter_name) {
      std::uint64_t number = 0;
      if (::pread(one.fd.get(), &number, sizeof number, 0) == sizeof number)
        last_number_ = std::max(last_number_, number);
      counter_ = std::move(one.fd);
    } else if (one.name == sums_name) {
      last_sums_ = read_all(one.fd, sums_limit);
      sums_ = std::move(one.fd);
    }
  }
  std::erase_if(passed, [](const loop::PassedDescriptor& one) { return !one.fd; });
  return engines;
}

void GenerationStore::keep(Generation& generation) {
  if (!loop::descriptors_are_kept()) return;
  loop::store_descriptor(stored_name(generation.number(), generation.pid()), generation.descriptor());
  write_number(generation.number());
  loop::wait_for_notifications(manager_patience);
}

// It hangs up by itself; but a control socket that we closed first would stay.
void GenerationStore::forget(const Generation& generation) {
  if (loop::descriptors_are_kept()) loop::remove_stored(stored_name(generation.number(), generation.pid()));
}

void GenerationStore::keep_sums(const std::string& sums) {
  if (!loop::descriptors_are_kept()) return;
  if (!sums_) {
    sums_.reset(::memfd_create(sums_name, MFD_CLOEXEC));
    if (sums_) loop::store_descriptor(sums_name, sums_.get());
  }
  const bool kept = sums_ && ::pwrite(sums_.get(), sums.data(), sums.size(), 0) == ssize_t(sums.size()) &&
                    ::ftruncate(sums_.get(), static_cast<off_t>(sums.size())) == 0;
  if (!kept) log::warning("what the engines have counted could not be kept");
}

void GenerationStore::write_number(std::uint64_t number) {
  last_number_ = std::max(last_number_, number);
  if (!counter_) {
    counter_.reset(::memfd_create(counter_name, MFD_CLOEXEC));
    if (counter_) loop::store_descriptor(counter_name, counter_.get());
  }
  if (!counter_ || ::pwrite(counter_.get(), &last_number_, sizeof last_number_, 0) != sizeof last_number_)
    log::warning("the number of the generation could not be kept");
}

} // namespace alk::listend
