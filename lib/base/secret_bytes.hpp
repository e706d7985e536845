// Bytes that must not be left behind: move-only, wiped when released, compared in constant time, not
// printable.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>
#include <vector>

namespace alk {

class SecretBytes {
 public:
  SecretBytes() = default;
  explicit SecretBytes(std::size_t size) : bytes_(size) {}
  explicit SecretBytes(std::string_view text);
  SecretBytes(SecretBytes&& other) noexcept;
  SecretBytes& operator=(SecretBytes&& other) noexcept;
  SecretBytes(const SecretBytes&) = delete;
  SecretBytes& operator=(const SecretBytes&) = delete;
  ~SecretBytes() { wipe(); }

  std::span<std::byte> bytes() { return bytes_; }
  std::span<const std::byte> bytes() const { return bytes_; }
  std::string_view view() const { return {reinterpret_cast<const char*>(bytes_.data()), bytes_.size()}; }
  bool empty() const { return bytes_.empty(); }
  std::size_t size() const { return bytes_.size(); }
  void wipe() noexcept;

 private:
  std::vector<std::byte> bytes_;
};

// Overwrites memory in a way that the compiler may not leave out.
void wipe(std::span<std::byte> bytes) noexcept;

// Time depends on the lengths alone.
bool equal_constant_time(std::span<const std::byte> a, std::span<const std::byte> b) noexcept;
bool equal_constant_time(std::string_view a, std::string_view b) noexcept;

} // namespace alk
