// alknet-listend: holds the listening sockets, the live sessions, the TLS and SSH host keys and the
// forwarding policy. The process that is started supervises; with --engine it is one of those that it starts
// to do the work.
#include "manager.hpp"

#include <string_view>

int main(int argc, char** argv) {
  using namespace alk;
  if (argc > 1 && std::string_view(argv[1]) == listend::engine_option)
    return listend::run_engine(argc - 2, argv + 2);
  const daemon::Description description{
      .program = "alknet-listend",
      .bus_name = listend::ListenBus::bus_name,
      .interface = [] { return listend::ListenBus::interface(nullptr); },
      .bus_loss = daemon::Description::BusLoss::ComeBack, // sessions outlive a restart of the bus
  };
  return daemon::run(argc, argv, description, &listend::Manager::start);
}
