#include "daemon/confine.hpp"

#include <cerrno>

#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>

namespace alk::daemon {

// LeakSanitizer attaches to its own process, which an undumpable one refuses.
#if defined(__SANITIZE_ADDRESS__)
static constexpr bool sanitized = true;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(leak_sanitizer)
static constexpr bool sanitized = true;
#else
static constexpr bool sanitized = false;
#endif
#else
static constexpr bool sanitized = false;
#endif

Result<void> confine_process() {
  ::umask(077);
  const ::rlimit none{0, 0};
  if (::setrlimit(RLIMIT_CORE, &none) != 0) return fail_errno(errno, "switching core files off");
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return fail_errno(errno, "giving up new privileges");
  if (!sanitized && ::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0)
    return fail_errno(errno, "refusing to be traced");
  return {};
}

} // namespace alk::daemon
