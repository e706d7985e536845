// A pipe whose writing end goes to long work.
#pragma once

#include "base/fd.hpp"

#include <csignal>
#include <cstdlib>
#include <string>

#include <fcntl.h>
#include <unistd.h>

namespace alk::stored {

struct PipeReader {
  PipeReader() {
    std::signal(SIGPIPE, SIG_IGN); // as every daemon of ours does
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) std::abort();
    reading = Fd(ends[0]);
    writing = Fd(ends[1]);
  }
  // Everything to the end.
  std::string rest() {
    std::string text;
    char piece[65536];
    for (ssize_t count; (count = ::read(reading.get(), piece, sizeof piece)) > 0;)
      text.append(piece, static_cast<std::size_t>(count));
    return text;
  }

  Fd reading, writing;
};

} // namespace alk::stored
