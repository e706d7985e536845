// alknetctl secret: what alknet-secretd is asked for. Secrets are printed to standard output by one write(2),
// and kept in memory that is wiped.
#pragma once

#include "secret_input.hpp"
#include "verbs.hpp"

namespace alk::alknetctl {

struct SecretJob {
  Place place;
  SecretSource source;
  std::string configuration; // the main file; the identity goes into a drop-in beside it
  bool force = false;
  bool with_passphrase = false;
  bool remove = false; // of enroll
  std::uint32_t words = 24;
  std::string path;
  std::string type = "ed25519"; // or aes256, secp256k1
  bool private_half = false;
  std::string site;
  std::uint32_t length = 24; // of a password, in bytes
  std::string tag;
  std::uint32_t key_version = 2;
};

int secret_status(const SecretJob& job, const Output& output);
int secret_generate(const SecretJob& job, const Output& output);
int secret_unlock(const SecretJob& job, const Output& output);
int secret_lock(const SecretJob& job, const Output& output);
int secret_enroll(const SecretJob& job, const Output& output);
int secret_derive(const SecretJob& job, const Output& output);
int secret_password(const SecretJob& job, const Output& output);
int secret_encrypt(const SecretJob& job, const Output& output);
int secret_decrypt(const SecretJob& job, const std::string& record, const Output& output);
int secret_rotate(const SecretJob& job, const std::string& record, const Output& output);

// The path of a site's password: m/74'/1'/0'/{31 bits of SHA-256 of its name}'.
std::string site_path(std::string_view site);

} // namespace alk::alknetctl
