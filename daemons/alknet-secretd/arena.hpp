// The only memory that ever holds a secret: one mapping, locked into RAM, left out of core dumps and of
// children, with an unreadable page on both sides. Blocks are wiped when they are given back.
#pragma once

#include "base/result.hpp"

#include <cstddef>
#include <memory>
#include <new>
#include <span>
#include <string_view>
#include <type_traits>
#include <vector>

namespace alk::secretd {

class Arena;

// A block of the arena: move-only, not printable, wiped when it goes. Must not outlive its arena.
class LockedBytes {
 public:
  LockedBytes() = default;
  LockedBytes(LockedBytes&& other) noexcept;
  LockedBytes& operator=(LockedBytes&& other) noexcept;
  LockedBytes(const LockedBytes&) = delete;
  LockedBytes& operator=(const LockedBytes&) = delete;
  ~LockedBytes() { release(); }

  std::span<std::byte> bytes() { return {data_, size_}; }
  std::span<const std::byte> bytes() const { return {data_, size_}; }
  std::string_view view() const { return {reinterpret_cast<const char*>(data_), size_}; }
  // As the C libraries want it.
  unsigned char* raw() { return reinterpret_cast<unsigned char*>(data_); }
  const unsigned char* raw() const { return reinterpret_cast<const unsigned char*>(data_); }
  std::size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  // Wipes what comes after the first `size` bytes, of which there must be as many.
  void truncate(std::size_t size);

 private:
  friend class Arena;
  LockedBytes(Arena* arena, std::byte* data, std::size_t size) : arena_(arena), data_(data), size_(size) {}
  void release() noexcept;

  Arena* arena_ = nullptr;
  std::byte* data_ = nullptr;
  std::size_t size_ = 0;
};

// Room for what secretd ever holds at once: 64 cached keys, and one call at a time with a text of 64 KiB in
// two forms. Well below the 2 MiB of LimitMEMLOCK and the 8 MiB of a login.
inline constexpr std::size_t arena_size = 512 * 1024;

class Arena {
 public:
  // `size` is rounded up to whole pages. Denied when the kernel does not lock the memory: without that there
  // are no secrets.
  static Result<std::unique_ptr<Arena>> make(std::size_t size);
  ~Arena(); // wipes everything
  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;

  // Zeroed. Busy when there is no room.
  Result<LockedBytes> take(std::size_t size);
  Result<LockedBytes> copy(std::span<const std::byte> bytes);

  std::size_t size() const { return size_; }
  std::size_t used() const; // bytes in blocks, as far as rounding tells
  bool holds(const void* address) const;

 private:
  friend class LockedBytes;
  Arena(std::byte* mapping, std::size_t size);
  void give_back(std::byte* data) noexcept;

  std::byte* const base_;
  const std::size_t size_;
  std::vector<std::uint32_t> runs_; // per granule: the length of the block that begins there, in granules
  std::vector<bool> taken_;         // per granule
};

// A C library's working state inside the arena.
template <class T>
class Scratch {
 public:
  static_assert(std::is_trivially_copyable_v<T> && std::is_trivially_destructible_v<T> && alignof(T) <= 64);
  static Result<Scratch> make(Arena& arena) {
    ALK_TRY(LockedBytes bytes, arena.take(sizeof(T)));
    return Scratch(std::move(bytes));
  }
  T* get() { return object_; }
  T& operator*() { return *object_; }
  T* operator->() { return object_; }

 private:
  explicit Scratch(LockedBytes bytes) : bytes_(std::move(bytes)), object_(new (bytes_.raw()) T{}) {}
  LockedBytes bytes_;
  T* object_;
};

// What the C libraries left on the stack below the caller: called after every piece of work with a secret.
void wipe_stack() noexcept;

} // namespace alk::secretd
