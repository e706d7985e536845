// alknet-secretd keeps the seed of the node and answers with what follows from it, on org.alknet.Secret1. It
// has no network, no thread, no coroutine and nothing to write; its secrets live in one locked mapping.
#include "alknet-secretd/manager.hpp"
#include "daemon/daemon.hpp"

#include <sodium.h>

namespace alk::secretd {

static int run(int argc, char** argv) {
  if (sodium_init() < 0) return 1;
  daemon::Description description{"alknet-secretd", bus_name, [] { return SecretBus::interface(nullptr); }};
  return daemon::run(argc, argv, description, &Manager::start);
}

} // namespace alk::secretd

int main(int argc, char** argv) {
  return alk::secretd::run(argc, argv);
}
