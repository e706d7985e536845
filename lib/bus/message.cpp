#include "bus/message.hpp"

#include "base/text.hpp"

#include <algorithm>
#include <cerrno>

#include <fcntl.h>
#include <systemd/sd-bus.h>

namespace alk::bus {

static Failure malformed(std::string_view expected) {
  return fail(Kind::Invalid, "malformed message: " + std::string(expected) + " expected");
}

static Failure too_long(std::string_view what) {
  return fail(Kind::Invalid, std::string(what) + " is too long");
}

static std::string_view or_empty(const char* text) {
  return text ? std::string_view(text) : std::string_view();
}

void Message::Unref::operator()(sd_bus_message* message) const noexcept {
  ::sd_bus_message_unref(message);
}

std::string_view Message::sender() const {
  return or_empty(::sd_bus_message_get_sender(raw()));
}

std::string_view Message::member() const {
  return or_empty(::sd_bus_message_get_member(raw()));
}

std::string_view Message::path() const {
  return or_empty(::sd_bus_message_get_path(raw()));
}

std::string_view Message::interface() const {
  return or_empty(::sd_bus_message_get_interface(raw()));
}

std::string_view Message::signature() const {
  return or_empty(::sd_bus_message_get_signature(raw(), 1));
}

template <class T>
Result<T> Message::read_basic(char type) {
  T value{};
  if (::sd_bus_message_read_basic(raw(), type, &value) <= 0) return malformed(std::string_view(&type, 1));
  return value;
}

Result<bool> Message::read_bool() {
  ALK_TRY(auto value, read_basic<int>('b')); // sd-bus stores a boolean as int
  return value != 0;
}

Result<std::uint8_t> Message::read_u8() {
  return read_basic<std::uint8_t>('y');
}

Result<std::uint16_t> Message::read_u16() {
  return read_basic<std::uint16_t>('q');
}

Result<std::int32_t> Message::read_i32() {
  return read_basic<std::int32_t>('i');
}

Result<std::uint32_t> Message::read_u32() {
  return read_basic<std::uint32_t>('u');
}

Result<std::int64_t> Message::read_i64() {
  return read_basic<std::int64_t>('x');
}

Result<std::uint64_t> Message::read_u64() {
  return read_basic<std::uint64_t>('t');
}

Result<std::string> Message::read_text(std::size_t limit) {
  ALK_TRY(auto text, read_basic<const char*>('s'));
  std::string_view view(text);
  if (view.size() > limit) return too_long("a string");
  return std::string(view);
}

Result<std::string> Message::read_bytes(std::size_t limit) {
  const void* data = nullptr;
  std::size_t size = 0;
  if (::sd_bus_message_read_array(raw(), 'y', &data, &size) < 0) return malformed("ay");
  if (size > limit) return too_long("a byte array");
  return std::string(static_cast<const char*>(data), size);
}

Result<Fd> Message::read_fd() {
  ALK_TRY(auto borrowed, read_basic<int>('h'));
  Fd own(::fcntl(borrowed, F_DUPFD_CLOEXEC, 3));
  if (!own) return fail_errno(errno, "duplicating a descriptor of a message");
  return own;
}

Result<void> Message::read_inside(char type, const char* contents,
                                  const std::function<Result<void>()>& members) {
  if (::sd_bus_message_enter_container(raw(), type, contents) <= 0) return malformed(contents);
  ALK_TRY_VOID(members());
  if (::sd_bus_message_exit_container(raw()) < 0) return malformed("the end of a container");
  return {};
}

Result<void> Message::read_each(const char* contents, const std::function<Result<void>()>& element,
                                std::size_t limit) {
  return read_inside('a', contents, [&]() -> Result<void> {
    for (std::size_t count = 0;; ++count) {
      int at_end = ::sd_bus_message_at_end(raw(), 0);
      if (at_end < 0) return malformed(contents);
      if (at_end > 0) return {};
      if (count == limit) return too_long("a list");
      ALK_TRY_VOID(element());
    }
  });
}

Result<std::vector<std::string>> Message::read_texts(std::size_t limit) {
  std::vector<std::string> texts;
  auto element = [&]() -> Result<void> {
    ALK_TRY(auto text, read_text());
    texts.push_back(std::move(text));
    return {};
  };
  ALK_TRY_VOID(read_each("s", element, limit));
  return texts;
}

Result<std::string> Message::peek_variant() {
  char type = 0;
  const char* contents = nullptr;
  if (::sd_bus_message_peek_type(raw(), &type, &contents) <= 0 || type != 'v') return malformed("v");
  return std::string(contents);
}

Result<void> Message::skip(const char* types) {
  if (::sd_bus_message_skip(raw(), types) < 0) return malformed(types);
  return {};
}

Result<Value> Message::read_value() {
  ALK_TRY(auto inside, peek_variant());
  Value value;
  auto take = [&value](auto result) -> Result<void> {
    if (!result) return pass(std::move(result).error());
    value = std::move(*result);
    return {};
  };
  ALK_TRY_VOID(read_inside('v', inside.c_str(), [&]() -> Result<void> {
    if (inside == "b") return take(read_bool());
    if (inside == "y") return take(read_u8());
    if (inside == "q") return take(read_u16());
    if (inside == "i") return take(read_i32());
    if (inside == "u") return take(read_u32());
    if (inside == "x") return take(read_i64());
    if (inside == "t") return take(read_u64());
    if (inside == "s") return take(read_text());
    if (inside == "as") return take(read_texts());
    value = Opaque{inside};
    return skip(inside.c_str());
  }));
  return value;
}

Result<Dictionary> Message::read_dictionary(std::size_t limit) {
  Dictionary dictionary;
  auto entry = [&]() -> Result<void> {
    ALK_TRY(auto key, read_text());
    ALK_TRY(auto value, read_value());
    if (!dictionary.emplace(std::move(key), std::move(value)).second)
      return fail(Kind::Invalid, "malformed message: a key stands twice in a dictionary");
    return {};
  };
  ALK_TRY_VOID(read_each(
      "{sv}", [&] { return read_inside('e', "sv", entry); }, limit));
  return dictionary;
}

Result<std::vector<Dictionary>> Message::read_dictionaries(std::size_t limit) {
  std::vector<Dictionary> dictionaries;
  auto element = [&]() -> Result<void> {
    ALK_TRY(auto dictionary, read_dictionary());
    dictionaries.push_back(std::move(dictionary));
    return {};
  };
  ALK_TRY_VOID(read_each("a{sv}", element, limit));
  return dictionaries;
}

Result<StringLists> Message::read_string_lists(std::size_t limit) {
  StringLists lists;
  auto entry = [&]() -> Result<void> {
    ALK_TRY(auto key, read_text());
    ALK_TRY(auto texts, read_texts());
    if (!lists.emplace(std::move(key), std::move(texts)).second)
      return fail(Kind::Invalid, "malformed message: a key stands twice in a dictionary");
    return {};
  };
  ALK_TRY_VOID(read_each(
      "{sas}", [&] { return read_inside('e', "sas", entry); }, limit));
  return lists;
}

Message& Message::note(int code) {
  if (code < 0 && error_ == 0) error_ = code;
  return *this;
}

template <class T>
Message& Message::write_basic(char type, const T& value) {
  if (error_ < 0) return *this;
  return note(::sd_bus_message_append_basic(raw(), type, &value));
}

Message& Message::write_bool(bool value) {
  return write_basic('b', static_cast<int>(value));
}

Message& Message::write_u8(std::uint8_t value) {
  return write_basic('y', value);
}

Message& Message::write_u16(std::uint16_t value) {
  return write_basic('q', value);
}

Message& Message::write_i32(std::int32_t value) {
  return write_basic('i', value);
}

Message& Message::write_u32(std::uint32_t value) {
  return write_basic('u', value);
}

Message& Message::write_i64(std::int64_t value) {
  return write_basic('x', value);
}

Message& Message::write_u64(std::uint64_t value) {
  return write_basic('t', value);
}

Message& Message::write_text(std::string_view value) {
  if (error_ < 0) return *this;
  if (!is_utf8(value)) return note(-EILSEQ);
  char* place = nullptr;
  note(::sd_bus_message_append_string_space(raw(), value.size(), &place));
  if (error_ == 0) std::copy(value.begin(), value.end(), place);
  return *this;
}

Message& Message::write_bytes(std::string_view value) {
  if (error_ < 0) return *this;
  return note(::sd_bus_message_append_array(raw(), 'y', value.data(), value.size()));
}

Message& Message::write_fd(int fd) {
  return write_basic('h', fd);
}

Message& Message::write_inside(char type, const char* contents, const std::function<void()>& members) {
  if (error_ < 0) return *this;
  note(::sd_bus_message_open_container(raw(), type, contents));
  if (error_ == 0) members();
  if (error_ == 0) note(::sd_bus_message_close_container(raw()));
  return *this;
}

Message& Message::write_texts(std::span<const std::string> values) {
  return write_inside('a', "s", [&] {
    for (const auto& text : values) write_text(text);
  });
}

namespace {
template <class... Functions>
struct Overloaded : Functions... {
  using Functions::operator()...;
};
template <class... Functions>
Overloaded(Functions...) -> Overloaded<Functions...>;
} // namespace

Message& Message::write_value(const Value& value) {
  auto inside = [this](const char* signature, auto write, const auto& member) {
    write_inside('v', signature, [&] { (this->*write)(member); });
  };
  std::visit(Overloaded{
                 [&](bool member) { inside("b", &Message::write_bool, member); },
                 [&](std::uint8_t member) { inside("y", &Message::write_u8, member); },
                 [&](std::uint16_t member) { inside("q", &Message::write_u16, member); },
                 [&](std::int32_t member) { inside("i", &Message::write_i32, member); },
                 [&](std::uint32_t member) { inside("u", &Message::write_u32, member); },
                 [&](std::int64_t member) { inside("x", &Message::write_i64, member); },
                 [&](std::uint64_t member) { inside("t", &Message::write_u64, member); },
                 [&](const std::string& member) { inside("s", &Message::write_text, member); },
                 [&](const std::vector<std::string>& member) { inside("as", &Message::write_texts, member); },
                 // Only what was read can be opaque; nobody writes one.
                 [&](const Opaque&) { note(-EOPNOTSUPP); },
             },
             value);
  return *this;
}

Message& Message::write_dictionary(const Dictionary& value) {
  return write_inside('a', "{sv}", [&] {
    for (const auto& entry : value) {
      write_inside('e', "sv", [&] { write_text(entry.first).write_value(entry.second); });
    }
  });
}

Message& Message::write_dictionaries(std::span<const Dictionary> values) {
  return write_inside('a', "a{sv}", [&] {
    for (const auto& dictionary : values) write_dictionary(dictionary);
  });
}

Message& Message::write_string_lists(const StringLists& value) {
  return write_inside('a', "{sas}", [&] {
    for (const auto& entry : value) {
      write_inside('e', "sas", [&] { write_text(entry.first).write_texts(entry.second); });
    }
  });
}

Result<void> Message::check() const {
  if (!raw_) return fail(Kind::Broken, "there is no message");
  if (error_ == -EILSEQ) return fail(Kind::Invalid, "text for the bus is not UTF-8");
  if (error_ < 0) return fail_errno(-error_, "writing a bus message");
  return {};
}

} // namespace alk::bus
