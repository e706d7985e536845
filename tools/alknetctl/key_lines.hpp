// The lines of an authorized_keys file for those who change it: pure text in, text out. What counts and what
// alknet-authd leaves out is decided by lib/pubkey, as there.
#pragma once

#include "base/result.hpp"

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace alk::alknetctl {

struct KeyEntry {
  std::size_t line = 0;    // from 1
  std::string fingerprint; // "SHA256:…"; empty when there is no key to be read
  std::string type;
  std::string options;
  std::string comment;
  std::string refusal; // why alknet-authd leaves the line out; empty when it counts
};

// Every line that is neither blank nor a comment.
std::vector<KeyEntry> read_key_lines(std::string_view text);

struct KeysAdded {
  std::string text; // the new file
  std::vector<KeyEntry> added;
  std::vector<KeyEntry> known; // stood there before, with the same options
};

// Appends the keys of `lines`, or none of them. Errors: Invalid (SOURCE:LINE: what alknet-authd would refuse;
// no key at all; the file would grow too large), Conflict (the key stands there with other options: the first
// line would go on to count).
Result<KeysAdded> add_key_lines(std::string_view text, const std::string& source, std::string_view lines);

struct KeysRemoved {
  std::string text;
  std::vector<KeyEntry> removed; // every line of one key
};

// `which` is a fingerprint or a whole comment. All lines of that key go: otherwise the next of them would
// count. Errors: NotFound, Conflict (the comment belongs to several keys; they are named).
Result<KeysRemoved> remove_key_lines(std::string_view text, std::string_view which);

} // namespace alk::alknetctl
