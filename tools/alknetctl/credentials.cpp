#include "credentials.hpp"

#include "clients/secret_client.hpp"
#include "entries.hpp"

namespace alk::alknetctl {

namespace {

// alknet-secretd comes first: while it is locked nothing is asked for, and nothing is stored.
Result<clients::EncryptedRecord> encrypt_given(const CredentialJob& job) {
  ALK_TRY(auto line, open_line(job.place));
  clients::SecretClient secrets(line.connection);
  ALK_TRY(const auto status, secrets.status());
  if (!status.unlocked) return fail(Kind::Locked, "alknet-secretd is locked (alknetctl secret unlock)");
  SecretInput input(job.source);
  ALK_TRY(const SecretBytes text, input.line("Secret of " + job.name));
  if (text.empty()) return fail(Kind::Invalid, "no secret was given");
  return secrets.encrypt(text.view(), job.consumer, job.key_version);
}

int with_credentials(const CredentialJob& job, const Output& output,
                     const std::function<Result<void>(StoreClient&)>& run) {
  auto store = connect_store(job.place);
  if (!store) return report(store.error(), output);
  auto done = run(*store->client);
  return done ? exit_ok : report(done.error(), output);
}

} // namespace

int credential_add(const CredentialJob& job, const Output& output) {
  auto record = encrypt_given(job);
  if (!record) return report(record.error(), output);
  return with_credentials(job, output, [&](StoreClient& store) -> Result<void> {
    ALK_TRY(const auto kept, store.put_credential(job.name, job.consumer, *record, job.replace));
    if (output.format == Format::Json)
      print_json(entry_json(kept), output);
    else
      output.out << "kept " << entry_cell(kept, "name") << " for " << entry_cell(kept, "consumer") << '\n';
    return {};
  });
}

int credential_list(const CredentialJob& job, const Output& output) {
  return with_credentials(job, output, [&](StoreClient& store) -> Result<void> {
    ALK_TRY(const auto all, store.list_credentials());
    if (output.format == Format::Json) {
      print_json({{"credentials", entries_json(all)}}, output);
      return {};
    }
    Table table({"NAME", "FOR", "KEY VERSION", "SINCE"});
    for (const auto& one : all)
      table.add({entry_cell(one, "name"), entry_cell(one, "consumer"), entry_cell(one, "key_version"),
                 entry_date(one, "updated_at")});
    table.print(output.out);
    return {};
  });
}

int credential_show(const CredentialJob& job, const Output& output) {
  return with_credentials(job, output, [&](StoreClient& store) -> Result<void> {
    ALK_TRY(const auto record, store.credential(job.name));
    print_json({{"key_version", record.key_version},
                {"salt", record.salt},
                {"iv", record.iv},
                {"data", record.data}},
               output);
    return {};
  });
}

int credential_remove(const CredentialJob& job, const Output& output) {
  return with_credentials(job, output, [&](StoreClient& store) -> Result<void> {
    ALK_TRY(const auto removed, store.remove_credential(job.name));
    if (output.format == Format::Json)
      print_json({{"removed", entry_json(removed)}}, output);
    else
      output.out << "removed " << entry_cell(removed, "name") << '\n';
    return {};
  });
}

} // namespace alk::alknetctl
