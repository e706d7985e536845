// alknet-listend: holds the listening sockets, the live sessions, the TLS and SSH host keys and the
// forwarding policy.
#include "manager.hpp"

int main(int argc, char** argv) {
  using namespace alk;
  const daemon::Description description{
      .program = "alknet-listend",
      .bus_name = listend::ListenBus::bus_name,
      .interface = [] { return listend::ListenBus::interface(nullptr); },
      .bus_loss = daemon::Description::BusLoss::ComeBack, // sessions outlive a restart of the bus
  };
  return daemon::run(argc, argv, description, &listend::Manager::start);
}
