// A place on a PostgreSQL server: a schema. A transaction borrows a session and gives it back at its end.
#pragma once

#include "alknet-stored/postgresql/sessions.hpp"
#include "alknet-stored/sql/connection.hpp"

namespace alk::stored {

// Of our advisory locks: "ALKS".
inline constexpr const char* pg_lock_class = "1095519059";

class PgConnection final : public Connection {
 public:
  // `schema`: its name, which needs no escaping within double quotes. `notification`: a statement that goes
  // with every commit of a change, empty for none.
  PgConnection(PgSessions& sessions, std::string schema, Access access, std::string notification = {})
      : sessions_(sessions), schema_(std::move(schema)), access_(access),
        notification_(std::move(notification)) {}
  ~PgConnection() override { rollback(); }

 protected:
  Result<void> begin(Access access) override;
  Result<void> commit() override;
  void rollback() override;
  bool in_transaction() const override { return session_ && session_->in_transaction(); }
  bool lost_to_another() const override { return lost_; }
  bool in_doubt() const override { return in_doubt_; }
  Transaction& statements() override { return session_->statements(); }

 private:
  Result<void> lock_and_begin(Access access);
  void release();

  PgSessions& sessions_;
  const std::string schema_;
  const Access access_;
  const std::string notification_;
  std::unique_ptr<PgSession> session_; // while a transaction is open
  bool locked_ = false;                // we hold the writer's lock of this place
  bool lost_ = false;
  bool in_doubt_ = false;
};

} // namespace alk::stored
