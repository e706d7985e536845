#include "pubkey/authorized_keys.hpp"

#include "base/encoding.hpp"
#include "base/text.hpp"
#include "pubkey/key_blob.hpp"

#include <optional>

namespace alk::pubkey {

namespace {

// Cuts `length` bytes and the blanks behind them off the line.
std::string_view take(std::string_view& line, std::size_t length) {
  auto token = line.substr(0, length);
  line.remove_prefix(token.size());
  line = trim(line);
  return token;
}

std::string_view take_token(std::string_view& line) {
  return take(line, line.find_first_of(" \t"));
}

Result<void> check_class(KeyClass kind, const KeyOptions& options) {
  switch (kind) {
  case KeyClass::Ed25519: return {};
  case KeyClass::Certificate: return fail(Kind::Invalid, "a certificate is not a key");
  case KeyClass::SecurityKey: return fail(Kind::Invalid, "security keys are not supported");
  case KeyClass::Dsa: return fail(Kind::Invalid, "ssh-dss is too weak");
  case KeyClass::Rsa:
  case KeyClass::Ecdsa: break;
  }
  if (!options.cert_authority) return fail(Kind::Invalid, "only ssh-ed25519 keys may log in");
  return {};
}

Result<void> check_strength(KeyClass kind, std::string_view blob) {
  if (kind != KeyClass::Rsa) return {};
  ALK_TRY(std::size_t bits, rsa_bits(blob));
  if (bits < min_rsa_ca_bits) return fail(Kind::Invalid, "ssh-rsa key is too short");
  return {};
}

Result<std::string> parse_key(const KeyLineParts& parts, const KeyOptions& options) {
  auto kind = key_class(parts.type);
  if (!kind) return fail(Kind::Invalid, "no key of a known type");
  ALK_TRY_VOID(check_class(*kind, options));
  auto blob = base64_decode(parts.base64);
  if (!blob || blob->empty()) return fail(Kind::Invalid, "malformed base64");
  auto parsed = parse_key_blob(*blob);
  if (!parsed && parsed.error().kind == Kind::Unsupported)
    return fail(Kind::Invalid, "key is of another type than named");
  if (!parsed) return pass(std::move(parsed).error());
  if (parsed->type_name != parts.type) return fail(Kind::Invalid, "key is of another type than named");
  ALK_TRY_VOID(check_strength(*kind, *blob));
  return std::move(*blob);
}

} // namespace

void Warnings::add(Place place, std::string reason) {
  if (list_.size() < max_warnings) {
    list_.push_back({std::move(place), std::move(reason)});
  } else {
    ++left_out_;
  }
}

std::vector<std::string> Warnings::texts() const {
  std::vector<std::string> texts;
  texts.reserve(list_.size() + 1);
  for (const Warning& warning : list_) texts.push_back(warning.text());
  if (left_out_ > 0) texts.push_back("and " + std::to_string(left_out_) + " more lines");
  return texts;
}

Result<KeyLineParts> split_key_line(std::string_view line) {
  line = trim(line);
  if (line.size() > max_key_line) return fail(Kind::Invalid, "line is longer than 16 KiB");
  if (line.starts_with("-----BEGIN")) return fail(Kind::Invalid, "this is not a public key line");
  KeyLineParts parts;
  if (!key_class(line.substr(0, line.find_first_of(" \t")))) {
    auto length = options_length(line);
    if (!length) return fail(Kind::Invalid, "unclosed quote in the options");
    parts.options = take(line, *length);
  }
  parts.type = take_token(line);
  parts.base64 = take_token(line);
  parts.comment = line;
  return parts;
}

Result<KeyLine> parse_key_line(std::string_view line, Bare bare) {
  ALK_TRY(KeyLineParts parts, split_key_line(line));
  KeyLine key;
  if (!parts.options.empty()) {
    ALK_TRY(key.options, parse_key_options(parts.options));
  }
  if (bare == Bare::Authority && !key.options.principals.empty())
    return fail(Kind::Invalid, "principals= belongs into an authorized_keys file");
  key.trusted = bare == Bare::Authority;
  key.options.cert_authority |= key.trusted;
  ALK_TRY(key.blob, parse_key(parts, key.options));
  return key;
}

void parse_authorized_keys(const std::string& file, std::string_view text, AuthorizedKeys& into, Bare bare) {
  std::uint32_t number = 0;
  while (!text.empty()) {
    std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    Place place{file, ++number};
    std::string_view content = trim(line);
    if (content.empty() || content.starts_with('#')) continue;
    auto key = parse_key_line(content, bare);
    if (key) {
      key->place = std::move(place);
      into.lines.push_back(std::move(*key));
    } else {
      into.warnings.add(std::move(place), key.error().what);
    }
  }
}

} // namespace alk::pubkey
