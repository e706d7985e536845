#include "bus/connection.hpp"

#include "bus/connection_impl.hpp"
#include "bus/error_map.hpp"
#include "log/log.hpp"

#include <poll.h>

namespace alk::bus {

static constexpr std::chrono::milliseconds first_pause{
    100}; // a bus daemon that is restarted is back in about 200 ms
static constexpr std::chrono::milliseconds longest_pause{2000};
static constexpr std::chrono::milliseconds return_timeout{1000}; // blocks the loop: short
static constexpr int messages_per_turn = 64;                     // then other work of the loop gets its turn
static constexpr std::size_t max_known_uids = 256; // senders whose uid is kept; then the table starts anew

Connection::Impl::Impl(asio::io_context& loop, std::string address, BusHandle bus)
    : loop(loop), address(std::move(address)), bus(std::move(bus)), descriptor(loop), timer(loop),
      waiting_timer(loop), return_timer(loop) {}

void Connection::Impl::attach() {
  descriptor.assign(::sd_bus_get_fd(bus.get()));
  post_pump();
}

void Connection::Impl::detach() {
  if (descriptor.is_open()) descriptor.release(); // the number belongs to sd-bus
  open = false;
  timer.cancel();
  armed = Clock::time_point::max();
  fail_waiting();
}

void Connection::Impl::post_pump() {
  if (std::exchange(posted, true)) return;
  asio::post(loop, [self = shared_from_this()] {
    self->posted = false;
    self->pump();
  });
}

void Connection::Impl::pump() {
  if (!open) return;
  for (int turn = 0; turn < messages_per_turn; ++turn) {
    int code = ::sd_bus_process(bus.get(), nullptr);
    if (code < 0) return lose();
    if (code == 0) return arm();
  }
  post_pump();
}

void Connection::Impl::lose() {
  if (!open) return;
  // sd-bus has already answered every call that was sent.
  detach();
  for (auto* item : installed) item->release_lost();
  if (lost) asio::post(loop, lost);
  if (!returns) return;
  pause = first_pause;
  try_again();
}

void Connection::Impl::try_again() {
  return_timer.expires_after(pause);
  pause = std::min(pause * 2, longest_pause);
  return_timer.async_wait([self = shared_from_this()](std::error_code error) {
    if (error) return;
    if (auto result = self->come_back(); !result) {
      log::debug(result.error().describe());
      self->try_again();
    } else if (self->back) {
      asio::post(self->loop, self->back);
    }
  });
}

static Result<void> take_name(::sd_bus* bus, const char* name) {
  int code = ::sd_bus_request_name(bus, name, 0);
  if (code == -EEXIST) return fail(Kind::Conflict, std::string(name) + " is taken on this bus");
  if (code < 0) return fail_errno(-code, "taking the bus name " + std::string(name));
  return {};
}

// All of it, or nothing: half a bus would look like a working one.
Result<void> Connection::Impl::come_back() {
  ALK_TRY(bus, open_bus(any_incarnation(address), return_timeout)); // the old one is closed by this
  uids.clear(); // a new bus daemon counts its connections anew
  open = true;
  auto result = [this]() -> Result<void> {
    for (auto* item : installed) ALK_TRY_VOID(item->install(*this));
    for (const auto& name : names) ALK_TRY_VOID(take_name(bus.get(), name.c_str()));
    return {};
  }();
  if (!result) {
    for (auto* item : installed) item->release_lost();
    open = false;
    fail_waiting();
    return result;
  }
  attach();
  return {};
}

void Connection::Impl::arm() {
  if (!open) return;
  int events = ::sd_bus_get_events(bus.get());
  if (events < 0) return post_pump();
  auto wait = [this](asio::posix::descriptor_base::wait_type type, bool& flag) {
    if (std::exchange(flag, true)) return;
    descriptor.async_wait(type, [self = shared_from_this(), &flag](std::error_code error) {
      flag = false;
      if (error != asio::error::operation_aborted) self->pump();
    });
  };
  if (events & POLLIN) wait(asio::posix::descriptor_base::wait_read, reading);
  if (events & POLLOUT) wait(asio::posix::descriptor_base::wait_write, writing);
  arm_timer();
}

void Connection::Impl::arm_timer() {
  std::uint64_t microseconds = 0;
  if (::sd_bus_get_timeout(bus.get(), &microseconds) < 0 || microseconds == UINT64_MAX) return;
  if (microseconds == 0) return post_pump();
  // sd-bus counts on CLOCK_MONOTONIC, and so does steady_clock. A timer that is too early only pumps once
  // more.
  auto due = Clock::time_point(std::chrono::microseconds(microseconds));
  if (due >= armed) return;
  armed = due;
  timer.expires_at(due);
  timer.async_wait([self = shared_from_this()](std::error_code error) {
    if (error) return;
    self->armed = Clock::time_point::max();
    self->pump();
  });
}

void Connection::Impl::deliver(Answer answer, Result<Message> result) {
  // Shared: std::function needs copyable captures.
  auto shared = std::make_shared<Result<Message>>(std::move(result));
  asio::post(loop, [answer = std::move(answer), shared] { answer(std::move(*shared)); });
}

// A message belongs to the bus it was made for: after a loss it names receivers who are gone.
Result<void> Connection::Impl::sendable(const Message& message) const {
  if (!open || (message && ::sd_bus_message_get_bus(message.raw()) != bus.get()))
    return fail(Kind::Gone, "the connection to the bus is lost");
  return message.check();
}

void Connection::Impl::call(Message message, std::chrono::milliseconds timeout, Answer answer) {
  if (auto good = sendable(message); !good) return deliver(std::move(answer), pass(std::move(good).error()));
  auto deadline = Clock::now() + timeout;
  if (in_flight.size() < max_in_flight) return launch(std::move(message), deadline, std::move(answer));
  if (waiting.size() >= max_waiting)
    return deliver(std::move(answer), fail(Kind::Busy, "too many calls wait for the bus"));
  waiting.emplace(deadline, Waiting{std::move(message), std::move(answer)});
  arm_waiting();
}

void Connection::Impl::launch(Message message, Clock::time_point deadline, Answer answer) {
  auto left = std::chrono::duration_cast<std::chrono::microseconds>(deadline - Clock::now()).count();
  in_flight.push_back(std::make_unique<Flight>(Flight{*this, std::move(answer), {}, {}}));
  auto& flight = *in_flight.back();
  flight.place = std::prev(in_flight.end());
  ::sd_bus_slot* slot = nullptr;
  int code = ::sd_bus_call_async(bus.get(), &slot, message.raw(), on_reply, &flight,
                                 static_cast<std::uint64_t>(std::max<decltype(left)>(left, 1)));
  if (code < 0) {
    deliver(std::move(flight.answer), fail_errno(-code, "sending to the bus"));
    in_flight.pop_back();
    return;
  }
  flight.slot.reset(slot);
  arm();
}

int Connection::Impl::on_reply(::sd_bus_message* reply, void* data, ::sd_bus_error*) noexcept {
  auto& flight = *static_cast<Flight*>(data);
  auto& owner = flight.owner;
  auto answer = std::move(flight.answer);
  owner.in_flight.erase(flight.place); // drops the slot; sd-bus holds it until we return
  if (const ::sd_bus_error* error = ::sd_bus_message_get_error(reply))
    owner.deliver(std::move(answer),
                  Failure(error_from_bus(error->name, error->message ? error->message : "")));
  else
    owner.deliver(std::move(answer), Message(::sd_bus_message_ref(reply)));
  owner.refill();
  return 0;
}

void Connection::Impl::refill() {
  expire();
  while (open && !waiting.empty() && in_flight.size() < max_in_flight) {
    auto next = waiting.extract(waiting.begin());
    launch(std::move(next.mapped().message), next.key(), std::move(next.mapped().answer));
  }
  arm_waiting();
}

void Connection::Impl::expire() {
  while (!waiting.empty() && waiting.begin()->first <= Clock::now()) {
    auto late = waiting.extract(waiting.begin());
    deliver(std::move(late.mapped().answer), fail(Kind::Gone, "the call did not get its turn in time"));
  }
}

void Connection::Impl::arm_waiting() {
  if (waiting.empty() || !open) {
    waiting_timer.cancel();
    return;
  }
  waiting_timer.expires_at(waiting.begin()->first);
  waiting_timer.async_wait([self = shared_from_this()](std::error_code error) {
    if (!error) self->refill();
  });
}

void Connection::Impl::fail_waiting() {
  for (auto& entry : std::exchange(waiting, {}))
    deliver(std::move(entry.second.answer), fail(Kind::Gone, "the connection to the bus is lost"));
  for (auto& flight : std::exchange(in_flight, {}))
    deliver(std::move(flight->answer), fail(Kind::Gone, "the connection to the bus is lost"));
  waiting_timer.cancel();
}

Result<void> Connection::Impl::send(Message message) {
  ALK_TRY_VOID(sendable(message));
  if (int code = ::sd_bus_send(bus.get(), message.raw(), nullptr); code < 0)
    return fail_errno(-code, "sending to the bus");
  arm();
  return {};
}

Result<std::uint32_t> Connection::Impl::sender_uid(const Message& message) {
  std::string sender(message.sender());
  if (auto known = uids.find(sender); known != uids.end()) return known->second;
  ::sd_bus_creds* raw = nullptr;
  if (int code = ::sd_bus_query_sender_creds(message.raw(), SD_BUS_CREDS_EUID, &raw); code < 0)
    return fail_errno(-code, "asking the bus for a sender's user");
  std::unique_ptr<::sd_bus_creds, decltype([](::sd_bus_creds* creds) { ::sd_bus_creds_unref(creds); })> creds(
      raw);
  uid_t uid = 0;
  if (int code = ::sd_bus_creds_get_euid(raw, &uid); code < 0)
    return fail_errno(-code, "reading a sender's user");
  if (uids.size() >= max_known_uids) uids.clear();
  if (!sender.empty()) uids.emplace(std::move(sender), uid);
  return uid;
}

Result<std::unique_ptr<Connection>> Connection::open(asio::io_context& loop,
                                                     std::string_view explicit_address) {
  auto address = choose_address(explicit_address);
  ALK_TRY(auto bus, open_bus(address));
  return std::make_unique<Connection>(loop, std::move(bus), std::move(address));
}

Connection::Connection(asio::io_context& loop, BusHandle bus, std::string address)
    : impl_(std::make_shared<Impl>(loop, std::move(address), std::move(bus))) {
  impl_->attach();
}

Connection::~Connection() {
  impl_->lost = nullptr;
  impl_->returns = false;
  impl_->return_timer.cancel();
  impl_->detach();
  impl_->bus.reset(); // flushes
}

void Connection::on_disconnect(std::function<void()> callback) {
  impl_->lost = std::move(callback);
}

void Connection::come_back_when_lost(std::function<void()> callback) {
  impl_->returns = true;
  impl_->back = std::move(callback);
}

bool Connection::connected() const {
  return impl_->open;
}

Result<void> Connection::request_name(const char* name) {
  if (!impl_->open) return fail(Kind::Gone, "the connection to the bus is lost");
  ALK_TRY_VOID(take_name(raw(), name));
  impl_->names.emplace_back(name);
  impl_->post_pump(); // messages may have been read while we waited
  return {};
}

Result<void> Connection::release_name(const char* name) {
  impl_->names.remove(name);
  if (!impl_->open) return fail(Kind::Gone, "the connection to the bus is lost");
  if (int code = ::sd_bus_release_name(raw(), name); code < 0)
    return fail_errno(-code, "giving up the bus name " + std::string(name));
  impl_->post_pump();
  return {};
}

Message Connection::make_call(const Destination& to, const char* member, AutoStart start) {
  return bus::make_call(raw(), to, member, start);
}

void Connection::call(Message call, std::chrono::milliseconds timeout, Answer answer) {
  impl_->call(std::move(call), timeout, std::move(answer));
}

namespace {
// A coroutine that waits for its answer; also woken when its task group is cancelled.
struct Waiter {
  explicit Waiter(asio::io_context& loop) : wake(loop, Clock::time_point::max()) {}
  asio::steady_timer wake;
  std::optional<Result<Message>> result;
};
} // namespace

Task<Result<Message>> Connection::call(Message call, std::chrono::milliseconds timeout) {
  auto waiter = std::make_shared<Waiter>(impl_->loop);
  impl_->call(std::move(call), timeout, [waiter](Result<Message> result) {
    waiter->result = std::move(result);
    waiter->wake.cancel();
  });
  co_await waiter->wake.async_wait(loop::as_value);
  if (!waiter->result) co_return fail(Kind::Gone, "the wait for an answer was cancelled");
  co_return std::move(*waiter->result);
}

Result<void> Connection::send(Message message) {
  return impl_->send(std::move(message));
}

Message Connection::make_signal(const char* path, const char* interface, const char* member) {
  ::sd_bus_message* raw_message = nullptr;
  if (::sd_bus_message_new_signal(raw(), &raw_message, path, interface, member) < 0) return {};
  return Message(raw_message);
}

Result<std::uint32_t> Connection::sender_uid(const Message& message) {
  return impl_->sender_uid(message);
}

asio::io_context& Connection::loop() {
  return impl_->loop;
}

::sd_bus* Connection::raw() {
  return impl_->bus.get();
}

bool Connection::idle() const {
  std::uint64_t queued = 0;
  return !impl_->open || ::sd_bus_get_n_queued_read(impl_->bus.get(), &queued) < 0 || queued == 0;
}

void Connection::flush() {
  ::sd_bus_flush(raw());
}

} // namespace alk::bus
