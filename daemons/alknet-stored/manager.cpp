#include "alknet-stored/manager.hpp"

#include "alknet-stored/graph/acl_graph.hpp"
#include "alknet-stored/sqlite/engine.hpp"
#include "log/log.hpp"

#include <chrono>
#include <cstdlib>

#include <sodium.h>

namespace alk::stored {

namespace {

std::string random_bytes(std::size_t size) {
  std::string bytes(size, '\0');
  ::randombytes_buf(bytes.data(), bytes.size());
  return bytes;
}

Act make_act(std::string actor) {
  using std::chrono::system_clock;
  Act act{system_clock::to_time_t(system_clock::now()), std::move(actor), {}, &random_bytes};
  act.request = make_uuid(act);
  return act;
}

Act act_of(const bus::Call& call) {
  return make_act("uid:" + std::to_string(call.sender_uid()));
}

// The first change of all, before anybody's: the access control graph is there, and its memberships are those
// of the organisations' rows, whoever wrote these.
void repair_memberships(Store& store) {
  auto work = [act = make_act("alknet-stored")](Transaction& tables) -> Result<void> {
    SchemaCache schemas;
    ALK_TRY_VOID(derive_memberships(tables, act, schemas));
    return {};
  };
  store.write(Place::system(), work, [](Result<void> done) {
    if (!done) log::error(done.error().describe());
  });
}

Result<std::unique_ptr<Engine>> make_engine() {
  const char* directory = std::getenv("STATE_DIRECTORY");
  if (directory == nullptr || *directory != '/')
    return fail(Kind::Invalid, "$STATE_DIRECTORY names no directory");
  return make_sqlite_engine(directory);
}

} // namespace

Result<std::unique_ptr<daemon::Service>> Manager::start(daemon::Context& context) {
  ALK_TRY(auto engine, make_engine());
  ALK_TRY(auto store, Store::open(context.loop, std::move(engine)));
  std::unique_ptr<Manager> manager(new Manager(std::move(store)));
  repair_memberships(*manager->store_);
  ALK_TRY_VOID(manager->bus_.serve(context.bus));
  return std::unique_ptr<daemon::Service>(std::move(manager));
}

Manager::Manager(std::unique_ptr<Store> store)
    : store_(std::move(store)), bus_(*store_, &act_of, std::string("SQLite ") + sqlite_version()) {}

void Manager::stop(std::function<void()> stopped) {
  store_->when_idle(std::move(stopped));
}

} // namespace alk::stored
