// Anchors of the audit log: a row's number and hash, kept where whoever can write to the database cannot
// reach, and, when alknet-secretd was unlocked, signed by a key that follows from the seed of the node.
//
// What is signed (Ed25519, RFC 8032), 72 bytes in network byte order:
//
//   20  "alknet audit anchor" and a NUL: nothing else that a key of a node signs begins so
//    4  version, 1: how the rows are hashed
//    8  sequence, the number of the row
//   32  hash of the row
//    8  time of the signature, Unix seconds
//
// As text: SEQUENCE:HASH, and when it is signed SEQUENCE:HASH:TIME:KEY:SIGNATURE, with the hash in 64
// hexadecimal digits and key and signature in base64url without padding.
#pragma once

#include "base/result.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace alk::pubkey {

inline constexpr std::uint32_t anchor_version = 1;
inline constexpr std::size_t anchor_hash_size = 32;
inline constexpr std::size_t anchor_key_size = 32;
inline constexpr std::size_t anchor_signature_size = 64;

struct Anchor {
  std::uint64_t sequence = 0;
  std::string hash;       // 64 hexadecimal digits in lower case
  std::uint64_t time = 0; // of the signature
  std::string key;        // 32 bytes, the public half; empty when it is not signed
  std::string signature;  // 64 bytes

  bool is_signed() const { return !key.empty(); }
  std::string bare_text() const; // without the signature
  std::string text() const;
  bool operator==(const Anchor&) const = default;
};

Result<Anchor> parse_anchor(std::string_view text); // Invalid; not whether the signature is right

// `hash`: 32 bytes.
std::string anchor_message(std::uint32_t version, std::uint64_t sequence, std::string_view hash,
                           std::uint64_t time);

enum class Signed { Not, Right, Wrong, ByAnother };
// Against the public key that is expected, 32 bytes.
Signed judge_signature(const Anchor& anchor, std::string_view key);

// 32 bytes from the line of an OpenSSH public key ("ssh-ed25519 AAAA… comment"), its middle alone, or the KEY
// of an anchor. Invalid.
Result<std::string> parse_anchor_key(std::string_view text);
std::string anchor_key_line(std::string_view key); // "ssh-ed25519 AAAA…"

} // namespace alk::pubkey
