// Address to and from Asio's own type, for the files that hold sockets.
#pragma once

#include "net/address.hpp"

#include <asio/ip/tcp.hpp>

namespace alk::net {

asio::ip::tcp::endpoint endpoint_of(const Address& address); // size must be 4 or 16
Address address_of(const asio::ip::tcp::endpoint& endpoint);

} // namespace alk::net
