// A topic, a key, a payload and a filter, with a zero byte between: whatever leaves is one line within its
// bounds.
#include "alknet-stored/events/projection.hpp"
#include "base/text.hpp"

#include <array>
#include <cstdlib>

using namespace alk::stored;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  // Both are as the tables have them: well-formed text without NUL.
  const auto parts = alk::split({reinterpret_cast<const char*>(data), size}, '\0');
  std::array<std::string, 5> texts; // topic, key, payload, what the filter wants
  for (std::size_t i = 0; i < parts.size() && i < texts.size(); ++i) {
    if (!alk::is_utf8(parts[i])) return 0;
    texts[i] = parts[i];
  }
  Event event{7, std::nullopt, texts[2], 1700000000};
  if (!texts[1].empty()) event.key = texts[1];
  EventFilter filter;
  if (!texts[3].empty()) filter.keys.push_back(texts[3]);
  filter.graph = texts[4];
  if (auto checked = check_filter(filter); !checked) return 0;
  const auto line = project(texts[0], event);
  if (line && (line->size() > max_event_line || line->empty() || line->front() != '{' ||
               line->back() != '}' || line->find('\n') != line->npos || !alk::is_utf8(*line)))
    std::abort();
  // A filter leaves out and changes nothing else.
  const auto chosen = project(texts[0], event, filter);
  if (chosen && chosen != line) std::abort();
  return 0;
}
