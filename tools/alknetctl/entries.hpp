// Dictionaries of the bus for people and for scripts.
#pragma once

#include "bus/value.hpp"
#include "format.hpp"
#include "json.hpp"

namespace alk::alknetctl {

// Every entry under its own name.
Json entry_json(const bus::Dictionary& entry);
Json entries_json(const std::vector<bus::Dictionary>& entries);

// A text, number, truth or list as a cell; "-" when it is missing or empty.
std::string entry_cell(const bus::Dictionary& entry, const char* name);
// A time in seconds as a date in UTC, "-" when it is missing.
std::string entry_date(const bus::Dictionary& entry, const char* name);
bool entry_true(const bus::Dictionary& entry, const char* name);
bool has_entry(const bus::Dictionary& entry, const char* name);

} // namespace alk::alknetctl
