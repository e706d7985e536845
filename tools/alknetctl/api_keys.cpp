// alknetctl apikey. The text of a key is made here, printed once and kept nowhere: alknet-stored gets its
// hash.
#include "base/encoding.hpp"
#include "config/duration.hpp"
#include "entries.hpp"
#include "pubkey/key_blob.hpp"
#include "store_verbs.hpp"
#include "tokens.hpp"

#include <sodium.h>

namespace alk::alknetctl {

namespace {

constexpr std::size_t random_size = 32; // bytes: nobody guesses 256 bits, so a plain hash is enough to keep
constexpr std::size_t prefix_size = 8;  // characters that may be shown

std::string hex_hash(std::string_view text) {
  const pubkey::Digest digest = pubkey::sha256(text);
  return hex_encode({reinterpret_cast<const char*>(digest.data()), digest.size()});
}

std::string state_of(const bus::Dictionary& key, std::uint64_t now) {
  if (has_entry(key, "revoked_at")) return "revoked";
  const auto* expires = bus::find<std::uint64_t>(key, "expires_at");
  if (expires != nullptr && *expires <= now) return "expired";
  return entry_true(key, "enabled") ? "live" : "disabled";
}

} // namespace

SecretBytes make_api_key() {
  SecretBytes random(random_size);
  ::randombytes_buf(random.bytes().data(), random.size());
  return api_key_of(random);
}

int apikey_create(StoreClient& store, const NewApiKey& wanted, const Output& output) {
  bus::Dictionary facts = {{"name", wanted.name}, {"scopes", wanted.scopes}};
  if (!wanted.lifetime.empty()) {
    auto lifetime = config::parse_duration(wanted.lifetime);
    if (!lifetime)
      return report(Error{Kind::Invalid, "a lifetime is a number and one of s, m, h, d", {}, {}}, output);
    facts["expires_at"] = output.now + static_cast<std::uint64_t>(lifetime->count());
  }
  const SecretBytes key = make_api_key();
  const std::string prefix(key.view().substr(0, prefix_size));
  auto made = store.create_api_key(wanted.account, hex_hash(key.view()), prefix, facts);
  if (!made) return report(made.error(), output);
  if (output.format == Format::Json) {
    Json document = entry_json(*made);
    document["key"] = std::string(key.view());
    print_json(document, output);
    return exit_ok;
  }
  output.out << key.view() << '\n';
  output.err << "Keep it: it is shown this once. alknetctl apikey revoke " << entry_cell(*made, "id")
             << " ends it.\n";
  return exit_ok;
}

int apikey_list(StoreClient& store, const std::string& account, const Output& output) {
  auto keys = store.list_api_keys(account);
  if (!keys) return report(keys.error(), output);
  if (output.format == Format::Json) {
    print_json({{"keys", entries_json(*keys)}}, output);
    return exit_ok;
  }
  Table table({"PREFIX", "NAME", "STATE", "SCOPES", "EXPIRES", "LAST USED", "ID"});
  for (const auto& key : *keys)
    table.add({entry_cell(key, "prefix"), entry_cell(key, "name"), state_of(key, output.now),
               entry_cell(key, "scopes"), entry_date(key, "expires_at"), entry_date(key, "last_used_at"),
               entry_cell(key, "id")});
  table.print(output.out);
  return exit_ok;
}

int apikey_revoke(StoreClient& store, const std::string& key, const Output& output) {
  auto revoked = store.revoke_api_key(key);
  if (!revoked) return report(revoked.error(), output);
  if (output.format == Format::Json)
    print_json({{"revoked", entry_json(*revoked)}}, output);
  else
    output.out << "revoked " << entry_cell(*revoked, "prefix") << ' ' << entry_cell(*revoked, "name") << '\n';
  return exit_ok;
}

} // namespace alk::alknetctl
