#include "config/key_source.hpp"

#include "base/secret_file.hpp"
#include "config/config.hpp"

#include <cerrno>
#include <cstdlib>

#include <fcntl.h>
#include <sys/stat.h>
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

static Result<SecretBytes> read_whole(const Fd& file, const std::string& path) {
  ALK_TRY(SecretBytes bytes, read_secret(file, KeySource::size_limit, path));
  if (bytes.empty()) return fail(Kind::Invalid, path + ": is empty");
  return bytes;
}

Result<SecretBytes> KeySource::read_open(const Fd& file, const std::string& path) {
  struct stat status {};
  if (::fstat(file.get(), &status) != 0) return fail_errno(errno, path);
  if (!S_ISREG(status.st_mode)) return fail(Kind::Invalid, path + ": not a regular file"); // could block
  return read_whole(file, path);
}

KeySource KeySource::with(RenewedKeys renewed) const {
  KeySource source = *this;
  for (auto& [name, key] : renewed)
    source.renewed_[name] = std::make_shared<const RenewedKey>(std::move(key));
  return source;
}

KeySource KeySource::holding(std::shared_ptr<const HeldKeys> held) const {
  KeySource source = *this;
  source.held_ = std::move(held);
  return source;
}

const RenewedKey* KeySource::find_renewed(const std::string& name) const {
  if (!name.starts_with(credential_prefix)) return nullptr;
  auto found = renewed_.find(name.substr(credential_prefix.size()));
  return found == renewed_.end() ? nullptr : found->second.get();
}

std::string KeySource::label(const std::string& name) const {
  const RenewedKey* renewed = find_renewed(name);
  return renewed != nullptr ? renewed->path : name;
}

Result<SecretBytes> KeySource::read(const std::string& name) const {
  if (held_) {
    auto found = held_->find(name);
    if (found == held_->end()) return fail(Kind::NotFound, name + ": was not handed over");
    return SecretBytes(found->second.view());
  }
  if (const RenewedKey* renewed = find_renewed(name)) return SecretBytes(renewed->bytes.view());
  ALK_TRY(auto file, path(name));
  Fd fd(::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY));
  if (!fd) return fail_errno(errno, file);
  return read_whole(fd, file);
}

} // namespace alk::config
