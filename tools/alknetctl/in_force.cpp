// alknetctl policy and limits: what the running server decides by, which may be older than the files.
#include "format.hpp"
#include "json.hpp"

namespace alk::alknetctl {

static std::string list_cell(const std::vector<std::string>& words, const char* when_empty) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : ",") + cell(word);
  return text.empty() ? when_empty : text;
}

static void print_policy_json(const clients::PolicyInForce& policy, const Output& output) {
  Json rules = Json::array();
  for (const auto& rule : policy.rules)
    rules.push_back({{"index", rule.index},
                     {"action", rule.action},
                     {"target", rule.target},
                     {"principals", rule.principals},
                     {"transports", rule.transports}});
  print_json({{"generation", policy.generation}, {"default", policy.default_action}, {"rules", rules}},
             output);
}

int policy(Admin& admin, const Output& output) {
  auto policy = admin.policy();
  if (!policy) return report(policy.error(), output);
  if (output.format == Format::Json) {
    print_policy_json(*policy, output);
    return exit_ok;
  }
  Table table({"RULE", "ACTION", "TARGET", "FOR", "TRANSPORT"});
  for (const auto& rule : policy->rules)
    table.add({std::to_string(rule.index), cell(rule.action), cell(rule.target),
               list_cell(rule.principals, "everyone"), list_cell(rule.transports, "any")});
  table.add({"default", cell(policy->default_action), "-", "everyone", "any"});
  table.print(output.out);
  return exit_ok;
}

static std::string limit_text(const clients::Limit& limit) {
  if (limit.value == 0 && !limit.zero.empty()) return cell(limit.zero);
  return std::to_string(limit.value) + (limit.unit.empty() ? "" : " " + cell(limit.unit));
}

int limits(Admin& admin, const Output& output) {
  auto limits = admin.limits();
  if (!limits) return report(limits.error(), output);
  if (output.format == Format::Json) {
    Json all = Json::array();
    for (const auto& limit : limits->limits)
      all.push_back(
          {{"name", limit.name}, {"value", limit.value}, {"unit", limit.unit}, {"zero", limit.zero}});
    print_json({{"generation", limits->generation}, {"limits", all}}, output);
    return exit_ok;
  }
  Table table({"LIMIT", "VALUE"});
  for (const auto& limit : limits->limits) table.add({cell(limit.name), limit_text(limit)});
  table.print(output.out);
  return exit_ok;
}

} // namespace alk::alknetctl
