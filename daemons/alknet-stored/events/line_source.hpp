// What a descriptor carries: lines that are read from a database, a piece at a time.
#pragma once

#include "alknet-stored/sql/transaction.hpp"

#include <memory>

namespace alk::stored {

// A piece ends with the line that fills it: it is this long and one line at most.
inline constexpr std::size_t max_piece_bytes = 64 * 1024;

class LineSource {
 public:
  struct Piece {
    std::string lines; // each with its end
    bool more = false; // may be there at once
    std::unique_ptr<LineSource> rest;
  };

  virtual ~LineSource() = default;
  // What comes next, and where to go on after it. It changes nothing here: a read may be made again.
  virtual Result<Piece> read(Transaction& tables) const = 0;
  // What is written behind the last line when nothing is to follow.
  virtual std::string end_line() const = 0;
};

} // namespace alk::stored
