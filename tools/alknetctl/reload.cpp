// alknetctl reload: new configuration for listend and authd together, or for neither.
#include "format.hpp"
#include "json.hpp"

namespace alk::alknetctl {

// Gone may also mean that alknet-authd did not answer: then the server is running and the reload has failed.
static int report_failure(Admin& admin, Error error, const Output& output) {
  if (error.kind != Kind::Gone || !admin.status()) return report(error, output);
  report(error, output);
  return exit_failed;
}

static void print_keys(const char* heading, const std::vector<std::string>& keys, const Output& output) {
  if (keys.empty()) return;
  output.out << heading << '\n';
  for (const std::string& key : keys) output.out << "  " << cell(key) << '\n';
}

int reload(Admin& admin, const Output& output) {
  auto reloaded = admin.reload();
  if (!reloaded) return report_failure(admin, reloaded.error(), output);
  if (output.format == Format::Json) {
    print_json({{"generation", reloaded->generation},
                {"changed", reloaded->changed},
                {"restart", reloaded->restart},
                {"keys_left", reloaded->keys_left}},
               output);
    return exit_ok;
  }
  output.out << "generation " << reloaded->generation << " is in force\n";
  if (reloaded->changed.empty()) output.out << "nothing changed\n";
  print_keys("changed:", reloaded->changed, output);
  print_keys("waiting for a restart:", reloaded->restart, output);
  if (reloaded->keys_left)
    output.out << "certificates and their keys were not read again, for which it takes root: systemctl "
                  "reload alknet-listend\n";
  return exit_ok;
}

} // namespace alk::alknetctl
