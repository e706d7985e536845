// The storage as a loop sees it: work goes to the writer or to a reader, answers come back on the loop.
#pragma once

#include "alknet-stored/worker.hpp"
#include "loop/task.hpp"

#include <array>
#include <map>

namespace alk::stored {

inline constexpr std::size_t reader_count = 2;

class Store {
 public:
  // Called on the loop, and only by read() from within the call.
  using Done = std::function<void(Result<void>)>;

  // Errors: as of opening the system's database. `loop` must outlive the store.
  static Result<std::unique_ptr<Store>> open(asio::io_context& loop, std::unique_ptr<Engine> engine);
  ~Store(); // finishes what waits; its answers are dropped

  void write(Place place, Work work, Done done);
  // A row is read on the loop itself, if the engine can do that without waiting, and `done` is called from
  // within the call: the bus forwards one answer while the next row is read. Else by a reader, as all others.
  void read(Place place, Work work, Done done, Extent extent = Extent::Open);

  // Takes an organisation's database out of use once everybody has closed it, or erases it for good. One that
  // is not there is NotFound.
  void retire(Place place, Done done);
  void erase(Place place, Done done); // also of one that was not retired yet

  // For work with connections of its own, on any thread; as long as the store.
  Engine& engine() { return *engine_; }
  asio::io_context& loop() { return loop_; }

  // Called on the loop with every error, before who asked hears of it.
  void on_error(std::function<void(const Place&, const Error&)> hear) { on_error_ = std::move(hear); }

  // `changed` is called on the loop whenever another program may have changed the system's database, `lost`
  // when that is not known any more, until `changed`. Never with an engine that has no other writers.
  void watch(std::function<void()> changed, std::function<void(Error)> lost);

  // Called on the loop after something may have been committed, by this program or another: in that place, or
  // in any. A hint to look again; it may come for nothing.
  void on_commit(std::function<void(const std::optional<Place>&)> hear) { committed_ = std::move(hear); }

  // What its threads have done since the start, and what waits for them.
  struct Numbers {
    struct OfAccess {
      std::uint64_t done = 0, failed = 0, waiting = 0;
    };
    OfAccess read, write;
    std::uint64_t commits = 0;
    std::uint64_t at_once = 0;      // of `read`, those that were done on the loop
    std::uint64_t reader_waits = 0; // questions that found every reader at work
    std::uint64_t open_tenants = 0; // open files of tenants, by all threads
  };
  Numbers numbers() const;
  // In bytes, of all databases; `system` is a transaction of the system's.
  Result<std::uint64_t> size(Transaction& system) const { return engine_->size(system); }

  // `idle` is called once, when nothing is under way any more; at once if nothing is.
  void when_idle(std::function<void()> idle);

 private:
  Store(asio::io_context& loop, std::unique_ptr<Engine> engine) : loop_(loop), engine_(std::move(engine)) {}
  // What the threads carry in place of `done`, which stays on the loop with all that it holds.
  Worker::Done ticket(const Place& place, Done done);
  void finish(std::uint64_t number, Result<void> result);
  void close_readers(Place place, std::size_t first, std::function<Result<void>()> task, Done done);
  Worker& quietest();
  std::optional<Result<void>> read_at_once(const Work& work);
  void tell_commit(const std::optional<Place>& place) {
    if (committed_) committed_(place);
  }

  asio::io_context& loop_;
  std::unique_ptr<Engine> engine_;
  std::uint64_t last_ = 0;
  std::uint64_t reader_waits_ = 0;
  struct Waiting {
    Place place;
    Done done;
  };
  std::map<std::uint64_t, Waiting> waiting_;
  std::function<void(const Place&, const Error&)> on_error_;
  std::function<void()> idle_;
  std::shared_ptr<Store*> self_ = std::make_shared<Store*>(this); // posted answers hold it weakly
  std::function<void(const std::optional<Place>&)> committed_;
  std::function<void()> changed_;
  std::function<void(Error)> lost_;
  std::unique_ptr<Worker> writer_; // last: its threads call ticket()s
  std::array<std::unique_ptr<Worker>, reader_count> readers_;
  std::unique_ptr<Connection> front_; // of the loop, for what is read at once; null: the engine has none
  bool front_waits_ = false;          // for a reader, who does what could not be done at once
  WorkerCounts front_counts_;
  std::unique_ptr<Watch> watch_;
};

} // namespace alk::stored
