#include "base/memory_file.hpp"

#include <cerrno>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

namespace alk {

static constexpr int all_seals = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE;

static Result<void> write_all(const Fd& memory, std::string_view content) {
  while (!content.empty()) {
    ssize_t count = ::write(memory.get(), content.data(), content.size());
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return fail_errno(errno, "writing a memfd");
    content.remove_prefix(static_cast<std::size_t>(count));
  }
  return {};
}

Result<Fd> seal_in_memory(std::span<const std::string_view> pieces) {
  Fd memory(::memfd_create("alknet-control", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (!memory) return fail_errno(errno, "memfd_create");
  for (std::string_view piece : pieces) ALK_TRY_VOID(write_all(memory, piece));
  if (::fcntl(memory.get(), F_ADD_SEALS, all_seals) != 0) return fail_errno(errno, "sealing a memfd");
  return memory;
}

static Result<std::size_t> sealed_size(const Fd& memory, std::size_t limit) {
  struct stat status {};
  int seals = ::fcntl(memory.get(), F_GET_SEALS);
  if (seals < 0 || (seals & all_seals) != all_seals || ::fstat(memory.get(), &status) != 0)
    return fail(Kind::Invalid, "not a sealed memfd");
  auto size = static_cast<std::size_t>(status.st_size);
  if (size > limit) return fail(Kind::Invalid, "a memfd above the limit");
  return size;
}

// Its position is shared with whoever else holds it: read from places.
static Result<void> read_all(const Fd& memory, void* target, std::size_t size) {
  for (std::size_t read = 0; read < size;) {
    ssize_t count =
        ::pread(memory.get(), static_cast<char*>(target) + read, size - read, static_cast<off_t>(read));
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return fail_errno(errno, "reading a memfd");
    read += static_cast<std::size_t>(count);
  }
  return {};
}

Result<SecretBytes> read_sealed(const Fd& memory, std::size_t limit) {
  ALK_TRY(std::size_t size, sealed_size(memory, limit));
  SecretBytes content(size);
  ALK_TRY_VOID(read_all(memory, content.bytes().data(), size));
  return content;
}

Result<std::string> read_sealed_text(const Fd& memory, std::size_t limit) {
  ALK_TRY(std::size_t size, sealed_size(memory, limit));
  std::string content(size, '\0');
  ALK_TRY_VOID(read_all(memory, content.data(), size));
  return content;
}

} // namespace alk
