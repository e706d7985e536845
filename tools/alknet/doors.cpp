#include "doors.hpp"

#include "base/bytes.hpp"
#include "net/linger.hpp"
#include "net/prefix_stream.hpp"

namespace alk::alknet {

namespace {
using Clock = std::chrono::steady_clock;
using net::Direction;
using net::Transfer;

// A SOCKS5 client has this long for its two small messages.
constexpr std::chrono::seconds request_limit{30};
// How long a refused client may take to read its answer.
constexpr std::chrono::seconds refusal_linger{2};
// Connections that wait for their request or their channel; more are closed at once. Spliced ones do not
// count: the server limits channels.
constexpr std::size_t pending_limit = 1024;
constexpr std::size_t read_chunk = 1024;

// All of it or nothing: the few bytes of an answer always fit into a socket whose reader is alive.
bool write_answer(net::Stream& stream, std::string_view bytes) {
  if (bytes.empty()) return true;
  const Transfer moved = stream.write(as_bytes(bytes));
  return moved.state == Transfer::State::Done && moved.count == bytes.size();
}
} // namespace

net::SocksReply socks_code(ssh::OpenFailure failure) {
  switch (failure) {
  case ssh::OpenFailure::Prohibited: return net::SocksReply::NotAllowed;
  case ssh::OpenFailure::Refused: return net::SocksReply::ConnectionRefused;
  case ssh::OpenFailure::ConnectFailed: return net::SocksReply::HostUnreachable;
  case ssh::OpenFailure::SessionOver:
    return net::SocksReply::ConnectionRefused; // network.md 8.6: during an outage
  case ssh::OpenFailure::Other: break;
  }
  return net::SocksReply::GeneralFailure;
}

Doors::Doors(asio::io_context& loop, Tunnel& tunnel) : loop_(loop), tunnel_(tunnel), tasks_(loop) {}

Result<void> Doors::bind(const net::Address& socks5, const std::vector<net::ForwardSpec>& forwards) {
  ALK_TRY(socks5_, net::Listener::bind(loop_, socks5));
  for (const auto& forward : forwards) {
    ALK_TRY(auto listener, net::Listener::bind(loop_, forward.bind));
    forwards_.push_back({std::move(listener), forward.target});
  }
  return {};
}

Result<void> Doors::open() {
  ALK_TRY_VOID(socks5_->listen());
  for (auto& forward : forwards_) ALK_TRY_VOID(forward.listener->listen());
  tasks_.spawn("socks5 listener",
               socks5_->run([this](std::unique_ptr<net::Stream> stream, const net::Address&) {
                 if (tasks_.size() < pending_limit) tasks_.spawn("socks5", serve_socks(std::move(stream)));
               }));
  for (auto& forward : forwards_)
    tasks_.spawn("forward listener",
                 forward.listener->run([this, target = forward.target](std::unique_ptr<net::Stream> stream,
                                                                       const net::Address& peer) {
                   if (tasks_.size() < pending_limit)
                     tasks_.spawn("forward", serve_forward(std::move(stream), target, peer));
                 }));
  return {};
}

void Doors::close(std::function<void()> done) {
  if (socks5_) socks5_->close();
  for (auto& forward : forwards_) forward.listener->close();
  tasks_.cancel();
  tasks_.when_drained(std::move(done));
}

std::vector<net::Address> Doors::forward_addresses() const {
  std::vector<net::Address> addresses;
  for (const auto& forward : forwards_) addresses.push_back(forward.listener->address());
  return addresses;
}

// True with a target; false when the conversation is over, the answer sent.
Task<bool> Doors::negotiate(net::Stream& stream, net::ProxyRequest& request) {
  const auto deadline = Clock::now() + request_limit;
  std::byte chunk[read_chunk];
  auto state = net::Socks5::State::NeedMore;
  while (state == net::Socks5::State::NeedMore) {
    const Transfer moved = stream.read(chunk);
    if (moved.state == Transfer::State::Again) {
      const auto waited = co_await net::ready_until(stream, Direction::Read, deadline);
      if (waited != net::Wait::Ready) co_return false;
      continue;
    }
    if (moved.state != Transfer::State::Done) co_return false;
    state = request.feed(as_text(std::span<const std::byte>(chunk, moved.count)));
    if (!write_answer(stream, request.take_output())) co_return false;
  }
  co_return state == net::Socks5::State::Request;
}

Task<> Doors::serve_socks(std::unique_ptr<net::Stream> stream) {
  net::ProxyRequest request;
  const bool asked = co_await negotiate(*stream, request);
  if (!asked) {
    net::close_lingering(loop_, std::move(stream), refusal_linger);
    co_return;
  }
  ssh::OpenRequest open; // by name: g++ 12 copies braced temporaries of a co_await bit by bit
  open.host = request.target().host;
  open.port = request.target().port;
  auto opened = co_await tunnel_.open(std::move(open));
  const auto code = opened ? net::SocksReply::Succeeded : socks_code(opened.error());
  const bool told = write_answer(*stream, request.reply(code));
  if (opened && told)
    opened->splice(net::PrefixStream::make(loop_.get_executor(), std::move(stream), request.take_rest()));
  else
    net::close_lingering(loop_, std::move(stream), refusal_linger);
}

Task<> Doors::serve_forward(std::unique_ptr<net::Stream> stream, net::HostPort target, net::Address peer) {
  ssh::OpenRequest request{target.host, target.port, peer.host(), peer.port};
  auto opened = co_await tunnel_.open(std::move(request));
  if (opened)
    opened->splice(std::move(stream)); // else closed here: a refused forward looks like a closed port
}

} // namespace alk::alknet
