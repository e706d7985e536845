// Work on the whole storage that takes long: one at a time, on a thread of its own, beside the writer and the
// readers, with connections of its own.
#pragma once

#include "alknet-stored/upkeep/report.hpp"
#include "loop/task.hpp"

#include <memory>
#include <thread>

namespace alk::stored {

class Upkeep {
 public:
  // Runs on the thread; what it answers is the result's line. Its error is the caller's.
  using Job = std::function<Result<JsonObject>(Report& report)>;
  // On the loop, after the caller's end of the pipe was told and closed.
  using Done = std::function<void(const Result<JsonObject>& result)>;

  explicit Upkeep(asio::io_context& loop) : loop_(loop) {}
  ~Upkeep(); // breaks off what is under way
  Upkeep(const Upkeep&) = delete;
  Upkeep& operator=(const Upkeep&) = delete;

  Result<void> admit() const; // Busy: as start() would be now
  // Errors: Busy (another one is under way, or the service ends), Invalid (not the writing end of a pipe).
  Result<void> start(Fd report, Job job, Done done);
  // An end of a pipe that a job may read from, for as long as this lives. Invalid: none.
  Result<Pipe> source(Fd fd) { return Pipe::adopt(std::move(fd), Pipe::End::Reading, ending_); }

  // Begins nothing any more and breaks off what is under way; `ended` is called when nothing is, perhaps at
  // once.
  void end(std::function<void()> ended);

 private:
  void run(const Job& job);
  void finish();

  asio::io_context& loop_;
  std::atomic<bool> ending_{false};
  std::unique_ptr<Report> report_; // of the work that is under way, with the three below
  Result<JsonObject> result_;
  Done done_;
  std::thread thread_;
  std::function<void()> ended_;
  std::shared_ptr<Upkeep*> self_ = std::make_shared<Upkeep*>(this); // posted ends hold it weakly
};

} // namespace alk::stored
