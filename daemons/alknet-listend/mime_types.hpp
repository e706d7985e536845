#pragma once

#include <string_view>

namespace alk::listend {

// Content-Type for a file name's extension (any case), by the table that Debian's nginx ships.
std::string_view mime_type(std::string_view extension);

} // namespace alk::listend
