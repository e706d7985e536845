// authorized_keys files, and the verdicts about them: no crash, and nothing logs in that must not.
#include "alknet-authd/judge.hpp"

#include <cstdlib>

using namespace alk::authd;
using namespace alk::pubkey;

static void require(bool condition) {
  if (!condition) std::abort();
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view text(reinterpret_cast<const char*>(data), size);
  AuthorizedKeys parsed;
  parse_authorized_keys("keys", text, parsed);
  auto copy = parsed.lines;
  auto keys = KeySet::build(std::move(parsed));
  require(keys.login_count() + keys.authority_count() <= copy.size());
  require(keys.warnings().list().size() <= max_warnings);
  for (const KeyLine& line : copy) {
    auto verdict = judge(keys, {line.blob, "alice", "192.0.2.1"}, 1'800'000'000);
    require(verdict.has_value());
    require(!line.options.cert_authority || !std::holds_alternative<Grant>(*verdict));
    require(keys.is_authority(sha256(line.blob)) || keys.find_login(line.blob) != nullptr);
  }
  (void)judge(keys, {text, text, text}, 0);
  (void)parse_fingerprint(text);
  return 0;
}
