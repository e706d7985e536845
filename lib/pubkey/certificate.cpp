#include "pubkey/certificate.hpp"

#include "base/bytes.hpp"
#include "base/text.hpp"
#include "pubkey/key_blob.hpp"

#include <algorithm>
#include <set>

namespace alk::pubkey {

namespace {

constexpr std::string_view certificate_type = "ssh-ed25519-cert-v01@openssh.com";
constexpr std::uint32_t type_user = 1, type_host = 2;

Failure malformed(std::string_view what) {
  return fail(Kind::Invalid, "malformed certificate: " + std::string(what));
}

// Becomes a scope and a word of configuration: nothing that cannot be written there or is not seen.
bool good_principal(std::string_view name) {
  return !name.empty() && name.size() <= max_principal && is_utf8(name) &&
         std::none_of(name.begin(), name.end(), [](char c) {
           auto byte = static_cast<unsigned char>(c);
           return byte < ' ' || byte == 0x7f;
         });
}

Result<std::vector<std::string>> read_principals(std::string_view list) {
  std::vector<std::string> principals;
  for (ByteReader reader(list); !reader.done();) {
    auto name = reader.string(max_key_blob);
    if (!name) return malformed("principals");
    if (!good_principal(*name)) return malformed("a principal that is empty, too long or not printable");
    if (principals.size() == max_certificate_principals) return malformed("too many principals");
    principals.emplace_back(*name);
  }
  return principals;
}

// Addresses and networks, separated by commas; no wildcards, no negation.
std::optional<std::vector<config::Network>> read_networks(std::string_view data) {
  ByteReader reader(data);
  auto text = reader.string(max_key_blob);
  if (!text || !reader.done()) return std::nullopt;
  std::vector<config::Network> networks;
  for (std::string_view part : split(*text, ',')) {
    auto network = config::parse_network(part);
    if (!network) return std::nullopt;
    networks.push_back(*network);
  }
  return networks;
}

bool holds_one_string(std::string_view data) {
  ByteReader reader(data);
  return reader.string(max_key_blob) && reader.done();
}

bool understand(Certificate& certificate, std::string_view name, std::string_view data) {
  if (name == "verify-required") return data.empty();
  if (name == "force-command") return holds_one_string(data);
  if (name != "source-address") return false;
  certificate.source_addresses = read_networks(data);
  return certificate.source_addresses.has_value();
}

// Both lists: name, then data in a string of its own. `each` is told of every pair, and how often it came.
template <class Each>
bool for_each_option(std::string_view list, Each&& each) {
  std::set<std::string_view> seen;
  for (ByteReader reader(list); !reader.done();) {
    auto name = reader.string(max_key_blob);
    auto data = reader.string(max_key_blob);
    if (!name || !data) return false;
    each(*name, *data, seen.insert(*name).second);
  }
  return true;
}

Result<void> read_options(Certificate& certificate, std::string_view critical, std::string_view extensions) {
  bool good = for_each_option(critical, [&](std::string_view name, std::string_view data, bool first) {
    certificate.understood &= first && understand(certificate, name, data);
  });
  good = good && for_each_option(extensions, [&](std::string_view name, std::string_view data, bool) {
           if (name == "permit-port-forwarding") certificate.port_forwarding = data.empty();
         });
  if (!good) return malformed("options");
  return {};
}

Result<void> read_authority(Certificate& certificate) {
  auto authority = parse_key_blob(certificate.authority);
  if (!authority && authority.error().kind != Kind::Unsupported) return malformed("signature key");
  if (authority && authority->kind == KeyClass::Certificate) return malformed("signed by a certificate");
  return {};
}

// The certified key stands without its type, as that of the certificate tells it.
Result<std::string> read_key(ByteReader& reader) {
  auto nonce = reader.string(max_key_blob);
  auto point = reader.string(max_key_blob);
  if (!nonce || !point) return malformed("key");
  std::string key = ByteWriter().string("ssh-ed25519").string(*point).take();
  if (!parse_key_blob(key)) return malformed("key");
  return key;
}

} // namespace

Result<Certificate> parse_certificate(std::string_view blob) {
  ALK_TRY(KeyBlob outer, parse_key_blob(blob));
  if (outer.type_name != certificate_type) return fail(Kind::Unsupported, "not a certified ssh-ed25519 key");
  ByteReader reader(blob);
  (void)reader.string(max_key_blob); // the type
  Certificate certificate;
  ALK_TRY(certificate.key, read_key(reader));
  auto serial = reader.u64();
  auto type = reader.u32();
  auto key_id = reader.string(max_key_blob), principals = reader.string(max_key_blob);
  auto after = reader.u64(), before = reader.u64();
  auto critical = reader.string(max_key_blob), extensions = reader.string(max_key_blob);
  auto reserved = reader.string(max_key_blob), authority = reader.string(max_key_blob);
  if (!serial || !type || !key_id || !principals || !after || !before || !critical || !extensions ||
      !reserved || !authority)
    return malformed("cut short");
  certificate.body = blob.substr(0, blob.size() - reader.left());
  auto signature = reader.string(max_key_blob);
  if (!signature || !reader.done()) return malformed("signature");
  if (*type != type_user && *type != type_host) return malformed("neither for a user nor for a host");
  certificate.serial = *serial;
  certificate.for_user = *type == type_user;
  certificate.key_id = *key_id;
  certificate.valid_after = *after;
  certificate.valid_before = *before;
  certificate.authority = *authority;
  certificate.signature = *signature;
  ALK_TRY(certificate.principals, read_principals(*principals));
  ALK_TRY_VOID(read_options(certificate, *critical, *extensions));
  ALK_TRY_VOID(read_authority(certificate));
  return certificate;
}

} // namespace alk::pubkey
