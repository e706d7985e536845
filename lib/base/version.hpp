// The version of this build, as meson.build states it.
#pragma once

#include <string_view>

namespace alk {

std::string_view version(); // "1.2.3"

} // namespace alk
