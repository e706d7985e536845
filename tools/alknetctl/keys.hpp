// alknetctl keys: who may log in, as the authorized_keys file says. The file is changed here; what counts
// from then on is the daemons' to say, by the joint reload.
#pragma once

#include "admin.hpp"
#include "verbs.hpp"

#include <functional>
#include <istream>
#include <string>
#include <vector>

namespace alk::alknetctl {

inline constexpr const char* default_keys_file = "/etc/alknet/authorized_keys";

struct KeysJob {
  std::string file;
  std::string configuration; // asked whether it names `file`; unreadable or missing is no matter
  bool reload = true;
  std::function<Result<std::unique_ptr<Admin>>()> connect; // asked only for a reload
};

// The keys that `words` name: a file of public keys, "-" for `in`, or a whole key line, which a shell may
// have split at blanks. Errors: Invalid (a private key, too much), and of reading the file.
struct KeysInput {
  std::string source; // for messages
  std::string lines;
};
Result<KeysInput> take_keys_input(const std::vector<std::string>& words, std::istream& in);

// `words`: a file of public keys, "-" for `in`, or a whole key line, which a shell may have split at blanks.
int keys_add(const KeysJob& job, const std::vector<std::string>& words, std::istream& in,
             const Output& output);
int keys_list(const KeysJob& job, const Output& output);
int keys_remove(const KeysJob& job, const std::string& which, const Output& output);

} // namespace alk::alknetctl
