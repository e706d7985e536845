#include "net/tls_pair.hpp"

#include "base/text.hpp"
#include "net/self_signed.hpp"

#include <sys/stat.h>
#include <unistd.h>

namespace alk::net {

namespace {

constexpr std::size_t key_file_limit = 64 * 1024; // RSA of 16,384 bits stays below 16 KiB

bool exists(const std::string& path) {
  struct ::stat status {};
  return ::lstat(path.c_str(), &status) == 0;
}

std::string host_name() {
  char name[256] = "";
  if (::gethostname(name, sizeof name - 1) != 0) return {};
  return name;
}

Result<SecretBytes> read_key(const std::string& path) {
  ALK_TRY(std::string text, read_file(path, key_file_limit));
  SecretBytes key(text);
  wipe(std::as_writable_bytes(std::span(text)));
  return key;
}

Result<std::string> certificate_of_this_host(const SecretBytes& key) {
  std::vector<std::string> names{"localhost", "127.0.0.1", "::1"};
  std::string own = host_name();
  if (!own.empty() && own != "localhost") {
    names.push_back(own);
    // A host name that no certificate can carry is left out.
    if (auto certificate = make_self_signed(key, names)) return certificate;
    names.pop_back();
  }
  return make_self_signed(key, names);
}

} // namespace

Result<std::vector<std::string>> make_missing_tls_pair(const TlsPairPaths& paths) {
  bool has_key = exists(paths.key);
  std::vector<std::string> made;
  if (exists(paths.cert)) {
    if (has_key) return made;
    return fail(Kind::Conflict,
                paths.cert + " is there without its key, " + paths.key + ": remove it or bring the key back");
  }
  SecretBytes key;
  if (has_key) {
    ALK_TRY(key, read_key(paths.key));
  } else {
    ALK_TRY(key, generate_tls_key());
    ALK_TRY_VOID(create_file(paths.key, key.view(), 0600));
    made.push_back(paths.key);
  }
  auto certificate = certificate_of_this_host(key);
  if (!certificate) return pass(std::move(certificate).error(), paths.key);
  ALK_TRY_VOID(create_file(paths.cert, *certificate, 0600));
  made.push_back(paths.cert);
  return made;
}

} // namespace alk::net
