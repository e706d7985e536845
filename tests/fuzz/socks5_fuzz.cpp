// SOCKS5 requests, cut into pieces where the first byte says. The cut must not change the outcome.
#include "net/socks5.hpp"

#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using alk::net::Socks5;
  if (size == 0) return 0;
  const std::string_view input(reinterpret_cast<const char*>(data) + 1, size - 1);
  const std::size_t piece = std::size_t{data[0]} % 16 + 1;

  Socks5 whole;
  const auto expected = whole.feed(input);
  Socks5 cut;
  auto state = Socks5::State::NeedMore;
  for (std::size_t at = 0; at < input.size() && state == Socks5::State::NeedMore; at += piece)
    state = cut.feed(input.substr(at, piece));
  if (state != expected) std::abort();
  if (whole.take_output() != cut.take_output()) std::abort();
  if (state == Socks5::State::Request && whole.target().host != cut.target().host) std::abort();
  if (state == Socks5::State::NeedMore && input.size() > alk::net::socks_input_limit) std::abort();
  return 0;
}
