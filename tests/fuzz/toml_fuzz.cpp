// alknet.toml: no crash, every problem has a text and a line of the file, and the same text gives the same
// verdict.
#include "config/config.hpp"

#include <algorithm>
#include <cstdlib>

using namespace alk::config;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view text(reinterpret_cast<const char*>(data), size);
  auto lines = std::count(text.begin(), text.end(), '\n') + 1;
  auto checked = parse("fuzz", text);
  if (!checked) {
    if (checked.error().empty()) std::abort();
    for (auto& problem : checked.error())
      if (problem.text.empty() || problem.line > lines) std::abort();
    return 0;
  }
  auto again = parse("fuzz", text);
  if (!again || again->digest != checked->digest || !changed_keys(checked->dynamic, again->dynamic).empty() ||
      !changed_keys(checked->fixed, again->fixed).empty())
    std::abort();
  return 0;
}
