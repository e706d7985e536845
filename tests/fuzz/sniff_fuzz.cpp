#include "net/sniff.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>

// A verdict never changes once it is final, and it comes with the eighth byte at the latest.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using alk::net::Speech;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  auto before = Speech::NeedMore;
  for (std::size_t i = 0; i <= size; ++i) {
    const auto now = alk::net::classify_speech(bytes.substr(0, i));
    if (before != Speech::NeedMore && now != before) std::abort();
    before = now;
  }
  if (size >= alk::net::ssh_opening.size() && before == Speech::NeedMore) std::abort();
  if ((before == Speech::Ssh) != bytes.starts_with(alk::net::ssh_opening)) std::abort();
  return 0;
}
