// The tables, in versions. What has been released is never edited: a change is a further migration at the end
// of the list.
//
// The statements are DDL that the engines complete: types are TEXT and INTEGER (64 bit) alone. SQLite makes
// every table STRICT; PostgreSQL reads INTEGER as BIGINT and TEXT with COLLATE "C".
#pragma once

#include <span>
#include <string_view>
#include <vector>

namespace alk::stored {

using Migration = std::vector<std::string_view>; // statements, in order

// Element i leads from version i to i + 1.
std::span<const Migration> system_schema();
std::span<const Migration> tenant_schema();

} // namespace alk::stored
