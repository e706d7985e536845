#include "alknet-stored/store.hpp"

#include <algorithm>

#include <asio/post.hpp>

namespace alk::stored {

Result<std::unique_ptr<Store>> Store::open(asio::io_context& loop, std::unique_ptr<Engine> engine) {
  std::unique_ptr<Store> store(new Store(loop, std::move(engine)));
  // The writer first: it makes the file and brings its tables up to date.
  ALK_TRY(store->writer_, Worker::start(*store->engine_, Access::Write));
  for (auto& reader : store->readers_) {
    ALK_TRY(reader, Worker::start(*store->engine_, Access::Read));
  }
  return store;
}

Store::~Store() {
  self_.reset();
}

Worker::Done Store::ticket(const Place& place, Done done) {
  const std::uint64_t number = ++last_;
  waiting_.emplace(number, Waiting{place, std::move(done)});
  return [&loop = loop_, weak = std::weak_ptr(self_), number](Result<void> result) {
    auto shared = std::make_shared<Result<void>>(std::move(result));
    asio::post(loop, [weak, number, shared] {
      if (auto self = weak.lock()) (*self)->finish(number, std::move(*shared));
    });
  };
}

void Store::finish(std::uint64_t number, Result<void> result) {
  auto entry = waiting_.extract(number);
  if (!result && on_error_) on_error_(entry.mapped().place, result.error());
  entry.mapped().done(std::move(result));
  if (waiting_.empty() && idle_) std::exchange(idle_, nullptr)();
}

void Store::watch(std::function<void()> changed, std::function<void(Error)> lost) {
  changed_ = std::move(changed);
  lost_ = std::move(lost);
  Watcher watcher;
  watcher.changed = [&loop = loop_, weak = std::weak_ptr(self_)](const std::optional<Place>& place) {
    asio::post(loop, [weak, place] {
      auto self = weak.lock();
      if (!self) return;
      (*self)->tell_commit(place);
      if (!place || place->is_system()) (*self)->changed_();
    });
  };
  watcher.lost = [&loop = loop_, weak = std::weak_ptr(self_)](Error error) {
    asio::post(loop, [weak, error = std::move(error)] {
      if (auto self = weak.lock()) (*self)->lost_(error);
    });
  };
  watch_ = engine_->watch(std::move(watcher));
}

void Store::when_idle(std::function<void()> idle) {
  if (waiting_.empty()) return idle();
  idle_ = std::move(idle);
}

void Store::write(Place place, Work work, Done done) {
  // Also after a failure: it may be unknown whether the commit took place.
  auto finished = [this, place, done = std::move(done)](Result<void> result) {
    done(std::move(result));
    tell_commit(place);
  };
  auto answer = ticket(place, std::move(finished));
  writer_->submit(std::move(place), std::move(work), std::move(answer));
}

Worker& Store::quietest() {
  Worker* best = readers_[0].get();
  for (auto& reader : readers_)
    if (reader->waiting() < best->waiting()) best = reader.get();
  return *best;
}

void Store::read(Place place, Work work, Done done) {
  auto busy = [](const auto& reader) { return !reader->idle(); };
  if (std::all_of(readers_.begin(), readers_.end(), busy)) ++reader_waits_;
  auto answer = ticket(place, std::move(done));
  quietest().submit(std::move(place), std::move(work), std::move(answer));
}

Store::Numbers Store::numbers() const {
  Numbers all;
  auto add = [&all](Numbers::OfAccess& access, const Worker& worker) {
    access.done += worker.counts().done.value();
    access.failed += worker.counts().failed.value();
    access.waiting += worker.waiting();
    all.open_tenants += worker.counts().open_tenants;
  };
  add(all.write, *writer_);
  for (const auto& reader : readers_) add(all.read, *reader);
  all.commits = writer_->counts().commits.value();
  all.reader_waits = reader_waits_;
  return all;
}

// One reader after the other lets go of the file, then the writer does and runs the task.
void Store::close_readers(Place place, std::size_t first, std::function<Result<void>()> task, Done done) {
  if (first == readers_.size()) {
    auto finished = [this, place, done = std::move(done)](Result<void> result) {
      done(std::move(result));
      tell_commit(place);
    };
    return writer_->submit_closed(place, std::move(task), ticket(place, std::move(finished)));
  }
  auto nothing = []() -> Result<void> { return {}; };
  auto next = [this, place, first, task = std::move(task), done = std::move(done)](Result<void> closed) {
    if (!closed) return done(std::move(closed));
    close_readers(place, first + 1, task, done);
  };
  readers_[first]->submit_closed(place, nothing, ticket(place, std::move(next)));
}

void Store::retire(Place place, Done done) {
  auto task = [engine = engine_.get(), place] { return engine->retire_tenant(place); };
  close_readers(std::move(place), 0, std::move(task), std::move(done));
}

void Store::erase(Place place, Done done) {
  auto task = [engine = engine_.get(), place]() -> Result<void> {
    auto retired = engine->retire_tenant(place);
    if (!retired && retired.error().kind != Kind::NotFound) return retired;
    return engine->erase_tenant(place);
  };
  close_readers(std::move(place), 0, std::move(task), std::move(done));
}

} // namespace alk::stored
