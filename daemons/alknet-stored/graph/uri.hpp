// URI references of JSON Schema ($id, $ref), resolved as RFC 3986 section 5.2 has it. Nothing is ever
// fetched.
#pragma once

#include <string>
#include <string_view>

namespace alk::stored {

std::string resolve_uri(std::string_view base,
                        std::string_view reference); // with the fragment of `reference`

struct UriParts {
  std::string document; // without "#"
  std::string fragment; // percent-decoded
};
UriParts split_fragment(std::string_view uri);

} // namespace alk::stored
