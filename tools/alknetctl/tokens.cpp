#include "tokens.hpp"

#include "base/encoding.hpp"
#include "base/text.hpp"
#include "config/config.hpp"
#include "config/duration.hpp"
#include "json.hpp"
#include "pubkey/key_blob.hpp"

#include <algorithm>

namespace alk::alknetctl {

namespace {

constexpr std::size_t secret_bytes = 24;   // 192 bits, as 32 characters behind "alk_"
constexpr std::size_t prefix_length = 8;   // alknet.toml(5), prefix
constexpr std::size_t shortest_key = 20;   // what can be guessed is no key
constexpr std::size_t longest_token = 256; // what alknet-authd looks at

// One line, without its end.
Result<SecretBytes> read_token(SecretInput& in) {
  ALK_TRY(const SecretBytes line, in.text("Token"));
  const std::string_view text = trim(line.view());
  if (text.empty()) return fail(Kind::Invalid, "standard input: nothing there");
  if (text.size() > longest_token) return fail(Kind::Invalid, "standard input: longer than 256 bytes");
  return SecretBytes(text);
}

std::string quoted(const std::string& text) {
  std::string out = "\"";
  for (char c : text) out += c == '"' || c == '\\' ? std::string("\\") + c : std::string(1, c);
  return out + "\"";
}

// The entry as the configuration will have it.
Result<config::ApiKey> entry_of(const TokenJob& job, std::string_view key, std::uint64_t now) {
  config::ApiKey entry;
  entry.prefix = key.substr(0, prefix_length);
  const pubkey::Digest digest = pubkey::sha256(key);
  entry.hash =
      config::api_key_hash_prefix + hex_encode({reinterpret_cast<const char*>(digest.data()), digest.size()});
  entry.scopes = job.scopes;
  entry.description = job.description;
  if (job.ttl.empty()) return entry;
  auto ttl = config::parse_duration(job.ttl);
  if (!ttl || ttl->count() == 0) return fail(Kind::Invalid, "--ttl: a whole number and one of s, m, h, d");
  entry.created_at = static_cast<std::uint32_t>(now);
  entry.ttl = *ttl;
  return entry;
}

std::string toml_of(const config::ApiKey& entry) {
  std::string scopes;
  for (const std::string& scope : entry.scopes) scopes += (scopes.empty() ? "" : ", ") + quoted(scope);
  std::string text = "[[auth.api_keys]]\nprefix = " + quoted(entry.prefix) +
                     "\nhash = " + quoted(entry.hash) + "\nscopes = [" + scopes + "]\n";
  if (!entry.description.empty()) text += "description = " + quoted(entry.description) + "\n";
  if (entry.created_at != 0)
    text += "created_at = " + std::to_string(entry.created_at) +
            "\nttl = " + quoted(config::duration_text(entry.ttl)) + "\n";
  return text;
}

// What is printed has to be what the daemons will read.
Result<std::string> checked_toml(const TokenJob& job, std::string_view key, std::uint64_t now) {
  ALK_TRY(config::ApiKey entry, entry_of(job, key, now));
  std::string text = toml_of(entry);
  auto parsed = config::parse("the entry", text);
  if (!parsed) return fail(Kind::Invalid, parsed.error().front().describe());
  return text;
}

} // namespace

SecretBytes api_key_of(const SecretBytes& random) {
  const SecretBytes text = base64url_encode_secret(random.view());
  SecretBytes key(config::api_key_start.size() + text.size());
  auto at = std::ranges::copy(std::as_bytes(std::span(config::api_key_start)), key.bytes().begin()).out;
  std::ranges::copy(text.bytes(), at);
  return key;
}

int token_create(const TokenJob& job, const Output& output) {
  SecretBytes random(secret_bytes);
  job.random(random.bytes());
  const SecretBytes key = api_key_of(random);
  auto entry = checked_toml(job, key.view(), output.now);
  if (!entry) return report(entry.error(), output);
  if (output.format == Format::Json) {
    print_json({{"key", std::string(key.view())}, {"toml", *entry}}, output);
    return exit_ok;
  }
  output.out << "key: " << key.view() << "\nIt is not shown again. For the configuration:\n\n" << *entry;
  return exit_ok;
}

int token_hash(const TokenJob& job, SecretInput in, const Output& output) {
  auto key = read_token(in);
  if (!key) return report(key.error(), output);
  if (!key->view().starts_with(config::api_key_start) || key->size() < shortest_key)
    return report(
        fail(Kind::Invalid, "an API key begins with \"alk_\" and has 20 characters or more").value(), output);
  auto entry = checked_toml(job, key->view(), output.now);
  if (!entry) return report(entry.error(), output);
  if (output.format == Format::Json)
    print_json({{"toml", *entry}}, output);
  else
    output.out << *entry;
  return exit_ok;
}

int token_verify(Admin& admin, SecretInput in, const std::string& address, const Output& output) {
  auto token = read_token(in);
  if (!token) return report(token.error(), output);
  auto login = admin.verify_token(*token, address);
  if (!login) return report(login.error(), output);
  if (output.format == Format::Json) {
    Json document{{"accepted", login->accepted},
                  {"reason", login->reason},
                  {"identity", login->identity.id},
                  {"scopes", login->identity.scopes}};
    if (login->constraints.expires) document["expires"] = *login->constraints.expires;
    print_json(document, output);
  } else if (login->accepted) {
    output.out << "accepted: " << login->identity.id << '\n';
    for (const std::string& scope : login->identity.scopes) output.out << "scope " << scope << '\n';
  } else {
    output.out << "refused: " << login->reason << '\n';
  }
  return login->accepted ? exit_ok : exit_failed;
}

} // namespace alk::alknetctl
