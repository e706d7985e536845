// A stream with bytes in front that were read too early.
#pragma once

#include "loop/asio.hpp"
#include "net/stream.hpp"

#include <memory>
#include <string>

namespace alk::net {

class PrefixStream final : public Stream {
 public:
  // Gives `below` back when there is no prefix.
  static std::unique_ptr<Stream> make(asio::any_io_executor executor, std::unique_ptr<Stream> below,
                                      std::string prefix);

  Transfer read(std::span<std::byte> into) override;
  Transfer write(std::span<const std::byte> from) override { return below_->write(from); }
  void wait(Direction direction, std::function<void(std::error_code)> ready) override;
  void cancel(Direction direction) override { below_->cancel(direction); }
  void announce_end() override { below_->announce_end(); }
  void shutdown_write() override { below_->shutdown_write(); }
  void close() override;
  std::string_view kind() const override { return below_->kind(); }

 private:
  PrefixStream(asio::any_io_executor executor, std::unique_ptr<Stream> below, std::string prefix)
      : executor_(std::move(executor)), below_(std::move(below)), prefix_(std::move(prefix)) {}
  asio::any_io_executor executor_;
  std::unique_ptr<Stream> below_;
  std::string prefix_;
};

} // namespace alk::net
