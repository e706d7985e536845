// Everything that `alknet serve` needs before its first child starts: files, addresses, sockets, command
// lines.
#pragma once

#include "config/config.hpp"
#include "notify_socket.hpp"
#include "serve_listen.hpp"
#include "serve_options.hpp"
#include "serve_process.hpp"
#include "serve_state.hpp"

#include <functional>
#include <string>
#include <vector>

namespace alk::alknet {

struct OpenListener {
  std::string name;
  config::Transport transport = config::Transport::Tcp;
  Endpoint endpoint; // where it listens in fact
  Fd socket;
};

struct ServeSetup {
  StateDirectory state;
  std::string config;      // the daemons' --config
  std::string bus_address; // for this process
  std::vector<OpenListener> listeners;
  NotifySocket notify;
  std::vector<ProcessSpec> children; // in start order: the bus first
};

// The addresses to open for a configuration: what the flags say for the listeners `tls` and `ssh`, else
// `listen` of the file. A listener without an address is left out. Errors: Invalid.
struct WantedListener {
  std::string name;
  config::Transport transport = config::Transport::Tcp;
  Endpoint endpoint;
};
Result<std::vector<WantedListener>> wanted_listeners(const ServeOptions& options,
                                                     const config::Static& fixed);

// alknet-authd and alknet-listend: in $ALKNET_LIBEXEC_DIR if that is set, else beside this program, else
// where they were installed. NotFound names the places.
Result<std::string> find_daemon(const std::string& name);

// `say` gets progress lines for stderr. The text of an error may have several lines.
Result<ServeSetup> set_up(const ServeOptions& options, const std::function<void(const std::string&)>& say);

} // namespace alk::alknet
