// The keys in force: an immutable snapshot, built once and read by every verdict.
//
// A key counts once. The first line wins and the later ones are refused with a warning: sshd would grant what
// any of them allows, this grants what the first allows. A key that any line names as a CA is never a login
// key, whatever other lines say, or the owner of a CA could log in without a certificate.
//
// CAs come from two places, which admit differently (network.md 5.5): cert-authority lines of
// authorized_keys, and the trusted ones of [auth.ssh] cert_authorities. The same key may stand in both.
#pragma once

#include "pubkey/authorized_keys.hpp"
#include "pubkey/key_blob.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace alk::authd {

// The words of key files, in which everything here speaks.
using pubkey::AuthorizedKeys;
using pubkey::Bare;
using pubkey::Digest;
using pubkey::fingerprint_text;
using pubkey::KeyClass;
using pubkey::KeyLine;
using pubkey::KeyOptions;
using pubkey::max_key_blob;
using pubkey::max_key_file;
using pubkey::parse_authorized_keys;
using pubkey::parse_fingerprint;
using pubkey::parse_key_blob;
using pubkey::parse_peer_address;
using pubkey::Place;
using pubkey::sha256;
using pubkey::UnixSeconds;
using pubkey::Warning;
using pubkey::Warnings;

// What layer 3 knows about who called (network.md 5.1). Keys in files carry neither scopes nor resources of
// their own.
inline constexpr std::string_view default_scope = "relay:connect";

class KeySet {
 public:
  struct Entry {
    Digest digest;
    KeyLine line;
  };

  KeySet() = default;
  // Refused duplicates are added to keys.warnings.
  static KeySet build(AuthorizedKeys&& keys);

  // By fingerprint, then by the whole blob in constant time; the work is the same whether or not the key is
  // there.
  const Entry* find_login(std::string_view blob) const;
  const Entry* find_login_by_id(std::string_view id) const;
  // By what an AuthToken calls its key (pubkey::AuthToken::key_id), of either kind.
  const Entry* find_token_key(const Digest& key_id) const;
  bool is_authority(const Digest& digest) const; // of either kind
  // The lines of a CA, the trusted one first; none when it is not known.
  std::vector<const Entry*> find_authority(const Digest& digest) const;

  const std::vector<Entry>& logins() const { return logins_; } // ordered by digest
  std::size_t login_count() const { return logins_.size(); }
  std::size_t authority_count() const { return authorities_.size() + trusted_.size(); }
  const Warnings& warnings() const { return warnings_; } // lines that were left out

 private:
  std::vector<Entry> logins_;
  std::vector<std::pair<Digest, std::size_t>> token_keys_; // ordered; into logins_
  std::vector<Entry> authorities_;                         // cert-authority lines
  std::vector<Entry> trusted_;
  Warnings warnings_;
};

} // namespace alk::authd
