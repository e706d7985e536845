// How far long work is: one line of a terminal, written anew; nothing where standard error is none.
#pragma once

#include "format.hpp"
#include "json.hpp"

#include <algorithm>

#include <unistd.h>

namespace alk::alknetctl {

class Meter {
 public:
  Meter(const Output& output, const char* doing)
      : err_(output.err), doing_(doing), shown_(::isatty(STDERR_FILENO) == 1) {}
  ~Meter() { clear(); }
  Meter(const Meter&) = delete;
  Meter& operator=(const Meter&) = delete;

  // A line of a report; one that says something else is left alone.
  void show(const Json& line) {
    auto name = line.find("progress");
    if (!shown_ || name == line.end() || !name->is_string()) return;
    const std::uint64_t done = number(line, "done"), total = number(line, "total");
    clear();
    err_ << doing_ << ' ' << words_cell(name->get<std::string>());
    if (total > 0) err_ << ' ' << 100 * std::min(done, total) / total << '%';
    if (total == 0 && done > 0) err_ << ", " << done << " rows";
    err_ << std::flush;
    written_ = true;
  }

 private:
  static std::uint64_t number(const Json& line, const char* name) {
    auto found = line.find(name);
    return found != line.end() && found->is_number_unsigned() ? found->get<std::uint64_t>() : 0;
  }
  void clear() {
    if (written_) err_ << "\r\x1b[K" << std::flush;
    written_ = false;
  }

  std::ostream& err_;
  const char* doing_;
  bool shown_;
  bool written_ = false;
};

} // namespace alk::alknetctl
