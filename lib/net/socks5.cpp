#include "net/socks5.hpp"

#include "base/bytes.hpp"
#include "net/address.hpp"

#include <algorithm>

namespace alk::net {

namespace {
constexpr std::uint8_t version = 5;
constexpr std::uint8_t no_authentication = 0;
constexpr std::uint8_t command_connect = 1;
enum AddressType : std::uint8_t { Ipv4 = 1, Name = 3, Ipv6 = 4 };

std::string address_text(std::span<const std::byte> bytes) {
  Address address;
  address.size = static_cast<std::uint8_t>(bytes.size());
  std::transform(bytes.begin(), bytes.end(), address.bytes.begin(),
                 [](std::byte b) { return std::uint8_t(b); });
  return address.host();
}
} // namespace

std::string socks_reply(SocksReply reply) {
  return ByteWriter().u8(version).u8(static_cast<std::uint8_t>(reply)).u8(0).u8(Ipv4).u32(0).u16(0).take();
}

bool is_reserved_name(std::string_view host) {
  return host.starts_with("alknet-");
}

Socks5::State Socks5::refuse(SocksReply reply) {
  output_ += socks_reply(reply);
  return State::Refused;
}

Socks5::State Socks5::feed(std::string_view bytes) {
  input_ += bytes;
  if (state_ != State::NeedMore) return state_;
  if (!greeted_) state_ = greet();
  if (greeted_ && state_ == State::NeedMore) state_ = read_request();
  return state_;
}

Socks5::State Socks5::greet() {
  ByteReader reader(input_);
  const auto asked = reader.u8();
  if (asked && *asked != version) return State::Refused; // not SOCKS5: nothing that it would understand
  const auto count = reader.u8();
  const auto methods = count ? reader.take(*count) : std::nullopt;
  if (!methods) return State::NeedMore;
  greeted_ = true;
  const bool offered =
      std::find(methods->begin(), methods->end(), std::byte{no_authentication}) != methods->end();
  output_ += offered ? std::string("\x05\x00", 2) : std::string("\x05\xff", 2);
  input_.erase(0, 2 + std::size_t{*count});
  return offered ? State::NeedMore : State::Refused;
}

Socks5::State Socks5::read_request() {
  ByteReader reader(input_);
  const auto asked = reader.u8();
  if (asked && *asked != version) return refuse(SocksReply::GeneralFailure);
  const auto command = reader.u8();
  if (command && *command != command_connect) return refuse(SocksReply::CommandNotSupported);
  const auto reserved = reader.u8();
  const auto type = reader.u8();
  if (!reserved || !type) return State::NeedMore;
  if (*type != Ipv4 && *type != Name && *type != Ipv6) return refuse(SocksReply::AddressTypeNotSupported);

  const auto name_size = *type == Name ? reader.u8() : std::optional<std::uint8_t>(0);
  if (!name_size) return State::NeedMore;
  const std::size_t size = *type == Ipv4 ? 4 : *type == Ipv6 ? 16 : *name_size;
  const auto host = reader.take(size);
  const auto port = reader.u16();
  if (!host || !port) return State::NeedMore;
  target_.host = *type == Name ? std::string(as_text(*host)) : address_text(*host);
  target_.port = *port;
  if (target_.host.empty() || target_.host.find('\0') != target_.host.npos)
    return refuse(SocksReply::GeneralFailure);
  if (is_reserved_name(target_.host)) return refuse(SocksReply::NotAllowed);
  input_.erase(0, input_.size() - reader.left());
  return State::Request;
}

} // namespace alk::net
