// A SOCKS5 proxy's replies. The first byte says which of them, and how they are cut; only what is asked for
// is read.
#include "net/socks5_client.hpp"

#include <algorithm>
#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace alk::net;
  constexpr decltype(&read_socks_method) readers[] = {read_socks_method, read_socks_login,
                                                      read_socks_connect};
  constexpr std::size_t longest = 4 + 1 + 255 + 2;
  if (size == 0) return 0;
  const std::string_view input(reinterpret_cast<const char*>(data) + 1, size - 1);
  const auto read = readers[data[0] % 3];
  const std::size_t piece = data[0] / 3 % 16 + 1;

  std::size_t had = 0;
  SocksAnswer answer = read(input.substr(0, 0));
  while (answer.state == SocksAnswer::State::NeedMore && had < input.size()) {
    if (answer.wanted <= had || answer.wanted > longest) std::abort();
    had = std::min({answer.wanted, had + piece, input.size()});
    answer = read(input.substr(0, had));
  }
  // The pieces must not change the outcome.
  const SocksAnswer whole = read(input.substr(0, had));
  if (whole.state != answer.state || whole.code != answer.code) std::abort();
  if (had > longest) std::abort();
  return 0;
}
