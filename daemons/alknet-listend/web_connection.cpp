#include "web_connection.hpp"

#include "http_body.hpp"
#include "loop/asio.hpp"

#include <algorithm>
#include <array>

#include <unistd.h>

namespace alk::listend {

namespace {

using Clock = std::chrono::steady_clock;
using State = net::Transfer::State;
using std::chrono::hours;
using std::chrono::seconds;

// nginx's defaults; the disguise hangs on every one of them.
constexpr seconds header_timeout{60};    // client_header_timeout
constexpr seconds keepalive_timeout{75}; // keepalive_timeout
constexpr seconds send_timeout{60};      // send_timeout
constexpr seconds linger_total{30};      // lingering_time
constexpr seconds linger_pause{5};       // lingering_timeout
constexpr hours keepalive_time{1};       // keepalive_time
constexpr unsigned keepalive_requests = 1000;
constexpr std::size_t record_size = 16384; // ssl_buffer_size: what is written at once becomes one record

// Bytes after which a connection lets the others of its loop have their turn, however fast its peer is.
constexpr std::size_t fair_share = 256 * 1024;

constexpr std::string_view continue_line = "HTTP/1.1 100 Continue\r\n\r\n";

enum class Next {
  Request, // keep-alive
  Polite,  // close_notify, close
  Linger,  // close_notify, FIN, and read on for a while
  Quiet,   // close without a word
};

// Whether nginx believes that more input is there, which decides between closing at once and lingering: after
// a read that filled its buffer, until as many bytes as the kernel then held have been read too.
class MoreInput {
 public:
  void note(const net::Stream& stream, const net::Transfer& moved, std::size_t limit) {
    const bool filled = moved.state == State::Done && moved.count == limit;
    if (!filled) {
      expected_ = false;
      return;
    }
    if (!std::exchange(expected_, true)) {
      known_ = stream.waiting();
    } else if (known_ < moved.count) {
      expected_ = false;
    } else {
      known_ -= moved.count;
    }
  }
  bool expected() const { return expected_; }

 private:
  bool expected_ = false;
  std::size_t known_ = 0;
};

class WebConnection {
 public:
  WebConnection(net::Stream& stream, const WebSite& site, const WebVisit& visit)
      : stream_(stream), site_(site), visit_(visit), header_deadline_(visit.deadline) {
    more_.note(stream_, {State::Done, visit_.read.size(), {}}, small_header_buffer);
  }

  Task<> run() {
    Next next = Next::Request;
    while (next == Next::Request) {
      const auto outcome = requests_ == 0 ? head_.feed(visit_.read) : head_.next();
      next = co_await read_head(outcome);
      if (next == Next::Request) next = co_await respond();
    }
    if (next == Next::Linger) {
      stream_.shutdown_write();
      co_await linger();
    }
    if (next == Next::Polite) stream_.announce_end();
    stream_.close();
  }

 private:
  // Reads up to `limit` bytes into chunk_, without waiting and without a buffer that would stay.
  State read_some(std::size_t limit) {
    std::array<std::byte, large_header_buffer> buffer; // NOLINT(cppcoreguidelines-pro-type-member-init)
    const auto moved = stream_.read(std::span(buffer).first(std::min(limit, buffer.size())));
    chunk_.assign(reinterpret_cast<const char*>(buffer.data()), moved.count);
    if (moved.state == State::End) ended_ = true;
    turn_ += moved.count;
    more_.note(stream_, moved, limit);
    return moved.state;
  }

  Task<> take_turns() {
    if (turn_ < fair_share) co_return;
    turn_ = 0;
    auto executor = co_await asio::this_coro::executor;
    co_await asio::post(executor, asio::use_awaitable);
  }

  // Request when a head, good or bad, is there; else how to close.
  Task<Next> read_head(HeadReader::Outcome outcome) {
    while (outcome == HeadReader::Outcome::NeedMore) {
      const auto state = read_some(head_.room());
      if (state == State::Done) {
        outcome = head_.feed(chunk_);
        if (turn_ < fair_share) continue;
        co_await take_turns();
        if (Clock::now() >= head_deadline()) co_return Next::Quiet;
      } else if (state == State::Again) {
        const auto waited = co_await net::ready_until(stream_, net::Direction::Read, head_deadline());
        if (waited == net::Wait::Cancelled) co_return Next::Quiet;
        if (waited == net::Wait::Timeout) co_return head_.untouched() ? Next::Polite : Next::Quiet;
      } else {
        const bool polite = ended_ && head_.untouched();
        co_return polite ? Next::Polite : Next::Quiet;
      }
    }
    refused_ = outcome == HeadReader::Outcome::Refused;
    co_return Next::Request;
  }

