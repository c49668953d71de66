#include "kantei/base/code256.h"

#include <gtest/gtest.h>

namespace kantei {
namespace {

TEST(Code256Test, TheHighestBitIsPrintedFirst) {
  Code256 code;
  code.set(0);
  EXPECT_EQ(code.ToHex(), std::string(63, '0') + "1");
  code = {};
  code.set(255);
  EXPECT_EQ(code.ToHex(), "8" + std::string(63, '0'));
  code = {};
  code.set(64);
  EXPECT_EQ(code.ToHex(), std::string(47, '0') + "1" + std::string(16, '0'));
}

TEST(Code256Test, EveryBitSurvivesTheTextForm) {
  for (int bit = 0; bit < 256; ++bit) {
    Code256 code;
    code.set(bit);
    const auto again = Code256::FromHex(code.ToHex());
    ASSERT_TRUE(again.ok());
    EXPECT_EQ(*again, code) << bit;
    for (int other = 0; other < 256; ++other) EXPECT_EQ(again->bit(other), other == bit);
  }
}

TEST(Code256Test, ReadsBothCasesAndRefusesTheRest) {
  const std::string lower = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
  std::string upper = lower;
  for (char& c : upper) c = static_cast<char>(std::toupper(c));
  EXPECT_EQ(Code256::FromHex(lower).value(), Code256::FromHex(upper).value());
  EXPECT_EQ(Code256::FromHex(upper)->ToHex(), lower);
  std::string bad = lower;
  for (const char c : {'g', 'G', '/', ':', '@', '`', ' ', '\0', '\xe9'}) {
    bad[63] = c;
    EXPECT_EQ(Code256::FromHex(bad).error().code, ErrorCode::kInvalidArgument) << c;
  }
  for (const std::string& text : {std::string(), lower.substr(1), lower + "0"})
    EXPECT_FALSE(Code256::FromHex(text).ok());
}

TEST(Code256Test, DistanceCountsDifferingBits) {
  Code256 a, b;
  EXPECT_EQ(HammingDistance(a, b), 0);
  for (const int bit : {0, 63, 64, 191, 255}) b.set(bit);
  EXPECT_EQ(HammingDistance(a, b), 5);
  a.set(63);
  EXPECT_EQ(HammingDistance(a, b), 4);
  a.words.fill(0);
  b.words.fill(~std::uint64_t{0});
  EXPECT_EQ(HammingDistance(a, b), 256);
}

}  // namespace
}  // namespace kantei
