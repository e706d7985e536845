#include "alknet-authd/transactions.hpp"

namespace alk::authd {

Transactions::Transactions(Snapshot initial, Sources sources, Clocks clocks, Keep keep)
    : sources_(std::move(sources)), clocks_(std::move(clocks)), keep_(std::move(keep)),
      generation_(initial.text.generation), current_(kept(std::move(initial))) {}

std::shared_ptr<const Snapshot> Transactions::kept(Snapshot snapshot) {
  keep_(snapshot.text);
  snapshot.text = {};
  return std::make_shared<const Snapshot>(std::move(snapshot));
}

Result<std::string> Transactions::prepare(std::uint64_t transaction) {
  expire();
  if (open_) return fail(Kind::Busy, "another transaction is open");
  ALK_TRY(Snapshot snapshot, read_snapshot(sources_));
  // Counted from here: reading took its time already.
  open_ = Open{transaction, std::move(snapshot), clocks_.steady() + transaction_lifetime};
  return open_->snapshot.digest;
}

Result<Transactions::Committed> Transactions::commit(std::uint64_t transaction) {
  expire();
  if (!open_ || open_->transaction != transaction) return fail(Kind::NotFound, "no such transaction is open");
  Snapshot snapshot = std::move(open_->snapshot);
  open_.reset();
  return put_into_force(std::move(snapshot), transaction);
}

void Transactions::abort(std::uint64_t transaction) {
  if (open_ && open_->transaction == transaction) open_.reset();
}

Result<Transactions::Committed> Transactions::reload() {
  expire();
  if (open_) return fail(Kind::Busy, "another transaction is open");
  ALK_TRY(Snapshot snapshot, read_snapshot(sources_));
  return put_into_force(std::move(snapshot), generation_ + 1);
}

void Transactions::expire() {
  if (open_ && clocks_.steady() >= open_->ends) open_.reset();
}

Transactions::Committed Transactions::put_into_force(Snapshot next, std::uint64_t generation) {
  next.text.generation = generation;
  auto before = std::exchange(current_, kept(std::move(next)));
  generation_ = generation;
  return {generation, lost_identities(before->keys, current_->keys, clocks_.wall())};
}

} // namespace alk::authd
