// One thread that runs transactions: the writer, which commits what waits together, or a reader.
#pragma once

#include "alknet-stored/sql/engine.hpp"
#include "base/tally.hpp"

#include <atomic>
#include <condition_variable>
#include <deque>
#include <functional>
#include <list>
#include <mutex>
#include <thread>

namespace alk::stored {

// Jobs that wait for one thread. Beyond it the caller is told Busy: some seconds of work at a disk's pace.
inline constexpr std::size_t max_waiting = 4096;
// Jobs of one commit: enough to make the disk's part small, few enough that nobody waits long for others.
inline constexpr std::size_t max_group = 128;
// Tenants' databases that one thread holds open; the one that was used longest ago is closed.
inline constexpr std::size_t max_open_tenants = 64;

// Written by the worker's thread, read by any.
struct WorkerCounts {
  Tally done;    // transactions that were acknowledged
  Tally failed;  // and those that were refused
  Tally commits; // groups of a writer that reached the disk together
  std::atomic<std::uint64_t> open_tenants{0};
};

class Worker {
 public:
  // Called on the worker's thread; for a writer after the commit has reached the disk. Must not throw.
  using Done = std::function<void(Result<void>)>;

  // Errors: as of opening the system's database, which is done here.
  static Result<std::unique_ptr<Worker>> start(Engine& engine, Access access);
  ~Worker(); // finishes what waits, then ends
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  // Whatever happens, `done` is called once: also with Busy when too much waits, and then at once.
  void submit(Place place, Work work, Done done);
  // The same for something between two transactions, without one; the place's connection is closed first.
  void submit_closed(Place place, std::function<Result<void>()> task, Done done);

  std::size_t waiting() const;
  bool idle() const; // nothing waits and nothing runs
  const WorkerCounts& counts() const { return counts_; }

 private:
  struct Job {
    Place place;
    Work work;
    std::function<Result<void>()> task; // instead of work
    Done done;
  };
  struct Open {
    Place place;
    std::unique_ptr<Connection> connection;
  };

  Worker(Engine& engine, Access access, std::unique_ptr<Connection> system);
  void put(Job job);
  void run();
  std::vector<Job> take();
  void work_off(std::vector<Job> jobs);
  void answer(Job& job, Result<void> result);
  void run_group(std::vector<Job>& jobs, std::size_t begin, std::size_t end);
  Result<Connection*> connection(const Place& place);
  Result<std::unique_ptr<Connection>> open_tenant(const Place& place);
  void close(const Place& place);

  Engine& engine_;
  const Access access_;
  std::unique_ptr<Connection> system_; // this and `tenants_` belong to the thread
  std::list<Open> tenants_;            // the one used last in front
  mutable std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<Job> queue_; // with the next two under the mutex
  bool ending_ = false;
  bool working_ = false;
  WorkerCounts counts_;
  std::thread thread_; // last: it uses all of them
};

} // namespace alk::stored
