// Dictionaries of the bus (a{sv}) from and to what the nouns hold.
#pragma once

#include "alknet-stored/act.hpp"
#include "base/result.hpp"
#include "bus/message.hpp"

#include <initializer_list>
#include <optional>

namespace alk::stored {

// The entry, when there is one. Invalid: it has another type.
template <class T>
Result<std::optional<T>> fact(const bus::Dictionary& facts, const char* name) {
  auto entry = facts.find(name);
  if (entry == facts.end()) return std::optional<T>();
  if (const T* value = std::get_if<T>(&entry->second)) return std::optional<T>(*value);
  return fail(Kind::Invalid, std::string("the entry ") + name + " has another type");
}

// Invalid: an entry that is not among `names`. What is not understood must not be dropped.
Result<void> check_facts(const bus::Dictionary& facts, std::initializer_list<const char*> names);

// A time as t, in Unix seconds; nothing when there is no such entry. Invalid: beyond the year 9999.
Result<std::optional<UnixSeconds>> time_fact(const bus::Dictionary& facts, const char* name);

inline std::uint64_t seconds_out(UnixSeconds time) {
  return time > 0 ? static_cast<std::uint64_t>(time) : 0;
}

// Adds the entry when there is a value.
void put(bus::Dictionary& facts, const char* name, const std::optional<UnixSeconds>& time);

} // namespace alk::stored
