#include "kantei/base/files.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>

namespace kantei {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class FilesTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (fs::temp_directory_path() / "kantei_files_XXXXXX").string();
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
  }
  void TearDown() override { fs::remove_all(folder_); }

  fs::path Make(const std::string& name, const std::string& content = "x") {
    const fs::path path = folder_ / name;
    fs::create_directories(path.parent_path());
    std::ofstream(path, std::ios::binary) << content;
    return path;
  }
  std::vector<std::string> List(const std::vector<fs::path>& roots) {
    std::vector<std::string> names;
    const auto files = ListFiles(roots);
    EXPECT_TRUE(files.ok());
    for (const fs::path& file : files.value()) names.push_back(file.lexically_relative(folder_).string());
    return names;
  }

  fs::path folder_;
};

TEST_F(FilesTest, ReadsUpToTheLimitAndNotBeyond) {
  const fs::path path = Make("ten", std::string("0123\0\n\xff"
                                                "789",
                                                10));
  EXPECT_EQ(ReadTextFile(path, 10).value(), std::string("0123\0\n\xff"
                                                        "789",
                                                        10));
  EXPECT_EQ(ReadFile(path, 1'000'000)->size(), 10u);
  const auto refused = ReadFile(path, 9);
  EXPECT_EQ(refused.error().code, ErrorCode::kTooLarge);
  EXPECT_THAT(refused.error().message,
              testing::AllOf(HasSubstr("10 bytes"), HasSubstr("9 bytes"), HasSubstr("ten")));
  EXPECT_TRUE(ReadFile(Make("empty", ""), 0)->empty());
}

TEST_F(FilesTest, AHugeFileIsRefusedWithoutMemory) {
  const fs::path path = Make("sparse");
  fs::resize_file(path, std::uintmax_t{1} << 40);
  EXPECT_EQ(ReadFile(path, 1 << 20).error().code, ErrorCode::kTooLarge);
}

