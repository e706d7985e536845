#include "config/sources_wire.hpp"

namespace alk::config {

namespace {
constexpr std::size_t name_limit = 4096;      // a path
constexpr std::size_t text_limit = 4 << 20;   // of one file: the limit of a whole configuration
constexpr std::uint32_t most_sources = 65536; // the main file and drop-ins
} // namespace

void write_sources(ByteWriter& out, const Sources& sources) {
  out.u32(static_cast<std::uint32_t>(sources.size()));
  for (const SourceFile& file : sources) out.string(file.path).string(file.name).string(file.text);
}

std::optional<Sources> read_sources(ByteReader& in) {
  const auto count = in.u32();
  if (!count || *count > most_sources) return std::nullopt;
  Sources sources;
  for (std::uint32_t i = 0; i < *count; ++i) {
    const auto path = in.string(name_limit), name = in.string(name_limit), text = in.string(text_limit);
    if (!path || !name || !text) return std::nullopt;
    sources.push_back({std::string(*path), std::string(*name), std::string(*text)});
  }
  return sources;
}

} // namespace alk::config
