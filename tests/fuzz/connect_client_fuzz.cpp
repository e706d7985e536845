// The head of an HTTP proxy's response, cut into pieces where the first byte says. The cut must not change
// the outcome.
#include "net/connect_client.hpp"

#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace alk::net;
  using State = ConnectAnswer::State;
  if (size == 0) return 0;
  const std::string_view input(reinterpret_cast<const char*>(data) + 1, size - 1);
  const std::size_t piece = std::size_t{data[0]} % 64 + 1;

  const ConnectAnswer whole = read_connect_answer(input);
  ConnectAnswer cut = read_connect_answer(input.substr(0, 0));
  for (std::size_t had = 0; cut.state == State::NeedMore && had < input.size();) {
    had = std::min(had + piece, input.size());
    cut = read_connect_answer(input.substr(0, had));
  }
  if (whole.state != cut.state || whole.status != cut.status || whole.size != cut.size) std::abort();
  if (whole.state == State::NeedMore && input.size() >= connect_head_limit) std::abort();
  if (whole.state == State::Done && (whole.size > input.size() || whole.size > connect_head_limit ||
                                     whole.status < 200 || whole.status > 599))
    std::abort();
  return 0;
}
