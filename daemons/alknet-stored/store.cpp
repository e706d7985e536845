#include "alknet-stored/store.hpp"

#include "loop/asio.hpp"

#include <asio/post.hpp>

namespace alk::stored {

Result<std::unique_ptr<Store>> Store::open(asio::io_context& loop, std::unique_ptr<Engine> engine) {
  std::unique_ptr<Store> store(new Store(loop, std::move(engine)));
  // The writer first: it makes the file and brings its tables up to date.
  ALK_TRY(store->writer_, Worker::start(*store->engine_, Access::Write));
  for (auto& reader : store->readers_) {
    ALK_TRY(reader, Worker::start(*store->engine_, Access::Read));
  }
  ALK_TRY(store->front_, store->engine_->open_at_once());
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

// Who is idle, else who has least before it: nobody waits behind a long walk while there is another reader.
Worker& Store::quietest() {
  for (auto& reader : readers_)
    if (reader->idle()) return *reader;
  Worker* best = readers_[0].get();
  for (auto& reader : readers_)
    if (reader->waiting() < best->waiting()) best = reader.get();
  return *best;
}

// Nothing: a reader has to do it. So it is whenever the engine is in trouble: readers can wait, and what they
// say then is the answer.
std::optional<Result<void>> Store::read_at_once(const Work& work) {
  Result<void> result = front_->transact(Access::Read, work);
  if (!result && (result.error().kind == Kind::Busy || result.error().kind == Kind::Broken))
    return std::nullopt;
  (result ? front_counts_.done : front_counts_.failed).add();
  return result;
}

void Store::read(Place place, Work work, Done done, Extent extent) {
  if (extent == Extent::Row && place.is_system() && front_ && !front_waits_) {
    if (auto result = read_at_once(work)) {
      if (!*result && on_error_) on_error_(place, result->error());
      return done(std::move(*result));
    }
    // What a disk is asked for is there once the reader has it: until then nobody tries again.
    front_waits_ = true;
    done = [this, done = std::move(done)](Result<void> result) {
      front_waits_ = false;
      done(std::move(result));
    };
  }
  Worker& reader = quietest();
  if (!reader.idle()) ++reader_waits_;
  auto answer = ticket(place, std::move(done));
  reader.submit(std::move(place), std::move(work), std::move(answer));
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
  all.at_once = front_counts_.done.value() + front_counts_.failed.value();
  all.read.done += front_counts_.done.value();
  all.read.failed += front_counts_.failed.value();
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
