#include "net/sniff.hpp"

#include <algorithm>

namespace alk::net {

namespace {
constexpr unsigned char tls_handshake_record = 0x16; // RFC 8446 section 5.1, ContentType handshake
constexpr unsigned char sslv2_length_bit = 0x80;     // first byte of an SSLv2 record header
} // namespace

Speech classify_speech(std::string_view bytes) {
  const auto compared = std::min(bytes.size(), ssh_opening.size());
  if (bytes.substr(0, compared) != ssh_opening.substr(0, compared)) return Speech::Web;
  return compared == ssh_opening.size() ? Speech::Ssh : Speech::NeedMore;
}

Opening classify_opening(unsigned char first) {
  return first == tls_handshake_record || (first & sslv2_length_bit) != 0 ? Opening::Tls : Opening::PlainHttp;
}

} // namespace alk::net
