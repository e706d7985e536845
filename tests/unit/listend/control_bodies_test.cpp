// The messages between supervisor and engine: what is written is read, what another release wrote is
// understood, and what is cut is refused.
#include "base/encoding.hpp"
#include "control/bodies.hpp"

#include <gtest/gtest.h>

namespace alk::listend::control_bodies_test {

namespace {

TEST(ControlFrame, CarriesKindNumberAndBody) {
  auto message = make_control(ControlKind::Disconnect, "body", 0x0102030405060708);
  auto frame = decode_frame(encode_frame(message, false));
  ASSERT_TRUE(frame);
  EXPECT_EQ(frame->message, message);
  EXPECT_FALSE(frame->in_memory);
}

TEST(ControlFrame, LeavesABodyInMemoryOut) {
  auto frame = decode_frame(encode_frame(make_control(ControlKind::Prepare, "large", 7), true));
  ASSERT_TRUE(frame);
  EXPECT_TRUE(frame->in_memory);
  EXPECT_EQ(frame->message.body, "");
  EXPECT_EQ(frame->message.number, 7U);
}

TEST(ControlFrame, RefusesOtherFormatsAndCutOnes) {
  std::string bytes = encode_frame(make_control(ControlKind::Hello), false);
  for (std::size_t cut = 0; cut < bytes.size(); ++cut)
    EXPECT_FALSE(decode_frame(bytes.substr(0, cut))) << cut;
  bytes[0] = 2;
  EXPECT_FALSE(decode_frame(bytes));
}

SessionRecord session(std::uint64_t id) {
  return {id, "SHA256:abc", "root", "2001:db8::1", 50123, "tls", "web", 1700000000, 3};
}

// Each body once, with every field away from its default.
template <class Body>
Body sample();
template <>
HelloBody sample() {
  return {1, "0.1.0", 7, 4711, true, true};
}
template <>
StartBody sample() {
  return {7, 12, {"tls", "ssh"}};
}
template <>
ServingBody sample() {
  return {"SHA256:host", {{"tls", "tls", "[::]:443", true}, {"ssh", "tcp", "", false}}};
}
template <>
TransactionBody sample() {
  return {99};
}
template <>
DrainBody sample() {
  return {43200};
}
template <>
StopBody sample() {
  return {2000};
}
template <>
SessionsBody sample() {
  return {{session(1), session(2)}};
}
template <>
DisconnectBody sample() {
  return {5, "go"};
}
template <>
ExplainBody sample() {
  return {"SHA256:abc", "example.org:80", "tcp", true};
}
template <>
ExplainedBody sample() {
  return {true, -2, "permitopen"};
}
template <>
AnswerBody sample() {
  return {"NotFound", "no session 5", "rest"};
}
template <>
BeatBody sample() {
  return {3, 9, true};
}
template <>
NewsBody sample() {
  return {5, "SHA256:abc"};
}
template <>
SourcesBody sample() {
  return {{{"192.0.2.1", 3}, {"2001:db8::1", 1}}};
}
template <>
ReadingsBody sample() {
  return {{{"alknet_channels", {}, 7}, {"alknet_identity_sessions", {{"identity", "SHA256:abc"}}, 2}}};
}

template <>
KeysBody sample() {
  return {"SHA256:abc", {"one", "two"}};
}
template <>
ListPenaltiesBody sample() {
  return {1000};
}
template <>
PenaltiesBody sample() {
  return {7, {{"192.0.2.1", "auth-failure", 20000, true, 12}, {"2001:db8::/64", "no-auth", 1, false, 0}}};
}
template <>
ClearPenaltiesBody sample() {
  return {"192.0.2.1"};
}
template <>
ClearedBody sample() {
  return {{"192.0.2.1", "2001:db8::/64"}};
}
template <>
OffenceBody sample() {
  return {"192.0.2.1", "grace-exceeded"};
}

template <class Body>
class ControlBody : public testing::Test {};
using Bodies = testing::Types<HelloBody, StartBody, ServingBody, TransactionBody, DrainBody, StopBody,
                              SessionsBody, DisconnectBody, ExplainBody, ExplainedBody, AnswerBody, BeatBody,
                              NewsBody, SourcesBody, ReadingsBody, KeysBody, ListPenaltiesBody, PenaltiesBody,
                              ClearPenaltiesBody, ClearedBody, OffenceBody>;
TYPED_TEST_SUITE(ControlBody, Bodies);

TYPED_TEST(ControlBody, IsReadAsItWasWritten) {
  std::string bytes = encode(sample<TypeParam>());
  auto read = decode<TypeParam>(bytes);
  ASSERT_TRUE(read);
  EXPECT_EQ(encode(*read), bytes);
  EXPECT_NE(bytes, encode(TypeParam{}));
}

TYPED_TEST(ControlBody, IsRefusedWhenCut) {
  std::string bytes = encode(sample<TypeParam>());
  for (std::size_t cut = 0; cut < bytes.size(); ++cut)
    EXPECT_FALSE(decode<TypeParam>(bytes.substr(0, cut))) << cut;
}

TYPED_TEST(ControlBody, OfALaterReleaseIsRead) {
  std::string bytes = encode(sample<TypeParam>());
  auto read = decode<TypeParam>(bytes + "fields of a later release");
  ASSERT_TRUE(read);
  EXPECT_EQ(encode(*read), bytes);
}

// Bytes of version 1, never to be changed: an engine that serves since a former release speaks them.
TEST(ControlBodies, KeepTheirFirstForm) {
  EXPECT_EQ(hex_encode(encode(sample<HelloBody>())),
            "0000000100000005302e312e30000000000000000700000000000012670101");
  EXPECT_EQ(hex_encode(encode(sample<StartBody>())), "0000000000000007000000000000000c000000020000000"
                                                     "3746c7300000003737368");
  EXPECT_EQ(hex_encode(encode(sample<DrainBody>())), "000000000000a8c0");
  EXPECT_EQ(hex_encode(encode(sample<StopBody>())), "000007d0");
  EXPECT_EQ(hex_encode(encode(sample<DisconnectBody>())), "000000000000000500000002676f");
  EXPECT_EQ(hex_encode(encode(sample<BeatBody>())), "000000030000000901");
  EXPECT_EQ(hex_encode(encode(sample<NewsBody>())), "00000000000000050000000a5348413235363a616263");
  EXPECT_EQ(hex_encode(encode(sample<ListPenaltiesBody>())), "000003e8");
  EXPECT_EQ(hex_encode(encode(PenaltiesBody{7, {{"192.0.2.1", "no-auth", 20000, true, 12}}})),
            "00000000000000070000000100000029000000093139322e302e322e31000000076e6f2d61757468"
            "0000000000004e2001000000000000000c");
  EXPECT_EQ(hex_encode(encode(KeysBody{"a", {"b"}})), "00000001610000000100000001"
                                                      "62");
  EXPECT_EQ(hex_encode(encode(ClearPenaltiesBody{"::1"})), "000000033a3a31");
  EXPECT_EQ(hex_encode(encode(ClearedBody{{"::1"}})), "00000001000000033a3a31");
  EXPECT_EQ(hex_encode(encode(OffenceBody{"::1", "no-auth"})), "000000033a3a31000000076e6f2d61757468");
  EXPECT_EQ(hex_encode(encode_frame(make_control(ControlKind::Stop, "x", 258), false)), "01070000000000000001"
                                                                                        "0278");
  EXPECT_EQ(hex_encode(encode(SessionsBody{{session(1)}})),
            "000000010000004b00000000000000010000000a5348413235363a61626300000004726f6f740000000b323030313a64"
            "62383a3a31"
            "0000c3cb00000003746c7300000003776562000000006553f10000000003");
  EXPECT_EQ(hex_encode(encode(ReadingsBody{{{"a", {{"b", "c"}}, 258}}})),
            "000000010000001b00000001610000000100000001620000000163"
            "0000000000000102");
}

TEST(ControlBodies, BoundTheirLists) {
  std::string too_many = encode(StartBody{7, 1, std::vector<std::string>(listener_limit + 1, "x")});
  EXPECT_FALSE(decode<StartBody>(too_many));
  EXPECT_FALSE(decode<ReadingsBody>(encode(ReadingsBody{std::vector<Reading>(readings_limit + 1)})));
  Reading wide{"x", {}, 1};
  for (std::size_t i = 0; i <= labels_limit; ++i) wide.labels["l" + std::to_string(i)];
  EXPECT_FALSE(decode<ReadingsBody>(encode(ReadingsBody{{wide}})));
  EXPECT_FALSE(decode<SourcesBody>(std::string("\xff\xff\xff\xff", 4)));
}

TEST(ControlAnswer, CarriesTheKindOfAnError) {
  auto error = fail(Kind::NotFound, "no session 5").value();
  auto outcome = outcome_of(answer_error(error));
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().kind, Kind::NotFound);
  EXPECT_EQ(outcome.error().what, "no session 5");
  auto unknown = outcome_of({"Weary", "later", ""});
  ASSERT_FALSE(unknown);
  EXPECT_EQ(unknown.error().kind, Kind::Broken);
  auto good = outcome_of({"", "", "body"});
  ASSERT_TRUE(good);
  EXPECT_EQ(*good, "body");
}

} // namespace
} // namespace alk::listend::control_bodies_test
