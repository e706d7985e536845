// alknetctl sessions: who is connected. Where they connect to is recorded nowhere.
#include "format.hpp"
#include "json.hpp"

namespace alk::alknetctl {

static Json session_json(const clients::SessionInfo& session) {
  return {{"id", session.id},
          {"identity", session.identity},
          {"user", session.user},
          {"remote_addr", session.remote_addr},
          {"remote_port", session.remote_port},
          {"transport", session.transport},
          {"listener", session.listener},
          {"since", session.since},
          {"channels", session.channels},
          {"generation", session.generation}};
}

int sessions(Admin& admin, const Output& output) {
  auto all = admin.sessions();
  if (!all) return report(all.error(), output);
  if (output.format == Format::Json) {
    Json document = Json::array();
    for (const auto& session : *all) document.push_back(session_json(session));
    print_json(document, output);
    return exit_ok;
  }
  Table table({"ID", "IDENTITY", "USER", "FROM", "LISTENER", "CHANNELS", "AGE", "GENERATION"});
  for (const auto& session : *all)
    table.add({std::to_string(session.id), cell(session.identity), cell(session.user),
               address_text(session.remote_addr, session.remote_port), cell(session.listener),
               std::to_string(session.channels), age_text(session.since, output.now),
               std::to_string(session.generation)});
  table.print(output.out);
  return exit_ok;
}

} // namespace alk::alknetctl
