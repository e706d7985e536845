// alknetctl secret enroll: mnemonic and passphrase as an encrypted credential of systemd, so that
// alknet-secretd unlocks by itself at every start. systemd-creds(1) encrypts; this program only pipes.
#include "base/fd.hpp"
#include "base/text.hpp"
#include "clients/secret_client.hpp"
#include "format.hpp"
#include "json.hpp"
#include "secret.hpp"

#include <cerrno>
#include <filesystem>
#include <vector>

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

namespace alk::alknetctl {

namespace {

constexpr const char* credential_file = "/etc/alknet/secret.cred";
constexpr const char* drop_in_directory = "/etc/systemd/system/alknet-secretd.service.d";
constexpr const char* drop_in_name = "/50-enrolled.conf";

// Runs a program to its end with `given` on its standard input (less than a pipe holds). Its exit code.
Result<int> run_program(const std::vector<const char*>& arguments, std::string_view given = {}) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return fail_errno(errno, "a pipe");
  Fd from(ends[0]), to(ends[1]);
  if (::write(to.get(), given.data(), given.size()) != static_cast<ssize_t>(given.size()))
    return fail_errno(errno, "a pipe");
  to.reset();
  ::posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_adddup2(&actions, from.get(), STDIN_FILENO);
  ::posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
  std::vector<const char*> words = arguments;
  words.push_back(nullptr);
  ::pid_t child = -1;
  const int failed =
      ::posix_spawnp(&child, words[0], &actions, nullptr, const_cast<char* const*>(words.data()), environ);
  ::posix_spawn_file_actions_destroy(&actions);
  if (failed != 0) return fail_errno(failed, words[0]);
  int status = -1;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
}

Result<void> require_done(const std::vector<const char*>& arguments, std::string_view given = {}) {
  ALK_TRY(const int code, run_program(arguments, given));
  if (code == 0) return {};
  return fail(Kind::Broken, std::string(arguments[0]) + " ended with " + std::to_string(code));
}

Result<void> store(std::string_view request) {
  ALK_TRY_VOID(require_done({"systemd-creds", "encrypt", "--name=unlock", "-", credential_file}, request));
  std::error_code error;
  std::filesystem::create_directories(drop_in_directory, error);
  if (error) return fail_errno(error.value(), drop_in_directory);
  const std::string text =
      std::string("# Written by `alknetctl secret enroll`.\n[Service]\nLoadCredentialEncrypted=unlock:") +
      credential_file + "\n";
  ALK_TRY_VOID(write_file_atomically(std::string(drop_in_directory) + drop_in_name, text, 0644));
  return require_done({"systemctl", "daemon-reload"});
}

// What opens the credential, for people.
const char* opener() {
  auto code = run_program({"systemd-creds", "has-tpm2", "--quiet"});
  return code && *code == 0 ? "the TPM of this machine opens the credential: a copy of the disk does not"
                            : "there is no TPM: a key file on this disk (/var/lib/systemd/credential.secret) "
                              "opens the credential, and whoever has "
                              "the disk has the seed";
}

Result<void> enroll(const SecretJob& job, const Output& output) {
  ALK_TRY(auto line, open_line(job.place));
  clients::SecretClient client(line.connection);
  ALK_TRY(const auto before, client.status());
  // Only what has just unlocked is enrolled: a mistaken word or passphrase would be found at the next boot.
  if (before.unlocked)
    return fail(Kind::Conflict, "lock first (alknetctl secret lock): what is enrolled has to unlock");
  ALK_TRY(const SecretBytes request, ask_unlock_request(job.source));
  ALK_TRY(const std::string identity, client.unlock(SecretBytes(request.view()), clients::Force::No));
  ALK_TRY_VOID(store(request.view()));
  if (output.format == Format::Json)
    print_json({{"identity", identity}, {"credential", credential_file}, {"opened_by", opener()}}, output);
  else
    output.out << "enrolled " << cell(identity) << " in " << credential_file
               << ": alknet-secretd unlocks at every start\n"
               << opener() << '\n';
  return {};
}

Result<void> forget(const Output& output) {
  std::error_code error;
  std::filesystem::remove(std::string(drop_in_directory) + drop_in_name, error);
  if (error) return fail_errno(error.value(), drop_in_directory);
  std::filesystem::remove(drop_in_directory, error); // stays when somebody has more in it
  const bool was_there = std::filesystem::remove(credential_file, error);
  if (error) return fail_errno(error.value(), credential_file);
  ALK_TRY_VOID(require_done({"systemctl", "daemon-reload"}));
  if (output.format == Format::Json)
    print_json({{"removed", was_there}}, output);
  else
    output.out << (was_there ? "the credential is gone: the next start of alknet-secretd is locked\n"
                             : "there was none\n");
  return {};
}

} // namespace

int secret_enroll(const SecretJob& job, const Output& output) {
  auto done = ::geteuid() != 0
                  ? Result<void>(fail(Kind::Denied, "only root may enrol: the credential is root's"))
              : job.remove ? forget(output)
                           : enroll(job, output);
  return done ? exit_ok : report(done.error(), output);
}

} // namespace alk::alknetctl
