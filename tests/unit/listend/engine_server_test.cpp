// An engine at its control socket, with the supervisor played by the test over the real codec.
#include "control/engine_server.hpp"
#include "ssh/key_file.hpp"

#include <array>
#include <map>

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

namespace alk::listend::engine_server_test {

namespace {
using std::chrono::milliseconds;

class Nobody final : public Authority {
 public:
  void verify(LoginRequest, std::function<void(Result<LoginVerdict>)> answer) override {
    answer(LoginVerdict{});
  }
  void find_revoked(std::vector<std::string>,
                    std::function<void(Result<std::vector<std::string>>)> answer) override {
    answer(std::vector<std::string>{});
  }
};

class Supply final : public SecretSupply {
 public:
  void follow_host_key(std::function<void(Result<SecretBytes>)> told) override { host_key = std::move(told); }
  void follow_credential(CredentialPlace place, std::string name,
                         std::function<void(Result<SecretBytes>)> told) override {
    passwords.erase(std::exchange(followed[place], name));
    if (told) passwords[name] = std::move(told);
  }
  std::function<void(Result<SecretBytes>)> host_key;
  std::array<std::string, credential_places> followed;
  std::map<std::string, std::function<void(Result<SecretBytes>)>> passwords; // by credential
};

constexpr const char* configuration = "[auth]\nhost_key = \"/host_key\"\n[[listeners]]\nname = \"ssh\"\n"
                                      "transport = \"tcp\"\n";

class EngineServerTest : public testing::Test {
 protected:
  void SetUp() override {
    pair_ = std::move(*make_control_pair());
    server_ = std::make_unique<EngineServer>(
        loop_, std::move(pair_.engine), authority_, supply_,
        [](std::string, std::function<void(Result<LoginVerdict>)> answer) {
          answer(fail(Kind::NotFound, "no such identity"));
        },
        [this] { ended_ = true; },
        EngineServer::Pace{.beat = milliseconds(5), .farewell = milliseconds(50), .password = patience_});
    channel_ = std::make_unique<ControlChannel>(loop_, std::move(pair_.supervisor));
    channel_->open(
        [this](ControlMessage message, std::vector<Fd>) {
          if (message.is(ControlKind::Answer)) answer_ = outcome_of(*decode<AnswerBody>(message.body));
          if (message.is(ControlKind::Measured)) measured_ = decode<ReadingsBody>(message.body)->readings;
          if (message.is(ControlKind::Offended)) offended_ = *decode<OffenceBody>(message.body);
          if (message.is(ControlKind::Keys)) keys_ = *decode<KeysBody>(message.body);
          if (message.is(ControlKind::Beat)) beat_ = *decode<BeatBody>(message.body);
        },
        [] {});
    server_->open();
    listening_.reset(::socket(AF_INET, SOCK_STREAM, 0));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    ASSERT_EQ(::bind(listening_.get(), reinterpret_cast<sockaddr*>(&address), size), 0);
    ASSERT_EQ(::listen(listening_.get(), 16), 0);
    ::getsockname(listening_.get(), reinterpret_cast<sockaddr*>(&address), &size);
    address_ = address;
  }
  void TearDown() override {
    channel_.reset();
    run_until([this] { return ended_; });
    EXPECT_TRUE(ended_);
  }

