// Whole lines out of what a child writes.
#pragma once

#include <functional>
#include <string>
#include <string_view>

namespace alk::alknet {

// Our log lines are shorter; a longer one is passed on in pieces.
inline constexpr std::size_t line_limit = 8192;

class LineBuffer {
 public:
  // Calls `each` for every line that `text` completes, without its end.
  void append(std::string_view text, const std::function<void(std::string_view)>& each);
  // What has no line end yet.
  void finish(const std::function<void(std::string_view)>& each);

  const std::string& last() const { return last_; } // the last line that was not empty

 private:
  void emit(const std::function<void(std::string_view)>& each);
  std::string partial_;
  std::string last_;
};

} // namespace alk::alknet
