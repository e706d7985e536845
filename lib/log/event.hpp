// Every event that an operator may wait for, with its journal MESSAGE_ID (systemd-id128 new). The table for
// people is contracts/log-events.md; a test keeps both equal.
#pragma once

#include <string_view>

namespace alk::log {

struct Event {
  std::string_view id;   // 32 hex digits, MESSAGE_ID
  std::string_view name; // the words that begin MESSAGE
};

namespace event {
inline constexpr Event auth_attempt{"ba05450b94bf453c961ed9ad57628a01", "auth attempt"};
inline constexpr Event connection_opened{"794f315a93bb4b47b15c93e8ebf16a5b", "connection opened"};
inline constexpr Event connection_rejected{"59adaed7fb1849b58b4531ccd5f77c77", "connection rejected"};
inline constexpr Event connection_closed{"65e2124f3d91434aaa82299f2f132217", "connection closed"};
inline constexpr Event server_running{"fa380b49e40d4438863676d8d3f286b4", "server running"};
inline constexpr Event server_stopping{"793cd251f66b440981ee5d38ea6597b8", "server stopping"};
inline constexpr Event reload_done{"d8e549c9a4df42b1bd715859fd827bf7", "reload done"};
inline constexpr Event reload_failed{"88712836c8ef4271a96d39f147b45117", "reload failed"};
inline constexpr Event session_revoked{"a44d0c7bb9e54cf59059b895b3f03e8c", "session revoked"};
inline constexpr Event channel_refused{"d8ecae37e24341098c4d11a7e6271613", "channel refused"};
inline constexpr Event descriptors_exhausted{"5eae070be6af4056a89833ba8769dfe9", "descriptors exhausted"};
inline constexpr Event peer_unavailable{"c19bab3761c24bafab47f1c217b1d699", "peer unavailable"};
inline constexpr Event source_penalised{"67f0b866e56d4eac95604667de0e8c7e", "source penalised"};
inline constexpr Event proxy_header_refused{"24e501fbaecb4fa4973220c2ed07fc32", "proxy header refused"};
inline constexpr Event key_line_skipped{"84c2e4a9993848e685cf2bf3e3b0e1ba", "key line skipped"};
inline constexpr Event engine_serving{"7ff8d36a73d44d5c8822b130efdc68a4", "engine serving"};
inline constexpr Event engine_draining{"5a91b96acd8349cc877ab3af99ef40a5", "engine draining"};
inline constexpr Event engine_ended{"ce4e1b0a9a674fdf8525bdb6382e0e09", "engine ended"};
inline constexpr Event secrets_unlocked{"73978b8678e1453c99e99b3ae967df4f", "secrets unlocked"};
inline constexpr Event secrets_locked{"59b2d45721d2458bb275f879471f0360", "secrets locked"};
inline constexpr Event unlock_refused{"c4cb69daa4324c0fbf6b7df3d6568cdf", "unlock refused"};
inline constexpr Event audit_anchor{"0854f21ece2443c3833ea694c0037d39", "audit anchor"};
inline constexpr Event bus_call_refused{"aabd491e6d614bdab6e79ffcad57dcd0", "bus call refused"};
inline constexpr Event host_key_taken{"2c228639c3a548d4bdbed5875077fed1", "host key taken"};
inline constexpr Event host_key_missing{"39868693e8a94648b3fc24cbd24d6b44", "host key missing"};
inline constexpr Event client_unserved{"05633e1e204b4911a8e985018ac65a35", "client not served"};
inline constexpr Event secret_refused{"6c17dcadbaf44006adca75f6157e3b17", "secret refused"};
inline constexpr Event storage_opened{"e33ef0efa8624ca7bc06e4ed72615d1a", "storage opened"};
inline constexpr Event storage_lost{"e5524be4be9e4c399435c75e80920f31", "storage server lost"};
inline constexpr Event storage_back{"68f43d217d094cc89730e03d741efc15", "storage server back"};
inline constexpr Event storage_full{"899815fe9ae243d0a5486a2570df10ea", "storage full"};
inline constexpr Event storage_damaged{"261d502b70294d8991b96ffadc0e0a09", "storage damaged"};
} // namespace event

} // namespace alk::log
