// One connection of libpq: statements are prepared once, rows arrive one by one. One thread at a time.
#pragma once

#include "alknet-stored/postgresql/handles.hpp"
#include "alknet-stored/sql/transaction.hpp"
#include "base/secret_bytes.hpp"

#include <deque>
#include <map>

namespace alk::stored {

// A server that is there answers within milliseconds; the login deadline of authd is below this.
inline constexpr int connect_timeout_seconds = 5;
// How long another head may hold the writer's lock before we say Busy: SQLite's busy_timeout.
inline constexpr int lock_timeout_ms = 5000;
// No statement of ours takes seconds; one that does hangs.
inline constexpr int statement_timeout_ms = 30'000;
// Statements are constants of the program, times the few ways in which NULL comes; see sqlite/connection.hpp.
inline constexpr std::size_t max_prepared_statements = 1024;

struct PgAddress {
  std::string url;      // postgresql://..., or key=value; without a password (libpq's manual, 34.1.1)
  SecretBytes password; // empty: libpq looks into its passfile
};

// Errors: Busy (nobody there), Invalid (the URL).
Result<PgHandle> pg_connect(const PgAddress& address);

class PgSession final : private Transaction {
 public:
  // Errors: Busy (nobody there), Invalid (the URL), Unsupported (an encoding that is not UTF8).
  static Result<std::unique_ptr<PgSession>> open(const PgAddress& address);

  Transaction& statements() { return *this; }
  // One or several statements without values, for their effect.
  Result<void> command(const std::string& sql);

  bool usable() const { return PQstatus(connection_.get()) == CONNECTION_OK; }
  bool in_transaction() const;
  bool spoiled() const; // a statement failed: until a savepoint is gone back to, nothing else works
  bool lost_to_another() const { return lost_; }
  void begin_work() { lost_ = false; }

 private:
  // The answer that is being read. Rows that nobody asked for yet are kept when another statement comes.
  struct Stream {
    std::deque<Row> rows;
    bool ended = false;
    Result<void> outcome;
    std::uint64_t touched = 0;
  };

  explicit PgSession(PgHandle connection) : connection_(std::move(connection)) {}
  Result<void> set_up();
  Result<std::uint64_t> run(std::string_view sql, const Values& values, const RowVisitor* row) override;
  Result<std::string> prepared_name(std::string_view sql, const Values& values);
  Result<void> send(const std::string& name, const Values& values, std::string_view sql);
  Result<void> visit(Stream& stream, std::string_view sql, const RowVisitor* row);
  void advance(Stream& stream, std::string_view sql); // one row more, or the end
  void finish(Stream& stream, std::string_view sql);
  Failure failure(const PGresult* result, std::string_view doing, Where at = Where::here());

  PgHandle connection_;
  std::map<std::string, std::string, std::less<>> prepared_; // types and text -> name
  unsigned names_ = 0;                                       // that were given so far
  Stream* active_ = nullptr;
  std::string active_sql_;
  bool lost_ = false;
};

} // namespace alk::stored
