#include "control/bundle.hpp"

#include "base/bytes.hpp"
#include "base/memory_file.hpp"

namespace alk::listend {

namespace {
constexpr std::size_t name_limit = 4096;       // a path
constexpr std::size_t file_limit = 4 << 20;    // of all files of the configuration (lib/config)
constexpr std::size_t bundle_limit = 32 << 20; // those, and a megabyte for each of some keys
constexpr std::uint32_t most_entries = 4096;   // drop-ins; keys

Failure cut_short() {
  return fail(Kind::Invalid, "a bundle of configuration and keys is cut short");
}

std::string write_files(const config::Sources& files) {
  ByteWriter out;
  out.u32(static_cast<std::uint32_t>(files.size()));
  for (const config::SourceFile& file : files) out.string(file.path).string(file.name).string(file.text);
  return out.take();
}

Result<config::Sources> read_files(ByteReader& in) {
  auto count = in.u32();
  if (!count || *count > most_entries) return cut_short();
  config::Sources files;
  for (std::uint32_t i = 0; i < *count; ++i) {
    auto path = in.string(name_limit), name = in.string(name_limit), text = in.string(file_limit);
    if (!path || !name || !text) return cut_short();
    files.push_back({std::string(*path), std::string(*name), std::string(*text)});
  }
  return files;
}
} // namespace

Result<config::HeldKeys> collect_keys(const config::Static& fixed, const config::KeySource& keys) {
  config::HeldKeys held;
  auto take = [&](const std::string& name) -> Result<void> {
    if (held.contains(name)) return {};
    ALK_TRY(SecretBytes bytes, keys.read(name));
    held.emplace(name, std::move(bytes));
    return {};
  };
  ALK_TRY_VOID(take(fixed.host_key));
  for (const config::Listener& listener : fixed.listeners) {
    if (listener.transport != config::Transport::Tls) continue;
    const config::TlsFiles& files = config::tls_files(fixed, listener);
    ALK_TRY_VOID(take(files.cert));
    ALK_TRY_VOID(take(files.key));
  }
  return held;
}

// Keys are written from where they lie: a buffer that grows would leave copies behind.
Result<Fd> pack(const Bundle& bundle) {
  std::string files = write_files(bundle.sources);
  files += ByteWriter().u32(static_cast<std::uint32_t>(bundle.keys.size())).take();
  std::vector<std::string> names;
  for (const auto& [name, bytes] : bundle.keys)
    names.push_back(ByteWriter().string(name).u32(static_cast<std::uint32_t>(bytes.size())).take());
  std::vector<std::string_view> pieces{files};
  std::size_t at = 0;
  for (const auto& [name, bytes] : bundle.keys) {
    pieces.push_back(names[at++]);
    pieces.push_back(bytes.view());
  }
  std::string running = write_files(bundle.running);
  pieces.push_back(running);
  return seal_in_memory(pieces);
}

Result<Bundle> unpack(const Fd& memory) {
  ALK_TRY(SecretBytes content, read_sealed(memory, bundle_limit));
  ByteReader in(content.view());
  Bundle bundle;
  ALK_TRY(bundle.sources, read_files(in));
  auto keys = in.u32();
  if (!keys || *keys > most_entries) return cut_short();
  for (std::uint32_t i = 0; i < *keys; ++i) {
    auto name = in.string(name_limit), bytes = in.string(config::KeySource::size_limit);
    if (!name || !bytes) return cut_short();
    bundle.keys.emplace(std::string(*name), SecretBytes(*bytes));
  }
  ALK_TRY(bundle.running, read_files(in));
  return bundle;
}

} // namespace alk::listend
