// D-Bus addresses of sockets in the file system.
#pragma once

#include <string>
#include <string_view>

namespace alk::bus {

// sockaddr_un holds 108 bytes with the terminating NUL.
inline constexpr std::size_t socket_path_limit = 107;

// "unix:path=..." with the value escaped as the D-Bus specification ("Server Addresses") wants it.
std::string socket_address(std::string_view path);

// The same for the socket NAME in a directory, however long the directory's path: a path that would not fit
// goes through /proc/self/fd and `descriptor`, an open descriptor of the directory in the process that uses
// the address.
std::string socket_address(std::string_view directory, std::string_view name, int descriptor);

} // namespace alk::bus
