// OpenSSH's authorized_keys format (sshd(8)): one key a line, options in front, a comment behind. A line that
// cannot be used is left out with a warning; the rest counts. The text is never repeated in a warning.
#pragma once

#include "base/result.hpp"
#include "pubkey/key_options.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace alk::pubkey {

inline constexpr std::size_t max_key_file = 4 * 1024 * 1024; // some 40,000 keys; far above any real file
inline constexpr std::size_t max_key_line = 16 * 1024;       // room for OpenSSH's longest key
inline constexpr std::size_t max_warnings = 256;             // they are shown on the bus; the rest is counted
inline constexpr std::size_t min_rsa_ca_bits = 2048;

// Where a line came from: FILE:LINE, lines from 1.
struct Place {
  std::string file;
  std::uint32_t line = 0;
  std::string text() const { return file + ":" + std::to_string(line); }
};

struct Warning {
  Place place;
  std::string reason;
  std::string text() const { return place.text() + ": " + reason; }
};

class Warnings {
 public:
  void add(Place place, std::string reason);
  const std::vector<Warning>& list() const { return list_; }
  std::size_t left_out() const { return left_out_; } // beyond max_warnings
  std::vector<std::string> texts() const;            // the list, and one line about what was left out

 private:
  std::vector<Warning> list_;
  std::size_t left_out_ = 0;
};

// A login key (always Ed25519) or, with options.cert_authority, a CA (Ed25519, ECDSA, RSA).
struct KeyLine {
  std::string blob; // SSH wire encoding
  KeyOptions options;
  bool trusted = false; // a CA for all users, read as Bare::Authority
  Place place;
};

struct AuthorizedKeys {
  std::vector<KeyLine> lines; // in the order of the files
  Warnings warnings;
};

// What a key without cert-authority is: in authorized_keys a login key, in a file of certificate authorities
// (TrustedUserCAKeys of sshd_config(5)) one of those. There principals= refuses the line: it would say
// something else than the user name, which such an authority is compared with.
enum class Bare { Login, Authority };

// Adds the lines of one file (or of one inline entry of the configuration) named `file`.
void parse_authorized_keys(const std::string& file, std::string_view text, AuthorizedKeys& into,
                           Bare bare = Bare::Login);

// The fields of a line, as they are written; nothing is judged yet. They point into the line.
struct KeyLineParts {
  std::string_view options; // empty when the line begins with its type
  std::string_view type;
  std::string_view base64;
  std::string_view comment;
};
Result<KeyLineParts> split_key_line(std::string_view line); // Invalid: no key line at all

// One line without its newline. Errors: Invalid with the reason.
Result<KeyLine> parse_key_line(std::string_view line, Bare bare = Bare::Login);

} // namespace alk::pubkey
