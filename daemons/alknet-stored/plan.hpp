// What a method call comes to: work for the storage, and how its result is written into the answer.
#pragma once

#include "alknet-stored/act.hpp"
#include "alknet-stored/record.hpp"
#include "alknet-stored/sql/engine.hpp"
#include "bus/object.hpp"

#include <memory>

namespace alk::stored {

// Made for each call, on the loop.
using MakeAct = std::function<Act(const bus::Call&)>;

struct Plan {
  Access access = Access::Read;
  Work work; // holds values alone: it may run on another thread, and twice
  std::function<void(bus::Message& out)> answer; // on the loop, after `work` has succeeded and is durable
  std::shared_ptr<std::int64_t> revision;        // of a change: the one that it made
  Place place = Place::system();
  Extent extent = Extent::Open; // of a read
};

// Reads the arguments and says what to do; an error ends the call.
using Planner = std::function<Result<Plan>(bus::Call& call, const Act& act)>;

// The same for who only looks, which is nobody's act.
using Looker = std::function<Result<Plan>(bus::Call& call)>;

// `function`: Result<T>(Transaction&). `encode`: void(bus::Message&, const T&).
template <class Function, class Encode>
Plan reading(Function function, Encode encode) {
  using T = typename std::invoke_result_t<Function, Transaction&>::value_type;
  auto result = std::make_shared<std::optional<T>>();
  auto work = [result, function](Transaction& tables) -> Result<void> {
    ALK_TRY(*result, function(tables));
    return {};
  };
  return {
      Access::Read,    work,        [result, encode](bus::Message& out) { encode(out, **result); }, nullptr,
      Place::system(), Extent::Open};
}

// The same for a row by its key, which may be read on the loop.
template <class Function, class Encode>
Plan reading_row(Function function, Encode encode) {
  Plan plan = reading(function, encode);
  plan.extent = Extent::Row;
  return plan;
}

// The same for a change that has nothing to do with identities.
template <class Function, class Encode>
Plan writing(Function function, Encode encode) {
  Plan plan = reading(function, encode);
  plan.access = Access::Write;
  return plan;
}

// The same for a change of identities, after which everybody hears of a new revision.
template <class Function, class Encode>
Plan changing(Function function, Encode encode) {
  auto made = std::make_shared<std::int64_t>(0);
  Plan plan = reading(
      [function, made](Transaction& tables) -> std::invoke_result_t<Function, Transaction&> {
        auto result = function(tables);
        if (!result) return result;
        ALK_TRY(*made, revision(tables));
        return result;
      },
      encode);
  plan.access = Access::Write;
  plan.revision = made;
  return plan;
}

// For nouns that answer nothing.
struct Nothing {};
inline Result<Nothing> nothing_from(Result<void> done) {
  if (!done) return pass(std::move(done).error());
  return Nothing{};
}
inline void write_nothing(bus::Message&, const Nothing&) {}

} // namespace alk::stored
