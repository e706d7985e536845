#include "net/prefix_stream.hpp"

#include "base/bytes.hpp"

#include <algorithm>

namespace alk::net {

std::unique_ptr<Stream> PrefixStream::make(asio::any_io_executor executor, std::unique_ptr<Stream> below,
                                           std::string prefix) {
  if (prefix.empty()) return below;
  return std::unique_ptr<Stream>(new PrefixStream(std::move(executor), std::move(below), std::move(prefix)));
}

Transfer PrefixStream::read(std::span<std::byte> into) {
  if (prefix_.empty() || into.empty()) return below_->read(into);
  const auto count = std::min(into.size(), prefix_.size());
  std::copy_n(as_bytes(prefix_).begin(), count, into.begin());
  prefix_.erase(0, count);
  if (prefix_.empty()) prefix_ = std::string();
  return {Transfer::State::Done, count, {}};
}

void PrefixStream::wait(Direction direction, std::function<void(std::error_code)> ready) {
  if (direction == Direction::Write || prefix_.empty()) return below_->wait(direction, std::move(ready));
  asio::post(executor_, [ready = std::move(ready)] { ready({}); });
}

void PrefixStream::close() {
  prefix_ = std::string();
  below_->close();
}

} // namespace alk::net
