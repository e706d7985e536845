#include "store_cli.hpp"

#include "dump_verbs.hpp"

#include <cstdlib>

#include <CLI/CLI.hpp>

namespace alk::alknetctl {

struct StoreWords {
  std::string account, organization, email, name, level, owner, id, key, lifetime, anchor, anchor_key,
      directory, file;
  std::vector<std::string> scopes;
  bool no_scopes = false;
  bool of_this_machine = false; // the system's bus is asked
  std::uint32_t limit = 100;
  std::uint64_t sequence = 0, before = 0;
};

int with_store(const Place& place, const Output& output, const std::function<int(StoreClient&)>& verb) {
  auto store = connect_store(place);
  return store ? verb(*store->client) : report(store.error(), output);
}

namespace {

using Words = StoreWords;
using Verb = std::function<int(StoreClient&, const Words&, const Output&)>;

bool is_system_bus(const Place& place) {
  auto given = [](const char* name) { return std::getenv(name) != nullptr; };
  return place.state.empty() && place.bus_address.empty() && !given("ALKNET_BUS_ADDRESS") &&
         !given("DBUS_SYSTEM_BUS_ADDRESS");
}

// One noun with its verbs, each with what it needs.
class Noun {
 public:
  Noun(CLI::App& program, const char* name, const char* description, const Place& place, const AddVerb& add,
       std::shared_ptr<Words> words)
      : place_(place), add_(add), words_(std::move(words)), app_(*program.add_subcommand(name, description)) {
    app_.fallthrough();
    app_.require_subcommand(1);
  }

  CLI::App* verb(const char* name, const char* description, Verb run) {
    return add_(app_, name, description, [&place = place_, words = words_, run](const Output& output) {
      words->of_this_machine = is_system_bus(place);
      return with_store(place, output, [&](StoreClient& store) { return run(store, *words, output); });
    });
  }

