// One connection to one database; one thread at a time. Transactions begin and end here and nowhere else.
#pragma once

#include "alknet-stored/sql/transaction.hpp"

#include <span>

namespace alk::stored {

enum class Access {
  Read, // one consistent view; changes fail
  Write // the only writer of that database, from the first statement on
};

// What is done in a transaction. It may be run more than once (a commit that failed for another's sake is
// tried again), so its only effects are the transaction's and what it assigns to its own results.
using Work = std::function<Result<void>(Transaction&)>;

// How far a read goes, which whoever writes it knows.
enum class Extent {
  Open, // a list, a walk, a sum
  Row   // a row by its key, and hardly more
};

// How often a work is run again that lost to another transaction; then it is Busy.
inline constexpr int max_retries = 3;

class Connection {
 public:
  virtual ~Connection() = default;

  // Commits when `work` succeeds and rolls back when it fails. The error of `work` is passed on as it is.
  Result<void> transact(Access access, const Work& work);

  // Several independent works in one commit, in order: each as if alone in a transaction of its own, for the
  // price of one. Answers in the same order; none is given before the commit has reached the disk. Busy for
  // all when it is not known whether it has: whoever asks again must look first.
  std::vector<Result<void>> transact_each(std::span<const Work> works);

 protected:
  virtual Result<void> begin(Access access) = 0;
  virtual Result<void> commit() = 0;
  virtual void rollback() = 0;             // also when nothing is open
  virtual bool in_transaction() const = 0; // false after the engine itself rolled back
  // Another transaction was preferred to the one that was rolled back last: the same may work at once.
  virtual bool lost_to_another() const { return false; }
  // The commit that failed last may have taken place all the same: nothing of it may be run again.
  virtual bool in_doubt() const { return false; }
  virtual Transaction& statements() = 0;

 private:
  Result<void> transact_once(Access access, const Work& work);
  Result<void> run_saved(const Work& work);
};

} // namespace alk::stored
