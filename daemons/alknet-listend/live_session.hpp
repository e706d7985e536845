// What the main loop knows of an authenticated session.
#pragma once

#include "base/identity.hpp"
#include "base/tally.hpp"

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>

namespace alk::listend {

struct LiveSession {
  std::uint64_t id = 0;
  std::size_t worker = 0; // the loop that it lives on
  Identity identity;
  Constraints constraints;
  std::string user;
  std::string remote_addr;
  std::uint16_t remote_port = 0;
  std::string transport;
  std::string listener;
  std::uint64_t since = 0;                              // Unix seconds
  std::uint64_t authority_epoch = 0;                    // see Hub; when authd was asked
  std::shared_ptr<std::atomic<std::uint32_t>> channels; // written by the session's loop
  std::shared_ptr<const Traffic> traffic;               // likewise

  // What alknet-authd calls this login when it is revoked.
  const std::string& credential() const {
    return constraints.credential.empty() ? identity.id : constraints.credential;
  }
};

} // namespace alk::listend
