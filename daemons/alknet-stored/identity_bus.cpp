// What alknet-authd asks on org.alknet.Store1.
#include "alknet-stored/facts.hpp"
#include "alknet-stored/resolve.hpp"
#include "alknet-stored/store_bus.hpp"

namespace alk::stored {

namespace {

// Longer than every fingerprint and hash.
constexpr std::size_t max_presented = 256;

struct Answer {
  Resolution resolution;
  std::int64_t revision = 0;
};

void write_answer(bus::Message& out, const Answer& answer) {
  const Resolved* resolved = std::get_if<Resolved>(&answer.resolution);
  out.write_bool(resolved != nullptr);
  if (resolved == nullptr) {
    out.write_text(unresolved_word(std::get<Unresolved>(answer.resolution)));
    out.write_dictionary({}).write_string_lists({});
  } else {
    bus::Dictionary facts = {{"account", resolved->account_id},
                             {"credential", resolved->credential_id},
                             {"type", resolved->credential_type},
                             {"scopes", resolved->scopes}};
    if (!resolved->key_line.empty()) facts["line"] = resolved->key_line;
    put(facts, "expires", resolved->expires_at);
    out.write_text("").write_dictionary(facts).write_string_lists(resolved->resources);
  }
  out.write_u64(static_cast<std::uint64_t>(answer.revision));
}

// Verdict and revision are of one moment: a reader sees one commit.
Result<Plan> plan_authenticate(bus::Call& call, const Act& act) {
  ALK_TRY(const std::string word, call.in.read_text());
  ALK_TRY(const std::string value, call.in.read_text(max_presented));
  ALK_TRY(const Presented kind, presented_from(word));
  return reading(
      [=](Transaction& tables) -> Result<Answer> {
        Answer answer;
        ALK_TRY(answer.revision, revision(tables));
        ALK_TRY(answer.resolution, resolve(tables, kind, value, act.now));
        return answer;
      },
      write_answer);
}

Result<Plan> plan_revision(bus::Call&) {
  return reading_row(
      [](Transaction& tables) { return revision(tables); },
      [](bus::Message& out, std::int64_t number) { out.write_u64(static_cast<std::uint64_t>(number)); });
}

Result<Plan> plan_mark_used(bus::Call& call, const Act&) {
  Uses uses;
  auto read_use = [&]() -> Result<void> {
    ALK_TRY(std::string id, call.in.read_text(max_presented));
    ALK_TRY(const std::uint64_t when, call.in.read_u64());
    if (when > INT64_MAX) return fail(Kind::Invalid, "no such time");
    uses.emplace_back(std::move(id), static_cast<UnixSeconds>(when));
    return {};
  };
  ALK_TRY_VOID(call.in.read_each(
      "(st)", [&] { return call.in.read_inside('r', "st", read_use); }, max_uses));
  Plan plan =
      reading([=](Transaction& tables) { return nothing_from(mark_used(tables, uses)); }, write_nothing);
  plan.access = Access::Write;
  return plan;
}

} // namespace

Methods identity_methods(StoreBus* self) {
  return {
      StoreBus::method(self, "Authenticate", {{"s", "kind"}, {"s", "value"}},
                       {{"b", "accepted"},
                        {"s", "reason"},
                        {"a{sv}", "facts"},
                        {"a{sas}", "resources"},
                        {"t", "revision"}},
                       plan_authenticate),
      StoreBus::method(self, "GetRevision", {}, {{"t", "revision"}}, plan_revision),
      StoreBus::method(self, "MarkUsed", {{"a(st)", "uses"}}, {}, plan_mark_used),
  };
}

} // namespace alk::stored
