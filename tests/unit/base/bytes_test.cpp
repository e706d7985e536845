#include "base/bytes.hpp"
#include "base/encoding.hpp"

#include <gtest/gtest.h>

namespace alk::bytes_test {
namespace {

using namespace std::string_view_literals;

TEST(Bytes, WrittenNumbersAreBigEndian) {
  ByteWriter writer;
  writer.u8(0x01).u16(0x0203).u32(0x04050607).u64(0x08090a0b0c0d0e0fULL).string("hi").raw("!");
  EXPECT_EQ(hex_encode(writer.bytes()), "0102030405060708090a0b0c0d0e0f00000002686921");
}

TEST(Bytes, ReadBackWhatWasWritten) {
  ByteWriter writer;
  writer.u8(255).u16(65535).u32(0xffffffff).u64(~0ULL).string("abc");
  ByteReader reader(writer.bytes());
  EXPECT_EQ(reader.u8(), 255);
  EXPECT_EQ(reader.u16(), 65535);
  EXPECT_EQ(reader.u32(), 0xffffffffU);
  EXPECT_EQ(reader.u64(), ~0ULL);
  EXPECT_EQ(reader.string(3), "abc");
  EXPECT_TRUE(reader.done());
}

TEST(Bytes, AFailedReadConsumesNothing) {
  ByteReader reader("\x01\x02\x03"sv);
  EXPECT_FALSE(reader.u32());
  EXPECT_FALSE(reader.u64());
  EXPECT_FALSE(reader.take(4));
  EXPECT_EQ(reader.left(), 3U);
  EXPECT_EQ(reader.u16(), 0x0102);
  EXPECT_FALSE(reader.u16());
  EXPECT_EQ(reader.u8(), 3);
  EXPECT_FALSE(reader.u8());
}

TEST(Bytes, StringsAreBoundedByTheCallerAndByTheInput) {
  EXPECT_FALSE(ByteReader("\0\0\0\4abc"sv).string(100)); // one byte short
  EXPECT_FALSE(ByteReader("\0\0\0\3abc"sv).string(2));   // longer than allowed
  EXPECT_FALSE(ByteReader("\xff\xff\xff\xff"sv).string(0xffffffff));
  EXPECT_EQ(ByteReader("\0\0\0\0"sv).string(0), "");

  ByteReader reader("\0\0\0\3abc"sv);
  EXPECT_FALSE(reader.string(2));
  EXPECT_EQ(reader.string(3), "abc"); // the refusal consumed nothing
}

TEST(Bytes, TakeOfNothingSucceedsAtTheEnd) {
  ByteReader reader(""sv);
  EXPECT_TRUE(reader.take(0));
  EXPECT_FALSE(reader.take(1));
}

} // namespace
} // namespace alk::bytes_test
