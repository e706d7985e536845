// org.alknet.Store1 as alknetctl sees it: one call at a time, no event loop. Entries (a{sv}) are handed on as
// the contract describes them: who prints them knows their names.
#pragma once

#include "bus/blocking.hpp"
#include "clients/secret_record.hpp"

#include <chrono>
#include <string>
#include <vector>

namespace alk::clients {

// A change waits for the disk, and the first call of all for the service's start.
inline constexpr std::chrono::milliseconds store_deadline{25000};
// Verifying reads every row of the audit log.
inline constexpr std::chrono::milliseconds audit_deadline{300000};

using Entry = bus::Dictionary;
using Entries = std::vector<bus::Dictionary>;

struct ImportedKeys {
  Entries added;
  std::vector<std::string> left_out; // LINE: reason
};

// Errors as contracts/errors.md says; Gone when alknet-stored is not there and cannot be started.
class StoreClient {
 public:
  explicit StoreClient(bus::BlockingConnection& connection) : connection_(connection) {}

  bus::BlockingConnection& connection() { return connection_; }

  Result<Entry> create_account(const Entry& facts);
  Result<Entry> account(const std::string& account);
  Result<Entries> list_accounts(); // all of them, in as many calls as it takes
  Result<Entry> update_account(const std::string& account, const Entry& facts);
  Result<void> delete_account(const std::string& account);

  Result<Entry> create_organization(const std::string& name, const std::string& slug,
                                    const std::string& owner);
  Result<Entries> list_organizations();
  Result<Entry> transfer_organization(const std::string& organization, const std::string& owner);
  Result<std::string> delete_organization(const std::string& organization); // its id
  Result<void> erase_organization(const std::string& id);
  Result<void> set_member(const std::string& organization, const std::string& account,
                          const std::string& level);
  Result<void> remove_member(const std::string& organization, const std::string& account);
  Result<Entries> list_members(const std::string& organization);

  Result<ImportedKeys> import_keys(const std::string& account, const std::string& text);
  Result<Entries> list_keys(const std::string& account);
  Result<Entry> revoke_key(const std::string& key);

  Result<Entry> create_api_key(const std::string& account, const std::string& hash, const std::string& prefix,
                               const Entry& facts);
  Result<Entries> list_api_keys(const std::string& account);
  Result<Entry> revoke_api_key(const std::string& key);

  Result<Entry> put_credential(const std::string& name, const std::string& consumer,
                               const EncryptedRecord& record, bool replace);
  Result<EncryptedRecord> credential(const std::string& name);
  Result<Entries> list_credentials();
  Result<Entry> remove_credential(const std::string& name);

  // Newest first, those before the row of this number; 0: the newest.
  Result<Entries> list_audit(std::uint64_t before, std::uint32_t limit, const std::string& account);
  Result<Entry> verify_audit(const std::string& anchor);
  Result<std::uint64_t> prune_audit(std::uint64_t sequence);

  // Each begins; what comes of it is read from the descriptor, as Check of the contract says.
  Result<Fd> begin_check();
  Result<Fd> begin_backup();

 private:
  using Fill = std::function<void(bus::Message&)>;
  Result<bus::Message> ask(const char* member, const Fill& fill,
                           std::chrono::milliseconds timeout = store_deadline);
  Result<bus::Message> ask(const char* member, const std::vector<std::string>& texts);
  Result<Entry> ask_entry(const char* member, const std::vector<std::string>& texts);
  Result<Fd> ask_pipe(const char* member);
  Result<Entries> ask_pages(const char* member, std::vector<std::string> texts, const char* key);

  bus::BlockingConnection& connection_;
};

} // namespace alk::clients
