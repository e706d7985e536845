// The HTTP request of a scraper: whatever comes, the answer is well formed and of a status that we have.
#include "http_answer.hpp"

#include <cstdint>
#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace alk::alknetctl;
  const std::string_view head(reinterpret_cast<const char*>(data), size);
  const HttpRequest request = read_request(head);
  const std::string answer = http_answer(request, "x 1\n");
  if (request.status == HttpStatus::Ok && head.find("/metrics") == std::string_view::npos) std::abort();
  if (!answer.starts_with("HTTP/1.1 ") || !is_whole_head(answer)) std::abort();
  return 0;
}
