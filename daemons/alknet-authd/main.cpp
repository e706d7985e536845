// alknet-authd decides who somebody is. It holds the authorised keys, answers alknet-listend and root on
// org.alknet.Auth1, and has neither a network nor a private key.
#include "alknet-authd/manager.hpp"
#include "daemon/daemon.hpp"

#include <sodium.h>

namespace alk::authd {

static int run(int argc, char** argv) {
  if (sodium_init() < 0) return 1;
  daemon::Description description{"alknet-authd", bus_name, [] { return AuthBus::interface(nullptr); }};
  return daemon::run(argc, argv, description, &Manager::start);
}

} // namespace alk::authd

int main(int argc, char** argv) {
  return alk::authd::run(argc, argv);
}
