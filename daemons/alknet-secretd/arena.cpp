#include "alknet-secretd/arena.hpp"

#include "base/secret_bytes.hpp"

#include <cerrno>
#include <cstring>
#include <utility>

#include <sodium.h>
#include <sys/mman.h>
#include <unistd.h>

namespace alk::secretd {

// A cache line: what any library's state needs in alignment, and little lost on a key of 32 bytes.
static constexpr std::size_t granule = 64;
// Deeper than any call below us: the deepest is libsecp256k1's multiplication, a few KiB.
static constexpr std::size_t stack_depth = 64 * 1024;

static std::size_t page_size() {
  static const auto size = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
  return size;
}

LockedBytes::LockedBytes(LockedBytes&& other) noexcept
    : arena_(std::exchange(other.arena_, nullptr)), data_(std::exchange(other.data_, nullptr)),
      size_(std::exchange(other.size_, 0)) {}

LockedBytes& LockedBytes::operator=(LockedBytes&& other) noexcept {
  if (this == &other) return *this;
  release();
  arena_ = std::exchange(other.arena_, nullptr);
  data_ = std::exchange(other.data_, nullptr);
  size_ = std::exchange(other.size_, 0);
  return *this;
}

void LockedBytes::truncate(std::size_t size) {
  ALK_CHECK(size <= size_);
  wipe(bytes().subspan(size));
  size_ = size;
}

void LockedBytes::release() noexcept {
  if (arena_ != nullptr) arena_->give_back(data_);
  arena_ = nullptr;
  data_ = nullptr;
  size_ = 0;
}

Result<std::unique_ptr<Arena>> Arena::make(std::size_t size) {
  const std::size_t page = page_size();
  size = (size + page - 1) / page * page;
  void* whole = ::mmap(nullptr, size + 2 * page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (whole == MAP_FAILED) return fail_errno(errno, "mapping memory for keys");
  // From here on the destructor takes the mapping down again.
  std::unique_ptr<Arena> arena(new Arena(static_cast<std::byte*>(whole) + page, size));
  if (::mprotect(arena->base_, size, PROT_READ | PROT_WRITE) != 0)
    return fail_errno(errno, "mapping memory for keys");
  if (::mlock(arena->base_, size) != 0)
    return fail(Kind::Denied, "cannot lock " + std::to_string(size) + " bytes of memory for keys (" +
                                  std::strerror(errno) +
                                  "): raise the limit of locked memory (LimitMEMLOCK=2M)");
  if (::madvise(arena->base_, size, MADV_DONTDUMP) != 0 ||
      ::madvise(arena->base_, size, MADV_WIPEONFORK) != 0)
    return fail_errno(errno, "keeping keys out of core dumps and children");
  return arena;
}

Arena::Arena(std::byte* mapping, std::size_t size)
    : base_(mapping), size_(size), runs_(size / granule), taken_(size / granule) {}

Arena::~Arena() {
  // The pages may still be unreadable when make() failed half way.
  if (::mprotect(base_, size_, PROT_READ | PROT_WRITE) == 0) wipe({base_, size_});
  ::munmap(base_ - page_size(), size_ + 2 * page_size());
}

Result<LockedBytes> Arena::take(std::size_t size) {
  if (size > size_) return fail(Kind::Busy, "no room for more secrets");
  const std::size_t wanted = std::max<std::size_t>(1, (size + granule - 1) / granule);
  std::size_t run = 0;
  for (std::size_t i = 0; i < taken_.size(); ++i) {
    run = taken_[i] ? 0 : run + 1;
    if (run < wanted) continue;
    const std::size_t first = i + 1 - wanted;
    for (std::size_t used = first; used <= i; ++used) taken_[used] = true;
    runs_[first] = static_cast<std::uint32_t>(wanted);
    return LockedBytes(this, base_ + first * granule, size);
  }
  return fail(Kind::Busy, "no room for more secrets");
}

Result<LockedBytes> Arena::copy(std::span<const std::byte> bytes) {
  ALK_TRY(LockedBytes block, take(bytes.size()));
  if (!bytes.empty()) std::memcpy(block.raw(), bytes.data(), bytes.size());
  return block;
}

void Arena::give_back(std::byte* data) noexcept {
  const auto first = static_cast<std::size_t>(data - base_) / granule;
  const std::size_t count = std::exchange(runs_[first], 0);
  wipe({data, count * granule});
  for (std::size_t i = first; i < first + count; ++i) taken_[i] = false;
}

std::size_t Arena::used() const {
  std::size_t count = 0;
  for (bool taken : taken_) count += taken ? granule : 0;
  return count;
}

bool Arena::holds(const void* address) const {
  const auto* byte = static_cast<const std::byte*>(address);
  return byte >= base_ && byte < base_ + size_;
}

void wipe_stack() noexcept {
  ::sodium_stackzero(stack_depth);
}

} // namespace alk::secretd
