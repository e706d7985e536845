#include "alknet-stored/manager.hpp"

#include "alknet-stored/engine_module.hpp"
#include "alknet-stored/graph/acl_graph.hpp"
#include "alknet-stored/sqlite/engine.hpp"
#include "config/config.hpp"
#include "config/key_source.hpp"
#include "log/log.hpp"

#include <chrono>
#include <cstdlib>
#include <filesystem>

#include <sodium.h>

namespace alk::stored {

namespace {

std::string random_bytes(std::size_t size) {
  std::string bytes(size, '\0');
  ::randombytes_buf(bytes.data(), bytes.size());
  return bytes;
}

UnixSeconds now() {
  using std::chrono::system_clock;
  return system_clock::to_time_t(system_clock::now());
}

Act make_act(std::string actor) {
  Act act{now(), std::move(actor), {}, &random_bytes};
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

Result<config::Storage> read_settings(const std::string& path) {
  std::error_code error;
  if (!std::filesystem::exists(path, error) && !error) return config::Storage(); // SQLite needs nothing
  auto loaded = config::load(path);
  if (!loaded) return fail(Kind::Invalid, loaded.error().front().describe());
  return std::move(loaded->fixed.storage);
}

Result<std::unique_ptr<Engine>> make_engine(const std::string& configuration) {
  ALK_TRY(const config::Storage settings, read_settings(configuration));
  if (!settings.url.empty()) {
    ALK_TRY(const std::string module, find_postgresql()); // first: without it there is no credential either
    ServerAddress address{settings.url, {}};
    if (!settings.password.empty()) {
      auto text = config::KeySource().read(settings.password);
      if (!text) return pass(std::move(text).error(), "storage.password");
      address.password = SecretBytes(text->view().substr(0, text->view().find('\n')));
    }
    return load_postgresql(module, std::move(address));
  }
  const char* directory = std::getenv("STATE_DIRECTORY");
  if (directory == nullptr || *directory != '/')
    return fail(Kind::Invalid, "$STATE_DIRECTORY names no directory");
  return make_sqlite_engine(directory);
}

void tell_anchor(const AuditAnchor& head) {
  log::write(log::Level::Info, log::event::audit_anchor, {{"sequence", head.sequence}, {"hash", head.hash}});
}

} // namespace

Result<std::unique_ptr<daemon::Service>> Manager::start(daemon::Context& context) {
  ALK_TRY(auto engine, make_engine(context.options.config));
  std::string name = engine->name();
  ALK_TRY(auto store, Store::open(context.loop, std::move(engine)));
  std::unique_ptr<Manager> manager(new Manager(context.loop, std::move(store), std::move(name)));
  repair_memberships(*manager->store_);
  manager->anchors_.start();
  ALK_TRY_VOID(manager->bus_.serve(context.bus));
  manager->watch();
  manager->housekeeping_.start();
  return std::unique_ptr<daemon::Service>(std::move(manager));
}

Manager::Manager(asio::io_context& loop, std::unique_ptr<Store> store, std::string engine)
    : store_(std::move(store)), housekeeping_(loop, *store_, &now), anchors_(loop, *store_, &tell_anchor),
      bus_(*store_, &act_of, std::move(engine)) {
  bus_.on_change([this](std::int64_t revision) { anchors_.changed(revision); });
}

// Of several programs that share a server each says on its own bus what any of them has changed.
void Manager::watch() {
  auto changed = [this] {
    if (std::exchange(deaf_, false)) log::info("changes of other servers are heard again");
    bus_.look_again();
  };
  auto lost = [this](const Error& error) {
    deaf_ = true;
    log::warning("changes of other servers are not heard: " + error.describe());
  };
  store_->watch(changed, lost);
}

void Manager::stop(std::function<void()> stopped) {
  housekeeping_.stop();
  bus_.end_subscriptions();
  bus_.upkeep().end([this, stopped = std::move(stopped)] {
    store_->when_idle([this, stopped] { anchors_.finish(stopped); });
  });
}

} // namespace alk::stored
