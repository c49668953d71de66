#include "kantei/base/append_file.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>

#include "kantei/base/files.h"

namespace kantei {
namespace {

TEST(AppendFile, KeepsLinesAndEndsTheTornOne) {
  const auto path = std::filesystem::temp_directory_path() / ("kantei_append_" + std::to_string(::getpid()));
  std::filesystem::remove(path);
  {
    auto file = AppendFile::Open(path);
    ASSERT_TRUE(file.ok()) << file.error().message;
    EXPECT_TRUE(file->AppendLine("one").ok());
    EXPECT_EQ(file->AppendLine("a\nb").error().code, ErrorCode::kInvalidArgument);
    const auto second = AppendFile::Open(path);
    ASSERT_FALSE(second.ok());
    EXPECT_EQ(second.error().code, ErrorCode::kUnavailable);
  }
  std::ofstream(path, std::ios::app) << "tor";
  {
    auto file = AppendFile::Open(path);
    ASSERT_TRUE(file.ok()) << file.error().message;
    AppendFile moved = std::move(*file);
    EXPECT_TRUE(moved.AppendLine("two").ok());
  }
  EXPECT_EQ(*ReadTextFile(path, 1000), "one\ntor\ntwo\n");
  std::filesystem::remove(path);
  EXPECT_EQ(AppendFile::Open(path / "below").error().code, ErrorCode::kNotFound);
}

}  // namespace
}  // namespace kantei
