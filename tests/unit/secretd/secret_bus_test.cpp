#include "../bus/pair.hpp"
#include "alknet-secretd/secret_bus.hpp"
#include "alknet-secretd/unlock_request.hpp"
#include "clients/metrics_wire.hpp"
#include "loop/asio.hpp"
#include "pubkey/anchor.hpp"
#include "vectors.hpp"

#include <optional>

#include <gmock/gmock.h>
#include <sodium.h>
#include <unistd.h>

namespace alk::secretd::secret_bus_test {
namespace {

using testing::abandon;
using ::testing::HasSubstr;
using testing::make_arena;
using ::testing::StartsWith;
using testing::unhex;

// A caller's one-time key.
struct Recipient {
  Recipient() {
    ::crypto_box_keypair(reinterpret_cast<unsigned char*>(public_key.data()),
                         reinterpret_cast<unsigned char*>(secret_key.data()));
  }
  std::string open(std::string_view box) const {
    std::string text(box.size() < box_overhead ? 0 : box.size() - box_overhead, '\0');
    const int opened = ::crypto_box_seal_open(reinterpret_cast<unsigned char*>(text.data()),
                                              reinterpret_cast<const unsigned char*>(box.data()), box.size(),
                                              reinterpret_cast<const unsigned char*>(public_key.data()),
                                              reinterpret_cast<const unsigned char*>(secret_key.data()));
    return opened == 0 ? text : "cannot be opened";
  }
  std::string public_key = std::string(32, '\0'), secret_key = std::string(32, '\0');
};

std::string request_text(std::string_view mnemonic, std::string_view passphrase) {
  return ByteWriter().string(mnemonic).string(passphrase).raw(std::string_view("\0\0\0", 3)).take();
}

class SecretBusTest : public ::testing::Test {
 protected:
  void SetUp() override { serve({::geteuid(), std::nullopt, nullptr, ::geteuid()}); }

  void serve(bus::Accounts accounts) {
    face_.emplace(
        *arena_, vault_, prepared_, [this] { return now_; },
        SecretBus::Surroundings{[this] { return configured_; }, true, [this] { return clock_; }});
    auto served = face_->serve(*pair_.server, std::move(accounts));
    ASSERT_TRUE(served) << served.error().describe();
  }

  void serve_as_stored() {
    face_.reset();
    serve({::geteuid() + 1, std::nullopt, nullptr, ::geteuid() + 2, {}, {}, ::geteuid()});
  }

  Result<bus::Message> sign_anchor(std::uint64_t time, const std::string& hash, std::uint32_t version = 1) {
    return call("SignAnchor", [&](bus::Message& out) {
      out.write_u32(version).write_u64(7).write_bytes(hash).write_u64(time);
    });
  }

  // As alknet-listend's user.
  void serve_as_listend() {
    face_.reset();
    serve({::geteuid() + 1, ::geteuid(), nullptr, ::geteuid() + 2});
  }

  Result<bus::Message> call(const char* member, const std::function<void(bus::Message&)>& fill = nullptr) {
    auto message = pair_.client->make_call({nullptr, bus_path, bus_name}, member);
    if (fill) fill(message);
    std::optional<Result<bus::Message>> answer;
    pair_.client->call(std::move(message), std::chrono::seconds(8),
                       [&](Result<bus::Message> result) { answer = std::move(result); });
    EXPECT_TRUE(bus::test::run_until(loop_, [&] { return answer.has_value(); }));
    return answer ? std::move(*answer) : Result<bus::Message>(fail(Kind::Broken, "no answer at all"));
  }

  std::string prepare() {
    auto answer = call("Prepare");
    EXPECT_TRUE(answer);
    return answer ? answer->read_bytes().value_or("") : "";
  }

  // Writes a prepared key and what is sealed to it.
  void write_box(bus::Message& out, std::string_view text) {
    const std::string key = prepare();
    out.write_bytes(key).write_bytes(seal(as_bytes(text), key).value_or(""));
  }

  Result<bus::Message> unlock(std::string_view mnemonic = abandon, std::string_view passphrase = "",
                              bool force = false) {
    return call("Unlock", [&](bus::Message& out) {
      write_box(out, request_text(mnemonic, passphrase));
      out.write_bool(force);
    });
  }

  Result<bus::Message> derive(const char* member, std::string_view path) {
    return call(member, [&](bus::Message& out) { out.write_text(path).write_bytes(me_.public_key); });
  }

