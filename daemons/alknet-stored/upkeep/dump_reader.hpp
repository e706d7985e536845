// The lines of a dump, one after the other, out of a pipe.
#pragma once

#include "alknet-stored/upkeep/dump_line.hpp"
#include "alknet-stored/upkeep/pipe.hpp"

#include <optional>

namespace alk::stored {

class DumpReader {
 public:
  explicit DumpReader(Pipe pipe) : pipe_(std::move(pipe)) {}

  // Errors of all: Invalid ("line N: ..."; also the end where none belongs), Gone, as of Pipe::read().
  Result<const DumpLine*> peek(); // the next one, until drop()
  void drop() { line_.reset(); }
  Result<DumpLine> next();
  // Unsupported: a later form of dumps.
  Result<void> require_header();
  // The last line, and nothing behind it.
  Result<void> require_end(std::int64_t rows);

  // About the line that was read last.
  Failure wrong(const std::string& what) const;
  Result<void> located(Result<void> result) const;

 private:
  Result<bool> fetch(); // one more line into text_; false: the end

  Pipe pipe_;
  std::string buffer_; // what has come and is no whole line yet, from at_ on
  std::size_t at_ = 0;
  std::string text_;
  std::int64_t number_ = 0;
  std::optional<DumpLine> line_;
};

} // namespace alk::stored
