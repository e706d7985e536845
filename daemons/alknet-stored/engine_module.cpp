#include "alknet-stored/engine_module.hpp"

#include "base/version.hpp"

#include <filesystem>

#include <dlfcn.h>

namespace alk::stored {

Result<std::string> find_postgresql() {
  std::error_code error;
  const auto program = std::filesystem::read_symlink("/proc/self/exe", error);
  if (error) return fail(Kind::Broken, "/proc/self/exe: " + error.message());
  std::string path = program.parent_path() / "alknet-stored-postgresql.so";
  if (!std::filesystem::exists(path, error))
    return fail(Kind::Unsupported, "storage.url names a PostgreSQL server, and " + path +
                                       " is not there: install the package alknet-stored-postgresql");
  return path;
}

Result<std::unique_ptr<Engine>> load_postgresql(const std::string& path, ServerAddress address) {
  void* module = ::dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (module == nullptr) return fail(Kind::Unsupported, ::dlerror());
  auto* make = reinterpret_cast<MakeEngine*>(::dlsym(module, make_engine_symbol));
  if (make == nullptr) return fail(Kind::Unsupported, path + " is no module of alknet-stored");
  Result<std::unique_ptr<Engine>> made = fail(Kind::Broken, path + " answered nothing");
  const std::string release(version());
  make(&address, release.c_str(), &made);
  return made;
}

} // namespace alk::stored