  void run_until(const std::function<bool()>& done) {
    auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    loop_.restart();
    while (!done() && std::chrono::steady_clock::now() < deadline) loop_.run_one_for(std::chrono::seconds(1));
  }
  Result<std::string> ask(ControlKind kind, std::string body = {}, std::vector<int> descriptors = {}) {
    answer_.reset();
    EXPECT_TRUE(channel_->send(make_control(kind, std::move(body), ++question_), descriptors));
    run_until([this] { return answer_.has_value(); });
    return answer_ ? *answer_ : Result<std::string>(fail(Kind::Gone, "no answer"));
  }
  // Its answer is for answer_.
  void ask_prepare(std::uint64_t number, const std::string& text) {
    const Fd packed = bundle(text);
    const int descriptors[] = {packed.get()};
    answer_.reset();
    EXPECT_TRUE(channel_->send(
        make_control(ControlKind::Prepare, encode(TransactionBody{number}), ++question_), descriptors));
  }
  bool follows(const std::string& credential) {
    run_until([&] { return supply_.passwords.count(credential) == 1; });
    return supply_.passwords.count(credential) == 1;
  }
  Fd bundle(const std::string& text) {
    Bundle bundle{{{"/etc/alknet/alknet.toml", "alknet.toml", text}}, {}, {}};
    bundle.keys.emplace("/host_key", SecretBytes(ssh::generate_ed25519().value().private_key.view()));
    return std::move(*pack(bundle));
  }
  Result<std::string> start(std::uint64_t generation, const std::string& text = configuration) {
    Fd packed = bundle(text);
    return ask(ControlKind::Start, encode(StartBody{generation, 1, {"ssh"}}),
               {packed.get(), listening_.get()});
  }
  Result<std::string> prepare(std::uint64_t number, const std::string& text) {
    Fd packed = bundle(text);
    return ask(ControlKind::Prepare, encode(TransactionBody{number}), {packed.get()});
  }
  // A client that has seen the server's greeting.
  Fd client() {
    Fd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    EXPECT_EQ(::connect(fd.get(), reinterpret_cast<sockaddr*>(&address_), sizeof address_), 0);
    char text[8] = {};
    run_until([&] { return ::recv(fd.get(), text, sizeof text, MSG_DONTWAIT) > 0; });
    EXPECT_EQ(std::string_view(text, 4), "SSH-");
    return fd;
  }

  // Whether a connection ends without a word.
  bool refused() {
    Fd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    EXPECT_EQ(::connect(fd.get(), reinterpret_cast<sockaddr*>(&address_), sizeof address_), 0);
    char byte = 0;
    ssize_t count = -1;
    run_until([&] { return (count = ::recv(fd.get(), &byte, 1, MSG_DONTWAIT)) >= 0 || errno != EAGAIN; });
    return count <= 0;
  }

