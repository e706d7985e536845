#include "config/key_source.hpp"

#include "base/fd.hpp"
#include "config/config.hpp"

#include <cerrno>
#include <cstdlib>

#include <fcntl.h>
#include <unistd.h>

namespace alk::config {

static std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value ? value : "";
}

KeySource::KeySource() : directory_(environment("CREDENTIALS_DIRECTORY")) {}

Result<std::string> KeySource::path(const std::string& name) const {
  if (!name.starts_with(credential_prefix)) return name;
  auto credential = name.substr(credential_prefix.size());
  if (credential.empty() || credential.starts_with('.') || credential.find('/') != credential.npos)
    return fail(Kind::Invalid, name + ": not the name of a credential");
  if (directory_.empty())
    return fail(Kind::NotFound, name + ": there are no credentials here ($CREDENTIALS_DIRECTORY is not set)");
  return directory_ + "/" + credential;
}

// Into memory that is wiped: the whole room is there from the beginning, so that nothing is copied when it
// grows.
static Result<std::size_t> fill(int fd, SecretBytes& room, const std::string& path) {
  std::size_t size = 0;
  while (size < room.size()) {
    ssize_t count = ::read(fd, room.bytes().data() + size, room.size() - size);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return fail_errno(errno, path);
    if (count == 0) break;
    size += static_cast<std::size_t>(count);
  }
  return size;
}

Result<SecretBytes> KeySource::read(const std::string& name) const {
  if (held_) {
    auto found = held_->find(name);
    if (found == held_->end()) return fail(Kind::NotFound, name + ": was not handed over");
    return SecretBytes(found->second.view());
  }
  ALK_TRY(auto file, path(name));
  Fd fd(::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY));
  if (!fd) return fail_errno(errno, file);
  SecretBytes room(size_limit + 1);
  ALK_TRY(auto size, fill(fd.get(), room, file));
  if (size == 0) return fail(Kind::Invalid, file + ": is empty");
  if (size > size_limit) return fail(Kind::Invalid, file + ": larger than 1 MiB");
  return SecretBytes(room.view().substr(0, size));
}

} // namespace alk::config
