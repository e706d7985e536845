// What a local program may send to the proxy listener. Cutting it must not change the outcome.
#include "net/http_connect.hpp"

#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace alk::net;
  if (size == 0) return 0;
  const std::string_view input(reinterpret_cast<const char*>(data) + 1, size - 1);
  const std::size_t piece = std::size_t{data[0]} % 64 + 1;

  ProxyRequest cut;
  auto state = Socks5::State::NeedMore;
  std::size_t at = 0;
  for (; at < input.size() && state == Socks5::State::NeedMore; at += piece)
    state = cut.feed(input.substr(at, piece));
  if (state == Socks5::State::NeedMore && input.size() > http_connect_limit) std::abort();
  if (state != Socks5::State::Request) return 0;
  ProxyRequest whole;
  if (whole.feed(input) != state || whole.target().host != cut.target().host) std::abort();
  if (whole.target().host.empty() || is_reserved_name(whole.target().host)) std::abort();
  return 0;
}
