#include "bus/socket_address.hpp"

namespace alk::bus {

static bool is_plain(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         std::string_view("-_/.\\*").find(c) != std::string_view::npos;
}

std::string socket_address(std::string_view path) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string address = "unix:path=";
  for (char c : path) {
    if (is_plain(c)) {
      address += c;
    } else {
      auto byte = static_cast<unsigned char>(c);
      address += '%';
      address += digits[byte >> 4];
      address += digits[byte & 15];
    }
  }
  return address;
}

std::string socket_address(std::string_view directory, std::string_view name, int descriptor) {
  std::string path = std::string(directory) + "/" + std::string(name);
  if (path.size() <= socket_path_limit) return socket_address(path);
  return socket_address("/proc/self/fd/" + std::to_string(descriptor) + "/" + std::string(name));
}

} // namespace alk::bus
