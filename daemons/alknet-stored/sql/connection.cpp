#include "alknet-stored/sql/connection.hpp"

namespace alk::stored {

Result<void> Connection::transact(Access access, const Work& work) {
  for (int retries = 0;; ++retries) {
    Result<void> done = transact_once(access, work);
    if (done || !lost_to_another() || retries == max_retries) return done;
  }
}

Result<void> Connection::transact_once(Access access, const Work& work) {
  ALK_TRY_VOID(begin(access));
  Result<void> done = work(statements());
  if (done && !in_transaction()) done = fail(Kind::Broken, "the transaction ended before its commit");
  if (done) done = commit();
  if (!done) rollback();
  return done;
}

// Between a savepoint and its release, so that a failure takes back this work alone.
Result<void> Connection::run_saved(const Work& work) {
  ALK_TRY_VOID(statements().execute("SAVEPOINT work"));
  Result<void> done = work(statements());
  if (!in_transaction()) return done ? fail(Kind::Broken, "the transaction ended before its commit") : done;
  if (!done) ALK_TRY_VOID(statements().execute("ROLLBACK TO SAVEPOINT work"));
  ALK_TRY_VOID(statements().execute("RELEASE SAVEPOINT work"));
  return done;
}

std::vector<Result<void>> Connection::transact_each(std::span<const Work> works) {
  std::vector<Result<void>> answers;
  if (works.size() == 1) return {transact(Access::Write, works[0])};
  Result<void> all = begin(Access::Write);
  for (const Work& work : works) {
    if (!all) break;
    answers.push_back(run_saved(work));
    // A full disk, for one: everybody's work is gone, not only that of whoever met it. And what lost to
    // another transaction can be run again in one that begins later, not in this one.
    const bool busy = !answers.back() && answers.back().error().kind == Kind::Busy;
    if (busy || !in_transaction()) all = fail(Kind::Busy, "the shared transaction was lost");
  }
  if (all) all = commit();
  if (all) return answers;
  rollback();
  answers.clear();
  if (in_doubt()) {
    for (std::size_t i = 0; i < works.size(); ++i) answers.push_back(tl::unexpected<Error>(all.error()));
    return answers;
  }
  for (const Work& work : works) answers.push_back(transact(Access::Write, work));
  return answers;
}

} // namespace alk::stored
