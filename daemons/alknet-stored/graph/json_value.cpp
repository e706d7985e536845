#include "alknet-stored/graph/json_value.hpp"

#include <charconv>
#include <cmath>
#include <set>
#include <vector>

namespace alk::stored {
namespace {

__extension__ typedef __int128 Wide;
__extension__ typedef unsigned __int128 UnsignedWide;

// Brackets outside of strings, counted before the parser sees them.
bool too_deep(std::string_view text) {
  int depth = 0;
  bool in_string = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (in_string) {
      if (c == '\\') ++i;
      if (c == '"') in_string = false;
    } else if (c == '"') {
      in_string = true;
    } else if (c == '[' || c == '{') {
      if (++depth > max_json_depth) return true;
    } else if (c == ']' || c == '}') {
      --depth;
    }
  }
  return false;
}

// Follows the parser and notices a member that its object has already.
struct TwinFinder {
  std::vector<std::set<std::string>> open;
  bool found = false;

  bool operator()(int, Json::parse_event_t event, Json& value) {
    if (event == Json::parse_event_t::object_start) open.emplace_back();
    if (event == Json::parse_event_t::object_end) open.pop_back();
    if (event == Json::parse_event_t::key && !open.back().insert(value.get_ref<const std::string&>()).second)
      found = true;
    return true;
  }
};

int sign(bool less, bool more) {
  return less ? -1 : more ? 1 : 0;
}

Wide whole(const Json& number) {
  return number.is_number_unsigned() ? Wide(number.get<std::uint64_t>()) : Wide(number.get<std::int64_t>());
}

int compare_mixed(Wide a, double b) {
  if (b >= 0x1p64) return -1;
  if (b < -0x1p63) return 1;
  auto floor = std::floor(b);
  auto nearest = static_cast<Wide>(floor);
  if (a != nearest) return sign(a<nearest, a> nearest);
  return floor < b ? -1 : 0;
}

int compare_numbers(const Json& a, const Json& b) {
  if (a.is_number_float() && b.is_number_float()) {
    auto x = a.get<double>(), y = b.get<double>();
    return sign(x<y, x> y);
  }
  if (a.is_number_float()) return -compare_mixed(whole(b), a.get<double>());
  if (b.is_number_float()) return compare_mixed(whole(a), b.get<double>());
  return sign(whole(a) < whole(b), whole(a) > whole(b));
}

int rank(const Json& value) {
  if (value.is_number()) return 2;
  if (value.is_null()) return 0;
  if (value.is_boolean()) return 1;
  if (value.is_string()) return 3;
  return value.is_array() ? 4 : 5;
}

int compare_arrays(const Json& a, const Json& b, std::uint64_t& budget) {
  if (a.size() != b.size()) return sign(a.size() < b.size(), true);
  for (std::size_t i = 0; i < a.size(); ++i)
    if (auto order = compare(a[i], b[i], budget)) return order;
  return 0;
}

int compare_objects(const Json& a, const Json& b, std::uint64_t& budget) {
  if (a.size() != b.size()) return sign(a.size() < b.size(), true);
  for (auto x = a.begin(), y = b.begin(); x != a.end(); ++x, ++y) { // both sorted by key
    if (x.key() != y.key()) return sign(x.key() < y.key(), true);
    if (auto order = compare(x.value(), y.value(), budget)) return order;
  }
  return 0;
}

struct Decimal {
  std::uint64_t digits = 0; // times ten to the power of
  int exponent = 0;
};

Decimal decimal(const Json& number) {
  if (!number.is_number_float()) {
    auto value = whole(number);
    return {static_cast<std::uint64_t>(value < 0 ? -value : value), 0};
  }
  char text[32];
  auto end =
      std::to_chars(text, text + sizeof text, std::fabs(number.get<double>()), std::chars_format::scientific)
          .ptr;
  Decimal result;
  const char* at = text;
  bool fraction = false;
  for (; at < end && *at != 'e'; ++at) {
    if (*at == '.') {
      fraction = true;
      continue;
    }
    result.digits = result.digits * 10 + static_cast<std::uint64_t>(*at - '0');
    result.exponent -= fraction ? 1 : 0;
  }
  int power = 0;
  if (at < end) std::from_chars(at + (at[1] == '+' ? 2 : 1), end, power);
  result.exponent += power;
  return result;
}

} // namespace

Result<Json> read_json(std::string_view text, std::size_t max_bytes) {
  if (text.size() > max_bytes)
    return fail(Kind::Invalid, "JSON of more than " + std::to_string(max_bytes) + " bytes");
  if (too_deep(text))
    return fail(Kind::Invalid, "JSON that is nested deeper than " + std::to_string(max_json_depth));
  if (text.find('\0') != text.npos)
    return fail(Kind::Invalid, "JSON with a NUL byte"); // the parser takes it for the end
  TwinFinder twins;
  try {
    auto value = Json::parse(text.begin(), text.end(), std::ref(twins));
    if (twins.found) return fail(Kind::Invalid, "JSON with an object that has a member twice");
    return value;
  } catch (const Json::parse_error& error) { // its text quotes the input, so only the place is told
    return fail(Kind::Invalid, "not JSON, at byte " + std::to_string(error.byte));
  } catch (const Json::exception&) {
    return fail(Kind::Invalid, "JSON with a number that cannot be held");
  }
}

int compare(const Json& a, const Json& b, std::uint64_t& budget) {
  auto cost = 1 + (a.is_string() ? a.get_ref<const std::string&>().size() / 64 : 0);
  if (budget <= cost) {
    budget = 0;
    return 0;
  }
  budget -= cost;
  if (rank(a) != rank(b)) return sign(rank(a) < rank(b), true);
  if (a.is_number()) return compare_numbers(a, b);
  if (a.is_array()) return compare_arrays(a, b, budget);
  if (a.is_object()) return compare_objects(a, b, budget);
  if (a.is_string()) {
    auto order = a.get_ref<const std::string&>().compare(b.get_ref<const std::string&>());
    return sign(order<0, order> 0);
  }
  return a.is_boolean() ? sign(!a.get<bool>() && b.get<bool>(), a.get<bool>() && !b.get<bool>()) : 0;
}

bool is_whole(const Json& number) {
  if (!number.is_number_float()) return number.is_number();
  auto value = number.get<double>();
  return std::trunc(value) == value;
}

bool is_multiple(const Json& number, const Json& divisor) {
  auto a = decimal(number), b = decimal(divisor);
  if (a.digits == 0) return true;
  if (b.digits == 0) return false;
  auto shift = a.exponent - b.exponent;
  if (shift < -19)
    return false; // then the divisor has more decimal places at the left than 64 bits can cancel
  UnsignedWide rest = a.digits % b.digits, scale = b.digits;
  if (shift >= 0) {
    for (; shift > 0 && rest != 0; --shift) rest = rest * 10 % b.digits;
    return rest == 0;
  }
  for (; shift < 0; ++shift) scale *= 10;
  return a.digits % scale == 0;
}

std::string pointer_to(std::string_view pointer, std::string_view key) {
  std::string result(pointer);
  result += '/';
  for (char c : key) {
    if (c == '~')
      result += "~0";
    else if (c == '/')
      result += "~1";
    else
      result += c;
  }
  return result;
}

} // namespace alk::stored
