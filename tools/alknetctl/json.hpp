// JSON as scripts get it: one document, two spaces of indentation, ASCII only (terminals stay safe), keys in
// snake case.
#pragma once

#include "verbs.hpp"

#include <nlohmann/json.hpp>

namespace alk::alknetctl {

using Json = nlohmann::ordered_json;

inline void print_json(const Json& document, const Output& output) {
  output.out << document.dump(2, ' ', true, Json::error_handler_t::replace) << '\n';
}

Json error_json(const Error& error); // what report() prints below "error"

} // namespace alk::alknetctl
