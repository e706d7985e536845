// Conditional requests and ranges (RFC 9110 sections 13 and 14) for a file, with nginx's reading of the
// headers.
#pragma once

#include "http_head.hpp"

#include <cstdint>
#include <ctime>
#include <string>
#include <string_view>
#include <vector>

namespace alk::listend {

struct FileFacts {
  std::uint64_t size = 0;
  std::time_t modified = 0;
  std::string etag() const; // "\"mtime-size\"", both in hex
};

enum class Condition { Send, NotModified, Failed };
Condition judge_conditions(const Request& request, const FileFacts& file);

struct ByteRange {
  std::uint64_t begin = 0;
  std::uint64_t end = 0; // exclusive
};

enum class RangeVerdict { Whole, Parts, Unsatisfiable };
// Fills `ranges` for Parts: none empty, together not longer than the file.
RangeVerdict judge_range(const Request& request, const FileFacts& file, std::vector<ByteRange>& ranges);

} // namespace alk::listend
