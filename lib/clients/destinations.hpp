// Where the contracts of contracts/*.xml are on the bus.
#pragma once

#include "bus/blocking.hpp"

namespace alk::clients {

inline constexpr bus::Destination auth_daemon{"org.alknet.Auth1", "/org/alknet/Auth1", "org.alknet.Auth1"};
inline constexpr bus::Destination listen_daemon{"org.alknet.Listen1", "/org/alknet/Listen1",
                                                "org.alknet.Listen1"};
inline constexpr bus::Destination secret_daemon{"org.alknet.Secret1", "/org/alknet/Secret1",
                                                "org.alknet.Secret1"};
inline constexpr bus::Destination store_daemon{"org.alknet.Store1", "/org/alknet/Store1",
                                               "org.alknet.Store1"};

} // namespace alk::clients
