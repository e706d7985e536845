#include "loop/activation.hpp"

#include <cstdlib>

#include <systemd/sd-daemon.h>

namespace alk::loop {

Result<std::vector<PassedDescriptor>> take_passed_descriptors() {
  char** names = nullptr;
  int count = ::sd_listen_fds_with_names(1, &names);
  if (count < 0) return fail_errno(-count, "passed descriptors");
  std::vector<PassedDescriptor> passed;
  for (int i = 0; i < count; ++i) {
    passed.push_back(
        {names != nullptr && names[i] != nullptr ? names[i] : "unknown", Fd(SD_LISTEN_FDS_START + i)});
    if (names != nullptr) std::free(names[i]);
  }
  std::free(static_cast<void*>(names));
  return passed;
}

} // namespace alk::loop
