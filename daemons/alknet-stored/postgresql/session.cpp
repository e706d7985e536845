#include "alknet-stored/postgresql/session.hpp"

#include "alknet-stored/postgresql/dialect.hpp"

#include <algorithm>
#include <charconv>

namespace alk::stored {

namespace {

// pg_type.h: fixed for ever.
constexpr Oid bool_type = 16;
constexpr Oid int8_type = 20;
constexpr Oid int2_type = 21;
constexpr Oid int4_type = 23;
constexpr Oid text_type = 25;
constexpr Oid numeric_type = 1700;

Oid type_of(const Value& value) {
  if (value.integer() != nullptr) return int8_type;
  return value.text() != nullptr ? text_type : Oid{0}; // NULL takes the type of its place
}

Value column(const PGresult* result, int row, int index) {
  if (PQgetisnull(result, row, index) != 0) return {};
  const std::string_view text(PQgetvalue(result, row, index),
                              static_cast<std::size_t>(PQgetlength(result, row, index)));
  switch (PQftype(result, index)) {
  case bool_type: return text == "t";
  case int2_type:
  case int4_type:
  case int8_type:
  case numeric_type: { // a sum of BIGINT; ours have no fraction
    std::int64_t number = 0;
    std::from_chars(text.data(), text.data() + text.size(), number);
    return number;
  }
  default: return text;
  }
}

Row read_row(const PGresult* result, int row) {
  std::vector<Value> columns;
  for (int i = 0; i < PQnfields(result); ++i) columns.push_back(column(result, row, i));
  return Row(std::move(columns));
}

std::uint64_t touched_by(PGresult* result) {
  const std::string_view text = PQcmdTuples(result);
  std::uint64_t number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

} // namespace

Result<PgHandle> pg_connect(const PgAddress& address) {
  const std::string timeout = std::to_string(connect_timeout_seconds);
  // libpq wants its end marked, and copies it to where we cannot wipe it.
  SecretBytes password(address.password.size() + 1);
  std::ranges::copy(address.password.bytes(), password.bytes().begin());
  // dbname, which is the whole address, comes first: what follows wins.
  std::vector<std::pair<const char*, const char*>> settings = {
      {"dbname", address.url.c_str()},
      {"connect_timeout", timeout.c_str()},
      {"client_encoding", "UTF8"},
      {"application_name", "alknet-stored"},
      {"tcp_user_timeout", "10000"},
      {"target_session_attrs", "read-write"}, // of several hosts the one that is no stale copy
  };
  if (!address.password.empty())
    settings.emplace_back("password", reinterpret_cast<const char*>(password.bytes().data()));
  std::vector<const char*> names, values;
  for (const auto& [name, value] : settings) {
    names.push_back(name);
    values.push_back(value);
  }
  names.push_back(nullptr);
  values.push_back(nullptr);
  PgHandle connection(PQconnectdbParams(names.data(), values.data(), 1));
  if (!connection || PQstatus(connection.get()) != CONNECTION_OK)
    return pg_failure(connection.get(), nullptr, "connecting");
  PQsetNoticeReceiver(
      connection.get(), [](void*, const PGresult*) {}, nullptr); // else on stderr
  return connection;
}

Result<std::unique_ptr<PgSession>> PgSession::open(const PgAddress& address) {
  ALK_TRY(PgHandle connection, pg_connect(address));
  std::unique_ptr<PgSession> session(new PgSession(std::move(connection)));
  ALK_TRY_VOID(session->set_up());
  return session;
}

Result<void> PgSession::set_up() {
  const char* encoding = PQparameterStatus(connection_.get(), "server_encoding");
  if (encoding == nullptr || std::string_view(encoding) != "UTF8")
    return fail(Kind::Unsupported, "the database's encoding is not UTF8");
  // What is acknowledged survives a power cut, whatever the server was told to do for others.
  return command("SET lock_timeout = " + std::to_string(lock_timeout_ms) +
                 "; SET statement_timeout = " + std::to_string(statement_timeout_ms) +
                 "; SELECT set_config('synchronous_commit', 'on', false) "
                 "WHERE current_setting('synchronous_commit') IN ('off', 'local')");
}

Failure PgSession::failure(const PGresult* result, std::string_view doing, Where at) {
  lost_ = lost_ || alk::stored::lost_to_another(result);
  return pg_failure(connection_.get(), result, doing, at);
}

Result<void> PgSession::command(const std::string& sql) {
  if (active_ != nullptr) finish(*active_, active_sql_);
  PgResult result(PQexec(connection_.get(), sql.c_str()));
  const ExecStatusType status = PQresultStatus(result.get());
  if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK) return failure(result.get(), sql);
  return {};
}

bool PgSession::in_transaction() const {
  const PGTransactionStatusType status = PQtransactionStatus(connection_.get());
  return status == PQTRANS_INTRANS || status == PQTRANS_ACTIVE || status == PQTRANS_INERROR;
}

bool PgSession::spoiled() const {
  return PQtransactionStatus(connection_.get()) == PQTRANS_INERROR;
}

Result<std::string> PgSession::prepared_name(std::string_view sql, const Values& values) {
  std::string key;
  std::vector<Oid> types;
  for (const Value& value : values) {
    types.push_back(type_of(value));
    key += types.back() == int8_type ? 'i' : types.back() == text_type ? 't' : 'n';
  }
  key += ' ';
  key += sql;
  if (auto found = prepared_.find(key); found != prepared_.end()) return found->second;
  if (prepared_.size() >= max_prepared_statements) {
    ALK_TRY_VOID(command("DEALLOCATE ALL"));
    prepared_.clear();
  }
  std::string name = "s" + std::to_string(++names_);
  PgResult result(PQprepare(connection_.get(), name.c_str(), pg_statement(sql).c_str(),
                            static_cast<int>(types.size()), types.data()));
  if (PQresultStatus(result.get()) != PGRES_COMMAND_OK) return failure(result.get(), sql);
  PgResult described(PQdescribePrepared(connection_.get(), name.c_str()));
  if (PQresultStatus(described.get()) != PGRES_COMMAND_OK) return failure(described.get(), sql);
  if (static_cast<std::size_t>(PQnparams(described.get())) != values.size())
    return fail(Kind::Broken, "wrong number of values: " + std::string(sql));
  prepared_.emplace(std::move(key), name);
  return name;
}

Result<void> PgSession::send(const std::string& name, const Values& values, std::string_view sql) {
  std::vector<std::string> numbers(values.size()); // the texts of the integers, while they are sent
  std::vector<const char*> texts;
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (const std::int64_t* number = values[i].integer()) numbers[i] = std::to_string(*number);
    const std::string* text = values[i].integer() != nullptr ? &numbers[i] : values[i].text();
    texts.push_back(text != nullptr ? text->c_str() : nullptr); // no NUL inside: checked by the seam
  }
  if (PQsendQueryPrepared(connection_.get(), name.c_str(), static_cast<int>(texts.size()), texts.data(),
                          nullptr, nullptr, 0) != 1 ||
      PQsetSingleRowMode(connection_.get()) != 1)
    return failure(nullptr, sql);
  return {};
}

