#include "ssh/memory_transport.hpp"

#include <gtest/gtest.h>

namespace alk::ssh::server_session_test {

TEST(MemoryTransport, LibsshReachesTheInterposedFunctions) {
  auto checked = check_interposition();
  EXPECT_TRUE(checked) << checked.error().describe();
}

} // namespace alk::ssh::server_session_test
