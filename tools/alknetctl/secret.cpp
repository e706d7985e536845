#include "secret.hpp"

#include "base/bytes.hpp"
#include "base/encoding.hpp"
#include "base/text.hpp"
#include "clients/secret_client.hpp"
#include "format.hpp"
#include "json.hpp"
#include "pubkey/anchor.hpp"
#include "pubkey/key_blob.hpp"

#include <algorithm>
#include <cerrno>

#include <sys/stat.h>
#include <unistd.h>

namespace alk::alknetctl {

namespace {

using clients::Force;
using clients::SecretClient;

// The verb, with a connection; every error is reported in one place.
template <class Run>
int with_client(const SecretJob& job, const Output& output, Run run) {
  auto line = open_line(job.place);
  if (!line) return report(line.error(), output);
  SecretClient client(line->connection);
  Result<void> done = run(client);
  return done ? exit_ok : report(done.error(), output);
}

Result<void> write_out(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t done = ::write(STDOUT_FILENO, bytes.data(), bytes.size());
    if (done < 0 && errno == EINTR) continue;
    if (done < 0) return fail_errno(errno, "standard output");
    bytes.remove_prefix(static_cast<std::size_t>(done));
  }
  return {};
}

// Text around a secret, in memory that is wiped and past the buffers of streams.
Result<void> print_secret(std::string_view before, std::string_view secret, std::string_view after,
                          const Output& output) {
  output.out << std::flush;
  SecretBytes whole(before.size() + secret.size() + after.size());
  auto* at = reinterpret_cast<char*>(whole.bytes().data());
  for (std::string_view part : {before, secret, after}) at = std::copy(part.begin(), part.end(), at);
  return write_out(whole.view());
}

// Writes [secrets] identity beside the configuration, and looks whether that is what counts then.
std::string remember_identity(const SecretJob& job, SecretClient& client, const std::string& identity) {
  const std::string directory = job.configuration + ".d", file = directory + "/50-identity.toml";
  if (::mkdir(directory.c_str(), 0755) != 0 && errno != EEXIST)
    return directory + " cannot be made: write `identity = \"" + identity +
           "\"` into [secrets] of the configuration";
  const std::string text =
      "# Written by `alknetctl secret`: a wrong passphrase is noticed by it.\n[secrets]\nidentity = \"" +
      identity + "\"\n";
  if (auto written = write_file_atomically(file, text, 0644); !written)
    return written.error().describe() + ": write `identity = \"" + identity +
           "\"` into [secrets] of the configuration";
  auto now = client.status();
  if (now && now->configured_identity == identity) return {};
  return "another file than " + file +
         " says which [secrets] identity counts, or none can be read: `alknetctl check`";
}

void warn(const std::string& warning, const Output& output) {
  if (warning.empty()) return;
  for (const std::string& line : printable_lines(warning)) output.err << "warning: " << line << '\n';
}

// Typed twice by a person, who cannot see what it is.
Result<SecretBytes> new_passphrase(const SecretJob& job, SecretInput& input) {
  if (!job.with_passphrase) return SecretBytes();
  ALK_TRY(SecretBytes once, input.line("New passphrase"));
  if (job.source.descriptor >= 0) return once;
  ALK_TRY(const SecretBytes twice, input.line("Once more"));
  if (!equal_constant_time(once.view(), twice.view())) return fail(Kind::Invalid, "the two are not the same");
  return once;
}

Json record_json(const clients::EncryptedRecord& record) {
  return {
      {"key_version", record.key_version}, {"salt", record.salt}, {"iv", record.iv}, {"data", record.data}};
}

Result<clients::EncryptedRecord> parse_record(const std::string& text) {
  const Json document = Json::parse(text, nullptr, false);
  auto is = [&](const char* name, bool (Json::*test)() const) {
    return document.is_object() && document.contains(name) && (document[name].*test)();
  };
  if (!is("key_version", &Json::is_number_unsigned) || !is("salt", &Json::is_string) ||
      !is("iv", &Json::is_string) || !is("data", &Json::is_string) ||
      document["key_version"].get<std::uint64_t>() > 0xffffffff)
    return fail(Kind::Invalid, "not a record as `alknetctl secret encrypt` prints it");
  return clients::EncryptedRecord{document["key_version"].get<std::uint32_t>(),
                                  document["salt"].get<std::string>(), document["iv"].get<std::string>(),
                                  document["data"].get<std::string>()};
}

clients::KeyType type_of(const std::string& word) {
  return word == "aes256"      ? clients::KeyType::Aes256
         : word == "secp256k1" ? clients::KeyType::Secp256k1
                               : clients::KeyType::Ed25519;
}

// With the blank between its words, so that it can be copied.
std::string anchor_key_cell(const std::string& line) {
  const auto key = pubkey::parse_anchor_key(line);
  return key ? pubkey::anchor_key_line(*key) : cell({});
}

const char* const still_enrolled =
    "an enrolled credential is still there: the next start of alknet-secretd unlocks again";

} // namespace

std::string site_path(std::string_view site) {
  const pubkey::Digest digest = pubkey::sha256(site);
  const std::uint32_t index = (std::uint32_t{digest[0]} << 24 | std::uint32_t{digest[1]} << 16 |
                               std::uint32_t{digest[2]} << 8 | std::uint32_t{digest[3]}) &
                              0x7fffffff;
  return "m/74'/1'/0'/" + std::to_string(index) + "'";
}

