#include "alknet-stored/worker.hpp"

#include <algorithm>

namespace alk::stored {

Result<std::unique_ptr<Worker>> Worker::start(Engine& engine, Access access) {
  ALK_TRY(auto system, engine.open(Place::system(), access));
  return std::unique_ptr<Worker>(new Worker(engine, access, std::move(system)));
}

Worker::Worker(Engine& engine, Access access, std::unique_ptr<Connection> system)
    : engine_(engine), access_(access), system_(std::move(system)), thread_([this] { run(); }) {}

Worker::~Worker() {
  {
    std::lock_guard lock(mutex_);
    ending_ = true;
  }
  wake_.notify_one();
  thread_.join();
}

void Worker::submit(Place place, Work work, Done done) {
  put({std::move(place), std::move(work), nullptr, std::move(done)});
}

void Worker::submit_closed(Place place, std::function<Result<void>()> task, Done done) {
  put({std::move(place), nullptr, std::move(task), std::move(done)});
}

void Worker::put(Job job) {
  {
    std::lock_guard lock(mutex_);
    if (queue_.size() < max_waiting) {
      queue_.push_back(std::move(job));
      wake_.notify_one();
      return;
    }
  }
  job.done(fail(Kind::Busy, "too many requests wait for the storage"));
}

std::size_t Worker::waiting() const {
  std::lock_guard lock(mutex_);
  return queue_.size();
}

bool Worker::idle() const {
  std::lock_guard lock(mutex_);
  return queue_.empty() && !working_;
}

void Worker::answer(Job& job, Result<void> result) {
  (result ? counts_.done : counts_.failed).add();
  job.done(std::move(result));
}

void Worker::run() {
  for (;;) {
    std::vector<Job> jobs = take();
    if (jobs.empty()) return;
    work_off(std::move(jobs));
  }
}

// Empty: the end, and nothing waits any more.
std::vector<Worker::Job> Worker::take() {
  std::unique_lock lock(mutex_);
  working_ = false;
  wake_.wait(lock, [this] { return ending_ || !queue_.empty(); });
  working_ = !queue_.empty();
  const std::size_t count = std::min(queue_.size(), access_ == Access::Write ? max_group : 1);
  std::vector<Job> jobs(std::make_move_iterator(queue_.begin()),
                        std::make_move_iterator(queue_.begin() + static_cast<std::ptrdiff_t>(count)));
  queue_.erase(queue_.begin(), queue_.begin() + static_cast<std::ptrdiff_t>(count));
  return jobs;
}

// Neighbours of one database share a commit; the order is kept.
void Worker::work_off(std::vector<Job> jobs) {
  for (std::size_t begin = 0; begin < jobs.size();) {
    std::size_t end = begin + 1;
    while (end < jobs.size() && jobs[begin].work && jobs[end].work && jobs[end].place == jobs[begin].place)
      ++end;
    run_group(jobs, begin, end);
    begin = end;
  }
}

void Worker::run_group(std::vector<Job>& jobs, std::size_t begin, std::size_t end) {
  if (!jobs[begin].work) {
    close(jobs[begin].place);
    jobs[begin].done(jobs[begin].task());
    return;
  }
  auto opened = connection(jobs[begin].place);
  if (!opened) {
    for (std::size_t i = begin; i < end; ++i) answer(jobs[i], tl::unexpected<Error>(opened.error()));
    return;
  }
  if (access_ == Access::Read)
    return answer(jobs[begin], (*opened)->transact(Access::Read, jobs[begin].work));
  std::vector<Work> works;
  for (std::size_t i = begin; i < end; ++i) works.push_back(std::move(jobs[i].work));
  std::vector<Result<void>> answers = (*opened)->transact_each(works);
  if (std::any_of(answers.begin(), answers.end(), [](const auto& one) { return one.has_value(); }))
    counts_.commits.add();
  for (std::size_t i = begin; i < end; ++i) answer(jobs[i], std::move(answers[i - begin]));
}

Result<Connection*> Worker::connection(const Place& place) {
  if (place.is_system()) return system_.get();
  auto known =
      std::find_if(tenants_.begin(), tenants_.end(), [&](const Open& open) { return open.place == place; });
  if (known != tenants_.end()) {
    tenants_.splice(tenants_.begin(), tenants_, known);
    return tenants_.front().connection.get();
  }
  ALK_TRY(auto opened, open_tenant(place));
  if (tenants_.size() >= max_open_tenants) tenants_.pop_back();
  tenants_.push_front({place, std::move(opened)});
  counts_.open_tenants = tenants_.size();
  return tenants_.front().connection.get();
}

// An organisation's database is made when somebody first writes to it.
Result<std::unique_ptr<Connection>> Worker::open_tenant(const Place& place) {
  auto opened = engine_.open(place, access_);
  if (opened || opened.error().kind != Kind::NotFound) return opened;
  if (access_ == Access::Read)
    return fail(Kind::NotFound,
                "the organisation has nothing here yet: its database is made when something is "
                "first written for it");
  ALK_TRY_VOID(system_->transact(Access::Read, [&](Transaction& tables) -> Result<void> {
    ALK_TRY(auto row, tables.find("SELECT 1 FROM organizations WHERE id = ?1", {place.id()}));
    if (!row) return fail(Kind::NotFound, "no such organisation");
    return {};
  }));
  ALK_TRY_VOID(engine_.make_tenant(place));
  return engine_.open(place, access_);
}

void Worker::close(const Place& place) {
  tenants_.remove_if([&](const Open& open) { return open.place == place; });
  counts_.open_tenants = tenants_.size();
}

} // namespace alk::stored
