#include "http_body.hpp"
#include "http_conditions.hpp"
#include "http_head.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>

using namespace alk::listend;

namespace {

// The head of `text`, fed `step` bytes at a time; how much was used.
std::size_t read_head(HeadReader& reader, std::string_view text, std::size_t step,
                      HeadReader::Outcome& outcome) {
  std::size_t used = 0;
  outcome = HeadReader::Outcome::NeedMore;
  while (outcome == HeadReader::Outcome::NeedMore && used < text.size()) {
    if (reader.room() == 0) std::abort();
    const auto part = text.substr(used, std::min(step, reader.room()));
    outcome = reader.feed(part);
    used += part.size();
  }
  return used - reader.rest().size();
}

} // namespace

// A head means the same however it is cut; paths stay below the root; bodies and ranges stay in their bounds.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  HeadReader whole, single;
  HeadReader::Outcome outcome, other;
  const auto used = read_head(whole, text, text.size() + 1, outcome);
  if (read_head(single, text, 1, other) != used || outcome != other || whole.status() != single.status())
    std::abort();
  if (outcome != HeadReader::Outcome::Complete) return 0;
  const auto& request = whole.request();
  const auto& path = request.uri.path;
  if (path.empty() || path.front() != '/' || path != single.request().uri.path) std::abort();
  if ((path + "/").find("/../") != std::string::npos || path.find('\0') != std::string::npos) std::abort();
  auto body =
      request.chunked ? BodySkipper::chunked() : BodySkipper::of_length(request.content_length.value_or(0));
  auto rest = text.substr(used);
  if (body.feed(rest) == BodySkipper::Step::More && !rest.empty()) std::abort();
  const FileFacts facts{1000, 1420070400};
  std::vector<ByteRange> ranges;
  judge_conditions(request, facts);
  std::uint64_t total = 0;
  if (judge_range(request, facts, ranges) == RangeVerdict::Parts)
    for (const auto& range : ranges) {
      if (range.begin >= range.end || range.end > facts.size) std::abort();
      total += range.end - range.begin;
    }
  if (total > facts.size) std::abort();
  return 0;
}
