// The face of alknet-stored over a socket pair, with its threads behind it.
#pragma once

#include "../bus/pair.hpp"
#include "alknet-stored/store_bus.hpp"
#include "identity_test_base.hpp"
#include "loop/asio.hpp"

#include <unistd.h>

namespace alk::stored {

inline constexpr bus::Destination target{nullptr, bus_path, bus_name};

class StoreBusTest : public testing::Test {
 protected:
  StoreBusTest() {
    store = std::move(*Store::open(loop, std::move(*make_sqlite_engine(directory.path()))));
    face.emplace(
        *store,
        [](const bus::Call& call) {
          Act act = test_act();
          act.actor = "uid:" + std::to_string(call.sender_uid());
          return act;
        },
        "SQLite");
    auto served = face->serve(*pair.server, {::geteuid(), std::nullopt, nullptr});
    if (!served) std::abort();
  }

  // The same store, for callers of whom one thing is different: what this process is to it.
  void serve_as(bus::Accounts accounts) {
    face.reset();
    face.emplace(
        *store, [](const bus::Call&) { return test_act(); }, "SQLite");
    if (!face->serve(*pair.server, std::move(accounts))) std::abort();
  }

  using Fill = std::function<void(bus::Message&)>;
  Result<bus::Message> call(const char* member, const Fill& fill = nullptr) {
    auto message = pair.client->make_call(target, member);
    if (fill) fill(message);
    std::optional<Result<bus::Message>> answer;
    pair.client->call(std::move(message), std::chrono::seconds(8),
                      [&](Result<bus::Message> result) { answer = std::move(result); });
    EXPECT_TRUE(bus::test::run_until(loop, [&] { return answer.has_value(); }));
    return answer ? std::move(*answer) : Result<bus::Message>(fail(Kind::Broken, "no answer at all"));
  }
  Result<bus::Message> with_text(const char* member, std::vector<std::string> texts) {
    return call(member, [&](bus::Message& m) {
      for (const std::string& text : texts) m.write_text(text);
    });
  }
  std::string make_account(const std::string& email = "ada@example.org") {
    auto made = call("CreateAccount", [&](bus::Message& m) { m.write_dictionary({{"email", email}}); });
    EXPECT_TRUE(made);
    auto facts = made->read_dictionary();
    return std::get<std::string>((*facts)["id"]);
  }
  std::uint64_t revision() {
    auto answer = call("GetRevision");
    return answer ? answer->read_u64().value_or(0) : 0;
  }
  struct Verdict {
    bool accepted = false;
    std::string reason;
    bus::Dictionary facts;
    std::uint64_t revision = 0;
  };
  Verdict authenticate(const char* kind, const std::string& value) {
    auto answer = with_text("Authenticate", {kind, value});
    EXPECT_TRUE(answer);
    Verdict verdict{*answer->read_bool(), *answer->read_text(), *answer->read_dictionary(), 0};
    EXPECT_TRUE(answer->read_string_lists()->empty());
    verdict.revision = *answer->read_u64();
    return verdict;
  }

  StorageDirectory directory;
  asio::io_context loop;
  bus::test::Pair pair{loop};
  std::unique_ptr<Store> store;
  std::optional<StoreBus> face;
};

} // namespace alk::stored