void PgSession::advance(Stream& stream, std::string_view sql) {
  for (;;) {
    PgResult result(PQgetResult(connection_.get()));
    if (!result) {
      stream.ended = true;
      return;
    }
    switch (PQresultStatus(result.get())) {
    case PGRES_SINGLE_TUPLE: stream.rows.push_back(read_row(result.get(), 0)); return;
    case PGRES_TUPLES_OK:
    case PGRES_COMMAND_OK: stream.touched = touched_by(result.get()); break;
    default:
      if (stream.outcome) stream.outcome = failure(result.get(), sql);
    }
  }
}

void PgSession::finish(Stream& stream, std::string_view sql) {
  while (!stream.ended) advance(stream, sql);
  active_ = nullptr;
}

Result<void> PgSession::visit(Stream& stream, std::string_view sql, const RowVisitor* row) {
  for (;;) {
    if (stream.rows.empty() && !stream.ended) advance(stream, sql);
    if (stream.rows.empty()) {
      if (stream.ended) return {};
      continue;
    }
    Row next = std::move(stream.rows.front());
    stream.rows.pop_front();
    if (row == nullptr) continue;
    ALK_TRY(const bool more, (*row)(next));
    if (!more) return {};
  }
}

Result<std::uint64_t> PgSession::run(std::string_view sql, const Values& values, const RowVisitor* row) {
  if (active_ != nullptr) finish(*active_, active_sql_);
  ALK_TRY(const std::string name, prepared_name(sql, values));
  ALK_TRY_VOID(send(name, values, sql));
  Stream stream;
  active_ = &stream;
  active_sql_ = sql;
  Result<void> visited = visit(stream, sql, row);
  if (active_ == &stream) finish(stream, sql); // else another statement has made it so
  if (!stream.outcome) return pass(std::move(stream.outcome).error());
  if (!visited) return pass(std::move(visited).error());
  return stream.touched;
}

} // namespace alk::stored
