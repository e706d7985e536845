// A memfd with sealed content (memfd_create(2), fcntl(2) F_ADD_SEALS): nobody who holds it can change it.
#pragma once

#include "base/fd.hpp"
#include "base/result.hpp"
#include "base/secret_bytes.hpp"

#include <span>
#include <string>
#include <string_view>

namespace alk {

Result<Fd> seal_in_memory(std::span<const std::string_view> pieces); // one behind the other
// Invalid: not a sealed memfd, or above `limit`.
Result<SecretBytes> read_sealed(const Fd& memory, std::size_t limit);
Result<std::string> read_sealed_text(const Fd& memory, std::size_t limit); // of what is no secret

} // namespace alk
