// What a statement is given and what it answers: NULL, 64-bit integers and UTF-8 text, which is all that our
// tables hold. Truth values are 0 and 1, bytes are text in hex or base64, JSON is text as it was given.
#pragma once

#include <concepts>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace alk::stored {

class Value {
 public:
  Value() = default; // NULL
  Value(std::nullopt_t) {}
  template <std::integral T> // whatever fits; a truth value is 0 or 1
  requires(std::is_signed_v<T> || sizeof(T) < sizeof(std::int64_t)) Value(T number)
      : data_(static_cast<std::int64_t>(number)) {}
  Value(std::string text) : data_(std::move(text)) {}
  Value(std::string_view text) : data_(std::string(text)) {}
  Value(const char* text) : data_(std::string(text)) {}
  template <class T>
  Value(const std::optional<T>& value) : Value(value ? Value(*value) : Value()) {}

  bool is_null() const { return std::holds_alternative<std::monostate>(data_); }
  const std::int64_t* integer() const { return std::get_if<std::int64_t>(&data_); }
  const std::string* text() const { return std::get_if<std::string>(&data_); }
  bool operator==(const Value&) const = default;

 private:
  std::variant<std::monostate, std::int64_t, std::string> data_;
};

// In the order of the statement's ?1, ?2, ...
using Values = std::vector<Value>;

// One row of an answer; columns from 0. The getters know what the tables promise: NULL, a column that is not
// there and a value of another type read as 0 or as the empty text.
class Row {
 public:
  Row() = default;
  explicit Row(std::vector<Value> columns) : columns_(std::move(columns)) {}

  std::size_t size() const { return columns_.size(); }
  bool is_null(std::size_t column) const;
  std::int64_t integer(std::size_t column) const;
  bool truth(std::size_t column) const { return integer(column) != 0; }
  const std::string& text(std::size_t column) const;
  std::optional<std::int64_t> integer_if(std::size_t column) const; // nothing for NULL
  std::optional<std::string> text_if(std::size_t column) const;

 private:
  std::vector<Value> columns_;
};

using Rows = std::vector<Row>;

} // namespace alk::stored
