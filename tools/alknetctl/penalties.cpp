// alknetctl penalties: whom the server refuses for a while, and pardons.
#include "format.hpp"
#include "json.hpp"

namespace alk::alknetctl {

static void print_penalties_json(const clients::Penalties& penalties, const Output& output) {
  Json listed = Json::array();
  for (const auto& penalty : penalties.listed)
    listed.push_back({{"source", penalty.source},
                      {"reason", penalty.reason},
                      {"left", penalty.left},
                      {"refusing", penalty.refusing},
                      {"refused", penalty.refused}});
  print_json({{"sources", penalties.sources}, {"penalties", listed}}, output);
}

int penalties(Admin& admin, const Output& output) {
  auto penalties = admin.penalties();
  if (!penalties) return report(penalties.error(), output);
  if (output.format == Format::Json) {
    print_penalties_json(*penalties, output);
    return exit_ok;
  }
  Table table({"SOURCE", "STATE", "LEFT", "LAST REASON", "REFUSED"});
  for (const auto& penalty : penalties->listed)
    table.add({cell(penalty.source), penalty.refusing ? "refused" : "watched", duration_text(penalty.left),
               cell(penalty.reason), std::to_string(penalty.refused)});
  table.print(output.out);
  if (penalties->sources > penalties->listed.size())
    output.out << "and " << penalties->sources - penalties->listed.size() << " more\n";
  return exit_ok;
}

int clear_penalties(Admin& admin, const std::string& address, const Output& output) {
  auto cleared = admin.clear_penalties(address);
  if (!cleared) return report(cleared.error(), output);
  if (output.format == Format::Json)
    print_json({{"cleared", *cleared}}, output);
  else
    output.out << *cleared << (*cleared == 1 ? " penalty is" : " penalties are") << " cleared\n";
  return exit_ok;
}

} // namespace alk::alknetctl
