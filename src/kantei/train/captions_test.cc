#include "kantei/train/captions.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include "kantei/base/files.h"

namespace kantei::train {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;

TEST(Captions, ComeFromFoldersAndNames) {
  EXPECT_EQ(CaptionFromPath("caltech101/Grand_piano/image_0001.jpg"), "caltech grand piano");
  EXPECT_EQ(CaptionFromPath("photos__caltech101__crocodile-head__image_0012.jpg"), "caltech crocodile head");
  EXPECT_EQ(CaptionFromPath("IMG_20230405_1.jpeg"), "");
  EXPECT_EQ(CaptionFromPath("a/9f86d081884c7d65.png"), "");
  EXPECT_EQ(CaptionFromPath("red fox/fox red 2.webp"), "red fox");
  EXPECT_EQ(CaptionFromPath("猫/DSC0001.jpg"), "猫");
  EXPECT_EQ(CaptionFromPath("cat/facade.jpg"), "cat facade");
}

TEST(Captions, WordsOfAllPicturesAreLeftOut) {
  std::vector<fs::path> files;
  for (int i = 0; i < 12; ++i)
    files.push_back("/set/caltech/" + std::string(i % 2 == 0 ? "ant" : "bee") + "/" + std::to_string(i) +
                    ".jpg");
  const auto captions = CaptionPictures(files, {"/set"}, "");
  ASSERT_TRUE(captions.ok());
  EXPECT_EQ((*captions)[0], "ant");
  EXPECT_EQ((*captions)[1], "bee");
  // Few pictures: nothing is left out.
  EXPECT_THAT(*CaptionPictures({"/set/x/ant/1.jpg"}, {"/other", "/set/x/"}, ""), ElementsAre("ant"));
  EXPECT_THAT(*CaptionPictures({"/set/caltech/ant.jpg"}, {"/set"}, ""), ElementsAre("caltech ant"));
}

TEST(Captions, ATableIsRead) {
  std::string pattern = (fs::temp_directory_path() / "kantei_captions_XXXXXX").string();
  ASSERT_NE(mkdtemp(pattern.data()), nullptr);
  const fs::path folder = pattern, table = folder / "captions.tsv";
  ASSERT_TRUE(WriteFileAtomic(
                  table, std::string_view("path\tcaption\na/1.jpg\ta red fox\r\n\n/b/2.jpg\tsnow\tmore\n"))
                  .ok());
  const auto captions = CaptionPictures({folder / "a/1.jpg", "/b/2.jpg", "/b/3.jpg"}, {}, table);
  ASSERT_TRUE(captions.ok()) << captions.error().message;
  EXPECT_THAT(*captions, ElementsAre("a red fox", "snow", ""));
  EXPECT_EQ(CaptionPictures({"/c.jpg"}, {}, table).error().code, ErrorCode::kNotFound);
  ASSERT_TRUE(WriteFileAtomic(table, std::string_view("a/1.jpg\tfox\nno tab\n")).ok());
  EXPECT_THAT(CaptionPictures({"/c.jpg"}, {}, table).error().message, HasSubstr("line 2"));
  fs::remove_all(folder);
}

}  // namespace
}  // namespace kantei::train
