#include "net/stealth.hpp"

#include "net/sniff.hpp"
#include "net/tls_stream.hpp"

#include <array>

namespace alk::net {

namespace {

using Clock = std::chrono::steady_clock;
// The first byte tells TLS from plain HTTP; nginx peeks at it.
Task<Result<char>> first_byte(Stream& stream, Clock::time_point deadline) {
  for (;;) {
    std::array<std::byte, 1> byte{};
    const auto moved = stream.read(byte);
    if (moved.state == Transfer::State::Done) co_return static_cast<char>(byte[0]);
    if (moved.state == Transfer::State::End) co_return fail(Kind::Gone, "closed before the first byte");
    if (moved.state == Transfer::State::Failed) co_return fail(Kind::Gone, moved.error.message());
    const auto outcome = co_await ready_until(stream, Direction::Read, deadline);
    if (outcome == Wait::Timeout) co_return fail(Kind::Busy, "silent");
    if (outcome == Wait::Cancelled) co_return fail(Kind::Gone, "cancelled");
  }
}

// Appends what there is, up to first_read_size in all.
Transfer::State read_now(Opened& opened) {
  std::array<std::byte, first_read_size> buffer{};
  const auto moved = opened.stream->read(std::span(buffer).first(first_read_size - opened.read.size()));
  if (moved.state == Transfer::State::Done)
    opened.read.append(reinterpret_cast<const char*>(buffer.data()), moved.count);
  return moved.state;
}

Task<void> listen_for_speech(Opened& opened, Clock::time_point deadline) {
  while (opened.read.size() < first_read_size) {
    const auto state = read_now(opened);
    if (state == Transfer::State::Again) {
      const auto outcome = co_await ready_until(*opened.stream, Direction::Read, deadline);
      if (outcome != Wait::Ready) co_return;
      continue;
    }
    if (state != Transfer::State::Done) co_return;
    const auto speech = classify_speech(opened.read);
    if (speech == Speech::NeedMore) continue;
    opened.guest = speech == Speech::Ssh ? Guest::Ssh : Guest::Web;
    co_return;
  }
}

} // namespace

Task<Result<Opened>> open_stealth(std::unique_ptr<Stream> below, std::shared_ptr<const TlsContext> context,
                                  Clock::time_point deadline) {
  Opened opened;
  auto first = co_await first_byte(*below, deadline);
  if (!first) co_return pass(std::move(first).error(), "opening");
  if (classify_opening(static_cast<unsigned char>(*first)) == Opening::PlainHttp) {
    opened.guest = Guest::PlainHttp;
    opened.stream = std::move(below);
    opened.read.assign(1, *first);
    read_now(opened); // nginx reads all there is before it judges
    co_return opened;
  }
  auto executor = co_await asio::this_coro::executor;
  auto tls = TlsStream::server(executor, std::move(below), std::move(context), std::string(1, *first));
  if (!tls) co_return pass(std::move(tls).error());
  auto shaken = co_await (*tls)->handshake(deadline);
  if (!shaken) co_return pass(std::move(shaken).error());
  opened.server_name = (*tls)->server_name();
  auto& established = **tls;
  opened.stream = std::move(*tls);
  co_await listen_for_speech(opened, deadline);
  if (opened.guest == Guest::Ssh) established.prefer_throughput();
  co_return opened;
}

} // namespace alk::net
