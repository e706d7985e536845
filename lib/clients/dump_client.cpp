#include "clients/dump_client.hpp"

#include "clients/destinations.hpp"

#include <cerrno>

#include <fcntl.h>
#include <unistd.h>

namespace alk::clients {

namespace {

// The first answer may have to wait for the service's start.
constexpr std::chrono::milliseconds dump_deadline{25000};

struct PipeEnds {
  Fd reading, writing;
};

Result<PipeEnds> make_pipe_ends() {
  int ends[2] = {-1, -1};
  if (::pipe2(ends, O_CLOEXEC) != 0) return fail_errno(errno, "making a pipe");
  return PipeEnds{Fd(ends[0]), Fd(ends[1])};
}

} // namespace

Result<Fd> begin_dump(bus::BlockingConnection& connection) {
  ALK_TRY(PipeEnds report, make_pipe_ends());
  auto call = connection.make_call(store_daemon, "Dump", bus::AutoStart::Yes);
  if (call) call.write_fd(report.writing.get());
  ALK_TRY_VOID(connection.call(std::move(call), dump_deadline));
  return std::move(report.reading);
}

Result<Restoring> begin_restore(bus::BlockingConnection& connection) {
  ALK_TRY(PipeEnds dump, make_pipe_ends());
  ALK_TRY(PipeEnds report, make_pipe_ends());
  auto call = connection.make_call(store_daemon, "Restore", bus::AutoStart::Yes);
  if (call) call.write_fd(dump.reading.get()).write_fd(report.writing.get());
  ALK_TRY_VOID(connection.call(std::move(call), dump_deadline));
  return Restoring{std::move(dump.writing), std::move(report.reading)};
}

} // namespace alk::clients
