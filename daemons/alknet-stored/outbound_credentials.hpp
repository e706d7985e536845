// Outbound credentials: what others gave us (a proxy's password, a token), kept as records that
// alknet-secretd has encrypted. Nothing here is secret, and nothing here can open a record.
//
// Errors: Invalid, NotFound, Conflict (the name is taken).
#pragma once

#include "alknet-stored/act.hpp"
#include "alknet-stored/sql/transaction.hpp"

namespace alk::stored {

inline constexpr std::size_t max_outbound_credentials = 1000; // all are listed at once
// Base64 of 64 KiB of text with its tag, the most that alknet-secretd encrypts, and more.
inline constexpr std::size_t max_record_data = 96 * 1024;

// As alknet-secretd made it (contracts/org.alknet.Secret1.xml, Encrypt).
struct SealedRecord {
  std::uint32_t key_version = 0;
  std::string salt, iv, data; // base64
};

struct OutboundCredential {
  std::string id;
  std::string name;     // a-z, 0-9 and "-": what the configuration refers to
  std::string consumer; // the program that may have it decrypted, as the tag inside the record says
  SealedRecord record;
  UnixSeconds created_at = 0;
  UnixSeconds updated_at = 0;
};

struct NewOutboundCredential {
  std::string name, consumer;
  SealedRecord record;
};

enum class Replace { No, Yes };

Result<OutboundCredential> put_outbound_credential(Transaction& tables, const Act& act,
                                                   const NewOutboundCredential& given, Replace replace);
Result<OutboundCredential> require_outbound_credential(Transaction& tables, std::string_view name);
Result<std::vector<OutboundCredential>> list_outbound_credentials(Transaction& tables); // by name
Result<OutboundCredential> remove_outbound_credential(Transaction& tables, const Act& act,
                                                      std::string_view name);

} // namespace alk::stored
