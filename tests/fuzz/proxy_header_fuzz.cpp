// Whatever arrives: the header is found at the same place however it is cut, and nothing behind it is asked
// for.
#include "net/proxy_header.hpp"

#include <cstdint>
#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace alk::net;
  using State = ProxyHeader::State;
  const std::string_view all(reinterpret_cast<const char*>(data), size);
  std::size_t have = 0;
  for (;;) { // as a reader would
    const ProxyHeader header = parse_proxy_header(all.substr(0, have));
    if (header.state == State::Done) {
      if (header.size != have || have > 16 + proxy_v2_limit) std::abort();
      if (parse_proxy_header(all).size != have) std::abort();
      return 0;
    }
    if (header.state != State::NeedMore) {
      if (parse_proxy_header(all).state == State::Done) std::abort(); // no matter how much came at once
      return 0;
    }
    if (header.wanted <= have) std::abort();
    if (header.wanted > size) return 0;
    have = header.wanted;
  }
}
