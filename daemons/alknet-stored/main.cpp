// alknet-stored keeps what must outlive everything: accounts and their credentials, organisations, graphs and
// the audit log. It answers on org.alknet.Store1 and has no network.
#include "alknet-stored/manager.hpp"
#include "daemon/daemon.hpp"

#include <sodium.h>
#include <sys/stat.h>

namespace alk::stored {

static int run(int argc, char** argv) {
  if (sodium_init() < 0) return 1;
  ::umask(0077); // nobody else reads what it keeps, whoever starts it
  daemon::Description description{"alknet-stored", bus_name, [] { return StoreBus::interface(nullptr); }};
  return daemon::run(argc, argv, description, &Manager::start);
}

} // namespace alk::stored

int main(int argc, char** argv) {
  return alk::stored::run(argc, argv);
}