int secret_status(const SecretJob& job, const Output& output) {
  return with_client(job, output, [&](SecretClient& client) -> Result<void> {
    ALK_TRY(const auto status, client.status());
    const char* state = status.unlocked ? "unlocked" : "locked";
    if (output.format == Format::Json) {
      print_json({{"state", state},
                  {"identity", status.identity},
                  {"anchor_key", status.anchor_key},
                  {"configured_identity", status.configured_identity},
                  {"configuration_usable", status.configuration_usable},
                  {"unattended", status.unattended},
                  {"cached_keys", status.cached_keys},
                  {"locked_memory", status.locked_memory}},
                 output);
      return {};
    }
    output.out << "state:       " << state << (status.unattended ? ", unattended" : "") << '\n'
               << "identity:    " << cell(status.identity) << '\n'
               << "anchor key:  " << anchor_key_cell(status.anchor_key) << '\n'
               << "configured:  " << cell(status.configured_identity) << '\n'
               << "cached keys: " << status.cached_keys << '\n';
    if (!status.configuration_usable)
      warn("the configuration cannot be used (`alknetctl check`): no unlocking without --force", output);
    if (status.unattended) warn(still_enrolled, output);
    return {};
  });
}

int secret_generate(const SecretJob& job, const Output& output) {
  return with_client(job, output, [&](SecretClient& client) -> Result<void> {
    SecretInput input(job.source);
    ALK_TRY(SecretBytes passphrase, new_passphrase(job, input));
    ALK_TRY(const auto made,
            client.generate(job.words, std::move(passphrase), job.force ? Force::Yes : Force::No));
    // The words first: whatever goes wrong after this, they are not lost.
    if (output.format == Format::Json) {
      ALK_TRY_VOID(print_secret("{\n  \"identity\": \"" + made.identity + "\",\n  \"mnemonic\": \"",
                                made.mnemonic.view(), "\"\n}\n", output));
    } else {
      output.err << "These words are the node, with the passphrase if there is one. They are shown this "
                    "once; write them\n"
                    "down and keep them where no network is.\n\n"
                 << std::flush;
      ALK_TRY_VOID(print_secret("", made.mnemonic.view(), "\n", output));
      output.err << "\nunlocked as " << cell(made.identity) << '\n';
    }
    warn(remember_identity(job, client, made.identity), output);
    return {};
  });
}

int secret_unlock(const SecretJob& job, const Output& output) {
  return with_client(job, output, [&](SecretClient& client) -> Result<void> {
    ALK_TRY(const auto before, client.status());
    if (before.unlocked) return fail(Kind::Conflict, "the secret store is unlocked already");
    ALK_TRY(SecretBytes request, ask_unlock_request(job.source));
    ALK_TRY(const std::string identity,
            client.unlock(std::move(request), job.force ? Force::Yes : Force::No));
    if (output.format == Format::Json)
      print_json({{"identity", identity}}, output);
    else
      output.out << "unlocked as " << cell(identity) << '\n';
    if (before.configured_identity.empty() && before.configuration_usable) {
      output.err << "note: nothing was there to compare with: if this is not the identity that you know, the "
                    "passphrase was "
                    "another; lock, and unlock with --force\n";
      warn(remember_identity(job, client, identity), output);
    }
    return {};
  });
}

int secret_lock(const SecretJob& job, const Output& output) {
  return with_client(job, output, [&](SecretClient& client) -> Result<void> {
    ALK_TRY(const bool unattended, client.lock());
    if (output.format == Format::Json)
      print_json({{"state", "locked"}, {"unattended", unattended}}, output);
    else
      output.out << "locked\n";
    if (unattended) warn(still_enrolled, output);
    return {};
  });
}

int secret_derive(const SecretJob& job, const Output& output) {
  return with_client(job, output, [&](SecretClient& client) -> Result<void> {
    ALK_TRY(const auto key, client.derive(type_of(job.type), job.path));
    if (job.private_half)
      return print_secret("", hex_encode_secret(key.private_key.view()).view(), "\n", output);
    if (job.type == "aes256")
      return fail(Kind::Invalid, "an AES key has no public half: --private prints it");
    std::string line;
    if (job.type == "ed25519")
      line = "ssh-ed25519 " + base64_encode(ByteWriter().string("ssh-ed25519").string(key.public_key).take());
    if (output.format == Format::Json)
      print_json({{"path", job.path},
                  {"type", job.type},
                  {"public_key", hex_encode(key.public_key)},
                  {"openssh", line}},
                 output);
    else
      output.out << (line.empty() ? hex_encode(key.public_key) : line) << '\n';
    return {};
  });
}

int secret_password(const SecretJob& job, const Output& output) {
  return with_client(job, output, [&](SecretClient& client) -> Result<void> {
    ALK_TRY(const SecretBytes password, client.password(site_path(job.site), job.length));
    return print_secret("", base64url_encode_secret(password.view()).view(), "\n", output);
  });
}

int secret_encrypt(const SecretJob& job, const Output& output) {
  return with_client(job, output, [&](SecretClient& client) -> Result<void> {
    SecretInput input(job.source);
    ALK_TRY(const SecretBytes text, input.text("Secret"));
    ALK_TRY(const auto record, client.encrypt(text.view(), job.tag, job.key_version));
    print_json(record_json(record), output);
    return {};
  });
}

int secret_decrypt(const SecretJob& job, const std::string& text, const Output& output) {
  return with_client(job, output, [&](SecretClient& client) -> Result<void> {
    ALK_TRY(const auto record, parse_record(text));
    ALK_TRY(const auto opened, client.decrypt(record));
    return print_secret("", opened.text.view(), "", output);
  });
}

int secret_rotate(const SecretJob& job, const std::string& text, const Output& output) {
  return with_client(job, output, [&](SecretClient& client) -> Result<void> {
    ALK_TRY(const auto record, parse_record(text));
    ALK_TRY(const auto rotated, client.rotate(record, job.key_version));
    print_json(record_json(rotated), output);
    return {};
  });
}

} // namespace alk::alknetctl
