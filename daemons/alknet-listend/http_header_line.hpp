// One line of a request's header section (RFC 9112 section 5), byte by byte, as nginx 1.22 reads it: names
// with odd characters are skipped, white space before the colon and NUL are refused, a line without a colon
// has an empty value.
#pragma once

#include <string>

namespace alk::listend {

class HeaderLine {
 public:
  enum class Step {
    More,
    Line,    // a line is complete: name() and value()
    Skip,    // a line is complete that is to be ignored
    End,     // the empty line
    Invalid, // 400
  };
  Step feed(unsigned char c);

  bool started() const { return state_ != State::Start; } // false between lines
  const std::string& name() const { return name_; }       // lower case
  const std::string& value() const { return value_; }     // without spaces at either end

 private:
  enum class State { Start, Name, BeforeValue, Value, LineFeed, LastLineFeed };
  Step feed_name(unsigned char c);
  Step feed_value(unsigned char c);
  Step finish();

  State state_ = State::Start;
  bool odd_name_ = false;
  std::string name_;
  std::string value_;
};

} // namespace alk::listend
