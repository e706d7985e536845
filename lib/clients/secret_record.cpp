#include "clients/secret_record.hpp"

namespace alk::clients {

Result<EncryptedRecord> read_record(bus::Message& in) {
  EncryptedRecord record;
  ALK_TRY_VOID(in.read_inside('r', "usss", [&]() -> Result<void> {
    ALK_TRY(record.key_version, in.read_u32());
    ALK_TRY(record.salt, in.read_text());
    ALK_TRY(record.iv, in.read_text());
    ALK_TRY(record.data, in.read_text());
    return {};
  }));
  return record;
}

void write_record(bus::Message& out, const EncryptedRecord& record) {
  out.write_inside('r', "usss", [&] {
    out.write_u32(record.key_version).write_text(record.salt).write_text(record.iv).write_text(record.data);
  });
}

} // namespace alk::clients
