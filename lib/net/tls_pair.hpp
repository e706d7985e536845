// The TLS key and certificate of a server that nobody has given a pair to: files, made where they are
// missing. What `alknet serve` and the first start of the packaged server have in common.
#pragma once

#include "base/result.hpp"

#include <string>
#include <vector>

namespace alk::net {

struct TlsPairPaths {
  std::string cert;
  std::string key;
};

// Makes what is missing, with mode 0600: an EC P-256 key, and a certificate for it that is signed by itself
// and names localhost and this host. What exists, be it a link, is never touched. The directories have to be
// there. Answers the files made, key first. Errors: Conflict (a certificate without its key), Invalid (the
// key is not one), errno.
Result<std::vector<std::string>> make_missing_tls_pair(const TlsPairPaths& paths);

} // namespace alk::net
