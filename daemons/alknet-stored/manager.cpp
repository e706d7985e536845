#include "alknet-stored/manager.hpp"

#include "alknet-stored/engine_module.hpp"
#include "alknet-stored/graph/acl_graph.hpp"
#include "alknet-stored/sql/schema.hpp"
#include "alknet-stored/sqlite/engine.hpp"
#include "alknet-stored/upkeep/restore.hpp"
#include "base/encoding.hpp"
#include "config/config.hpp"
#include "config/key_source.hpp"
#include "log/log.hpp"

#include <algorithm>
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

void tell_anchor(const pubkey::Anchor& head) {
  const bool is_signed = head.is_signed();
  log::write(log::Level::Info, log::event::audit_anchor,
             {{"sequence", head.sequence},
              {"hash", head.hash},
              {"signature", is_signed ? base64url_encode(head.signature) : "unsigned"},
              {"time", is_signed ? std::to_string(head.time) : std::string()},
              {"key", base64url_encode(head.key)}});
}

// "SQLite 3.40.1" becomes one word.
void tell_opened(std::string engine) {
  std::replace(engine.begin(), engine.end(), ' ', '/');
  log::write(log::Level::Info, log::event::storage_opened,
             {{"engine", engine}, {"schema", std::uint64_t{system_schema().size()}}});
}

} // namespace

Result<std::unique_ptr<daemon::Service>> Manager::start(daemon::Context& context) {
  ALK_TRY(auto engine, make_engine(context.options.config));
  std::string name = engine->name();
  auto opened = Store::open(context.loop, std::move(engine));
  if (!opened) {
    Faults().note(Place::system(), opened.error(), log::Complaints::Clock::now());
    return pass(std::move(opened).error());
  }
  tell_opened(name);
  // Whoever needs what could not be settled is told so; nobody else has to wait for it.
  if (auto settled = settle_tenants((*opened)->engine()); !settled) log::error(settled.error().describe());
  std::unique_ptr<Manager> manager(new Manager(context, std::move(*opened), std::move(name)));
  repair_memberships(*manager->store_);
  manager->watch_signer();
  manager->anchors_.start();
  ALK_TRY_VOID(manager->bus_.serve(context.bus));
  manager->watch();
  manager->housekeeping_.start();
  return std::unique_ptr<daemon::Service>(std::move(manager));
}

Manager::Manager(daemon::Context& context, std::unique_ptr<Store> store, std::string engine)
    : store_(std::move(store)), housekeeping_(context.loop, *store_, &now), secrets_(context.bus),
      anchors_(
          context.loop, *store_,
          [this](pubkey::Anchor head, std::chrono::milliseconds patience, Anchors::Done done) {
            sign(std::move(head), patience, std::move(done));
          },
          [this](const pubkey::Anchor& head) {
            tell_anchor(head);
            bus_.counts().anchored(head.sequence, head.is_signed());
          }),
      bus_(*store_, &act_of, std::move(engine)) {
  store_->on_error([this](const Place& place, const Error& error) {
    faults_.note(place, error, log::Complaints::Clock::now());
  });
  bus_.on_change([this](std::int64_t revision) { anchors_.changed(revision); });
}

// Of several programs that share a server each says on its own bus what any of them has changed.
void Manager::watch() {
  auto changed = [this] {
    if (std::exchange(deaf_, false)) log::write(log::Level::Info, log::event::storage_back, {});
    bus_.look_again();
  };
  auto lost = [this](const Error& error) {
    deaf_ = true;
    log::write(log::Level::Warning, log::event::storage_lost, {}, {{"reason", error.describe()}});
    log::warning("changes of other servers are not heard: " + error.describe());
  };
  store_->watch(changed, lost);
}

// The bus starts alknet-secretd for this where it is installed: with an enrolled credential it can sign at
// once.
void Manager::watch_signer() {
  secrets_.on_state(
      [this](clients::SecretState state) { anchors_.signer(state == clients::SecretState::Unlocked); });
  secrets_.wake();
}

void Manager::sign(pubkey::Anchor head, std::chrono::milliseconds patience, Anchors::Done done) {
  head.time = static_cast<std::uint64_t>(now());
  const auto hash = hex_decode(head.hash);
  if (!hash) return done(fail(Kind::Broken, "the hash of the last row is none"));
  auto answered = [head,
                   done = std::move(done)](Result<clients::SecretWatch::AnchorSignature> answer) mutable {
    if (!answer) return done(pass(std::move(answer).error()));
    head.key = std::move(answer->public_key);
    head.signature = std::move(answer->signature);
    done(std::move(head));
  };
  secrets_.sign_anchor(head.sequence, *hash, head.time, patience, std::move(answered));
}

void Manager::stop(std::function<void()> stopped) {
  housekeeping_.stop();
  bus_.end_subscriptions();
  bus_.upkeep().end([this, stopped = std::move(stopped)] {
    store_->when_idle([this, stopped] { anchors_.finish(stopped); });
  });
}

} // namespace alk::stored