  EncryptedData encrypt(std::string_view text, std::string_view tag) {
    auto answer = call("Encrypt", [&](bus::Message& out) {
      write_box(out, text);
      out.write_text(tag).write_u32(2);
    });
    EncryptedData record;
    EXPECT_TRUE(answer) << answer.error().describe();
    if (answer) read_record(*answer, record);
    return record;
  }

  static void read_record(bus::Message& in, EncryptedData& record) {
    EXPECT_TRUE(in.read_inside('r', "usss", [&]() -> Result<void> {
      ALK_TRY(record.key_version, in.read_u32());
      ALK_TRY(record.salt, in.read_text());
      ALK_TRY(record.iv, in.read_text());
      ALK_TRY(record.data, in.read_text());
      return {};
    }));
  }

  static void write_record(bus::Message& out, const EncryptedData& record) {
    out.write_inside('r', "usss", [&] {
      out.write_u32(record.key_version).write_text(record.salt).write_text(record.iv).write_text(record.data);
    });
  }

  // "tag:text", or the kind of the error.
  std::string decrypt(const EncryptedData& record) {
    auto answer = call("Decrypt", [&](bus::Message& out) {
      write_record(out, record);
      out.write_bytes(me_.public_key);
    });
    if (!answer) return std::string(kind_name(answer.error().kind));
    const std::string tag = answer->read_text().value();
    return tag + ":" + me_.open(answer->read_bytes().value());
  }

