// Certificates as a peer sends them before anybody knows it: no crash, no bound passed, and nothing logs in
// by one that no configured authority signed.
#include "alknet-authd/certificate_judge.hpp"
#include "alknet-authd/signature.hpp"
#include "pubkey/certificate.hpp"

#include <cstdlib>

using namespace alk::authd;
using namespace alk::pubkey;

static void require(bool condition) {
  if (!condition) std::abort();
}

// Trusts whoever is said to have signed, so that the signature alone decides.
static KeySet trusting(std::string_view authority) {
  AuthorizedKeys keys;
  KeyLine line;
  line.blob = authority;
  line.trusted = line.options.cert_authority = true;
  keys.lines.push_back(std::move(line));
  return KeySet::build(std::move(keys));
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view blob(reinterpret_cast<const char*>(data), size);
  (void)parse_credential(blob);
  auto certificate = parse_certificate(blob);
  if (!certificate) return 0;
  require(blob.size() <= max_key_blob && certificate->principals.size() <= max_certificate_principals);
  require(certificate->body.size() + certificate->signature.size() + 4 == blob.size());
  for (const std::string& name : certificate->principals)
    require(!name.empty() && name.size() <= max_principal);
  auto verdict = judge(trusting(certificate->authority), {blob, "alice", "192.0.2.1"}, 1'800'000'000);
  require(verdict.has_value());
  if (!std::holds_alternative<Grant>(*verdict)) return 0;
  require(signature_valid(certificate->authority, certificate->body, certificate->signature));
  require(certificate->for_user && certificate->understood);
  require(parse_credential(std::get<Grant>(*verdict).constraints.credential).has_value());
  return 0;
}
