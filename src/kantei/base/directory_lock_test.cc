#include "kantei/base/directory_lock.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <utility>

namespace kantei {
namespace {

namespace fs = std::filesystem;

TEST(DirectoryLock, IsHeldByOneAndGivenBack) {
  std::string pattern = (fs::temp_directory_path() / "kantei_lock_XXXXXX").string();
  ASSERT_NE(mkdtemp(pattern.data()), nullptr);
  const fs::path directory = pattern;
  {
    auto first = DirectoryLock::Take(directory, "a.lock", "the thing");
    ASSERT_TRUE(first.ok());
    const DirectoryLock moved = std::move(*first);
    const auto second = DirectoryLock::Take(directory, "a.lock", "the thing");
    EXPECT_EQ(second.error().code, ErrorCode::kUnavailable);
    EXPECT_THAT(second.error().message, testing::HasSubstr("the thing is being written by another process (" +
                                                           std::to_string(::getpid())));
    EXPECT_TRUE(DirectoryLock::Take(directory, "b.lock", "another").ok());
  }
  EXPECT_TRUE(DirectoryLock::Take(directory, "a.lock", "the thing").ok());
  fs::remove_all(directory);
  EXPECT_EQ(DirectoryLock::Take(directory, "a.lock", "the thing").error().code, ErrorCode::kUnavailable);
}

}  // namespace
}  // namespace kantei
