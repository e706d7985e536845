// Long work on the whole storage, on org.alknet.Store1: a method begins it, and the rest goes through the
// caller's pipe.
#include "alknet-stored/store_bus.hpp"
#include "alknet-stored/upkeep/dump.hpp"
#include "alknet-stored/upkeep/restore.hpp"
#include "alknet-stored/upkeep/whole_files.hpp"
#include "log/log.hpp"

namespace alk::stored {

namespace {

// What went wrong was told through the pipe, all but what is ours.
Upkeep::Done then_log(const bus::Call& call, std::string (*done)(const JsonObject& result)) {
  return [uid = std::to_string(call.sender_uid()), done](const Result<JsonObject>& result) {
    if (result)
      log::info(done(*result) + ", for uid " + uid);
    else if (result.error().kind == Kind::Broken)
      log::error(result.error().describe());
    else
      log::info("long work on the storage, for uid " + uid + ", ended: " + result.error().describe());
  };
}

Result<void> begin_backup(StoreBus& self, bus::Call& call) {
  Engine& engine = self.store().engine();
  ALK_TRY_VOID(engine.require_files());
  ALK_TRY(Fd report, call.in.read_fd());
  return self.upkeep().start(
      std::move(report), [&engine](Report& out) { return back_up(engine, out); },
      then_log(call, [](const JsonObject&) { return std::string("a backup of the storage was taken"); }));
}

Result<void> begin_check(StoreBus& self, bus::Call& call) {
  Engine& engine = self.store().engine();
  ALK_TRY_VOID(engine.require_files());
  ALK_TRY(Fd report, call.in.read_fd());
  return self.upkeep().start(
      std::move(report), [&engine](Report& out) { return check_all(engine, out); },
      then_log(call, [](const JsonObject& result) { return "the storage was checked: " + result.text(); }));
}

Result<void> begin_dump(StoreBus& self, bus::Call& call) {
  ALK_TRY(Fd report, call.in.read_fd());
  auto job = [&engine = self.store().engine(), now = self.act(call).now](Report& out) {
    return dump_all(engine, out, now);
  };
  return self.upkeep().start(std::move(report), job, then_log(call, [](const JsonObject& result) {
                               return "a dump of the storage was taken: " + result.text();
                             }));
}

// Afterwards everybody hears of the new revision.
Result<void> begin_restore(StoreBus& self, bus::Call& call) {
  ALK_TRY(Fd dump, call.in.read_fd());
  ALK_TRY(Fd report, call.in.read_fd());
  ALK_TRY(Pipe pipe, self.upkeep().source(std::move(dump)));
  auto source = std::make_shared<Pipe>(std::move(pipe));
  auto job = [&engine = self.store().engine(), source](Report& out) {
    return restore_all(engine, out, std::move(*source));
  };
  auto done = [&self, log = then_log(call, [](const JsonObject& result) {
                        return "the storage was restored from a dump: " + result.text();
                      })](const Result<JsonObject>& result) {
    log(result);
    if (result) self.look_again();
  };
  return self.upkeep().start(std::move(report), job, done);
}

using Begin = Result<void> (*)(StoreBus&, bus::Call&);

bus::Method beginning(StoreBus* self, const char* name, std::vector<bus::Argument> in, Begin begin) {
  return {name, std::move(in), {}, bus::Method::Answer([self, begin](bus::Call& call) {
            return begin(*self, call);
          })};
}

} // namespace

Methods upkeep_methods(StoreBus* self) {
  const bus::Argument report{"h", "report"}, dump{"h", "dump"};
  return {
      beginning(self, "Check", {report}, &begin_check),
      beginning(self, "Backup", {report}, &begin_backup),
      beginning(self, "Dump", {report}, &begin_dump),
      beginning(self, "Restore", {dump, report}, &begin_restore),
  };
}

} // namespace alk::stored
