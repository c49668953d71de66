#include "kantei/base/base64.h"

#include <gtest/gtest.h>

#include <string_view>

namespace kantei {
namespace {

TEST(Base64, MatchesTheVectorsOfRfc4648) {
  const auto encode = [](std::string_view text) {
    std::string out;
    AppendBase64(std::as_bytes(std::span(text)), &out);
    return out;
  };
  EXPECT_EQ(encode(""), "");
  EXPECT_EQ(encode("f"), "Zg==");
  EXPECT_EQ(encode("fo"), "Zm8=");
  EXPECT_EQ(encode("foo"), "Zm9v");
  EXPECT_EQ(encode("foobar"), "Zm9vYmFy");
  EXPECT_EQ(encode("\xFF\xFE\xFD"), "//79");
}

}  // namespace
}  // namespace kantei