  // One deadline for a whole head, however it trickles in: from accepting for the first, else from its first
  // byte.
  Clock::time_point head_deadline() {
    if (requests_ > 0 && head_.untouched()) return idle_deadline_;
    if (!header_deadline_) header_deadline_ = Clock::now() + header_timeout;
    return *header_deadline_;
  }

  Task<Next> respond() {
    const auto& request = head_.request();
    ++requests_;
    if (visit_.requests != nullptr) visit_.requests->add();
    header_deadline_.reset();
    auto answer = choose_answer();
    if (answer.from_file) {
      const bool said = co_await say_continue();
      if (!said) co_return Next::Quiet;
    }
    body_ = announced_body();
    const auto skipped = skip_body_so_far();
    if (skipped == BodySkipper::Step::Invalid) {
      if (answer.from_file) answer = refusal(request, 400);
      answer.head.keep_alive = false;
      if (answer.head.status == 400) lingers_ = false;
      body_ = BodySkipper();
    }
    if (failed_) co_return Next::Quiet;
    const bool sent = co_await send(answer);
    if (!sent) co_return Next::Quiet;
    if (answer.breaks_off) co_return Next::Polite;
    if (!body_.done() && !ended_) {
      const auto next = co_await skip_body();
      if (next != Next::Request) co_return next;
      lingers_ = false;
    }
    if (ended_) co_return Next::Polite;
    if (answer.head.keep_alive) {
      idle_deadline_ = Clock::now() + keepalive_timeout;
      chunk_ = {};
      co_await take_turns();
      co_return Next::Request;
    }
    co_return lingers_ || !head_.rest().empty() || more_.expected() ? Next::Linger : Next::Polite;
  }

  Answer choose_answer() {
    auto request = head_.request();
    if (refused_ || visit_.plain_http) {
      lingers_ = refused_ && head_.lingers();
      request.keep_alive = false;
      return refusal(request, refused_ ? head_.status() : status_plain_http);
    }
    lingers_ = request.content_length.value_or(0) > 0 || request.chunked;
    if (requests_ >= keepalive_requests || Clock::now() - began_ > keepalive_time ||
        (request.old_explorer && request.method == Method::Post))
      request.keep_alive = false;
    auto answer = site_.answer(request, visit_.here);
    if (answer.head.status == 400) lingers_ = false;
    return answer;
  }

  BodySkipper announced_body() const {
    const auto& request = head_.request();
    return request.chunked ? BodySkipper::chunked()
                           : BodySkipper::of_length(request.content_length.value_or(0));
  }

  Task<bool> say_continue() {
    const auto& request = head_.request();
    if (request.version < http_11 || !request.expect) co_return true;
    constexpr std::string_view wanted = "100-continue";
    const bool asked = request.expect->size() == wanted.size() &&
                       std::equal(wanted.begin(), wanted.end(), request.expect->begin(),
                                  [](char a, char b) { return a == (b >= 'A' && b <= 'Z' ? b | 0x20 : b); });
    if (!asked) co_return true;
    co_return co_await write(continue_line);
  }

  // What of the body has come by now; nginx looks before it answers.
  BodySkipper::Step skip_body_so_far() {
    auto step = body_.done() ? BodySkipper::Step::Done : BodySkipper::Step::More;
    if (step == BodySkipper::Step::Done) return step;
    auto here = head_.rest();
    const auto before = here.size();
    step = body_.feed(here);
    head_.drop_rest(before - here.size());
    while (step == BodySkipper::Step::More && turn_ < fair_share) {
      const auto state = read_some(body_.wanted());
      if (state == State::Failed) failed_ = true;
      if (state != State::Done) break;
      step = skip_chunk();
      if (step == BodySkipper::Step::Done) lingers_ = false;
    }
    return step;
  }

  BodySkipper::Step skip_chunk() {
    std::string_view rest = chunk_;
    const auto step = body_.feed(rest);
    if (step == BodySkipper::Step::Done && !rest.empty()) head_.add_rest(rest);
    return step;
  }

