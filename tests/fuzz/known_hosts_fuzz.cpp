// known_hosts content of any kind, looked up with names of several shapes.
#include "ssh/known_hosts.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace alk::ssh;
  const std::string_view content(reinterpret_cast<const char*>(data), size);
  const PresentedKey key{"ssh-ed25519", std::string("\0\0\0\x0bssh-ed25519", 15), "SHA256:x"};
  for (const char* name : {"example.test", "[example.test]:443", "[::1]:22"})
    (void)find_host_key(content, name, key);
  (void)pin_matches(content, key);
  return 0;
}
