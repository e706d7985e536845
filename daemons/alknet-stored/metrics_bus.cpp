// GetMetrics on org.alknet.Store1.
#include "alknet-stored/store_bus.hpp"
#include "clients/metrics_wire.hpp"

namespace alk::stored {

Methods metrics_methods(StoreBus* self) {
  auto plan = [self](bus::Call&, const Act&) -> Result<Plan> {
    return reading([store = &self->store()](Transaction& tables) { return count_holdings(tables, *store); },
                   [self](bus::Message& out, const Holdings& holdings) {
                     auto all = self->counts().metrics(self->store().numbers());
                     auto held = holdings_metrics(holdings);
                     std::move(held.begin(), held.end(), std::back_inserter(all));
                     clients::write_metrics(out, all);
                   });
  };
  return {StoreBus::method(self, "GetMetrics", {}, {{clients::metrics_type, "metrics"}}, plan)};
}

} // namespace alk::stored