 private:
  const Place& place_;
  const AddVerb& add_;
  std::shared_ptr<Words> words_;
  CLI::App& app_;
};

void need(CLI::App* verb, const char* name, std::string& target, const char* description) {
  verb->add_option(name, target, description)->required();
}

constexpr const char* which_account = "Its email address or id";
constexpr const char* which_organization = "Its slug or id";

AccountWords account_words(const Words& words) {
  auto given = [](const std::string& text) {
    return text.empty() ? std::nullopt : std::optional<std::string>(text);
  };
  AccountWords account{given(words.email), given(words.name), given(words.level), std::nullopt};
  if (!words.scopes.empty() || words.no_scopes) account.scopes = words.scopes;
  return account;
}

void add_account_options(CLI::App* verb, Words& words) {
  verb->add_option("--name", words.name, "For people")->type_name("NAME");
  verb->add_option("--level", words.level, "Access level (default user)")
      ->check(CLI::IsMember({"admin", "user", "service"}));
  verb->add_option("--scope", words.scopes, "A scope of all its logins; may be repeated")
      ->type_name("SCOPE")
      ->expected(1)
      ->take_all();
}

void add_accounts(Noun accounts, Words& words) {
  auto* add = accounts.verb("add", "Make an account", [](StoreClient& s, const Words& w, const Output& o) {
    return account_add(s, account_words(w), o);
  });
  need(add, "EMAIL", words.email, "Its address, by which it is named from then on");
  add_account_options(add, words);
  accounts.verb("list", "All accounts",
                [](StoreClient& s, const Words&, const Output& o) { return account_list(s, o); });
  need(accounts.verb(
           "show", "One account",
           [](StoreClient& s, const Words& w, const Output& o) { return account_show(s, w.account, o); }),
       "ACCOUNT", words.account, which_account);
  auto* set =
      accounts.verb("set", "Change what is given", [](StoreClient& s, const Words& w, const Output& o) {
        return account_set(s, w.account, account_words(w), o);
      });
  need(set, "ACCOUNT", words.account, which_account);
  set->add_option("--email", words.email, "Its new address")->type_name("EMAIL");
  add_account_options(set, words);
  set->add_flag("--no-scopes", words.no_scopes, "Take its scopes away");
  struct Step {
    const char *verb, *status, *description;
  };
  for (const Step& step : {Step{"suspend", "suspended", "Let it log in nowhere for a while"},
                           Step{"deactivate", "deactivated", "End it; the audit log keeps it"},
                           Step{"activate", "active", "Let it log in again"}})
    need(accounts.verb(step.verb, step.description,
                       [status = step.status](StoreClient& s, const Words& w, const Output& o) {
                         return account_status(s, w.account, status, o);
                       }),
         "ACCOUNT", words.account, which_account);
  need(accounts.verb(
           "delete", "Remove one that stands in no audit log",
           [](StoreClient& s, const Words& w, const Output& o) { return account_delete(s, w.account, o); }),
       "ACCOUNT", words.account, which_account);
}

void add_members(Noun& orgs, Words& words) {
  auto* set = orgs.verb("set-member", "Make an account a member, or change its level",
                        [](StoreClient& s, const Words& w, const Output& o) {
                          return org_set_member(s, w.organization, w.account,
                                                w.level.empty() ? "member" : w.level, o);
                        });
  need(set, "ORG", words.organization, which_organization);
  need(set, "ACCOUNT", words.account, which_account);
  set->add_option("--level", words.level, "Default: member")->check(CLI::IsMember({"admin", "member"}));
  auto* remove =
      orgs.verb("remove-member", "End a membership", [](StoreClient& s, const Words& w, const Output& o) {
        return org_remove_member(s, w.organization, w.account, o);
      });
  need(remove, "ORG", words.organization, which_organization);
  need(remove, "ACCOUNT", words.account, which_account);
}

void add_organizations(Noun orgs, Words& words) {
  auto* add = orgs.verb("add", "Make an organisation", [](StoreClient& s, const Words& w, const Output& o) {
    return org_add(s, w.organization, w.name, w.owner, o);
  });
  need(add, "SLUG", words.organization, "Its short name: a-z, 0-9 and \"-\"");
  add->add_option("--owner", words.owner, which_account)->type_name("ACCOUNT")->required();
  add->add_option("--name", words.name, "For people (default: the slug)")->type_name("NAME");
  orgs.verb("list", "All organisations",
            [](StoreClient& s, const Words&, const Output& o) { return org_list(s, o); });
  need(orgs.verb(
           "members", "Who belongs to it",
           [](StoreClient& s, const Words& w, const Output& o) { return org_members(s, w.organization, o); }),
       "ORG", words.organization, which_organization);
  add_members(orgs, words);
  auto* transfer =
      orgs.verb("transfer", "Give it to another owner", [](StoreClient& s, const Words& w, const Output& o) {
        return org_transfer(s, w.organization, w.account, o);
      });
  need(transfer, "ORG", words.organization, which_organization);
  need(transfer, "ACCOUNT", words.account, "The new owner");
  need(orgs.verb(
           "delete", "End it; its graphs are kept",
           [](StoreClient& s, const Words& w, const Output& o) { return org_delete(s, w.organization, o); }),
       "ORG", words.organization, which_organization);
  need(orgs.verb("erase", "Erase the graphs of a deleted one for good",
                 [](StoreClient& s, const Words& w, const Output& o) { return org_erase(s, w.id, o); }),
       "ID", words.id, "As `alknetctl org delete` said it");
}

void add_api_keys(Noun keys, Words& words) {
  auto* create =
      keys.verb("create", "Make a key and show it once", [](StoreClient& s, const Words& w, const Output& o) {
        return apikey_create(s, {w.account, w.name, w.scopes, w.lifetime}, o);
      });
  need(create, "ACCOUNT", words.account, which_account);
  create->add_option("--name", words.name, "To know it by")->type_name("NAME");
  create->add_option("--scope", words.scopes, "A scope beside the account's; may be repeated")
      ->type_name("SCOPE")
      ->expected(1)
      ->take_all();
  create->add_option("--expires", words.lifetime, "Its lifetime, such as 30d")->type_name("TIME");
  need(
      keys.verb("list", "The keys of an account",
                [](StoreClient& s, const Words& w, const Output& o) { return apikey_list(s, w.account, o); }),
      "ACCOUNT", words.account, which_account);
  need(keys.verb("revoke", "End a key",
                 [](StoreClient& s, const Words& w, const Output& o) { return apikey_revoke(s, w.key, o); }),
       "KEY", words.key, "Its id, or its prefix when no other has it");
}

void add_audit(Noun audit, Words& words) {
  auto* list = audit.verb("list", "The newest rows", [](StoreClient& s, const Words& w, const Output& o) {
    return audit_list(s, {w.before, w.limit, w.account}, o);
  });
  list->add_option("--account", words.account, "Only about this one")->type_name("ACCOUNT");
  list->add_option("--limit", words.limit, "How many")->check(CLI::Range(1, 1000))->capture_default_str();
  list->add_option("--before", words.before, "Only rows before this one")->type_name("NUMBER");
  auto* verify = audit.verb("verify", "Check the whole log, and print the anchor to keep",
                            [](StoreClient& s, const Words& w, const Output& o) {
                              return audit_verify(s, {w.anchor, w.anchor_key, w.of_this_machine}, o);
                            });
  verify->add_option("--anchor", words.anchor, "One that was kept elsewhere (default: those of the journal)")
      ->type_name("ANCHOR");
  verify
      ->add_option("--key", words.anchor_key,
                   "The public key that has to have signed (default: what alknet-secretd tells)")
      ->type_name("KEY");
  audit
      .verb("prune", "Remove the rows up to and with this one",
            [](StoreClient& s, const Words& w, const Output& o) { return audit_prune(s, w.sequence, o); })
      ->add_option("NUMBER", words.sequence, "As `alknetctl audit list` numbers them")
      ->required();
}

void add_upkeep(Noun store, Words& words) {
  need(store.verb(
           "backup", "Copy all databases, checked, while the service runs",
           [](StoreClient& s, const Words& w, const Output& o) { return store_backup(s, w.directory, o); }),
       "DIRECTORY", words.directory, "Is made; what is there is never overwritten");
  store.verb("dump", "Print everything as lines of JSON, for any engine",
             [](StoreClient& s, const Words&, const Output& o) { return store_dump(s, o); });
  need(
      store.verb("restore", "Fill an empty storage from a dump",
                 [](StoreClient& s, const Words& w, const Output& o) { return store_restore(s, w.file, o); }),
      "FILE", words.file, "The dump, - for standard input");
  store.verb("check", "Read all databases and the audit log from end to end",
             [](StoreClient& s, const Words&, const Output& o) { return store_check(s, o); });
}

} // namespace

std::shared_ptr<StoreWords> add_store_verbs(CLI::App& program, const Place& place, const AddVerb& add) {
  auto words = std::make_shared<StoreWords>();
  add_accounts({program, "account", "Accounts", place, add, words}, *words);
  add_organizations({program, "org", "Organisations and their members", place, add, words}, *words);
  add_api_keys({program, "apikey", "API keys of accounts", place, add, words}, *words);
  add_audit({program, "audit", "Who changed what", place, add, words}, *words);
  add_upkeep({program, "store", "All that alknet-stored keeps, as a whole", place, add, words}, *words);
  return words;
}

} // namespace alk::alknetctl
