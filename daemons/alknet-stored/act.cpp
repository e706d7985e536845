#include "alknet-stored/act.hpp"

#include "base/encoding.hpp"

namespace alk::stored {

std::string make_uuid(const Act& act) {
  std::string bytes = act.random(16);
  bytes[6] = static_cast<char>((bytes[6] & 0x0f) | 0x40);
  bytes[8] = static_cast<char>((bytes[8] & 0x3f) | 0x80);
  std::string text = hex_encode(bytes);
  for (std::size_t at : {20, 16, 12, 8}) text.insert(at, 1, '-');
  return text;
}

} // namespace alk::stored
