// alknetctl disconnect: ends one session.
#include "json.hpp"

namespace alk::alknetctl {

int disconnect(Admin& admin, std::uint64_t session, const Output& output) {
  if (auto done = admin.disconnect(session); !done) return report(done.error(), output);
  if (output.format == Format::Json) {
    print_json({{"disconnected", session}}, output);
  } else {
    output.out << "session " << session << " is disconnected\n";
  }
  return exit_ok;
}

} // namespace alk::alknetctl
