// A schema and, behind the first zero byte, a value: no crash, bounded work, and the same verdict twice.
#include "alknet-stored/graph/schema.hpp"

#include <cstdlib>

using namespace alk::stored;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view text(reinterpret_cast<const char*>(data), size);
  auto cut = text.find('\0');
  auto schema = Schema::compile(text.substr(0, cut));
  if (!schema) return 0;
  auto value = cut == text.npos ? "{}" : text.substr(cut + 1);
  auto first = schema->validate(value), second = schema->validate(value);
  if (first.has_value() != second.has_value()) std::abort();
  if (!first) return 0;
  if (*first != *second || first->size() > max_violations) std::abort();
  for (const auto& violation : *first)
    if (!violation.pointer.empty() && violation.pointer[0] != '/') std::abort();
  return 0;
}
