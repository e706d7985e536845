#include "control/penalty_records.hpp"

#include <algorithm>

namespace alk::listend {

// A day, as the configuration allows.
static constexpr std::uint64_t longest_left = 86'400'000;

PenaltiesBody records_of(const PenaltyTable::Report& report) {
  PenaltiesBody body{report.sources, {}};
  for (const PenaltyTable::Penalty& penalty : report.penalties)
    body.penalties.push_back({penalty.source.text(), std::string(offence_word(penalty.offence)),
                              static_cast<std::uint64_t>(penalty.left.count()), penalty.refusing,
                              penalty.refused});
  return body;
}

std::vector<PenaltyTable::Penalty> penalties_of(const PenaltiesBody& body) {
  std::vector<PenaltyTable::Penalty> penalties;
  for (const PenaltyRecord& record : body.penalties) {
    auto source = config::parse_network(record.source);
    auto offence = parse_offence(record.offence);
    if (!source || !offence) continue;
    penalties.push_back({*source, *offence,
                         std::chrono::milliseconds(std::min<std::uint64_t>(record.left, longest_left)),
                         record.refusing, record.refused});
  }
  return penalties;
}

static void take_worse(PenaltyRecord& known, const PenaltyRecord& other) {
  if (other.left > known.left) {
    known.left = other.left;
    known.offence = other.offence;
  }
  known.refusing |= other.refusing;
  known.refused = std::max(known.refused, other.refused);
}

PenaltiesBody worst_of(const std::vector<PenaltiesBody>& bodies, std::size_t most) {
  std::map<std::string_view, PenaltyRecord> by_source;
  PenaltiesBody worst;
  for (const PenaltiesBody& body : bodies) {
    worst.sources = std::max(worst.sources, body.sources);
    for (const PenaltyRecord& record : body.penalties)
      if (auto [known, added] = by_source.try_emplace(record.source, record); !added)
        take_worse(known->second, record);
  }
  for (auto& [source, record] : by_source) worst.penalties.push_back(std::move(record));
  worst.sources = std::max<std::uint64_t>(worst.sources, worst.penalties.size());
  std::stable_sort(worst.penalties.begin(), worst.penalties.end(),
                   [](const PenaltyRecord& a, const PenaltyRecord& b) { return a.left > b.left; });
  if (most != 0 && worst.penalties.size() > most) worst.penalties.resize(most);
  return worst;
}

} // namespace alk::listend
