// org.alknet.Store1 as alknet-listend sees it: the records of outbound credentials that are meant for it.
#pragma once

#include "bus/connection.hpp"
#include "clients/secret_record.hpp"

#include <chrono>
#include <functional>
#include <string>

namespace alk::clients {

// The service may have to be started first, and to wait for its database.
inline constexpr std::chrono::milliseconds credential_deadline{10000};

// Belongs to the connection's loop; its coroutines may be awaited from any loop. The connection must outlive
// it, and it must outlive every wait.
class CredentialClient {
 public:
  explicit CredentialClient(bus::Connection& connection);

  // NotFound, Denied (another program's), Gone, Busy, Broken. Starts the service when it can be.
  Task<Result<EncryptedRecord>> credential(std::string name);

  // Something was changed, or the service is there anew: on the connection's loop.
  void on_changed(std::function<void()> callback) { on_changed_ = std::move(callback); }

 private:
  bus::Connection& connection_;
  std::function<void()> on_changed_;
  bus::Slot watch_;
  bus::Slot changed_;
};

} // namespace alk::clients
