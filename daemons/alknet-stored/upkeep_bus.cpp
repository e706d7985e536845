// Long work on the whole storage, on org.alknet.Store1: a method begins it, and the rest goes through the
// caller's pipe.
#include "alknet-stored/store_bus.hpp"
#include "alknet-stored/upkeep/dump.hpp"
#include "alknet-stored/upkeep/restore.hpp"
#include "alknet-stored/upkeep/traces.hpp"
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

Result<void> begin_check(StoreBus& self, bus::Call& call) {
  Engine& engine = self.store().engine();
  ALK_TRY_VOID(engine.require_files());
  ALK_TRY(Fd report, call.in.read_fd());
  return self.upkeep().start(
      std::move(report), [&engine](Report& out) { return check_all(engine, out); },
      then_log(call, [](const JsonObject& result) { return "the storage was checked: " + result.text(); }));
}

// What hands out all that is kept.
struct Copying {
  const char* action; // of its row in the audit log
  Result<void> (*admit)(const Engine& engine);
  Result<JsonObject> (*job)(Engine& engine, Report& report, UnixSeconds now);
  std::string (*done)(const JsonObject& result);
};

// The row comes first: that somebody began it counts, and a copy that no row tells of is handed to nobody.
void begin_copying(StoreBus* self, bus::Call call, const Copying& copying) {
  Engine& engine = self->store().engine();
  auto report = [&]() -> Result<Fd> {
    ALK_TRY_VOID(copying.admit(engine));
    ALK_TRY_VOID(self->upkeep().admit());
    return call.in.read_fd();
  }();
  if (!report) return call.finish(pass(std::move(report).error()));
  auto held = std::make_shared<bus::Call>(std::move(call));
  auto pipe = std::make_shared<Fd>(std::move(*report));
  const Act act = self->act(*held);
  auto note = [act, action = copying.action](Transaction& tables) {
    return note_copying(tables, act, action);
  };
  self->store().write(Place::system(), note, [self, held, pipe, copying, now = act.now](Result<void> noted) {
    if (!noted && noted.error().kind == Kind::Busy)
      noted = fail(Kind::Busy, "the audit log cannot tell of it: " + noted.error().what);
    if (!noted) return held->finish(std::move(noted));
    auto job = [&engine = self->store().engine(), copying, now](Report& out) {
      return copying.job(engine, out, now);
    };
    held->finish(self->upkeep().start(std::move(*pipe), job, then_log(*held, copying.done)));
  });
}

constexpr Copying backup = {
    "storage.backed_up", [](const Engine& engine) { return engine.require_files(); },
    [](Engine& engine, Report& report, UnixSeconds) { return back_up(engine, report); },
    [](const JsonObject&) { return std::string("a backup of the storage was taken"); }};

constexpr Copying dump = {
    "storage.dumped", [](const Engine&) { return Result<void>(); }, &dump_all,
    [](const JsonObject& result) { return "a dump of the storage was taken: " + result.text(); }};

// Afterwards everybody hears of the new revision.
Result<void> begin_restore(StoreBus& self, bus::Call& call) {
  ALK_TRY(Fd dump, call.in.read_fd());
  ALK_TRY(Fd report, call.in.read_fd());
  ALK_TRY(Pipe pipe, self.upkeep().source(std::move(dump)));
  auto source = std::make_shared<Pipe>(std::move(pipe));
  auto job = [&engine = self.store().engine(), source, act = self.act(call)](Report& out) {
    return restore_all(engine, out, std::move(*source), act);
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

bus::Method handing_out(StoreBus* self, const char* name, bus::Argument report, const Copying& copying) {
  return {name, {std::move(report)}, {}, bus::Method::Defer([self, copying](bus::Call call) {
            begin_copying(self, std::move(call), copying);
          })};
}

} // namespace

Methods upkeep_methods(StoreBus* self) {
  const bus::Argument report{"h", "report"};
  return {
      beginning(self, "Check", {report}, &begin_check),
      handing_out(self, "Backup", report, backup),
      handing_out(self, "Dump", report, dump),
      beginning(self, "Restore", {{"h", "dump"}, report}, &begin_restore),
  };
}

} // namespace alk::stored
