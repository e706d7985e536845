#include "net/tcp_endpoint.hpp"

#include "base/result.hpp"
#include "loop/asio.hpp"

#include <algorithm>

namespace alk::net {

asio::ip::tcp::endpoint endpoint_of(const Address& address) {
  ALK_CHECK(address.size == 4 || address.size == 16);
  if (address.size == 4) {
    asio::ip::address_v4::bytes_type bytes;
    std::copy_n(address.bytes.begin(), 4, bytes.begin());
    return {asio::ip::address_v4(bytes), address.port};
  }
  asio::ip::address_v6::bytes_type bytes;
  std::copy(address.bytes.begin(), address.bytes.end(), bytes.begin());
  return {asio::ip::address_v6(bytes, address.scope), address.port};
}

Address address_of(const asio::ip::tcp::endpoint& endpoint) {
  return address_from(endpoint.data(), endpoint.size()).value_or(Address{});
}

} // namespace alk::net
