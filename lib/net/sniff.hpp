// What a peer on a stealth listener speaks, judged from its first bytes. Pure: no bytes are consumed, and
// what an end of input or a deadline means is the caller's business (both mean the web side).
#pragma once

#include <string_view>

namespace alk::net {

// RFC 4253 section 4.2, version 2.0 alone: "SSH-1.99-" and "SSH-1.5-" are not SSH here. Case matters.
inline constexpr std::string_view ssh_opening = "SSH-2.0-";

enum class Speech {
  NeedMore, // nothing yet, or a proper prefix of the opening
  Ssh,
  Web, // the first byte that differs decides
};

// `bytes`: everything received so far, from the first byte on.
Speech classify_speech(std::string_view bytes);

// The first byte on a TLS port. Anything but a TLS record (or an SSLv2 hello) is answered in plain HTTP, as
// nginx does.
enum class Opening { Tls, PlainHttp };
Opening classify_opening(unsigned char first);

} // namespace alk::net
