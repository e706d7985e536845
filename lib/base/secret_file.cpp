#include "base/secret_file.hpp"

#include <cerrno>

#include <fcntl.h>
#include <unistd.h>

namespace alk {

Result<SecretBytes> read_secret(const Fd& file, std::size_t limit, const std::string& path) {
  SecretBytes room(limit + 1);
  std::size_t size = 0;
  while (size < room.size()) {
    const ssize_t count = ::read(file.get(), room.bytes().data() + size, room.size() - size);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return fail_errno(errno, path);
    if (count == 0) return SecretBytes(room.view().substr(0, size));
    size += static_cast<std::size_t>(count);
  }
  return fail(Kind::Invalid, path + ": larger than " + std::to_string(limit) + " bytes");
}

Result<SecretBytes> read_secret_file(const std::string& path, std::size_t limit) {
  const Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY));
  if (!file) return fail_errno(errno, path);
  return read_secret(file, limit, path);
}

} // namespace alk
