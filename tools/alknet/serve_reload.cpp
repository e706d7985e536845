#include "serve_reload.hpp"

#include "base/text.hpp"
#include "clients/listen_client.hpp"
#include "loop/asio.hpp"

#include <utility>

#include <asio/post.hpp>

namespace alk::alknet {

static Result<clients::Reloaded> ask(const std::string& bus_address) {
  ALK_TRY(auto connection, bus::BlockingConnection::open(bus_address));
  return clients::ListenClient(connection).reload();
}

std::vector<std::string> reload_over_bus(const std::string& bus_address) {
  std::vector<std::string> lines;
  auto reloaded = ask(bus_address);
  if (!reloaded) {
    std::string text = reloaded.error().describe();
    for (std::string_view line : split(text, '\n')) lines.push_back("reload failed: " + std::string(line));
    return lines;
  }
  lines.push_back("reloaded, generation " + std::to_string(reloaded->generation));
  for (const std::string& key : reloaded->changed) lines.push_back("changed: " + key);
  for (const std::string& key : reloaded->restart) lines.push_back("waits for a restart: " + key);
  return lines;
}

Reloader::Reloader(asio::io_context& loop, std::string bus_address,
                   std::function<void(const std::string&)> say)
    : loop_(loop), bus_address_(std::move(bus_address)), say_(std::move(say)) {}

Reloader::~Reloader() {
  if (worker_.joinable()) worker_.join();
}

void Reloader::request() {
  again_ = running_;
  if (std::exchange(running_, true)) return;
  worker_ = std::thread([this] {
    auto lines = reload_over_bus(bus_address_);
    asio::post(loop_, [this, lines] { finished(lines); });
  });
}

void Reloader::finished(const std::vector<std::string>& lines) {
  worker_.join();
  running_ = false;
  for (const std::string& line : lines) say_(line);
  if (std::exchange(again_, false)) request();
}

} // namespace alk::alknet
