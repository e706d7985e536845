#include "config/committed.hpp"

#include "base/memory_file.hpp"
#include "config/sources_wire.hpp"

namespace alk::config {

namespace {
constexpr std::uint32_t format = 1;           // another release may have to read it: upgrades, downgrades
constexpr std::size_t name_limit = 4096;      // a path
constexpr std::size_t saved_limit = 64 << 20; // two configurations, and 32 MiB of key files
constexpr std::uint32_t most_entries = 65536; // key files

Failure cut_short() {
  return fail(Kind::Invalid, "a kept configuration is cut short");
}
} // namespace

Result<Fd> pack(const CommittedText& text) {
  ByteWriter out;
  out.u32(format).u64(text.generation);
  write_sources(out, text.sources);
  write_sources(out, text.running);
  out.u32(static_cast<std::uint32_t>(text.files.size()));
  for (const auto& [name, content] : text.files) out.string(name).string(content);
  const std::string_view pieces[] = {out.bytes()};
  return seal_in_memory(pieces);
}

Result<CommittedText> unpack_committed(const Fd& memory) {
  ALK_TRY(std::string content, read_sealed_text(memory, saved_limit));
  ByteReader in(content);
  if (in.u32() != format) return fail(Kind::Invalid, "a kept configuration of another release");
  auto generation = in.u64();
  if (!generation) return cut_short();
  CommittedText text;
  text.generation = *generation;
  auto sources = read_sources(in), running = read_sources(in);
  if (!sources || !running) return cut_short();
  text.sources = std::move(*sources);
  text.running = std::move(*running);
  auto count = in.u32();
  if (!count || *count > most_entries) return cut_short();
  for (std::uint32_t i = 0; i < *count; ++i) {
    auto name = in.string(name_limit), file = in.string(saved_limit);
    if (!name || !file) return cut_short();
    text.files.emplace(*name, *file);
  }
  return text;
}

} // namespace alk::config
