#include "alknet-stored/store_bus.hpp"

#include "alknet-stored/policy.hpp"
#include "base/version.hpp"
#include "log/log.hpp"
#include "loop/asio.hpp"

namespace alk::stored {

Result<void> StoreBus::serve(bus::Connection& connection, bus::Accounts accounts) {
  accounts_ = accounts;
  subscribers_ = std::make_unique<Subscribers>(connection.loop(), store_);
  store_.on_commit([this](const std::optional<Place>& place) { subscribers_->wake(place); });
  ALK_TRY(object_, bus::Object::make(connection, bus_path, interface(this), std::move(accounts)));
  return {};
}

bus::Interface StoreBus::interface(StoreBus* self) {
  Methods all;
  for (auto part : {account_methods, organization_methods, key_methods, api_key_methods, outbound_methods,
                    audit_methods, identity_methods, graph_type_methods, graph_methods, node_methods,
                    acl_methods, event_methods, queue_methods, upkeep_methods, metrics_methods}) {
    Methods methods = part(self);
    std::move(methods.begin(), methods.end(), std::back_inserter(all));
  }
  using bus::Emits;
  return {bus_name,
          std::move(all),
          {{"Version", "s", Emits::Constant, [](bus::Message& out) { out.write_text(version()); }},
           {"Engine", "s", Emits::Constant, [self](bus::Message& out) { out.write_text(self->engine_); }}},
          {{"Changed", {{"t", "revision"}}}},
          store_policy};
}

bus::Method StoreBus::method(StoreBus* self, const char* name, std::vector<bus::Argument> in,
                             std::vector<bus::Argument> out, Planner planner) {
  auto handler = [self, planner = std::move(planner)](bus::Call call) {
    auto plan = planner(call, self->make_act_(call));
    self->take(std::move(call), std::move(plan));
  };
  return {name, std::move(in), std::move(out), bus::Method::Defer(handler)};
}

bus::Method StoreBus::method(StoreBus* self, const char* name, std::vector<bus::Argument> in,
                             std::vector<bus::Argument> out, Looker looker) {
  auto handler = [self, looker = std::move(looker)](bus::Call call) {
    auto plan = looker(call);
    self->take(std::move(call), std::move(plan));
  };
  return {name, std::move(in), std::move(out), bus::Method::Defer(handler)};
}

void StoreBus::take(bus::Call call, Result<Plan> plan) {
  if (plan) return start(std::move(call), std::move(*plan));
  counts_.refused(plan.error().kind);
  call.finish(pass(std::move(plan).error()));
}

void StoreBus::start(bus::Call call, Plan plan) {
  auto held = std::make_shared<bus::Call>(std::move(call));
  auto done = [this, held, answer = std::move(plan.answer), made = plan.revision](Result<void> result) {
    if (result)
      answer(held->out);
    else
      counts_.refused(result.error().kind);
    const bool changed = result && made;
    held->finish(std::move(result));
    if (changed) announce(*made);
  };
  if (plan.access == Access::Read)
    store_.read(std::move(plan.place), std::move(plan.work), std::move(done), plan.extent);
  else
    store_.write(std::move(plan.place), std::move(plan.work), std::move(done));
}

void StoreBus::end_subscriptions() {
  if (subscribers_) subscribers_->close_all();
}

void StoreBus::look_again() {
  if (subscribers_) subscribers_->wake(std::nullopt);
  auto found = std::make_shared<std::int64_t>(0);
  auto work = [found](Transaction& tables) -> Result<void> {
    ALK_TRY(*found, revision(tables));
    return {};
  };
  // When this fails, the connection is made again and this is called again.
  store_.read(Place::system(), work, [this, found](Result<void> done) {
    if (done) announce(*found);
  });
}

// Only a hint to look again: whoever misses it asks for the revision.
void StoreBus::announce(std::int64_t revision) {
  if (revision == announced_) return; // a change that was none of identities
  announced_ = revision;
  if (on_change_) on_change_(revision);
  bus::Message signal = object_->make_signal("Changed");
  if (!signal) return;
  signal.write_u64(static_cast<std::uint64_t>(revision));
  if (auto sent = object_->emit(std::move(signal)); !sent) log::error(sent.error().describe());
}

} // namespace alk::stored
