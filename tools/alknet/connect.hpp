// `alknet connect`: one SSH session, a SOCKS5 listener and local forwards through it.
#pragma once

#include "connect_options.hpp"

namespace alk::alknet {

// Runs until a signal (0) or a failure (1, explained on stderr). Prints one line on stdout when everything
// listens:
//   ready socks5=ADDR:PORT [forward=ADDR:PORT]...      (forwards in the order given; the ports are the real
//   ones)
int connect_main(const ConnectOptions& options);

} // namespace alk::alknet
