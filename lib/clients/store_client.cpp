#include "clients/store_client.hpp"

#include "clients/destinations.hpp"

#include <cerrno>

#include <fcntl.h>
#include <unistd.h>

namespace alk::clients {

Result<bus::Message> StoreClient::ask(const char* member, const Fill& fill,
                                      std::chrono::milliseconds timeout) {
  auto call = connection_.make_call(store_daemon, member, bus::AutoStart::Yes);
  if (call) fill(call);
  return connection_.call(std::move(call), timeout);
}

Result<bus::Message> StoreClient::ask(const char* member, const std::vector<std::string>& texts) {
  return ask(member, [&](bus::Message& call) {
    for (const std::string& text : texts) call.write_text(text);
  });
}

Result<Entry> StoreClient::ask_entry(const char* member, const std::vector<std::string>& texts) {
  ALK_TRY(auto reply, ask(member, texts));
  return reply.read_dictionary();
}

// Lists come in pages; the last argument says after which entry the next one begins.
Result<Entries> StoreClient::ask_pages(const char* member, std::vector<std::string> texts, const char* key) {
  Entries all;
  texts.emplace_back();
  for (;;) {
    ALK_TRY(auto reply, ask(member, texts));
    ALK_TRY(Entries page, reply.read_dictionaries());
    if (page.empty()) return all;
    const auto* last = bus::find<std::string>(page.back(), key);
    if (last == nullptr || *last <= texts.back()) return fail(Kind::Broken, "a list that does not go on");
    texts.back() = *last;
    std::move(page.begin(), page.end(), std::back_inserter(all));
  }
}

Result<Entry> StoreClient::create_account(const Entry& facts) {
  ALK_TRY(auto reply, ask("CreateAccount", [&](bus::Message& call) { call.write_dictionary(facts); }));
  return reply.read_dictionary();
}

Result<Entry> StoreClient::account(const std::string& account) {
  return ask_entry("GetAccount", {account});
}

Result<Entries> StoreClient::list_accounts() {
  return ask_pages("ListAccounts", {}, "email");
}

Result<Entry> StoreClient::update_account(const std::string& account, const Entry& facts) {
  ALK_TRY(auto reply, ask("UpdateAccount",
                          [&](bus::Message& call) { call.write_text(account).write_dictionary(facts); }));
  return reply.read_dictionary();
}

Result<void> StoreClient::delete_account(const std::string& account) {
  ALK_TRY_VOID(ask("DeleteAccount", {account}));
  return {};
}

Result<Entry> StoreClient::create_organization(const std::string& name, const std::string& slug,
                                               const std::string& owner) {
  return ask_entry("CreateOrganization", {name, slug, owner});
}

Result<Entries> StoreClient::list_organizations() {
  return ask_pages("ListOrganizations", {}, "slug");
}

Result<Entry> StoreClient::transfer_organization(const std::string& organization, const std::string& owner) {
  return ask_entry("TransferOrganization", {organization, owner});
}

Result<std::string> StoreClient::delete_organization(const std::string& organization) {
  ALK_TRY(auto reply, ask("DeleteOrganization", {organization}));
  return reply.read_text();
}

Result<void> StoreClient::erase_organization(const std::string& id) {
  ALK_TRY_VOID(ask("EraseOrganization", {id}));
  return {};
}

Result<void> StoreClient::set_member(const std::string& organization, const std::string& account,
                                     const std::string& level) {
  ALK_TRY_VOID(ask("SetMember", {organization, account, level}));
  return {};
}

Result<void> StoreClient::remove_member(const std::string& organization, const std::string& account) {
  ALK_TRY_VOID(ask("RemoveMember", {organization, account}));
  return {};
}

Result<Entries> StoreClient::list_members(const std::string& organization) {
  return ask_pages("ListMembers", {organization}, "email");
}

Result<ImportedKeys> StoreClient::import_keys(const std::string& account, const std::string& text) {
  ALK_TRY(auto reply, ask("ImportKeys", {account, text}));
  ImportedKeys imported;
  ALK_TRY(imported.added, reply.read_dictionaries());
  ALK_TRY(imported.left_out, reply.read_texts());
  return imported;
}

Result<Entries> StoreClient::list_keys(const std::string& account) {
  ALK_TRY(auto reply, ask("ListKeys", {account}));
  return reply.read_dictionaries();
}

Result<Entry> StoreClient::revoke_key(const std::string& key) {
  return ask_entry("RevokeKey", {key});
}

Result<Entry> StoreClient::create_api_key(const std::string& account, const std::string& hash,
                                          const std::string& prefix, const Entry& facts) {
  ALK_TRY(auto reply, ask("CreateApiKey", [&](bus::Message& call) {
            call.write_text(account).write_text(hash).write_text(prefix).write_dictionary(facts);
          }));
  return reply.read_dictionary();
}

Result<Entries> StoreClient::list_api_keys(const std::string& account) {
  ALK_TRY(auto reply, ask("ListApiKeys", {account}));
  return reply.read_dictionaries();
}

Result<Entry> StoreClient::revoke_api_key(const std::string& key) {
  return ask_entry("RevokeApiKey", {key});
}

Result<Entry> StoreClient::put_credential(const std::string& name, const std::string& consumer,
                                          const EncryptedRecord& record, bool replace) {
  ALK_TRY(auto reply, ask("PutCredential", [&](bus::Message& call) {
            call.write_text(name).write_text(consumer);
            write_record(call, record);
            call.write_bool(replace);
          }));
  return reply.read_dictionary();
}

Result<EncryptedRecord> StoreClient::credential(const std::string& name) {
  ALK_TRY(auto reply, ask("GetCredential", {name}));
  ALK_TRY_VOID(reply.skip("s")); // the consumer
  return read_record<EncryptedRecord>(reply);
}

Result<Entries> StoreClient::list_credentials() {
  ALK_TRY(auto reply, ask("ListCredentials", std::vector<std::string>()));
  return reply.read_dictionaries();
}

Result<Entry> StoreClient::remove_credential(const std::string& name) {
  return ask_entry("RemoveCredential", {name});
}

Result<Entries> StoreClient::list_audit(std::uint64_t before, std::uint32_t limit,
                                        const std::string& account) {
  ALK_TRY(auto reply, ask("ListAudit", [&](bus::Message& call) {
            call.write_u64(before).write_u32(limit).write_text(account);
          }));
  return reply.read_dictionaries();
}

Result<Entry> StoreClient::verify_audit(const std::string& anchor) {
  auto fill = [&](bus::Message& call) { call.write_text(anchor); };
  ALK_TRY(auto reply, ask("VerifyAudit", fill, audit_deadline));
  return reply.read_dictionary();
}

Result<std::uint64_t> StoreClient::prune_audit(std::uint64_t sequence) {
  auto fill = [&](bus::Message& call) { call.write_u64(sequence); };
  ALK_TRY(auto reply, ask("PruneAudit", fill, audit_deadline));
  return reply.read_u64();
}

// Our copy of its writing end is closed: the last one is the service's.
Result<Fd> StoreClient::ask_pipe(const char* member) {
  int ends[2] = {-1, -1};
  if (::pipe2(ends, O_CLOEXEC) != 0) return fail_errno(errno, "making a pipe");
  Fd reading(ends[0]), writing(ends[1]);
  ALK_TRY_VOID(ask(member, [&](bus::Message& call) { call.write_fd(writing.get()); }));
  return reading;
}

Result<Fd> StoreClient::begin_check() {
  return ask_pipe("Check");
}

Result<Fd> StoreClient::begin_backup() {
  return ask_pipe("Backup");
}

} // namespace alk::clients
