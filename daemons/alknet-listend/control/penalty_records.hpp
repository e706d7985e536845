// Penalties as they cross between an engine and its supervisor, and what several engines say taken together.
#pragma once

#include "control/bodies.hpp"
#include "penalty_table.hpp"

namespace alk::listend {

PenaltiesBody records_of(const PenaltyTable::Report& report);

// Records that cannot be understood, as an offence of a later release, are left out.
std::vector<PenaltyTable::Penalty> penalties_of(const PenaltiesBody& body);

// One record for each source: of what several generations know the worst counts, for each of them has been
// told what the one before it knew. Longest first, `most` at most (0 = all); `sources` counts all of them.
PenaltiesBody worst_of(const std::vector<PenaltiesBody>& bodies, std::size_t most);

} // namespace alk::listend
