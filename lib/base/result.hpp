// Outcomes are values; errors carry a kind that names the reaction. Nothing of ours throws.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <tl/expected.hpp>

namespace alk {

// What the receiver of an error should do about it. One-to-one with the bus error table
// (contracts/errors.md).
enum class Kind {
  Invalid,     // tell the caller: the input cannot be used
  Denied,      // the caller may not
  NotFound,    // no such thing
  Conflict,    // the thing is not in the state that the request needs
  Busy,        // back off and try again
  Locked,      // the secret store is locked
  Gone,        // the other side went away: reconnect
  Unsupported, // fall back
  Broken,      // a fault of ours or of the machine: log it and end this task
};

std::string_view kind_name(Kind kind);

// std::source_location for both compilers (clang 14 has none).
struct Where {
  const char* file = "";
  int line = 0;
  static constexpr Where here(const char* file = __builtin_FILE(), int line = __builtin_LINE()) {
    return {file, line};
  }
};

struct Error {
  Kind kind = Kind::Broken;
  std::string what;
  Where at;
  std::vector<std::string> trail; // context added on the way up, innermost first

  // "context: ... : what", for logs and for people; never sent to a peer.
  std::string describe() const;
};

template <class T>
using Result = tl::expected<T, Error>;

using Failure = tl::unexpected<Error>;

inline Failure fail(Kind kind, std::string what, Where at = Where::here()) {
  return Failure(Error{kind, std::move(what), at, {}});
}

// An errno as an Error: `what` is "doing: strerror". The kind follows the number (ENOENT is NotFound, ...).
Failure fail_errno(int number, std::string_view doing, Where at = Where::here());

inline Failure pass(Error&& error) {
  return Failure(std::move(error));
}

inline Failure pass(Error&& error, std::string context) {
  error.trail.push_back(std::move(context));
  return Failure(std::move(error));
}

[[noreturn]] void check_failed(const char* condition, Where at);

} // namespace alk

#define ALK_CAT_(a, b) a##b
#define ALK_CAT(a, b) ALK_CAT_(a, b)

// ALK_TRY(auto key, ring.require(id)); declares `key` or returns the error. A declaration, not a statement
// expression: g++ 12 miscompiles the latter around co_await.
#define ALK_TRY(declaration, expression)                                                                     \
  auto ALK_CAT(alk_try_, __LINE__) = (expression);                                                           \
  if (!ALK_CAT(alk_try_, __LINE__)) return ::alk::pass(std::move(ALK_CAT(alk_try_, __LINE__)).error());      \
  declaration = std::move(*ALK_CAT(alk_try_, __LINE__))

#define ALK_CO_TRY(declaration, expression)                                                                  \
  auto ALK_CAT(alk_try_, __LINE__) = (expression);                                                           \
  if (!ALK_CAT(alk_try_, __LINE__)) co_return ::alk::pass(std::move(ALK_CAT(alk_try_, __LINE__)).error());   \
  declaration = std::move(*ALK_CAT(alk_try_, __LINE__))

// The same for a Result<void>.
#define ALK_TRY_VOID(expression)                                                                             \
  do {                                                                                                       \
    if (auto alk_try_void = (expression); !alk_try_void)                                                     \
      return ::alk::pass(std::move(alk_try_void).error());                                                   \
  } while (false)

#define ALK_CO_TRY_VOID(expression)                                                                          \
  if (auto ALK_CAT(alk_try_, __LINE__) = (expression); !ALK_CAT(alk_try_, __LINE__))                         \
  co_return ::alk::pass(std::move(ALK_CAT(alk_try_, __LINE__)).error())

// For our own bugs only: ends the process.
#define ALK_CHECK(condition)                                                                                 \
  do {                                                                                                       \
    if (!(condition)) [[unlikely]]                                                                           \
      ::alk::check_failed(#condition, ::alk::Where::here());                                                 \
  } while (false)
