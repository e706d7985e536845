#include "base/locked_secret.hpp"

#include "base/secret_bytes.hpp"

#include <cerrno>
#include <cstring>
#include <utility>

#include <sys/mman.h>
#include <unistd.h>

namespace alk {

static std::size_t whole_pages(std::size_t size) {
  const auto page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
  return (size / page + 1) * page;
}

Result<LockedSecret> LockedSecret::make(std::string_view secret) {
  const std::size_t room = whole_pages(secret.size());
  void* pages = ::mmap(nullptr, room, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (pages == MAP_FAILED) return fail_errno(errno, "memory for a secret");
  LockedSecret made(pages, room);
  if (::mlock(pages, room) != 0) return fail_errno(errno, "locking memory");
  ::madvise(pages, room, MADV_DONTDUMP);
  if (!secret.empty()) std::memcpy(pages, secret.data(), secret.size());
  made.size_ = secret.size();
  return made;
}

LockedSecret::LockedSecret(LockedSecret&& other) noexcept
    : pages_(std::exchange(other.pages_, nullptr)), room_(other.room_), size_(std::exchange(other.size_, 0)) {
}

LockedSecret::~LockedSecret() {
  if (pages_ == nullptr) return;
  wipe({static_cast<std::byte*>(pages_), size_});
  ::munmap(pages_, room_);
}

} // namespace alk
