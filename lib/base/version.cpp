#include "base/version.hpp"

namespace alk {

std::string_view version() {
  return ALK_VERSION;
}

} // namespace alk
