#include "net/resolver.hpp"

#include "base/text.hpp"
#include "loop/asio.hpp"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <csignal>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>

#include <netdb.h>

namespace alk::net {

using Answer = Result<std::vector<Address>>;

namespace {

// Where an answer lands. Touched on the asking loop alone; a thread only carries the pointer.
struct Slot {
  std::optional<Answer> answer;
  std::function<void()> wake;
};

struct Job {
  std::string host;
  std::uint16_t port = 0;
  std::chrono::steady_clock::time_point deadline;
  asio::any_io_executor executor;
  std::shared_ptr<Slot> slot;
};

Failure look_up_failed(int code) {
  switch (code) {
  case EAI_NONAME:
#ifdef EAI_NODATA
  case EAI_NODATA:
#endif
#ifdef EAI_ADDRFAMILY
  case EAI_ADDRFAMILY:
#endif
  case EAI_FAIL: return fail(Kind::NotFound, "no such host");
  case EAI_AGAIN: return fail(Kind::Gone, "name service does not answer");
  default: return fail(Kind::Broken, std::string("look-up failed: ") + ::gai_strerror(code));
  }
}

Answer look_up(const std::string& host, std::uint16_t port, int flags) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_NUMERICSERV | flags;
  addrinfo* list = nullptr;
  const int code = ::getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &list);
  if (code != 0) return look_up_failed(code);
  std::vector<Address> addresses;
  for (const addrinfo* entry = list; entry != nullptr; entry = entry->ai_next) {
    if (addresses.size() == resolved_addresses_limit) break;
    const auto address = address_from(entry->ai_addr, entry->ai_addrlen);
    if (address && std::find(addresses.begin(), addresses.end(), *address) == addresses.end())
      addresses.push_back(*address);
  }
  ::freeaddrinfo(list);
  if (addresses.empty()) return fail(Kind::NotFound, "no such host");
  return addresses;
}

Answer ask_name_service(const std::string& host, std::uint16_t port) {
  return look_up(host, port, 0);
}

// RFC 6761 section 6.3: this machine, and no question for a name server, whatever /etc/hosts holds.
bool is_localhost(std::string_view host) {
  std::string name = to_lower(host);
  if (name.ends_with('.')) name.pop_back();
  return name == "localhost" || name.ends_with(".localhost");
}

} // namespace

std::vector<Address> resolve_here(const std::string& host, std::uint16_t port) {
  if (host.empty() || host.find('\0') != host.npos) return {};
  if (auto literal = parse_address(host, port)) return {*literal};
  if (is_localhost(host)) return {*parse_address("::1", port), *parse_address("127.0.0.1", port)};
  return look_up(host, port, AI_NUMERICHOST).value_or(std::vector<Address>{}); // opens no file, asks nobody
}

struct Resolver::State {
  explicit State(LookUp look_up) : look_up(look_up) {}

  LookUp look_up;
  std::mutex mutex;
  std::condition_variable changed;
  std::deque<Job> queue;
  bool stopped = false;
  struct Worker {
    std::thread thread;
    bool looking_up = false;
  };
  std::vector<Worker> workers; // resized before the first thread starts

  static void work(const std::shared_ptr<State>& self, Worker& me);
  void deliver(const Job& job, Answer answer);
  bool push(Job job);
};

// The lock is held while posting: after ~Resolver took it, no thread touches an executor again.
void Resolver::State::deliver(const Job& job, Answer answer) {
  auto shared = std::make_shared<Answer>(std::move(answer));
  std::lock_guard lock(mutex);
  if (stopped) return;
  asio::post(job.executor, [slot = job.slot, shared] {
    slot->answer = std::move(*shared);
    if (slot->wake) slot->wake();
  });
}

void Resolver::State::work(const std::shared_ptr<State>& self, Worker& me) {
  for (;;) {
    Job job;
    {
      std::unique_lock lock(self->mutex);
      me.looking_up = false;
      self->changed.wait(lock, [&] { return self->stopped || !self->queue.empty(); });
      if (self->stopped) return;
      job = std::move(self->queue.front());
      self->queue.pop_front();
      me.looking_up = true;
    }
    if (job.deadline <= std::chrono::steady_clock::now()) continue; // nobody waits any more
    self->deliver(job, self->look_up(job.host, job.port));
  }
}

bool Resolver::State::push(Job job) {
  {
    std::lock_guard lock(mutex);
    if (queue.size() >= resolver_queue_limit) return false;
    queue.push_back(std::move(job));
  }
  changed.notify_one();
  return true;
}

Resolver::Resolver(unsigned threads) : Resolver(threads, ask_name_service) {}

Resolver::Resolver(unsigned threads, LookUp look_up) : state_(std::make_shared<State>(look_up)) {
  // Signals belong to the main loop alone.
  sigset_t all, before;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &before);
  state_->workers.resize(threads);
  for (State::Worker& worker : state_->workers)
    worker.thread = std::thread([state = state_, &worker] { State::work(state, worker); });
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

Resolver::~Resolver() {
  std::deque<Job> dropped;
  std::vector<std::thread> idle;
  {
    std::lock_guard lock(state_->mutex);
    state_->stopped = true;
    dropped.swap(state_->queue);
    for (State::Worker& worker : state_->workers) {
      if (worker.looking_up)
        worker.thread.detach();
      else
        idle.push_back(std::move(worker.thread));
    }
  }
  state_->changed.notify_all();
  for (std::thread& thread : idle) thread.join(); // no thread is just ending while the process exits
}

Task<Answer> Resolver::resolve(std::string host, std::uint16_t port, std::chrono::milliseconds deadline) {
  if (host.empty() || host.size() > host_limit || host.find('\0') != host.npos)
    co_return fail(Kind::Invalid, "not a host name");
  if (auto known = resolve_here(host, port); !known.empty()) co_return known;

  auto executor = co_await asio::this_coro::executor;
  asio::steady_timer timer(executor, deadline);
  auto slot = std::make_shared<Slot>();
  slot->wake = [&timer] { timer.expires_at(std::chrono::steady_clock::time_point::min()); };
  Job job{std::move(host), port, timer.expiry(), executor, slot};
  if (!state_->push(std::move(job))) co_return fail(Kind::Busy, "too many names are being resolved");

  co_await timer.async_wait(loop::as_value);
  slot->wake = nullptr;
  if (!slot->answer) co_return fail(Kind::Gone, "name service does not answer");
  co_return std::move(*slot->answer);
}

} // namespace alk::net
