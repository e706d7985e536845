// A secret that is held for long: on a page of its own that is neither swapped out nor dumped, wiped at the
// end.
#pragma once

#include "base/result.hpp"

#include <cstddef>
#include <string_view>

namespace alk {

class LockedSecret {
 public:
  // Errors: by errno; locking is bounded by RLIMIT_MEMLOCK.
  static Result<LockedSecret> make(std::string_view secret);
  LockedSecret(LockedSecret&& other) noexcept;
  LockedSecret& operator=(LockedSecret&&) = delete;
  LockedSecret(const LockedSecret&) = delete;
  ~LockedSecret();

  std::string_view view() const { return {static_cast<const char*>(pages_), size_}; }

 private:
  LockedSecret(void* pages, std::size_t room) : pages_(pages), room_(room) {}

  void* pages_;
  std::size_t room_;
  std::size_t size_ = 0;
};

} // namespace alk
