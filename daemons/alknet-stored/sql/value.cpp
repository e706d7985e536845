#include "alknet-stored/sql/value.hpp"

namespace alk::stored {

bool Row::is_null(std::size_t column) const {
  return column >= columns_.size() || columns_[column].is_null();
}

std::int64_t Row::integer(std::size_t column) const {
  const std::int64_t* number = column < columns_.size() ? columns_[column].integer() : nullptr;
  return number != nullptr ? *number : 0;
}

const std::string& Row::text(std::size_t column) const {
  static const std::string empty;
  const std::string* text = column < columns_.size() ? columns_[column].text() : nullptr;
  return text != nullptr ? *text : empty;
}

std::optional<std::int64_t> Row::integer_if(std::size_t column) const {
  if (is_null(column)) return std::nullopt;
  return integer(column);
}

std::optional<std::string> Row::text_if(std::size_t column) const {
  if (is_null(column)) return std::nullopt;
  return text(column);
}

} // namespace alk::stored
