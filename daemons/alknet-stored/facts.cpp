#include "alknet-stored/facts.hpp"

#include <algorithm>
#include <string_view>

namespace alk::stored {

static constexpr std::uint64_t last_second = 253402300799; // 9999-12-31: later is a mistake

Result<void> check_facts(const bus::Dictionary& facts, std::initializer_list<const char*> names) {
  for (const auto& fact : facts) {
    const bool known =
        std::any_of(names.begin(), names.end(), [&](std::string_view one) { return one == fact.first; });
    if (!known) return fail(Kind::Invalid, "an entry that is not known here");
  }
  return {};
}

Result<std::optional<UnixSeconds>> time_fact(const bus::Dictionary& facts, const char* name) {
  ALK_TRY(auto seconds, fact<std::uint64_t>(facts, name));
  if (!seconds) return std::optional<UnixSeconds>();
  if (*seconds > last_second) return fail(Kind::Invalid, std::string(name) + " is beyond the year 9999");
  return std::optional<UnixSeconds>(static_cast<UnixSeconds>(*seconds));
}

void put(bus::Dictionary& facts, const char* name, const std::optional<UnixSeconds>& time) {
  if (time) facts[name] = seconds_out(*time);
}

} // namespace alk::stored
