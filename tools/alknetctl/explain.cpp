// alknetctl explain: what the forwarding policy says, from the function that decides. The destination is
// printed back to the one who asked and is logged nowhere.
#include "format.hpp"
#include "json.hpp"

namespace alk::alknetctl {

static constexpr std::int32_t by_default = -1;
static constexpr std::int32_t by_constraint = -2;

static const char* decided_by(std::int32_t rule) {
  if (rule == by_default) return "default";
  return rule == by_constraint ? "constraint" : "rule";
}

static std::string reason(const clients::Explanation& explanation) {
  if (explanation.rule == by_default) return "by default";
  if (explanation.rule == by_constraint) return "by a constraint of the login: " + cell(explanation.text);
  return "by forwarding.rules[" + std::to_string(explanation.rule) + "]: " + cell(explanation.text);
}

int explain(Admin& admin, const std::string& identity, const std::string& destination,
            const std::string& transport, const Output& output) {
  auto explanation = admin.explain(identity, destination, transport);
  if (!explanation) return report(explanation.error(), output);
  if (output.format == Format::Json) {
    print_json({{"allowed", explanation->allowed},
                {"decided_by", decided_by(explanation->rule)},
                {"rule", explanation->rule >= 0 ? Json(explanation->rule) : Json(nullptr)},
                {"text", explanation->text}},
               output);
  } else {
    output.out << (explanation->allowed ? "allowed " : "denied ") << reason(*explanation) << '\n';
  }
  return exit_ok;
}

} // namespace alk::alknetctl
