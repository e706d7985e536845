#include "clients/dump_client.hpp"
#include "dump_verbs.hpp"
#include "meter.hpp"
#include "report_stream.hpp"

#include <array>
#include <cerrno>
#include <csignal>
#include <thread>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace alk::alknetctl {

namespace {

Result<void> write_all_of(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t count = ::write(fd, bytes.data(), bytes.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return fail_errno(errno, "writing the dump");
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
  return {};
}

Result<Json> dump_to(int fd, StoreClient& store, const Output& output) {
  ALK_TRY(Fd pipe, clients::begin_dump(store.connection()));
  Meter meter(output, "dumping");
  auto take_line = [&](const Json& line) -> Result<void> {
    meter.show(line);
    return {};
  };
  ALK_TRY(Json result, ReportStream(std::move(pipe)).read({take_line, [fd](std::string_view bytes) {
                                                             return write_all_of(fd, bytes);
                                                           }}));
  struct stat facts {};
  const bool file = ::fstat(fd, &facts) == 0 && S_ISREG(facts.st_mode);
  if (file && ::fsync(fd) != 0) return fail_errno(errno, "writing the dump");
  if (file && (facts.st_mode & 077) != 0)
    output.err << "warning: others may read the dump, which holds all accounts and credentials: chmod 600\n";
  return result;
}

Result<Fd> open_dump(const std::string& file) {
  Fd opened(file == "-" ? ::fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3)
                        : ::open(file.c_str(), O_RDONLY | O_CLOEXEC));
  if (!opened) return fail_errno(errno, file);
  return opened;
}

// Ends with the file, or when nobody reads any more.
void pump(int from, int to) {
  std::array<char, 64 * 1024> buffer;
  for (;;) {
    const ssize_t count = ::read(from, buffer.data(), buffer.size());
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return;
    if (!write_all_of(to, {buffer.data(), static_cast<std::size_t>(count)})) return;
  }
}

Result<Json> restore_from(Fd source, StoreClient& store, const Output& output) {
  ALK_TRY(clients::Restoring restoring, clients::begin_restore(store.connection()));
  std::signal(SIGPIPE, SIG_IGN); // a dump that is refused is not read to its end
  // Not waited for: it may wait for a terminal, and this program ends anyway.
  std::thread([from = std::move(source), to = std::move(restoring.dump)] {
    pump(from.get(), to.get());
  }).detach();
  Meter meter(output, "restoring");
  auto take_line = [&](const Json& line) -> Result<void> {
    meter.show(line);
    return {};
  };
  auto take_bytes = [](std::string_view) -> Result<void> {
    return fail(Kind::Broken, "alknet-stored sends bytes where none belong");
  };
  return ReportStream(std::move(restoring.report)).read({take_line, take_bytes});
}

} // namespace

int store_dump(StoreClient& store, const Output& output) {
  auto result = dump_to(STDOUT_FILENO, store, output);
  if (result) return exit_ok;
  return report(result.error(), Output{output.format, output.err, output.err, output.now});
}

int store_restore(StoreClient& store, const std::string& file, const Output& output) {
  auto source = open_dump(file);
  if (!source) return report(source.error(), output);
  auto result = restore_from(std::move(*source), store, output);
  if (!result) return report(result.error(), output);
  if (output.format == Format::Json)
    print_json(*result, output);
  else
    output.out << "restored: " << (*result)["rows"] << " rows, an audit log of " << (*result)["audit_rows"]
               << " rows\n";
  return exit_ok;
}

} // namespace alk::alknetctl
