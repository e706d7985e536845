// A record of encrypted text on the bus: (usss). Nothing in it is secret.
#pragma once

#include "bus/message.hpp"

namespace alk::clients {

struct EncryptedRecord {
  std::uint32_t key_version = 0;
  std::string salt, iv, data; // base64
  bool operator==(const EncryptedRecord&) const = default;
};

Result<EncryptedRecord> read_record(bus::Message& in);
void write_record(bus::Message& out, const EncryptedRecord& record);

} // namespace alk::clients
