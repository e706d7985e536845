#include "base/fd.hpp"

#include <unistd.h>

namespace alk {

void Fd::reset(int number) noexcept {
  if (number_ >= 0) ::close(number_);
  number_ = number;
}

} // namespace alk