  milliseconds patience_{60'000}; // with a password: longer than any test waits
  asio::io_context loop_;
  Nobody authority_;
  Supply supply_;
  ControlPair pair_;
  Fd listening_;
  sockaddr_in address_{};
  std::uint64_t question_ = 0;
  std::optional<Result<std::string>> answer_;
  BeatBody beat_;
  KeysBody keys_;
  std::vector<Reading> measured_; // the last word
  OffenceBody offended_;
  bool ended_ = false;
  std::unique_ptr<EngineServer> server_;
  std::unique_ptr<ControlChannel> channel_;
};

TEST_F(EngineServerTest, SaysWhoItIs) {
  ASSERT_TRUE(start(3));
  auto body = ask(ControlKind::Hello, encode(HelloBody{}));
  ASSERT_TRUE(body);
  auto hello = decode<HelloBody>(*body);
  ASSERT_TRUE(hello);
  EXPECT_EQ(hello->version, control_version);
  EXPECT_EQ(hello->generation, 3U);
  EXPECT_EQ(hello->pid, static_cast<std::uint64_t>(::getpid()));
  EXPECT_TRUE(hello->serving);
  EXPECT_FALSE(hello->draining);
}

TEST_F(EngineServerTest, ServesSshWhileThereIsAHostKey) {
  ASSERT_TRUE(start(1, "[server]\nhost_key = \"secret:\"\n[[listeners]]\nname = \"ssh\"\n"
                       "transport = \"tcp\"\n"));
  ASSERT_TRUE(supply_.host_key);
  EXPECT_EQ(keys_.host_key_fingerprint, "");
  supply_.host_key(fail(Kind::Locked, "alknet-secretd is locked"));
  EXPECT_TRUE(refused());
  run_until([this] { return !keys_.lacking.empty(); });
  EXPECT_THAT(keys_.lacking, testing::ElementsAre("SSH clients are not served, there is no host key: "
                                                  "alknet-secretd is locked"));
  const auto made = ssh::generate_ed25519().value();
  supply_.host_key(SecretBytes(made.private_key.view()));
  run_until([this] { return keys_.lacking.empty(); });
  EXPECT_EQ(keys_.host_key_fingerprint, ssh::fingerprint(made.public_key).value());
  Fd session = client();
  supply_.host_key(fail(Kind::Gone, "alknet-secretd does not run"));
  EXPECT_TRUE(refused());
  run_until([this] { return keys_.host_key_fingerprint.empty(); });
  char byte = 0; // a session that has begun goes on
  EXPECT_TRUE(::recv(session.get(), &byte, 1, MSG_DONTWAIT) > 0 || errno == EAGAIN);
}

std::string with_proxy(const std::string& credential) {
  return std::string(configuration) + "[server.proxy]\nurl = \"socks5://127.0.0.1:1\"\nuser = \"ada\"\n" +
         "password = \"secret:" + credential + "\"\n";
}

TEST_F(EngineServerTest, SaysWhatTheProxyLacks) {
  ASSERT_TRUE(start(1, with_proxy("first")));
  supply_.passwords.at("first")(fail(Kind::Locked, "alknet-secretd is locked"));
  run_until([this] { return !keys_.lacking.empty(); });
  EXPECT_THAT(keys_.lacking, testing::ElementsAre("Nothing is forwarded, there is no password for the proxy "
                                                  "(credential first): alknet-secretd is locked"));
  supply_.passwords.at("first")(SecretBytes(std::string_view("s3cret")));
  run_until([this] { return keys_.lacking.empty(); });
  EXPECT_THAT(keys_.lacking, testing::IsEmpty());
  supply_.passwords.at("first")(SecretBytes(std::string(256, 's')));
  run_until([this] { return !keys_.lacking.empty(); });
  EXPECT_THAT(keys_.lacking, testing::ElementsAre(testing::HasSubstr("it has more than 255 bytes")));
}

TEST_F(EngineServerTest, ThePasswordIsThereBeforeItIsNeeded) {
  ASSERT_TRUE(start(1));
  ask_prepare(2, with_proxy("first"));
  ASSERT_TRUE(follows("first"));
  EXPECT_FALSE(answer_);
  supply_.passwords.at("first")(fail(Kind::Gone, "alknet-secretd does not run")); // so far
  EXPECT_FALSE(answer_);
  supply_.passwords.at("first")(SecretBytes(std::string_view("s3cret")));
  run_until([this] { return answer_.has_value(); });
  ASSERT_TRUE(answer_ && *answer_);
  ask_prepare(3, with_proxy("second")); // takes its place
  ASSERT_TRUE(follows("second"));
  EXPECT_EQ(supply_.passwords.count("first"), 0U);
  supply_.passwords.at("second")(SecretBytes(std::string_view("s3cret")));
  ASSERT_TRUE(ask(ControlKind::Commit, encode(TransactionBody{3})));
  ASSERT_TRUE(prepare(4, with_proxy("second"))); // is there already
  ASSERT_TRUE(ask(ControlKind::Commit, encode(TransactionBody{4})));
  EXPECT_EQ(supply_.passwords.size(), 1U);
  ASSERT_TRUE(prepare(5, configuration)); // needs none
  EXPECT_EQ(supply_.passwords.size(), 1U);
  ASSERT_TRUE(ask(ControlKind::Commit, encode(TransactionBody{5})));
  EXPECT_EQ(supply_.passwords.size(), 0U);
  EXPECT_THAT(keys_.lacking, testing::IsEmpty());
}

TEST_F(EngineServerTest, APasswordThatIsNotToBeHadFailsNoReload) {
  ASSERT_TRUE(start(1));
  ask_prepare(2, with_proxy("first"));
  ASSERT_TRUE(follows("first"));
  supply_.passwords.at("first")(fail(Kind::Locked, "alknet-secretd is locked"));
  run_until([this] { return answer_.has_value(); });
  ASSERT_TRUE(answer_ && *answer_);
  EXPECT_THAT(keys_.lacking, testing::IsEmpty()); // nothing needs it yet
  ASSERT_TRUE(ask(ControlKind::Commit, encode(TransactionBody{2})));
  run_until([this] { return !keys_.lacking.empty(); });
  EXPECT_THAT(keys_.lacking, testing::ElementsAre(testing::HasSubstr("first): alknet-secretd is locked")));
  ask_prepare(3, with_proxy("second"));
  ASSERT_TRUE(follows("second"));
  supply_.passwords.at("second")(fail(Kind::NotFound, "there is no such credential"));
  run_until([this] { return answer_.has_value(); });
  ASSERT_TRUE(ask(ControlKind::Commit, encode(TransactionBody{3})));
  run_until([this] { return keys_.lacking.front().find("second") != std::string::npos; });
  EXPECT_THAT(keys_.lacking,
              testing::ElementsAre(testing::HasSubstr("second): there is no such credential")));
  EXPECT_EQ(supply_.passwords.count("first"), 0U);
}

class ImpatientEngineServerTest : public EngineServerTest {
 protected:
  ImpatientEngineServerTest() { patience_ = milliseconds(10); }
};

TEST_F(ImpatientEngineServerTest, WhoSaysNothingFailsNoReload) {
  ASSERT_TRUE(start(1, with_proxy("first")));
  supply_.passwords.at("first")(fail(Kind::Locked, "alknet-secretd is locked"));
  run_until([this] { return !keys_.lacking.empty(); });
  ASSERT_TRUE(prepare(2, with_proxy("second")));
  ASSERT_TRUE(ask(ControlKind::Commit, encode(TransactionBody{2})));
  run_until([this] { return keys_.lacking.empty(); }); // that was of the other one
  EXPECT_EQ(supply_.passwords.count("first"), 0U);
  supply_.passwords.at("second")(fail(Kind::Gone, "alknet-secretd does not run"));
  run_until([this] { return !keys_.lacking.empty(); });
  EXPECT_THAT(keys_.lacking,
              testing::ElementsAre(testing::HasSubstr("second): alknet-secretd does not run")));
}

TEST_F(EngineServerTest, WhatIsAbandonedIsLetGo) {
  ASSERT_TRUE(start(1, with_proxy("first")));
  ask_prepare(2, with_proxy("second"));
  ASSERT_TRUE(follows("second"));
  ASSERT_TRUE(channel_->send(make_control(ControlKind::Abort)));
  run_until([this] { return answer_.has_value(); });
  ASSERT_TRUE(answer_);
  EXPECT_EQ(answer_->error().kind, Kind::Conflict);
  EXPECT_EQ(supply_.passwords.count("second"), 0U);
  EXPECT_EQ(supply_.passwords.count("first"), 1U);
  EXPECT_FALSE(ask(ControlKind::Commit, encode(TransactionBody{2})));
}

TEST_F(EngineServerTest, WhoDrainsFollowsTheProxyToo) {
  ASSERT_TRUE(start(1));
  Fd connected = client();
  ASSERT_TRUE(channel_->send(make_control(ControlKind::Drain, encode(DrainBody{3600}))));
  run_until([this] { return beat_.draining; });
  ask_prepare(2, with_proxy("first"));
  ASSERT_TRUE(follows("first"));
  supply_.passwords.at("first")(SecretBytes(std::string_view("s3cret")));
  run_until([this] { return answer_.has_value(); });
  ASSERT_TRUE(ask(ControlKind::Commit, encode(TransactionBody{2})));
  EXPECT_EQ(server_->engine().settings()->values.proxy.credential(), "first");
}

TEST_F(EngineServerTest, ServesWhatItIsGiven) {
  auto body = start(1);
  ASSERT_TRUE(body) << body.error().describe();
  auto serving = decode<ServingBody>(*body);
  ASSERT_TRUE(serving);
  EXPECT_TRUE(serving->host_key_fingerprint.starts_with("SHA256:"));
  ASSERT_EQ(serving->listeners.size(), 1U);
  EXPECT_TRUE(serving->listeners[0].active);
  Fd connected = client();
  EXPECT_FALSE(start(1)); // once
}

TEST_F(EngineServerTest, RefusesWhatItCannotServe) {
  EXPECT_EQ(start(1, "[limits]\nmax_connections = true\n").error().kind, Kind::Invalid);
  EXPECT_FALSE(ask(ControlKind::Start, encode(StartBody{1, 1, {"ssh"}})));
  EXPECT_FALSE(ask(ControlKind::Start, "short"));
  EXPECT_FALSE(prepare(2, configuration)); // nothing runs yet
  EXPECT_TRUE(start(1));
}

TEST_F(EngineServerTest, AnswersQuestionsOfALaterRelease) {
  auto answer = ask(static_cast<ControlKind>(50), "whatever");
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().kind, Kind::Unsupported);
}

TEST_F(EngineServerTest, CommitsWhatWasPreparedAndNothingElse) {
  ASSERT_TRUE(start(1));
  EXPECT_EQ(ask(ControlKind::Commit, encode(TransactionBody{2})).error().kind, Kind::Conflict);
  auto bad = prepare(2, std::string(configuration) + "[limits]\nmax_connections = -1\n");
  ASSERT_FALSE(bad);
  EXPECT_NE(bad.error().what.find("limits.max_connections"), std::string::npos);
  ASSERT_TRUE(prepare(2, std::string(configuration) + "[limits]\nmax_connections = 7\nof_tomorrow = 1\n"));
  EXPECT_EQ(server_->engine().settings()->generation, 1U);
  ASSERT_TRUE(channel_->send(make_control(ControlKind::Abort)));
  EXPECT_FALSE(ask(ControlKind::Commit, encode(TransactionBody{2})));
  ASSERT_TRUE(prepare(3, std::string(configuration) + "[limits]\nmax_connections = 7\n"));
  ASSERT_TRUE(ask(ControlKind::Commit, encode(TransactionBody{3})));
  EXPECT_EQ(server_->engine().settings()->generation, 3U);
  EXPECT_EQ(server_->engine().settings()->values.limits.max_connections, 7U);
}

TEST_F(EngineServerTest, DrainsUntilItsLastConnectionEnds) {
  ASSERT_TRUE(start(1));
  Fd connected = client();
  ASSERT_TRUE(channel_->send(make_control(ControlKind::Drain, encode(DrainBody{3600}))));
  run_until([this] { return beat_.draining; });
  EXPECT_EQ(beat_.connections, 1U);
  ASSERT_TRUE(prepare(2, std::string(configuration) + "[limits]\nmax_connections = 7\n")); // reloads reach it
  ASSERT_TRUE(ask(ControlKind::Commit, encode(TransactionBody{2})));
  EXPECT_FALSE(ended_);
  connected.reset();
  run_until([this] { return ended_; });
  EXPECT_TRUE(ended_);
}

TEST_F(EngineServerTest, TheDrainDeadlineEndsIt) {
  ASSERT_TRUE(start(1));
  Fd connected = client();
  ASSERT_TRUE(channel_->send(make_control(ControlKind::Drain, encode(DrainBody{0}))));
  run_until([this] { return ended_; });
  EXPECT_TRUE(ended_);
}

TEST_F(EngineServerTest, ALaterDrainOnlyBringsTheDeadlineNearer) {
  ASSERT_TRUE(start(1));
  Fd connected = client();
  for (std::uint64_t deadline : {3600U, 0U, 7200U})
    ASSERT_TRUE(channel_->send(make_control(ControlKind::Drain, encode(DrainBody{deadline}))));
  run_until([this] { return ended_; });
  EXPECT_TRUE(ended_);
}

TEST_F(EngineServerTest, CountsWhatLivesElsewhere) {
  ASSERT_TRUE(start(1, std::string(configuration) + "[limits]\nmax_connections_per_ip = 2\n"));
  ASSERT_TRUE(channel_->send(make_control(ControlKind::Elsewhere, encode(SourcesBody{{{"127.0.0.1", 1}}}))));
  ASSERT_TRUE(ask(ControlKind::Hello, encode(HelloBody{})));
  Fd first = client();
  Fd second(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  ASSERT_EQ(::connect(second.get(), reinterpret_cast<sockaddr*>(&address_), sizeof address_), 0);
  char byte = 0;
  ssize_t count = -1;
  run_until([&] { return (count = ::recv(second.get(), &byte, 1, MSG_DONTWAIT)) >= 0 || errno != EAGAIN; });
  EXPECT_LE(count, 0);
}

TEST_F(EngineServerTest, SaysWhatItCountsWhenAskedAndAtTheEnd) {
  const Labels labels{{"listener", "ssh"}, {"transport", "tcp"}};
  const Reading accepted{"alknet_connections_accepted_total", labels, 1};
  ASSERT_TRUE(start(1));
  Fd connected = client();
  auto body = ask(ControlKind::Measure);
  ASSERT_TRUE(body);
  EXPECT_THAT(decode<ReadingsBody>(*body)->readings, testing::Contains(accepted));
  ASSERT_TRUE(channel_->send(make_control(ControlKind::Stop, encode(StopBody{1}))));
  run_until([this] { return ended_ && !measured_.empty(); });
  EXPECT_THAT(measured_, testing::Contains(accepted));
}

PenaltiesBody an_hour(const std::string& source) {
  return {1, {{source, "auth-failure", 3'600'000, true, 5}}};
}
const std::string long_penalties = std::string(configuration) + "[limits.penalties]\nmax = \"2h\"\n";

TEST_F(EngineServerTest, RefusesFromTheStartWhomItsPredecessorRefused) {
  ASSERT_TRUE(channel_->send(make_control(ControlKind::Penalise, encode(an_hour("127.0.0.1")))));
  ASSERT_TRUE(start(2, long_penalties));
  auto list = ask(ControlKind::ListPenalties, encode(ListPenaltiesBody{}));
  ASSERT_TRUE(list);
  auto body = decode<PenaltiesBody>(*list);
  ASSERT_EQ(body->penalties.size(), 1U);
  EXPECT_EQ(body->penalties[0].source, "127.0.0.1");
  EXPECT_GT(body->penalties[0].left, 3'500'000U);
  EXPECT_EQ(body->penalties[0].refused, 5U);
  EXPECT_TRUE(refused());
}

TEST_F(EngineServerTest, PardonsWhomItIsTold) {
  ASSERT_TRUE(start(1, long_penalties));
  PenaltiesBody two = an_hour("127.0.0.1");
  two.penalties.push_back({"2001:db8::/64", "no-auth", 1'000'000, true, 0});
  ASSERT_TRUE(channel_->send(make_control(ControlKind::Penalise, encode(two))));
  EXPECT_EQ(ask(ControlKind::ClearPenalties, encode(ClearPenaltiesBody{"somewhere"})).error().kind,
            Kind::Invalid);
  EXPECT_TRUE(refused());
  auto cleared = ask(ControlKind::ClearPenalties, encode(ClearPenaltiesBody{"127.0.0.1"}));
  ASSERT_TRUE(cleared);
  EXPECT_EQ(decode<ClearedBody>(*cleared)->sources, std::vector<std::string>{"127.0.0.1"});
  Fd connected = client();
  cleared = ask(ControlKind::ClearPenalties, encode(ClearPenaltiesBody{}));
  ASSERT_TRUE(cleared);
  EXPECT_EQ(decode<ClearedBody>(*cleared)->sources, std::vector<std::string>{"2001:db8::/64"});
}

TEST_F(EngineServerTest, BlamesForWhatHappenedElsewhere) {
  ASSERT_TRUE(start(1, std::string(configuration) + "[limits.penalties]\nno_auth = \"10m\"\n"));
  for (const char* offence : {"of-tomorrow", "no-auth"})
    ASSERT_TRUE(channel_->send(make_control(ControlKind::Blame, encode(OffenceBody{"127.0.0.1", offence}))));
  ASSERT_TRUE(ask(ControlKind::Hello, encode(HelloBody{})));
  EXPECT_TRUE(refused());
}

TEST_F(EngineServerTest, TellsOfOffencesWhileItDrains) {
  ASSERT_TRUE(start(1));
  Fd connected = client();
  Fd other = client();
  ASSERT_TRUE(channel_->send(make_control(ControlKind::Drain, encode(DrainBody{3600}))));
  run_until([this] { return beat_.draining; });
  connected.reset();
  run_until([this] { return !offended_.address.empty(); });
  EXPECT_EQ(offended_.address, "127.0.0.1");
  EXPECT_EQ(offended_.offence, "no-auth");
}

TEST_F(EngineServerTest, KnowsNoSessionThatIsNotThere) {
  ASSERT_TRUE(start(3));
  EXPECT_EQ(ask(ControlKind::Disconnect, encode(DisconnectBody{2000000001, "go"})).error().kind,
            Kind::NotFound);
  auto list = ask(ControlKind::List);
  ASSERT_TRUE(list);
  EXPECT_TRUE(decode<SessionsBody>(*list)->sessions.empty());
}

TEST_F(EngineServerTest, Explains) {
  ASSERT_TRUE(start(1, std::string(configuration) + "[forwarding]\ndefault = \"deny\"\n"));
  auto body = ask(ControlKind::Explain, encode(ExplainBody{"", "192.0.2.1:80", "tcp", false}));
  ASSERT_TRUE(body);
  EXPECT_FALSE(decode<ExplainedBody>(*body)->allowed);
  EXPECT_EQ(decode<ExplainedBody>(*body)->text, "default");
  EXPECT_EQ(ask(ControlKind::Explain, encode(ExplainBody{"x", "192.0.2.1:80", "tcp", true})).error().kind,
            Kind::NotFound);
  EXPECT_EQ(ask(ControlKind::Explain, encode(ExplainBody{"", "192.0.2.1", "tcp", false})).error().kind,
            Kind::Invalid);
}

} // namespace
} // namespace alk::listend::engine_server_test
