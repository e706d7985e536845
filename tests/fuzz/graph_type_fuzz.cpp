// A graph type as JSON, put into a database: no crash, a precise refusal, and what was accepted comes out in
// a form that is accepted again and changes nothing.
#include "alknet-stored/graph/graph_admin.hpp"
#include "alknet-stored/sqlite/engine.hpp"

#include <cstdlib>

#include <unistd.h>

using namespace alk::stored;

namespace {

Act fuzz_act() {
  return {1700000000, "uid:0", "request", [](std::size_t size) {
            static unsigned state = 1;
            std::string bytes(size, '\0');
            for (char& byte : bytes) byte = static_cast<char>((state = state * 1664525u + 1013904223u) >> 24);
            return bytes;
          }};
}

// Empty, and always rolled back to be so.
Connection& database() {
  static std::string directory =
      ::access("/dev/shm", W_OK) == 0 ? "/dev/shm/alknet-fuzz-XXXXXX" : "/tmp/alknet-fuzz-XXXXXX";
  static auto engine = [] {
    if (::mkdtemp(directory.data()) == nullptr) std::abort();
    auto made = make_sqlite_engine(directory);
    if (!made) std::abort();
    return std::move(*made);
  }();
  static auto connection = [] {
    auto opened = engine->open(Place::system(), Access::Write);
    if (!opened) std::abort();
    // Open until the end, so the files need no names any more.
    for (const char* name : {"/system.db", "/system.db-wal", "/system.db-shm"})
      ::unlink((directory + name).c_str());
    ::rmdir(directory.c_str());
    return std::move(*opened);
  }();
  return *connection;
}

alk::Result<void> put_twice(Transaction& tables, std::string_view text) {
  ALK_TRY(const GraphType made, put_graph_type(tables, fuzz_act(), text));
  ALK_TRY(const std::string shown, graph_type_json(tables, made.id));
  auto again = put_graph_type(tables, fuzz_act(), shown);
  if (!again || again->id != made.id || again->version != made.version) std::abort();
  return alk::fail(alk::Kind::Gone, "rolled back");
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  auto done =
      database().transact(Access::Write, [&](Transaction& tables) { return put_twice(tables, text); });
  if (done || done.error().kind == alk::Kind::Broken || done.error().kind == alk::Kind::Busy) std::abort();
  return 0;
}
