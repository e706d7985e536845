#include "alknet-stored/upkeep/upkeep.hpp"

#include "bus/error_map.hpp"
#include "loop/asio.hpp"

#include <asio/post.hpp>

namespace alk::stored {

Upkeep::~Upkeep() {
  self_.reset();
  ending_ = true;
  if (report_) report_->break_off();
  if (thread_.joinable()) thread_.join();
}

Result<void> Upkeep::admit() const {
  if (ending_) return fail(Kind::Busy, "the service ends");
  if (report_) return fail(Kind::Busy, "another check, backup, dump or restoring is under way");
  return {};
}

Result<void> Upkeep::start(Fd report, Job job, Done done) {
  ALK_TRY_VOID(admit());
  ALK_TRY(Pipe pipe, Pipe::adopt(std::move(report), Pipe::End::Writing, ending_));
  report_ = std::make_unique<Report>(std::move(pipe));
  done_ = std::move(done);
  thread_ = std::thread([this, job = std::move(job)] { run(job); });
  return {};
}

void Upkeep::run(const Job& job) {
  result_ = job(*report_);
  JsonObject last;
  if (result_)
    last.raw("done", result_->text());
  else
    last.raw("failed", JsonObject()
                           .add("name", bus::error_name(result_.error().kind))
                           .add("text", bus::error_text(result_.error()))
                           .text());
  (void)report_->line(last); // whoever has gone away does not ask
  asio::post(loop_, [weak = std::weak_ptr(self_)] {
    if (auto self = weak.lock()) (*self)->finish();
  });
}

void Upkeep::finish() {
  thread_.join();
  report_.reset();
  auto done = std::exchange(done_, nullptr);
  done(result_);
  if (ended_) std::exchange(ended_, nullptr)();
}

void Upkeep::end(std::function<void()> ended) {
  ending_ = true;
  if (!report_) return ended();
  ended_ = std::move(ended);
  report_->break_off();
}

} // namespace alk::stored
