// A storage on a server that is filled from nothing: tenants' schemas are made under names that no Place has,
// and get their own in the transaction that fills the system's.
#pragma once

#include "alknet-stored/postgresql/connection.hpp"
#include "alknet-stored/sql/engine.hpp"

namespace alk::stored {

// What schemas are called; no name needs escaping within double quotes.
struct PgNames {
  std::string prefix;

  std::string of(const Place& place) const {
    return place.is_system() ? prefix : prefix + "-tenant-" + place.id();
  }
  std::string retired(const Place& place) const { return prefix + "-retired-" + place.id(); }
  std::string partial(const Place& place) const { return prefix + "-partial-" + place.id(); }
};

// `notification`: as of PgConnection, for the system's commit. Errors: Busy (another program on this server
// fills its storage, or settles).
Result<std::unique_ptr<Filling>> begin_pg_filling(PgSessions& sessions, PgNames names,
                                                  std::string notification);

// Removes what fillings that were killed have left.
Result<void> settle_pg(PgSessions& sessions, const PgNames& names);

// A tenant's schema under `name`, whole. Conflict: there is one of the tenant, also retired.
Result<void> make_tenant_schema(PgSessions& sessions, const PgNames& names, const Place& place,
                                const std::string& name);

} // namespace alk::stored
