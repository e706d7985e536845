// What methods about graphs have in common.
#pragma once

#include "alknet-stored/graph/graph_admin.hpp"
#include "alknet-stored/plan.hpp"

namespace alk::stored {

// Attributes as the bus takes them: an answer holds them with the name of their type, in one text of the bus.
inline constexpr std::size_t max_attributes = bus::max_text - 4096;
// Attributes and the like in one answer, about: a list ends there, and goes on with the next call.
inline constexpr std::size_t max_answer = 4 * 1024 * 1024;

// Whose graphs: the system's (empty), or an organisation's, by its id.
inline Result<Place> read_place(bus::Call& call) {
  ALK_TRY(const std::string organization, call.in.read_text());
  return organization.empty() ? Result<Place>(Place::system()) : Place::tenant(organization);
}

// In the place that is given; what is the system's may be about identities.
template <class Function, class Encode>
Plan reading_in(const Place& place, Function function, Encode encode) {
  Plan plan = reading(function, encode);
  plan.place = place;
  return plan;
}
template <class Function, class Encode>
Plan writing_in(const Place& place, Function function, Encode encode) {
  Plan plan = place.is_system() ? changing(function, encode) : writing(function, encode);
  plan.place = place;
  return plan;
}
// For what is never about identities, such as jobs and how far a reader is: nobody hears of a new revision.
template <class Function, class Encode>
Plan noting_in(const Place& place, Function function, Encode encode) {
  Plan plan = writing(function, encode);
  plan.place = place;
  return plan;
}

} // namespace alk::stored
