#include "ssh/derived_key.hpp"

#include "base/bytes.hpp"
#include "base/encoding.hpp"
#include "base/result.hpp"

#include <algorithm>

namespace alk::ssh {

namespace {

constexpr std::string_view begin_line = "-----BEGIN OPENSSH PRIVATE KEY-----\n";
constexpr std::string_view end_line = "-----END OPENSSH PRIVATE KEY-----\n";
constexpr std::string_view magic("openssh-key-v1\0", 15);
constexpr std::size_t line_length = 70; // as ssh-keygen writes
constexpr std::size_t block_size = 8;   // of the cipher "none"
constexpr std::string_view padding("\1\2\3\4\5\6\7", 7);

// Fills memory of a known size: a buffer that grows would leave copies behind.
class Filling {
 public:
  explicit Filling(std::size_t size) : bytes_(size) {}
  void put(std::string_view text) {
    ALK_CHECK(used_ + text.size() <= bytes_.size());
    std::copy(text.begin(), text.end(), reinterpret_cast<char*>(bytes_.bytes().data()) + used_);
    used_ += text.size();
  }
  SecretBytes take() {
    ALK_CHECK(used_ == bytes_.size());
    return std::move(bytes_);
  }

 private:
  SecretBytes bytes_;
  std::size_t used_ = 0;
};

std::string as_string(std::string_view bytes) {
  return ByteWriter().string(bytes).take();
}

// Everything before the seed, and everything behind it.
struct Frame {
  std::string head, tail;
};

Frame make_frame(std::string_view public_key, std::size_t seed_size) {
  const std::string public_blob = as_string("ssh-ed25519") + as_string(public_key);
  const std::string check(8, '\0'); // for who decrypts; nothing is encrypted here
  std::string inner = check + public_blob;
  inner += ByteWriter().u32(static_cast<std::uint32_t>(seed_size + public_key.size())).take();
  std::string tail = std::string(public_key) + as_string(""); // the comment
  const std::size_t size = inner.size() + seed_size + tail.size();
  tail += padding.substr(0, (block_size - size % block_size) % block_size);
  std::string head(magic);
  head += as_string("none") + as_string("none") + as_string("") + ByteWriter().u32(1).take() +
          as_string(public_blob);
  head += ByteWriter().u32(static_cast<std::uint32_t>(inner.size() + seed_size + tail.size())).take();
  return {head + inner, std::move(tail)};
}

SecretBytes in_lines_of_base64(std::string_view bytes) {
  const SecretBytes text = base64_encode_secret(bytes);
  const std::size_t lines = (text.size() + line_length - 1) / line_length;
  Filling out(begin_line.size() + text.size() + lines + end_line.size());
  out.put(begin_line);
  for (std::size_t i = 0; i < lines; ++i) {
    out.put(text.view().substr(i * line_length, line_length));
    out.put("\n");
  }
  out.put(end_line);
  return out.take();
}

} // namespace

SecretBytes openssh_private_key(std::string_view public_key, const SecretBytes& seed) {
  const Frame frame = make_frame(public_key, seed.size());
  Filling whole(frame.head.size() + seed.size() + frame.tail.size());
  whole.put(frame.head);
  whole.put(seed.view());
  whole.put(frame.tail);
  const SecretBytes binary = whole.take();
  return in_lines_of_base64(binary.view());
}

} // namespace alk::ssh