  // The rest of the body, after the answer. Request when it has come; else how to close.
  Task<Next> skip_body() {
    const auto limit = Clock::now() + linger_total;
    for (;;) {
      const auto state = read_some(body_.wanted());
      if (state == State::End) co_return Next::Polite;
      if (state == State::Failed) co_return Next::Quiet;
      if (state == State::Again) {
        const auto until = std::min(Clock::now() + linger_pause, limit);
        const auto waited = co_await net::ready_until(stream_, net::Direction::Read, until);
        if (waited != net::Wait::Ready) co_return Next::Quiet;
        if (Clock::now() >= limit) co_return Next::Polite;
        continue;
      }
      const auto step = skip_chunk();
      if (step == BodySkipper::Step::Invalid) co_return Next::Quiet;
      if (step == BodySkipper::Step::Done) co_return Next::Request;
      co_await take_turns();
      if (Clock::now() >= limit) co_return Next::Polite;
    }
  }

  // What comes after our end is read and dropped, so that it does not turn into a reset that destroys the
  // answer.
  Task<> linger() {
    const auto limit = Clock::now() + linger_total;
    while (Clock::now() < limit) {
      const auto state = read_some(record_size);
      if (state == State::Done) {
        co_await take_turns();
        continue;
      }
      if (state != State::Again) co_return;
      const auto until = std::min(Clock::now() + linger_pause, limit);
      const auto waited = co_await net::ready_until(stream_, net::Direction::Read, until);
      if (waited != net::Wait::Ready) co_return;
    }
  }

  Task<bool> write(std::string_view bytes) {
    while (!bytes.empty()) {
      const auto moved = stream_.write(std::as_bytes(std::span(bytes)));
      if (moved.state == State::Done) {
        bytes.remove_prefix(moved.count);
        turn_ += moved.count;
      } else if (moved.state == State::Again) {
        const auto until = Clock::now() + send_timeout;
        const auto waited = co_await net::ready_until(stream_, net::Direction::Write, until);
        if (waited != net::Wait::Ready) co_return false;
      } else {
        co_return false;
      }
    }
    co_return true;
  }

  // Everything goes out in full records, head and body together.
  Task<bool> send(const Answer& answer) {
    const auto& request = head_.request();
    std::string out;
    if (request.version >= http_10) out = format_head(answer.head, std::time(nullptr));
    const bool bodiless = request.version >= http_10 && request.method == Method::Head;
    if (!bodiless) {
      out += answer.page;
      for (const auto& range : answer.ranges) {
        out += answer.part_head(range);
        const bool sent = co_await send_range(answer.file.get(), range, out);
        if (!sent) co_return false;
      }
      out += answer.tail;
    }
    co_return co_await write(out);
  }

  // Appends a stretch of the file to `out`, which is written whenever a record is full.
  Task<bool> send_range(int file, ByteRange range, std::string& out) {
    while (range.begin < range.end) {
      if (out.size() >= record_size) {
        const bool written = co_await write(std::string_view(out).substr(0, record_size));
        if (!written) co_return false;
        out.erase(0, record_size);
        co_await take_turns();
        continue;
      }
      const auto want = std::min<std::uint64_t>(record_size - out.size(), range.end - range.begin);
      const auto at = out.size();
      out.resize(at + want);
      const auto count = ::pread(file, out.data() + at, want, static_cast<off_t>(range.begin));
      if (count <= 0) co_return false; // it shrank under us: the length that was promised cannot be kept
      out.resize(at + static_cast<std::size_t>(count));
      range.begin += static_cast<std::uint64_t>(count);
    }
    co_return true;
  }

  net::Stream& stream_;
  const WebSite& site_;
  const WebVisit& visit_;
  HeadReader head_;
  BodySkipper body_;
  std::string chunk_;
  std::optional<Clock::time_point> header_deadline_;
  Clock::time_point idle_deadline_{};
  Clock::time_point began_ = Clock::now();
  std::size_t turn_ = 0; // bytes moved since the others had their turn
  unsigned requests_ = 0;
  bool refused_ = false;
  bool lingers_ = false;
  MoreInput more_;
  bool ended_ = false;
  bool failed_ = false;
};

} // namespace

Task<> serve_web(std::unique_ptr<net::Stream> stream, std::shared_ptr<const WebSite> site, WebVisit visit) {
  WebConnection connection(*stream, *site, visit);
  co_await connection.run();
}

} // namespace alk::listend
