#include "terminal.hpp"

#include "base/fd.hpp"
#include "base/text.hpp"
#include "loop/asio.hpp"

#include <cerrno>
#include <memory>

#include <asio/posix/stream_descriptor.hpp>
#include <fcntl.h>
#include <termios.h>
#include <unistd.h>

namespace alk::alknet {

namespace {

constexpr std::size_t secret_limit = 1024;
constexpr std::size_t line_limit = 1024;

Fd open_terminal() {
  if (::isatty(STDIN_FILENO) == 0) return Fd();
  return Fd(::open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY));
}

void print(const Fd& terminal, std::string_view text) {
  while (!text.empty()) {
    const auto count = ::write(terminal.get(), text.data(), text.size());
    if (count < 0 && errno != EINTR) return;
    if (count > 0) text.remove_prefix(static_cast<std::size_t>(count));
  }
}

// Puts the terminal back as it was. Keys that would raise signals arrive as bytes meanwhile, so that no
// signal can leave the terminal without echo.
class RawMode {
 public:
  explicit RawMode(const Fd& terminal) : terminal_(terminal) {
    works_ = ::tcgetattr(terminal_.get(), &before_) == 0;
    if (!works_) return;
    termios raw = before_;
    raw.c_lflag &= ~static_cast<tcflag_t>(ECHO | ICANON | ISIG);
    raw.c_cc[VMIN] = 1;
    raw.c_cc[VTIME] = 0;
    works_ = ::tcsetattr(terminal_.get(), TCSAFLUSH, &raw) == 0;
  }
  ~RawMode() {
    if (works_) ::tcsetattr(terminal_.get(), TCSAFLUSH, &before_);
  }
  RawMode(const RawMode&) = delete;
  RawMode& operator=(const RawMode&) = delete;
  bool works() const { return works_; }

 private:
  const Fd& terminal_;
  termios before_{};
  bool works_ = false;
};

constexpr char interrupt = 0x03, end_of_input = 0x04, backspace = 0x08, kill_line = 0x15, rub_out = 0x7f;

// Into `line`, without its end; nullopt when cancelled.
std::optional<std::size_t> read_secret(const Fd& terminal, std::span<std::byte> line) {
  std::size_t size = 0;
  for (;;) {
    char key = 0;
    const auto count = ::read(terminal.get(), &key, 1);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0 || key == interrupt || (key == end_of_input && size == 0)) return std::nullopt;
    if (key == '\n' || key == '\r') return size;
    if (key == backspace || key == rub_out) {
      if (size > 0) --size;
    } else if (key == kill_line) {
      size = 0;
    } else if (size < line.size()) {
      line[size++] = static_cast<std::byte>(key);
    }
  }
}

} // namespace

bool has_terminal() {
  return static_cast<bool>(open_terminal());
}

std::optional<SecretBytes> ask_secret(const std::string& prompt) {
  const Fd terminal = open_terminal();
  if (!terminal) return std::nullopt;
  const RawMode raw(terminal);
  if (!raw.works()) return std::nullopt;
  print(terminal, prompt);
  SecretBytes buffer(secret_limit);
  const auto size = read_secret(terminal, buffer.bytes());
  print(terminal, "\n");
  if (!size) return std::nullopt;
  return SecretBytes(buffer.view().substr(0, *size));
}

Task<std::string> ask_line(std::string prompt) {
  Fd terminal = open_terminal();
  if (!terminal) co_return std::string();
  print(terminal, prompt);
  asio::posix::stream_descriptor input(co_await asio::this_coro::executor, terminal.release());
  std::string line;
  while (line.size() < line_limit) {
    char key = 0;
    auto [error, count] = co_await input.async_read_some(asio::buffer(&key, 1), loop::as_value);
    if (error) co_return std::string();
    if (key == '\n') break;
    line += key;
  }
  co_return std::string(trim(line));
}

} // namespace alk::alknet
