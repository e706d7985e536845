// org.alknet.Store1 (contracts/org.alknet.Store1.xml): one interface, its methods by noun in *_bus.cpp.
// Decode, ask the storage, log once, signal, answer.
#pragma once

#include "alknet-stored/counts.hpp"
#include "alknet-stored/graph/schema.hpp"
#include "alknet-stored/plan.hpp"
#include "alknet-stored/store.hpp"
#include "alknet-stored/subscribers.hpp"
#include "alknet-stored/upkeep/upkeep.hpp"

namespace alk::stored {

inline constexpr const char* bus_name = "org.alknet.Store1";
inline constexpr const char* bus_path = "/org/alknet/Store1";

class StoreBus {
 public:
  StoreBus(Store& store, MakeAct make_act, std::string engine)
      : store_(store), make_act_(std::move(make_act)), engine_(std::move(engine)), upkeep_(store.loop()) {}

  // Exports the interface for as long as this object lives.
  Result<void> serve(bus::Connection& connection, bus::Accounts accounts = bus::Accounts::of_this_machine());
  // `self` may be null when no handler will ever run (--bus-introspect).
  static bus::Interface interface(StoreBus* self);

  // Called with the revision of every change that has been answered.
  void on_change(std::function<void(std::int64_t)> hear) { on_change_ = std::move(hear); }

  // A method whose answer is the storage's.
  static bus::Method method(StoreBus* self, const char* name, std::vector<bus::Argument> in,
                            std::vector<bus::Argument> out, Planner planner);
  static bus::Method method(StoreBus* self, const char* name, std::vector<bus::Argument> in,
                            std::vector<bus::Argument> out, Looker looker);

  void start(bus::Call call, Plan plan);
  // Another program may have changed something: whoever listens hears of a new revision, if there is one.
  void look_again();
  Store& store() { return store_; }
  Subscribers& subscribers() { return *subscribers_; }
  // Before the storage is waited for: whoever reads events is always about to read more.
  void end_subscriptions();
  Upkeep& upkeep() { return upkeep_; }
  Counts& counts() { return counts_; }
  // For works of Access::Write alone: it belongs to the thread that writes.
  std::shared_ptr<SchemaCache> schemas() const { return schemas_; }
  const bus::Accounts& accounts() const { return accounts_; } // on the loop
  Act act(const bus::Call& call) const { return make_act_(call); }

 private:
  void announce(std::int64_t revision);
  void take(bus::Call call, Result<Plan> plan);

  Store& store_;
  MakeAct make_act_;
  std::string engine_;
  bus::Accounts accounts_;
  Upkeep upkeep_;
  Counts counts_;
  std::shared_ptr<SchemaCache> schemas_ = std::make_shared<SchemaCache>();
  std::int64_t announced_ = 0;
  std::function<void(std::int64_t)> on_change_;
  std::unique_ptr<Subscribers> subscribers_;
  std::unique_ptr<bus::Object> object_;
};

using Methods = std::vector<bus::Method>;
Methods account_methods(StoreBus* self);
Methods organization_methods(StoreBus* self);
Methods key_methods(StoreBus* self);
Methods api_key_methods(StoreBus* self);
Methods outbound_methods(StoreBus* self);
Methods audit_methods(StoreBus* self);
Methods identity_methods(StoreBus* self);
Methods metrics_methods(StoreBus* self);
Methods graph_type_methods(StoreBus* self);
Methods graph_methods(StoreBus* self);
Methods node_methods(StoreBus* self);
Methods acl_methods(StoreBus* self);
Methods event_methods(StoreBus* self);
Methods queue_methods(StoreBus* self);
Methods upkeep_methods(StoreBus* self);

} // namespace alk::stored
