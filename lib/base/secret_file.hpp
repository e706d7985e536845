// Files that hold a secret, read into memory that is wiped: the whole room is there from the beginning, so
// that nothing is copied when it grows.
#pragma once

#include "base/fd.hpp"
#include "base/result.hpp"
#include "base/secret_bytes.hpp"

#include <cstddef>
#include <string>

namespace alk {

// Everything up to the end. Errors: by errno; Invalid (more than `limit` bytes); all name `path`.
Result<SecretBytes> read_secret(const Fd& file, std::size_t limit, const std::string& path);
Result<SecretBytes> read_secret_file(const std::string& path, std::size_t limit);

} // namespace alk
