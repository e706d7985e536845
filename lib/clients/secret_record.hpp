// A record of encrypted text on the bus: (usss). Nothing in it is secret. Who makes, keeps or passes records
// on has a type of its own for them; any with these four members is read and written here.
#pragma once

#include "bus/message.hpp"

namespace alk::clients {

inline constexpr const char* record_type = "(usss)";

// As it came, in the hands of whoever has no business with what is inside.
struct EncryptedRecord {
  std::uint32_t key_version = 0;
  std::string salt, iv, data; // base64
  bool operator==(const EncryptedRecord&) const = default;
};

template <class Record>
Result<Record> read_record(bus::Message& in) {
  Record record;
  ALK_TRY_VOID(in.read_inside('r', "usss", [&]() -> Result<void> {
    ALK_TRY(record.key_version, in.read_u32());
    ALK_TRY(record.salt, in.read_text());
    ALK_TRY(record.iv, in.read_text());
    ALK_TRY(record.data, in.read_text());
    return {};
  }));
  return record;
}

template <class Record>
void write_record(bus::Message& out, const Record& record) {
  out.write_inside('r', "usss", [&] {
    out.write_u32(record.key_version).write_text(record.salt).write_text(record.iv).write_text(record.data);
  });
}

} // namespace alk::clients
