// Messages of the engine contract: whatever is read is written again as it was understood, and read the same.
#include "control/bodies.hpp"

#include <cstdlib>

template <class Body>
static void check(const std::string& bytes) {
  auto body = alk::listend::decode<Body>(bytes);
  if (!body) return;
  std::string written = encode(*body);
  auto again = alk::listend::decode<Body>(written);
  if (!again || encode(*again) != written) std::abort();
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace alk::listend;
  auto frame = decode_frame({reinterpret_cast<const char*>(data), size});
  if (!frame) return 0;
  const std::string& body = frame->message.body;
  check<HelloBody>(body);
  check<StartBody>(body);
  check<ServingBody>(body);
  check<TransactionBody>(body);
  check<DrainBody>(body);
  check<StopBody>(body);
  check<SessionsBody>(body);
  check<DisconnectBody>(body);
  check<ExplainBody>(body);
  check<ExplainedBody>(body);
  check<AnswerBody>(body);
  check<BeatBody>(body);
  check<NewsBody>(body);
  check<SourcesBody>(body);
  check<ReadingsBody>(body);
  check<ListPenaltiesBody>(body);
  check<PenaltiesBody>(body);
  check<ClearPenaltiesBody>(body);
  check<ClearedBody>(body);
  check<OffenceBody>(body);
  return 0;
}
