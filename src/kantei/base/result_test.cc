#include "kantei/base/result.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>

namespace kantei {
namespace {

Result<int> Half(int value) {
  if (value % 2 != 0)
    return Error{ErrorCode::kInvalidArgument, std::to_string(value) + " is odd; give an even number"};
  return value / 2;
}

Result<std::string> Quarter(int value) {
  KANTEI_TRY(const int half, Half(value));
  KANTEI_TRY(const int quarter, Half(half));
  return std::to_string(quarter);
}

Status BothEven(int a, int b) {
  KANTEI_RETURN_IF_ERROR(Half(a));
  KANTEI_RETURN_IF_ERROR(Half(b));
  return {};
}

Result<std::unique_ptr<int>> Owned(int value) {
  KANTEI_TRY(std::unique_ptr<int> made,
             [&]() -> Result<std::unique_ptr<int>> { return std::make_unique<int>(value); }());
  return made;
}

TEST(ResultTest, TryGivesTheValueOrReturnsTheFirstError) {
  EXPECT_EQ(Quarter(8).value(), "2");
  const auto first = Quarter(7), second = Quarter(6);
  ASSERT_FALSE(first.ok());
  EXPECT_EQ(first.error().code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(first.error().message, "7 is odd; give an even number");
  EXPECT_EQ(second.error().message, "3 is odd; give an even number");
}

TEST(ResultTest, ReturnIfErrorTakesAnyResult) {
  EXPECT_TRUE(BothEven(2, 4).ok());
  EXPECT_EQ(BothEven(1, 3).error().message, "1 is odd; give an even number");
  EXPECT_EQ(BothEven(2, 3).error().message, "3 is odd; give an even number");
}

TEST(ResultTest, MoveOnlyValuesPass) {
  EXPECT_EQ(**Owned(5), 5);
}

TEST(ResultTest, ReadingTheWrongSideIsABug) {
  const Result<int> good = 1, bad = Half(1);
  EXPECT_THROW((void)good.error(), InternalError);
  EXPECT_THROW((void)bad.value(), InternalError);
  EXPECT_THROW((void)*bad, InternalError);
  EXPECT_THROW((void)Status().error(), InternalError);
  EXPECT_TRUE(static_cast<bool>(good));
  EXPECT_FALSE(static_cast<bool>(bad));
}

TEST(ResultTest, AFailedCheckNamesThePlaceAndTheCondition) {
  const int one = 1;
  KANTEI_CHECK(one == 1);
  try {
    KANTEI_CHECK(one == 2);
    FAIL() << "did not throw";
  } catch (const InternalError& error) {
    EXPECT_THAT(error.what(),
                testing::AllOf(testing::HasSubstr("result_test.cc:"), testing::HasSubstr("one == 2")));
  }
}

TEST(ResultTest, CodeNamesAreStable) {
  EXPECT_EQ(ErrorCodeName(ErrorCode::kInvalidArgument), "invalid_argument");
  EXPECT_EQ(ErrorCodeName(ErrorCode::kNotFound), "not_found");
  EXPECT_EQ(ErrorCodeName(ErrorCode::kCorrupt), "corrupt");
  EXPECT_EQ(ErrorCodeName(ErrorCode::kTooLarge), "too_large");
  EXPECT_EQ(ErrorCodeName(ErrorCode::kUnsupported), "unsupported");
  EXPECT_EQ(ErrorCodeName(ErrorCode::kUnavailable), "unavailable");
  EXPECT_EQ(ErrorCodeName(ErrorCode::kCancelled), "cancelled");
  EXPECT_EQ(ErrorCodeName(ErrorCode::kInternal), "internal");
}

}  // namespace
}  // namespace kantei
