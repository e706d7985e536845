#include "control/bundle.hpp"

#include "base/memory_file.hpp"
#include "config/sources_wire.hpp"

namespace alk::listend {

namespace {
constexpr std::size_t name_limit = 4096;       // of a key, a path
constexpr std::size_t bundle_limit = 32 << 20; // those, and a megabyte for each of some keys
constexpr std::uint32_t most_entries = 4096;   // keys

Failure cut_short() {
  return fail(Kind::Invalid, "a bundle of configuration and keys is cut short");
}

std::string write_files(const config::Sources& files) {
  ByteWriter out;
  config::write_sources(out, files);
  return out.take();
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
  if (fixed.host_key != config::secret_host_key) ALK_TRY_VOID(take(fixed.host_key));
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
  auto sources = config::read_sources(in);
  if (!sources) return cut_short();
  bundle.sources = std::move(*sources);
  auto keys = in.u32();
  if (!keys || *keys > most_entries) return cut_short();
  for (std::uint32_t i = 0; i < *keys; ++i) {
    auto name = in.string(name_limit), bytes = in.string(config::KeySource::size_limit);
    if (!name || !bytes) return cut_short();
    bundle.keys.emplace(std::string(*name), SecretBytes(*bytes));
  }
  auto running = config::read_sources(in);
  if (!running) return cut_short();
  bundle.running = std::move(*running);
  return bundle;
}

} // namespace alk::listend
