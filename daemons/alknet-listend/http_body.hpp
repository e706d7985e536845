// A request's body (RFC 9112 sections 6 and 7.1) is never used, only skipped, to find the next request behind
// it.
#pragma once

#include <cstdint>
#include <string_view>

namespace alk::listend {

class BodySkipper {
 public:
  BodySkipper() = default; // no body
  static BodySkipper of_length(std::int64_t length);
  static BodySkipper chunked();

  enum class Step { More, Done, Invalid };
  // Consumes from the front of `bytes`; what is left of it after Done belongs to the next request.
  Step feed(std::string_view& bytes);

  bool done() const { return state_ == State::Finished; }
  std::size_t wanted() const; // how much to read next, at least 1 unless done

 private:
  enum class State {
    Finished,
    Counted,
    ChunkStart,
    ChunkSize,
    Extension,
    ExtensionEnd,
    Data,
    DataEnd,
    DataLineFeed,
    LastExtension,
    LastExtensionEnd,
    Trailer,
    TrailerEnd,
    TrailerLine,
    TrailerLineEnd
  };
  bool feed_framing(unsigned char c);
  bool feed_size(unsigned char c);
  bool expect_line_feed(unsigned char c, State then);

  State state_ = State::Finished;
  std::int64_t left_ = 0;
};

} // namespace alk::listend
