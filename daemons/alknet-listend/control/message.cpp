#include "control/message.hpp"

#include "base/bytes.hpp"

namespace alk::listend {

static constexpr std::uint8_t flag_in_memory = 1;

ControlMessage make_control(ControlKind kind, std::string body, std::uint64_t number) {
  return {static_cast<std::uint8_t>(kind), number, std::move(body)};
}

std::string encode_frame(const ControlMessage& message, bool in_memory) {
  ByteWriter out;
  out.u8(control_format).u8(message.kind).u8(in_memory ? flag_in_memory : 0).u64(message.number);
  if (!in_memory) out.raw(message.body);
  return out.take();
}

Result<ControlFrame> decode_frame(std::string_view bytes) {
  ByteReader in(bytes);
  auto format = in.u8();
  auto kind = in.u8();
  auto flags = in.u8();
  auto number = in.u64();
  if (!number || *format != control_format)
    return fail(Kind::Invalid, "not a message of the engine contract");
  auto rest = in.take(in.left());
  return ControlFrame{{*kind, *number, std::string(as_text(*rest))}, (*flags & flag_in_memory) != 0};
}

} // namespace alk::listend
