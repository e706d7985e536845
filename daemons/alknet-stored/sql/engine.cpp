#include "alknet-stored/sql/engine.hpp"

namespace alk::stored {

bool is_uuid(std::string_view text) {
  if (text.size() != 36) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    const bool dash = i == 8 || i == 13 || i == 18 || i == 23;
    if (dash ? c != '-' : !((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'))) return false;
  }
  return true;
}

Result<Place> Place::tenant(std::string_view id) {
  if (!is_uuid(id)) return fail(Kind::Invalid, "not the id of an organisation");
  return Place(std::string(id));
}

Result<void> Engine::require_files() const {
  return fail(Kind::Unsupported, "the storage is on a database server: back it up and check it with the "
                                 "server's own tools, take a copy for any engine with `alknetctl store "
                                 "dump`, and check the audit log with `alknetctl audit verify`");
}

Result<std::vector<std::string>> Engine::inspect(const Place&, Progress&) {
  ALK_TRY_VOID(require_files());
  return std::vector<std::string>();
}

Result<Fd> Engine::copy(const Place&, Progress&) {
  ALK_TRY_VOID(require_files());
  return Fd();
}

} // namespace alk::stored
