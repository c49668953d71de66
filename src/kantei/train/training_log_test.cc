#include "kantei/train/training_log.h"

#include <gtest/gtest.h>

#include <cstring>

namespace kantei::train {
namespace {

TEST(Crc32c, GivesThePublishedCheckValue) {
  EXPECT_EQ(Crc32c("123456789"), 0xe3069283u);
}

TEST(EventRecord, IsFramedWithLengthAndChecksums) {
  const std::string record = EventRecord(300, 1.5, {{"loss", 0.25}});
  std::uint64_t length = 0;
  std::memcpy(&length, record.data(), 8);
  ASSERT_EQ(record.size(), 8 + 4 + length + 4);
  const auto masked = [](std::string_view bytes) {
    const std::uint32_t crc = Crc32c(bytes);
    return ((crc >> 15) | (crc << 17)) + 0xa282ead8u;
  };
  std::uint32_t head = 0, tail = 0;
  std::memcpy(&head, record.data() + 8, 4);
  std::memcpy(&tail, record.data() + 12 + length, 4);
  EXPECT_EQ(head, masked(std::string_view(record).substr(0, 8)));
  EXPECT_EQ(tail, masked(std::string_view(record).substr(12, length)));
  // wall_time = 1 (double), step = 2 (varint 300), summary = 5 { value = 1 { tag = 1, simple_value = 2 } }.
  const std::string expected =
      std::string("\x09\0\0\0\0\0\0\xf8\x3f\x10\xac\x02\x2a\x0d\x0a\x0b\x0a\x04loss\x15\0\0\x80\x3e", 27);
  EXPECT_EQ(record.substr(12, length), expected);
  EXPECT_EQ(length, 27u);
}

TEST(PlotSeries, DrawsAFallingLineFromTopLeftToBottomRight) {
  const auto lines = PlotSeries({4, 3, 2, 1}, 2, 2);
  ASSERT_EQ(lines.size(), 2u);
  EXPECT_NE(lines[0].find("4 "), std::string::npos);
  EXPECT_NE(lines[1].find("1 "), std::string::npos);
  const std::string blank = "\xe2\xa0\x80";
  // Upper right and lower left stay empty.
  EXPECT_EQ(lines[0].substr(lines[0].size() - 3), blank);
  EXPECT_EQ(lines[1].substr(lines[1].size() - 6, 3), blank);
}

TEST(PlotSeries, TakesOneValueAndEqualValues) {
  EXPECT_EQ(PlotSeries({}, 10, 3).size(), 0u);
  EXPECT_EQ(PlotSeries({1}, 10, 3).size(), 3u);
  EXPECT_EQ(PlotSeries({2, 2, 2}, 10, 3).size(), 3u);
}

}  // namespace
}  // namespace kantei::train
