#include "alknet-stored/postgresql/dialect.hpp"

#include <cctype>

namespace alk::stored {

namespace {

bool in_word(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_';
}

// Copies the text; outside of quoted pieces `replace(rest, out)` may take characters away and say how many.
template <class Replace>
std::string rewrite(std::string_view sql, Replace replace) {
  std::string out;
  bool quoted = false;
  for (std::size_t i = 0; i < sql.size();) {
    if (sql[i] == '\'') quoted = !quoted; // '' closes and opens again
    const bool word_begins = i == 0 || !in_word(sql[i - 1]);
    const std::size_t taken = quoted ? 0 : replace(sql.substr(i), word_begins, out);
    if (taken == 0) out += sql[i];
    i += taken == 0 ? 1 : taken;
  }
  return out;
}

} // namespace

std::string pg_statement(std::string_view sql) {
  return rewrite(sql, [](std::string_view rest, bool, std::string& out) -> std::size_t {
    if (rest[0] != '?') return 0;
    out += '$';
    return 1;
  });
}

std::string pg_definition(std::string_view sql) {
  return rewrite(sql, [](std::string_view rest, bool word_begins, std::string& out) -> std::size_t {
    auto is = [&](std::string_view word) {
      return word_begins && rest.starts_with(word) &&
             (rest.size() == word.size() || !in_word(rest[word.size()]));
    };
    if (is("INTEGER")) {
      out += "BIGINT";
      return 7;
    }
    if (is("TEXT")) {
      out += "TEXT COLLATE \"C\"";
      return 4;
    }
    return 0;
  });
}

} // namespace alk::stored
