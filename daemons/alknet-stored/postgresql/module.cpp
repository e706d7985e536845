// What alknet-stored loads, see engine_module.hpp.
#include "alknet-stored/engine_module.hpp"
#include "alknet-stored/postgresql/engine.hpp"
#include "base/version.hpp"

namespace alk::stored {

extern "C" __attribute__((visibility("default"))) void
alknet_stored_make_engine(ServerAddress* address, const char* release,
                          Result<std::unique_ptr<Engine>>* made) {
  if (release != version())
    *made = fail(Kind::Unsupported, "alknet-stored-postgresql is of release " + std::string(version()) +
                                        ", alknet-stored of " + release);
  else
    *made = make_postgresql_engine({std::move(address->url), std::move(address->password)});
}

} // namespace alk::stored
