#include "say.hpp"

#include <cstdio>

namespace alk::alknet {

// What a server or a file put into a text must not steer the terminal.
static void print(const char* head, std::string_view text) {
  std::string line(head);
  for (char c : text) line += (static_cast<unsigned char>(c) < 0x20 && c != '\n') || c == 0x7f ? ' ' : c;
  std::fprintf(stderr, "%s\n", line.c_str());
}

int say_error(std::string_view text) {
  print("error: ", text);
  return 1;
}

int say_error(const Error& error) {
  std::string text;
  for (auto context = error.trail.rbegin(); context != error.trail.rend(); ++context) text += *context + ": ";
  return say_error(text + error.what);
}

void say_warning(std::string_view text) {
  print("warning: ", text);
}

} // namespace alk::alknet
