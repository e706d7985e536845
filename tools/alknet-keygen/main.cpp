// alknet-keygen: the keys that a server needs before its first start, made where they are missing. It runs
// once, as root, without a network; alknet-keygen.service is its only caller.
#include "base/version.hpp"
#include "net/tls_pair.hpp"
#include "ssh/key_file.hpp"

#include <cerrno>
#include <cstdio>
#include <exception>
#include <string_view>

#include <sys/stat.h>

namespace alk::keygen {

// The names that alknet-listend.service loads its credentials from.
static Result<std::vector<std::string>> make_missing_keys(const std::string& directory) {
  std::vector<std::string> made;
  const std::string host_key = directory + "/ssh_host_ed25519_key";
  ALK_TRY(bool made_host_key, ssh::make_missing_private_key(host_key));
  if (made_host_key) made.push_back(host_key);
  const std::string tls = directory + "/tls";
  if (::mkdir(tls.c_str(), 0700) != 0 && errno != EEXIST) return fail_errno(errno, tls);
  ALK_TRY(auto pair, net::make_missing_tls_pair({.cert = tls + "/cert.pem", .key = tls + "/key.pem"}));
  made.insert(made.end(), pair.begin(), pair.end());
  return made;
}

static int run(int argc, char** argv) {
  const std::string_view argument = argc > 1 ? argv[1] : "/etc/alknet";
  if (argument == "--version")
    return std::printf("alknet-keygen %s\n", std::string(version()).c_str()) < 0 ? 1 : 0;
  if (argument == "--help") return std::puts("usage: alknet-keygen [DIRECTORY]") < 0 ? 1 : 0;
  if (argc > 2 || argument.starts_with('-')) {
    std::fputs("usage: alknet-keygen [DIRECTORY]\n", stderr);
    return 2;
  }
  auto made = make_missing_keys(std::string(argument));
  if (!made) {
    std::fprintf(stderr, "error: %s\n", made.error().describe().c_str());
    return 1;
  }
  for (const std::string& file : *made) std::printf("made %s\n", file.c_str());
  return 0;
}

} // namespace alk::keygen

int main(int argc, char** argv) {
  ::umask(077);
  try {
    return alk::keygen::run(argc, argv);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "error: %s\n", error.what());
    return 1;
  }
}
