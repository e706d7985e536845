// The small part of D-Bus variants that the contracts use.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <variant>
#include <vector>

namespace alk::bus {

// A variant of a type that is not in Value. Kept, not dropped: a receiver that must understand every entry
// (the constraints of a login) has to see that there was one.
struct Opaque {
  std::string signature;
  bool operator==(const Opaque&) const = default;
};

// b y q i u x t s as
using Value = std::variant<bool, std::uint8_t, std::uint16_t, std::int32_t, std::uint32_t, std::int64_t,
                           std::uint64_t, std::string, std::vector<std::string>, Opaque>;

using Dictionary = std::map<std::string, Value>;                     // a{sv}
using StringLists = std::map<std::string, std::vector<std::string>>; // a{sas}

// The entry of that name and exactly that type, else nullptr.
template <class T>
const T* find(const Dictionary& dictionary, const std::string& key) {
  auto entry = dictionary.find(key);
  return entry == dictionary.end() ? nullptr : std::get_if<T>(&entry->second);
}

} // namespace alk::bus