  asio::io_context loop_;
  bus::test::Pair pair_{loop_};
  std::unique_ptr<Arena> arena_ = make_arena();
  KeyCache::Time now_{};
  std::uint64_t clock_ = 1700000000;
  Vault vault_{*arena_, [this] { return now_; },
               [](std::span<std::byte> out) { ::randombytes_buf(out.data(), out.size()); }};
  PreparedKeys prepared_{*arena_};
  Result<std::string> configured_ = std::string();
  Recipient me_;
  std::optional<SecretBus> face_;
};

TEST_F(SecretBusTest, UnlocksOnceThenLocks) {
  auto answer = unlock();
  ASSERT_TRUE(answer) << answer.error().describe();
  EXPECT_THAT(answer->read_text().value(), StartsWith("SHA256:"));
  EXPECT_EQ(unlock().error().kind, Kind::Conflict);
  auto locked = call("Lock");
  ASSERT_TRUE(locked);
  EXPECT_TRUE(locked->read_bool().value()); // unattended
  EXPECT_EQ(arena_->used(), 0u);
  EXPECT_TRUE(call("Lock"));
  EXPECT_EQ(derive("DeriveEd25519", "m/74'/0'/0'/0'").error().kind, Kind::Locked);
}

TEST_F(SecretBusTest, ABoxIsForOneUse) {
  const std::string key = prepare();
  auto try_it = [&] {
    return call("Unlock", [&](bus::Message& out) {
      out.write_bytes(key).write_bytes(seal(as_bytes(request_text("no words", "")), key).value());
      out.write_bool(false);
    });
  };
  EXPECT_EQ(try_it().error().kind, Kind::Invalid);
  EXPECT_EQ(try_it().error().kind, Kind::Denied);
  EXPECT_EQ(arena_->used(), 0u);
}

TEST_F(SecretBusTest, ABoxIsForAMinute) {
  const std::string key = prepare();
  now_ += prepared_key_lifetime;
  auto late = call("Unlock", [&](bus::Message& out) {
    out.write_bytes(key)
        .write_bytes(seal(as_bytes(request_text(abandon, "")), key).value())
        .write_bool(false);
  });
  EXPECT_EQ(late.error().kind, Kind::Denied);
}

TEST_F(SecretBusTest, TheConfiguredIdentityCountsUnlessForced) {
  configured_ = std::string("SHA256:another");
  EXPECT_EQ(unlock().error().kind, Kind::Conflict);
  EXPECT_TRUE(unlock(abandon, "", true));
  ASSERT_TRUE(call("Lock"));
  configured_ = Result<std::string>(fail(Kind::Invalid, "broken file"));
  EXPECT_EQ(unlock().error().kind, Kind::Invalid);
  EXPECT_TRUE(unlock(abandon, "", true));
}

TEST_F(SecretBusTest, WhatIsNotInTheFormIsRefused) {
  for (std::string_view text : {"", "\0\0\0\1", "not even near"}) {
    auto answer = call("Unlock", [&](bus::Message& out) {
      write_box(out, text);
      out.write_bool(false);
    });
    EXPECT_EQ(answer.error().kind, Kind::Invalid);
  }
  EXPECT_FALSE(vault_.unlocked());
}

TEST_F(SecretBusTest, GeneratesWordsOnce) {
  auto generate = [&](std::string_view mnemonic, bool force, const std::string& recipient) {
    return call("Generate", [&](bus::Message& out) {
      out.write_u32(24);
      write_box(out, request_text(mnemonic, "extra"));
      out.write_bytes(recipient).write_bool(force);
    });
  };
  EXPECT_EQ(generate(abandon, false, me_.public_key).error().kind, Kind::Invalid);
  EXPECT_EQ(generate("", false, std::string(32, '\0')).error().kind, Kind::Invalid);
  EXPECT_FALSE(vault_.unlocked());
  configured_ = std::string("SHA256:another");
  EXPECT_EQ(generate("", false, me_.public_key).error().kind, Kind::Conflict);
  auto answer = generate("", true, me_.public_key);
  ASSERT_TRUE(answer) << answer.error().describe();
  const std::string identity = answer->read_text().value(), words = me_.open(answer->read_bytes().value());
  EXPECT_EQ(split(words, ' ').size(), 24u);
  ASSERT_TRUE(call("Lock"));
  configured_ = identity;
  EXPECT_TRUE(unlock(words, "extra"));
}

TEST_F(SecretBusTest, KeysComeInBoxes) {
  ASSERT_TRUE(unlock());
  auto key = derive("DeriveEd25519", "m/74'/0'/1'/0'");
  ASSERT_TRUE(key) << key.error().describe();
  EXPECT_EQ(key->read_bytes().value(),
            unhex("6a9dd5c41915fba6cc22b8760263aba45b068cae7bead1d069c7b8eeb0118134"));
  EXPECT_EQ(me_.open(key->read_bytes().value()),
            unhex("be2dfaff0d268c833fd9c653b9bd352cef3ec2b211db804211c9f912b63dc3ab"));
  auto aes = derive("DeriveEncryptionKey", "m/74'/2'/0'/0'");
  EXPECT_EQ(aes->read_bytes().value(), "");
  EXPECT_EQ(me_.open(aes->read_bytes().value()),
            unhex("fbed5fa9110df4214baa259a4cd6bd3902373231472d317b8f3686b1d63df17a"));
  auto ethereum = derive("DeriveEthereumKey", "m/44h/60h/0h/0/0");
  EXPECT_EQ(ethereum->read_bytes()->size(), 33u);
  EXPECT_EQ(derive("DeriveEd25519", "m/74'/2'/0'/0'").error().kind, Kind::Invalid);
  EXPECT_EQ(derive("DeriveEd25519", "m/oops").error().kind, Kind::Invalid);
}

TEST_F(SecretBusTest, PasswordsComeInBoxes) {
  ASSERT_TRUE(unlock());
  auto password = call("DerivePassword", [&](bus::Message& out) {
    out.write_text("m/74'/1'/0'/595175158'").write_u32(24).write_bytes(me_.public_key);
  });
  ASSERT_TRUE(password) << password.error().describe();
  EXPECT_EQ(base64url_encode(me_.open(password->read_bytes().value())), "CO-SCj5Qe6O46nXaXKjHPR_eAp4oUZq2");
}

TEST_F(SecretBusTest, RecordsComeAndGo) {
  ASSERT_TRUE(unlock());
  const EncryptedData record = encrypt("a token", "web");
  EXPECT_EQ(decrypt(record), "web:a token");
  auto answer = call("Rotate", [&](bus::Message& out) {
    write_record(out, record);
    out.write_u32(3);
  });
  ASSERT_TRUE(answer);
  EncryptedData rotated;
  read_record(*answer, rotated);
  EXPECT_EQ(rotated.key_version, 3u);
  EXPECT_EQ(decrypt(rotated), "web:a token");
  const std::string longest(max_plaintext, 'x');
  EXPECT_EQ(decrypt(encrypt(longest, "")), ":" + longest);
}

TEST_F(SecretBusTest, ListendHasItsKeyAndItsCredentialsAlone) {
  ASSERT_TRUE(unlock());
  const EncryptedData mine = encrypt("proxy", "alknet-listend"), other = encrypt("web", "web"),
                      none = encrypt("x", "");
  serve_as_listend();
  EXPECT_TRUE(derive("DeriveEd25519", "m/74h/0h/1h/0h"));
  EXPECT_EQ(derive("DeriveEd25519", "m/74'/0'/0'/0'").error().kind, Kind::Denied);
  EXPECT_EQ(derive("DeriveEncryptionKey", "m/74'/2'/0'/0'").error().kind, Kind::Denied);
  EXPECT_EQ(decrypt(mine), "alknet-listend:proxy");
  EXPECT_EQ(decrypt(other), "Denied");
  EXPECT_EQ(decrypt(none), "Denied");
  for (const char* member : {"Prepare", "Status", "Lock"}) EXPECT_EQ(call(member).error().kind, Kind::Denied);
  EXPECT_TRUE(vault_.unlocked());
}

// Computed with Python's cryptography.
constexpr const char* known_anchor =
    "7:634768dae1474506e4bf7d341890542b09987d7e6aea5d446c02e37581a56954:1700000000:"
    "UuNLQP-c96K8qvsieS84fBaTqWrd31iel5i-o9vAZYE:"
    "tiwsMXeGSxJCUbUYnccc_LUDPNsyIYWPn8cM9s6GkUYG20DqBUpoOVxtCljNnVE4QP7TXfTs6o9hkJGoWcBSDg";

TEST_F(SecretBusTest, AnchorsAreSignedByAKeyOfTheirOwn) {
  const auto known = pubkey::parse_anchor(known_anchor);
  ASSERT_TRUE(known);
  const std::string hash = unhex(known->hash);
  EXPECT_EQ(sign_anchor(clock_, hash).error().kind, Kind::Locked);
  ASSERT_TRUE(unlock());
  auto answer = sign_anchor(known->time, hash);
  ASSERT_TRUE(answer) << answer.error().describe();
  EXPECT_EQ(base64url_encode(answer->read_bytes().value()), base64url_encode(known->key));
  EXPECT_EQ(base64url_encode(answer->read_bytes().value()), base64url_encode(known->signature));
  auto status = call("Status")->read_dictionary().value();
  EXPECT_EQ(std::get<std::string>(status["anchor-key"]), pubkey::anchor_key_line(known->key));
  EXPECT_EQ(derive("DeriveEd25519", anchor_path().text())->read_bytes().value(), known->key);
}

TEST_F(SecretBusTest, NothingButAnAnchorOfNowIsSigned) {
  ASSERT_TRUE(unlock());
  const std::string hash(32, 'h');
  for (const std::string& size : {std::string(), hash.substr(1)})
    EXPECT_EQ(sign_anchor(clock_, size).error().kind, Kind::Invalid);
  EXPECT_EQ(sign_anchor(clock_, hash + "h").error().kind, Kind::Invalid);
  EXPECT_EQ(sign_anchor(clock_, hash, 2).error().kind, Kind::Unsupported);
  EXPECT_TRUE(sign_anchor(clock_ - max_anchor_skew, hash));
  EXPECT_TRUE(sign_anchor(clock_ + max_anchor_skew, hash));
  for (const std::uint64_t time :
       {clock_ - max_anchor_skew - 1, clock_ + max_anchor_skew + 1, std::uint64_t{0}, ~std::uint64_t{0}})
    EXPECT_EQ(sign_anchor(time, hash).error().kind, Kind::Invalid) << time;
}

TEST_F(SecretBusTest, StoredHasASignatureAndNoSecret) {
  ASSERT_TRUE(unlock());
  const EncryptedData record = encrypt("text", "alknet-stored");
  serve_as_stored();
  EXPECT_TRUE(sign_anchor(clock_, std::string(32, 'h')));
  for (const char* path : {"m/74'/0'/2'/0'", "m/74'/0'/1'/0'", "m/74'/0'/0'/0'"})
    EXPECT_EQ(derive("DeriveEd25519", path).error().kind, Kind::Denied);
  EXPECT_EQ(decrypt(record), "Denied");
  for (const char* member : {"Prepare", "Status", "Lock"}) EXPECT_EQ(call(member).error().kind, Kind::Denied);
  serve_as_listend();
  EXPECT_EQ(sign_anchor(clock_, std::string(32, 'h')).error().kind, Kind::Denied);
}

TEST_F(SecretBusTest, StatusTellsWhatThereIs) {
  auto status = [&] {
    auto answer = call("Status");
    EXPECT_TRUE(answer);
    return answer ? answer->read_dictionary().value() : bus::Dictionary();
  };
  auto before = status();
  EXPECT_EQ(std::get<std::string>(before["state"]), "locked");
  EXPECT_EQ(std::get<std::uint64_t>(before["locked-memory"]), arena_size);
  EXPECT_TRUE(std::get<bool>(before["unattended"]));
  ASSERT_TRUE(unlock());
  ASSERT_TRUE(derive("DeriveEd25519", "m/74'/0'/1'/0'"));
  auto after = status();
  EXPECT_EQ(std::get<std::string>(after["state"]), "unlocked");
  EXPECT_EQ(std::get<std::string>(after["identity"]), vault_.identity());
  EXPECT_EQ(std::get<std::uint32_t>(after["cached-keys"]), 1u);
  now_ += cached_key_lifetime;
  EXPECT_EQ(std::get<std::uint32_t>(status()["cached-keys"]), 0u);
}

TEST_F(SecretBusTest, CallsAreCounted) {
  auto value = [this](const std::string& name, const Labels& labels = {}) -> std::int64_t {
    auto answer = call("GetMetrics");
    if (!answer) return -1;
    auto metrics = clients::read_metrics(*answer);
    if (!metrics) return -2;
    for (const Metric& metric : *metrics)
      for (const Sample& sample : metric.samples)
        if (metric.name == name && sample.labels == labels) return static_cast<std::int64_t>(sample.value);
    return -3;
  };
  const std::string calls = "alknet_secretd_calls_total", refusals = "alknet_secretd_refusals_total";
  EXPECT_EQ(value("alknet_secretd_unlocked"), 0);
  EXPECT_EQ(value(refusals, {{"kind", "Locked"}}), 0);
  EXPECT_FALSE(derive("DeriveEd25519", "m/74'/0'/0'/0'"));
  EXPECT_EQ(value(refusals, {{"kind", "Locked"}}), 1);
  ASSERT_TRUE(unlock());
  EXPECT_TRUE(derive("DeriveEd25519", "m/74'/0'/0'/0'"));
  EXPECT_EQ(value(calls, {{"member", "DeriveEd25519"}}), 2);
  EXPECT_EQ(value(calls, {{"member", "Unlock"}}), 1);
  EXPECT_EQ(value("alknet_secretd_unlocked"), 1);
  EXPECT_EQ(value("alknet_secretd_unattended"), 1);
  EXPECT_EQ(value("alknet_secretd_cached_keys"), 1);
  EXPECT_EQ(value("alknet_secretd_locked_memory_bytes"), static_cast<std::int64_t>(arena_size));
  EXPECT_GT(value("alknet_secretd_used_memory_bytes"), 0);
}

TEST_F(SecretBusTest, StateIsAnnounced) {
  std::vector<std::string> heard;
  auto match = pair_.client->match_signal({nullptr, bus_path, "org.freedesktop.DBus.Properties"},
                                          "PropertiesChanged", [&](bus::Message& signal) {
                                            static_cast<void>(signal.read_text());
                                            auto changed = signal.read_dictionary();
                                            heard.push_back(std::get<std::string>(changed->at("State")));
                                          });
  ASSERT_TRUE(unlock());
  ASSERT_TRUE(call("Lock"));
  EXPECT_TRUE(bus::test::run_until(loop_, [&] { return heard.size() == 2; }));
  EXPECT_THAT(heard, ::testing::ElementsAre("unlocked", "locked"));
}

TEST(UnlockRequest, HasOneForm) {
  auto read = [](std::string_view text) {
    auto request = parse_unlock_request(as_bytes(text));
    return request ? std::string(request->mnemonic) + "/" + std::string(request->passphrase) : "Invalid";
  };
  EXPECT_EQ(read(request_text("a b", "c")), "a b/c");
  EXPECT_EQ(read(request_text("", "")), "/");
  EXPECT_EQ(read(ByteWriter().string("a").string("b").take()), "a/b");
  EXPECT_EQ(read(ByteWriter().string("a").string("b").raw("x").take()), "Invalid");
  EXPECT_EQ(read(ByteWriter().string("a").take()), "Invalid");
  EXPECT_EQ(read(ByteWriter().string(std::string(max_mnemonic_input + 1, 'a')).string("").take()), "Invalid");
  EXPECT_EQ(read(ByteWriter().string("").string(std::string(max_passphrase + 1, 'a')).take()), "Invalid");
  EXPECT_EQ(read(request_text("a", "b") + std::string(max_unlock_request, '\0')), "Invalid");
}

} // namespace
} // namespace alk::secretd::secret_bus_test
