#include "base/bytes.hpp"
#include "ssh/agent.hpp"

#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <memory>
#include <thread>

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

namespace alk::ssh::agent_test {
namespace {

constexpr char identities_request = 11, identities_answer = 12, sign_request = 13, sign_answer = 14,
               refusal = 5;

std::string framed(std::string_view message) {
  return ByteWriter().string(message).take();
}

std::string read_framed(int fd) {
  std::string head(4, '\0');
  if (::recv(fd, head.data(), 4, MSG_WAITALL) != 4) return {};
  std::string body(*ByteReader(head).u32(), '\0');
  if (::recv(fd, body.data(), body.size(), MSG_WAITALL) != static_cast<ssize_t>(body.size())) return {};
  return body;
}

void send_framed(int fd, std::string_view message) {
  const auto bytes = framed(message);
  ASSERT_EQ(::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL), static_cast<ssize_t>(bytes.size()));
}

// Answers every connection's requests from a script: what comes is kept, what goes back is fixed per type.
struct FakeAgent {
  std::string directory = testing::TempDir() + "agent_XXXXXX";
  std::string path;
  Fd listener;
  std::string identities =
      ByteWriter().u8(identities_answer).u32(2).string("one").string("c").string("two").string("").take();
  std::string seen_signing;
  std::thread thread;

  FakeAgent() {
    EXPECT_NE(::mkdtemp(directory.data()), nullptr);
    path = directory + "/socket";
    listener = Fd(::socket(AF_UNIX, SOCK_STREAM, 0));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, path.data(), path.size());
    EXPECT_EQ(::bind(listener.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    EXPECT_EQ(::listen(listener.get(), 4), 0);
    thread = std::thread([this] { serve(); });
  }
  ~FakeAgent() {
    ::shutdown(listener.get(), SHUT_RDWR);
    thread.join();
    std::filesystem::remove_all(directory);
  }
  void serve() {
    for (;;) {
      Fd peer(::accept(listener.get(), nullptr, nullptr));
      if (!peer) return;
      for (std::string request = read_framed(peer.get()); !request.empty();
           request = read_framed(peer.get())) {
        if (request[0] == identities_request) send_framed(peer.get(), identities);
        if (request[0] == sign_request) {
          seen_signing = request;
          send_framed(peer.get(), ByteWriter().u8(sign_answer).string("signature").take());
        }
      }
    }
  }
};

TEST(Agent, HoldsWhatItLists) {
  FakeAgent agent;
  EXPECT_TRUE(agent_holds(agent.path, "one"));
  EXPECT_TRUE(agent_holds(agent.path, "two"));
  EXPECT_FALSE(agent_holds(agent.path, "three"));
}

TEST(Agent, NoAgentHoldsNothing) {
  EXPECT_FALSE(agent_holds("/nonexistent/agent", "one"));
  EXPECT_FALSE(agent_holds(std::string(4096, 'x'), "one"));
  EXPECT_FALSE(AgentGate::open("/nonexistent/agent", "one"));
}

TEST(Agent, BrokenAnswersAreNo) {
  FakeAgent agent;
  for (const std::string& answer :
       {std::string(1, refusal), ByteWriter().u8(identities_answer).u32(0xffffffff).take(),
        ByteWriter().u8(identities_answer).u32(1).u32(500).take()}) {
    agent.identities = answer;
    EXPECT_FALSE(agent_holds(agent.path, "one"));
  }
}

TEST(AgentGate, ShowsOneKeyAndSignsWithItAlone) {
  FakeAgent agent;
  auto gate = std::move(*AgentGate::open(agent.path, "two"));
  const Fd front(gate->take_descriptor());
  send_framed(front.get(), std::string(1, identities_request));
  EXPECT_EQ(read_framed(front.get()),
            ByteWriter().u8(identities_answer).u32(1).string("two").string("").take());

  send_framed(front.get(), ByteWriter().u8(sign_request).string("one").string("data").u32(0).take());
  EXPECT_EQ(read_framed(front.get()), std::string(1, refusal));
  EXPECT_EQ(agent.seen_signing, "");

  const auto request = ByteWriter().u8(sign_request).string("two").string("data").u32(0).take();
  send_framed(front.get(), request);
  EXPECT_EQ(read_framed(front.get()), ByteWriter().u8(sign_answer).string("signature").take());
  EXPECT_EQ(agent.seen_signing, request);

  send_framed(front.get(), std::string(1, 17)); // add an identity
  EXPECT_EQ(read_framed(front.get()), std::string(1, refusal));
}

TEST(AgentGate, OversizedRequestEndsIt) {
  FakeAgent agent;
  auto gate = std::move(*AgentGate::open(agent.path, "two"));
  const Fd front(gate->take_descriptor());
  const auto head = ByteWriter().u32(agent_message_limit + 1).take();
  ASSERT_EQ(::send(front.get(), head.data(), head.size(), MSG_NOSIGNAL), 4);
  gate.reset();
  char byte = 0;
  EXPECT_LE(::recv(front.get(), &byte, 1, 0), 0);
}

TEST(AgentGate, EndsWhileTheAgentThinks) {
  FakeAgent agent;
  auto gate = std::move(*AgentGate::open(agent.path, "two"));
  const Fd front(gate->take_descriptor());
  gate.reset(); // joins
  SUCCEED();
}

} // namespace
} // namespace alk::ssh::agent_test