TEST_F(FilesTest, OnlyRegularFilesAreRead) {
  ASSERT_EQ(mkfifo((folder_ / "pipe").c_str(), 0600), 0);
  fs::create_symlink("missing", folder_ / "dangling");
  fs::create_symlink("loop", folder_ / "loop");
  fs::create_symlink(Make("real", "abc"), folder_ / "link");
  EXPECT_EQ(ReadFile(folder_ / "pipe", 100).error().code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(ReadFile(folder_, 100).error().code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(ReadFile("/dev/zero", 100).error().code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(ReadFile(folder_ / "none", 100).error().code, ErrorCode::kNotFound);
  EXPECT_EQ(ReadFile(folder_ / "real" / "below", 100).error().code, ErrorCode::kNotFound);
  EXPECT_EQ(ReadFile(folder_ / "dangling", 100).error().code, ErrorCode::kNotFound);
  EXPECT_EQ(ReadFile(folder_ / "loop", 100).error().code, ErrorCode::kUnavailable);
  EXPECT_EQ(ReadTextFile(folder_ / "link", 100).value(), "abc");
}

TEST_F(FilesTest, AtomicWriteReplacesWholeAndLeavesNothingBeside) {
  const fs::path path = folder_ / "名前 \xff.bin";
  ASSERT_TRUE(WriteFileAtomic(path, std::string_view("first, and longer")).ok());
  const std::vector<std::byte> bytes = {std::byte{0}, std::byte{255}};
  ASSERT_TRUE(WriteFileAtomic(path, bytes).ok());
  EXPECT_EQ(ReadFile(path, 100).value(), bytes);
  EXPECT_EQ(std::distance(fs::directory_iterator(folder_), fs::directory_iterator()), 1);
}

TEST_F(FilesTest, AFailedWriteKeepsTheOldFileAndLeavesNothingBeside) {
  fs::create_directories(folder_ / "taken" / "full");
  EXPECT_FALSE(WriteFileAtomic(folder_ / "taken", std::string_view("x")).ok());
  EXPECT_TRUE(fs::is_directory(folder_ / "taken" / "full"));
  EXPECT_EQ(WriteFileAtomic(folder_ / "none" / "file", std::string_view("x")).error().code,
            ErrorCode::kNotFound);
  EXPECT_EQ(std::distance(fs::directory_iterator(folder_), fs::directory_iterator()), 1);
}

TEST_F(FilesTest, ListsByNameBytesDepthFirstWithoutHiddenOnes) {
  for (const auto* name : {"b/2", "b/10", "b/a/1", "a.jpg", "B", "é", "c", ".hidden", ".git/config", "b/.x"})
    Make(name);
  fs::create_directories(folder_ / "hollow");
  ASSERT_EQ(mkfifo((folder_ / "pipe").c_str(), 0600), 0);
  EXPECT_THAT(List({folder_}), ElementsAre("B", "a.jpg", "b/10", "b/2", "b/a/1", "c", "é"));
  EXPECT_THAT(List({folder_ / "hollow"}), IsEmpty());
}

TEST_F(FilesTest, RootsComeInTheirOrderAndAFileStandsForItself) {
  for (const auto* name : {"x/1", "y/1", ".hidden"}) Make(name);
  EXPECT_THAT(List({folder_ / "y", folder_ / ".hidden", folder_ / "x"}),
              ElementsAre("y/1", ".hidden", "x/1"));
  EXPECT_THAT(List({folder_ / "x", folder_ / "x"}), ElementsAre("x/1"));
  const std::vector<fs::path> missing = {folder_ / "x", folder_ / "none"};
  const auto files = ListFiles(missing);
  ASSERT_FALSE(files.ok());
  EXPECT_EQ(files.error().code, ErrorCode::kNotFound);
  EXPECT_THAT(files.error().message, HasSubstr("none"));
}

TEST_F(FilesTest, SymbolicLinksAreFollowedOnceAndLoopsEnd) {
  Make("real/1");
  fs::create_directory_symlink(folder_, folder_ / "real" / "up");
  fs::create_directory_symlink("real", folder_ / "again");
  fs::create_symlink("missing", folder_ / "dangling");
  fs::create_symlink("real/1", folder_ / "to_file");
  fs::create_symlink("self", folder_ / "self");
  EXPECT_THAT(List({folder_}), ElementsAre("again/1", "to_file"));
}

TEST_F(FilesTest, MapsWholeFiles) {
  const auto mapped = MappedFile::Open(Make("data", "hello"));
  ASSERT_TRUE(mapped.ok());
  ASSERT_EQ(mapped->bytes().size(), 5u);
  EXPECT_EQ(std::to_integer<char>(mapped->bytes()[4]), 'o');
  EXPECT_TRUE(MappedFile::Open(Make("empty", ""))->bytes().empty());
  ASSERT_EQ(mkfifo((folder_ / "pipe").c_str(), 0600), 0);
  EXPECT_EQ(MappedFile::Open(folder_ / "pipe").error().code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(MappedFile::Open(folder_).error().code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(MappedFile::Open(folder_ / "none").error().code, ErrorCode::kNotFound);
}

TEST_F(FilesTest, AMapMoves) {
  auto first = MappedFile::Open(Make("a", "aa")).value();
  MappedFile second = std::move(first);
  EXPECT_EQ(second.bytes().size(), 2u);
  EXPECT_TRUE(first.bytes().empty());  // NOLINT(bugprone-use-after-move): a moved-from map is empty
  second = MappedFile::Open(Make("b", "bbb")).value();
  EXPECT_EQ(second.bytes().size(), 3u);
}

TEST(DisplayPathTest, InvalidBytesBecomeTheReplacementCharacter) {
  const std::string replaced = "\xEF\xBF\xBD";
  EXPECT_EQ(DisplayPath("/a/b.jpg"), "/a/b.jpg");
  EXPECT_EQ(DisplayPath("鑑定/é😀.png"), "鑑定/é😀.png");
  EXPECT_EQ(DisplayPath("a\xff"
                        "b"),
            "a" + replaced + "b");
  EXPECT_EQ(DisplayPath("\x80"), replaced);
  EXPECT_EQ(DisplayPath("cut \xe9\x91"), "cut " + replaced + replaced);
  EXPECT_EQ(DisplayPath("\xc0\xaf"), replaced + replaced);                                // overlong
  EXPECT_EQ(DisplayPath("\xe0\x80\xaf"), replaced + replaced + replaced);                 // overlong
  EXPECT_EQ(DisplayPath("\xed\xa0\x80"), replaced + replaced + replaced);                 // surrogate
  EXPECT_EQ(DisplayPath("\xf4\x90\x80\x80"), replaced + replaced + replaced + replaced);  // above U+10FFFF
  EXPECT_EQ(DisplayPath("\xf4\x8f\xbf\xbf"), "\xf4\x8f\xbf\xbf");
}

TEST(HasImageExtensionTest, KnowsTheEightFormatsInAnyCase) {
  for (const auto* name : {"a.jpg", "a.JPEG", "a.jfif", "b.Png", "x.webp", "x.gif", "x.tif", "x.TIFF",
                           "x.bmp", "x.avif", "x.heic", "x.heif", "dir.d/名.jpg"}) {
    EXPECT_TRUE(HasImageExtension(name)) << name;
  }
  for (const auto* name : {"a", "jpg", ".jpg", "a.jpg.txt", "a.mp4", "a.jpg/b", "a."})
    EXPECT_FALSE(HasImageExtension(name)) << name;
}

class EnvironmentTest : public FilesTest {
 protected:
  void SetUp() override {
    FilesTest::SetUp();
    for (const auto* name : kNames) {
      const char* value = std::getenv(name);
      saved_.emplace_back(value != nullptr, value != nullptr ? value : "");
    }
  }
  void TearDown() override {
    for (std::size_t i = 0; i < kNames.size(); ++i) {
      if (saved_[i].first) {
        setenv(kNames[i], saved_[i].second.c_str(), 1);
      } else {
        unsetenv(kNames[i]);
      }
    }
    FilesTest::TearDown();
  }
  static constexpr std::array<const char*, 3> kNames = {"XDG_DATA_HOME", "HOME", "KANTEI_MODEL_DIR"};
  std::vector<std::pair<bool, std::string>> saved_;
};

TEST_F(EnvironmentTest, DataHomeFollowsTheStandard) {
  setenv("XDG_DATA_HOME", "/data", 1);
  setenv("HOME", "/home/me", 1);
  EXPECT_EQ(DataHome(), "/data/kantei");
  setenv("XDG_DATA_HOME", "relative", 1);  // the standard says to ignore it
  EXPECT_EQ(DataHome(), "/home/me/.local/share/kantei");
  unsetenv("XDG_DATA_HOME");
  EXPECT_EQ(DataHome(), "/home/me/.local/share/kantei");
}

TEST_F(EnvironmentTest, ModelsAreFoundInTheStatedFolder) {
  const fs::path model = Make("table.bin");
  setenv("KANTEI_MODEL_DIR", folder_.c_str(), 1);
  EXPECT_EQ(FindModel("table.bin").value(), model);
  const auto missing = FindModel("other.bin");
  ASSERT_FALSE(missing.ok());
  EXPECT_EQ(missing.error().code, ErrorCode::kNotFound);
  EXPECT_THAT(missing.error().message, testing::AllOf(HasSubstr("other.bin"), HasSubstr(folder_.string())));
}

}  // namespace
}  // namespace kantei
