#include "alknet-stored/postgresql/connection.hpp"

namespace alk::stored {

namespace {

// Among heads of one server there is one writer for each place, as with SQLite. The lock is the session's and
// taken before the transaction: its view of the data begins when the one before it has ended.

std::string lock_call(const char* function, const std::string& schema) {
  return std::string("SELECT ") + function + "(" + pg_lock_class + ", hashtext('" + schema + "'))";
}

} // namespace

Result<void> PgConnection::begin(Access access) {
  if (access == Access::Write && access_ == Access::Read)
    return fail(Kind::Broken, "a connection for reading was asked to write");
  lost_ = in_doubt_ = false;
  ALK_TRY(session_, sessions_.take());
  session_->begin_work();
  Result<void> begun = lock_and_begin(access);
  if (!begun && !session_->usable()) { // it was idle while the server restarted: once more
    release();
    ALK_TRY(session_, sessions_.take());
    begun = lock_and_begin(access);
  }
  if (!begun) rollback();
  return begun;
}

Result<void> PgConnection::lock_and_begin(Access access) {
  const std::string path = "; SET LOCAL search_path TO \"" + schema_ + "\"";
  if (access == Access::Read)
    return session_->command("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY" + path);
  ALK_TRY_VOID(session_->command(lock_call("pg_advisory_lock", schema_)));
  locked_ = true;
  return session_->command("BEGIN ISOLATION LEVEL SERIALIZABLE READ WRITE" + path);
}

// A connection that is lost here leaves open whether the commit took place: Busy, and whoever asks again must
// be able to.
Result<void> PgConnection::commit() {
  if (session_->spoiled()) return fail(Kind::Broken, "the work went on after a statement had failed");
  const bool tell = locked_ && !notification_.empty();
  Result<void> done = session_->command(tell ? notification_ + "; COMMIT" : "COMMIT");
  in_doubt_ = !done && !session_->usable();
  if (done) release();
  return done;
}

void PgConnection::rollback() {
  if (!session_) return;
  lost_ = session_->lost_to_another();
  if (session_->usable()) (void)session_->command("ROLLBACK"); // without a transaction a mere warning
  release();
}

void PgConnection::release() {
  if (locked_ && session_->usable()) (void)session_->command(lock_call("pg_advisory_unlock", schema_));
  locked_ = false;
  sessions_.give_back(std::move(session_));
}

} // namespace alk::stored
