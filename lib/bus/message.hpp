// One D-Bus message, read and written member by member in the order of its signature.
//
// Reading: every getter fails with Invalid when the type differs or a limit is exceeded; lengths come from
// the peer and are checked before anything is copied. Strings are valid UTF-8 without NUL (checked by
// sd-bus). Writing: writers can be chained; the first failure sticks and is reported when the message is
// sent. Text that is not UTF-8 is such a failure, because the bus daemon closes the connection of whoever
// sends it.
#pragma once

#include "base/fd.hpp"
#include "base/result.hpp"
#include "bus/value.hpp"

#include <functional>
#include <memory>
#include <span>

struct sd_bus_message;

namespace alk::bus {

inline constexpr std::size_t max_text =
    256 * 1024; // longest string: every problem of a configuration, in lines
inline constexpr std::size_t max_bytes =
    1024 * 1024; // longest byte array; callers pass less where they know better
inline constexpr std::size_t max_entries = 16384; // of any list: well above 4096 ids, below harm

class Message {
 public:
  Message() = default;
  // Takes over one reference.
  explicit Message(sd_bus_message* owned) : raw_(owned) {}

  explicit operator bool() const { return raw_ != nullptr; }
  sd_bus_message* raw() const { return raw_.get(); }

  std::string_view sender() const;
  std::string_view member() const;
  std::string_view path() const;
  std::string_view interface() const;
  std::string_view signature() const;

  Result<bool> read_bool();
  Result<std::uint8_t> read_u8();
  Result<std::uint16_t> read_u16();
  Result<std::int32_t> read_i32();
  Result<std::uint32_t> read_u32();
  Result<std::int64_t> read_i64();
  Result<std::uint64_t> read_u64();
  Result<std::string> read_text(std::size_t limit = max_text);
  Result<std::string> read_bytes(std::size_t limit = max_bytes);                // ay
  Result<std::vector<std::string>> read_texts(std::size_t limit = max_entries); // as
  Result<Fd> read_fd();                                                         // a duplicate, close-on-exec
  Result<Value> read_value();                                                   // v
  Result<Dictionary> read_dictionary(std::size_t limit = max_entries);          // a{sv}
  Result<std::vector<Dictionary>> read_dictionaries(std::size_t limit = max_entries); // aa{sv}
  Result<StringLists> read_string_lists(std::size_t limit = max_entries);             // a{sas}
  // Every element of an array: `contents` is the element's signature, `element` must read exactly one.
  Result<void> read_each(const char* contents, const std::function<Result<void>()>& element,
                         std::size_t limit = max_entries);
  // The members of a struct "(...)", dict entry "{..}" or variant "v"; `contents` without the brackets.
  Result<void> read_inside(char type, const char* contents, const std::function<Result<void>()>& members);
  Result<void> skip(const char* types);
  Result<std::string> peek_variant(); // the signature inside the variant that comes next

  Message& write_bool(bool value);
  Message& write_u8(std::uint8_t value);
  Message& write_u16(std::uint16_t value);
  Message& write_i32(std::int32_t value);
  Message& write_u32(std::uint32_t value);
  Message& write_i64(std::int64_t value);
  Message& write_u64(std::uint64_t value);
  Message& write_text(std::string_view value);
  Message& write_bytes(std::string_view value);
  Message& write_texts(std::span<const std::string> values);
  Message& write_fd(int fd); // duplicated
  Message& write_value(const Value& value);
  Message& write_dictionary(const Dictionary& value);
  Message& write_dictionaries(std::span<const Dictionary> values);
  Message& write_string_lists(const StringLists& value);
  // A container of sd_bus_message_open_container(3): 'a', 'r', 'e', 'v'; `members` writes what is inside.
  Message& write_inside(char type, const char* contents, const std::function<void()>& members);

  // What went wrong while writing, if anything did.
  Result<void> check() const;

 private:
  struct Unref {
    void operator()(sd_bus_message* message) const noexcept;
  };
  template <class T>
  Result<T> read_basic(char type);
  template <class T>
  Message& write_basic(char type, const T& value);
  Message& note(int code);

  std::unique_ptr<sd_bus_message, Unref> raw_;
  int error_ = 0;
};

} // namespace alk::bus
