#include "loop/asio.hpp"
#include "loop/task_group.hpp"
#include "net/dialer.hpp"
#include "net/tcp_endpoint.hpp"

#include <optional>

#include <gtest/gtest.h>

namespace alk::net::dialer_test {
namespace {

using asio::ip::tcp;
using std::chrono::hours;
using std::chrono::milliseconds;

struct DialerTest : testing::Test {
  asio::io_context context;
  loop::TaskGroup group{context};
  DirectDialer dialer;
  std::optional<Dialled> dialled;

  tcp::acceptor listener{context, endpoint_of(*parse_address("127.0.0.1", 0))};
  Address open_address() { return address_of(listener.local_endpoint()); }

  // Bound but not listening: connecting is refused, and nobody else can take the port meanwhile.
  tcp::socket bound{context, endpoint_of(*parse_address("127.0.0.1", 0))};
  Address closed_address() { return address_of(bound.local_endpoint()); }

  Task<> dial(std::vector<Address> addresses, milliseconds limit) {
    dialled = co_await dialer.connect(std::move(addresses), limit);
  }
  void run(std::vector<Address> addresses, milliseconds limit = hours(1)) {
    group.spawn("dial", dial(std::move(addresses), limit));
    context.run();
  }
};

TEST_F(DialerTest, Connects) {
  run({open_address()});
  ASSERT_TRUE(dialled && *dialled);
  EXPECT_EQ((**dialled)->kind(), "tcp");
}

TEST_F(DialerTest, TriesTheNextAddress) {
  run({closed_address(), open_address()});
  EXPECT_TRUE(dialled && *dialled);
}

TEST_F(DialerTest, Refused) {
  run({closed_address()});
  ASSERT_TRUE(dialled && !*dialled);
  EXPECT_EQ(dialled->error(), DialFailure::Refused);
}

TEST_F(DialerTest, NoAddressIsUnreachable) {
  run({});
  ASSERT_TRUE(dialled && !*dialled);
  EXPECT_EQ(dialled->error(), DialFailure::Unreachable);
}

TEST_F(DialerTest, TimeoutWhenNothingComesBack) {
  // A listener whose queue is full drops further openings silently.
  tcp::acceptor full(context, tcp::v4());
  full.bind(endpoint_of(*parse_address("127.0.0.1", 0)));
  full.listen(0);
  std::vector<tcp::socket> fillers;
  for (int i = 0; i < 4; ++i) {
    fillers.emplace_back(context, tcp::v4());
    fillers.back().non_blocking(true);
    const auto target = full.local_endpoint();
    // Asio's own connect() would wait for the end even so.
    ::connect(fillers.back().native_handle(), target.data(), static_cast<socklen_t>(target.size()));
  }
  run({address_of(full.local_endpoint())}, milliseconds(20));
  ASSERT_TRUE(dialled && !*dialled);
  EXPECT_EQ(dialled->error(), DialFailure::Timeout);
}

TEST_F(DialerTest, CancelEndsTheAttempt) {
  group.spawn("dial", dial({open_address()}, hours(1)));
  group.cancel();
  context.run();
  EXPECT_EQ(group.size(), 0u);
}

} // namespace
} // namespace alk::net::dialer_test
