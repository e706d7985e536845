// What alknet-stored tells through a pipe about long work (Check in contracts/org.alknet.Store1.xml): lines
// of
// '#' and JSON, with the work's own bytes between them.
#pragma once

#include "base/fd.hpp"
#include "json.hpp"

#include <functional>
#include <optional>

namespace alk::alknetctl {

// One line of JSON: the findings about one database. The service is not trusted to be sane.
inline constexpr std::size_t max_report_line = 1024 * 1024;

class ReportStream {
 public:
  // An error of either ends the reading and is passed on.
  struct Sink {
    std::function<Result<void>(const Json& line)> line;        // all but the last
    std::function<Result<void>(std::string_view bytes)> bytes; // in pieces of any size
  };

  explicit ReportStream(Fd pipe) : pipe_(std::move(pipe)) {}

  // Reads to the end; the answer is the work's result. Errors: what the work failed with; Gone (the service
  // ended in the middle); Broken (not understood).
  Result<Json> read(const Sink& sink);

 private:
  Result<void> take(std::string_view chunk, const Sink& sink);
  Result<void> take_line(std::string_view piece, const Sink& sink);
  Result<void> judge(const Json& line, const Sink& sink);

  Fd pipe_;
  std::string line_;      // what has come of a line of JSON
  bool in_line_ = false;  // of JSON
  bool at_begin_ = true;  // of a line
  std::uint64_t raw_ = 0; // bytes that come before the next line
  std::optional<Result<Json>> result_;
};

} // namespace alk::alknetctl
