#include "kantei/dataset/coco_scenes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "kantei/base/files.h"

namespace kantei::dataset {
namespace {

using ::testing::HasSubstr;

class CocoScenes : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = std::filesystem::temp_directory_path() / ("kantei_coco_" + std::to_string(::getpid()));
    std::filesystem::create_directories(folder_);
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  std::filesystem::path Write(const std::string& name, const std::string& text) {
    EXPECT_TRUE(WriteFileAtomic(folder_ / name, text).ok());
    return folder_ / name;
  }
  std::filesystem::path folder_;
};

constexpr const char* kInstances = R"({
 "images": [{"id": 7, "file_name": "a.jpg", "width": 100, "height": 50}, {"id": 3, "file_name": "b.jpg"}],
 "categories": [{"id": 1, "name": "dog"}, {"id": 90, "name": "toothbrush"}],
 "annotations": [
  {"image_id": 7, "category_id": 90, "area": 500, "bbox": [0, 0, 90, 90]},
  {"image_id": 3, "category_id": 1, "area": 500},
  {"image_id": 7, "category_id": 1, "bbox": [1, 2, 10, 25.0]},
  {"image_id": 7, "category_id": 1, "area": 1e12}]})";

TEST_F(CocoScenes, ReadsObjectsAndCaptions) {
  const auto captions = Write("captions.json", R"({"images": [{"id": 7}],
    "annotations": [{"image_id": 7, "caption": "First."}, {"image_id": 7, "caption": "Second."}]})");
  const auto scenes = ReadCocoScenes(Write("instances.json", kInstances), captions);
  ASSERT_TRUE(scenes.ok()) << scenes.error().message;
  ASSERT_EQ(scenes->size(), 2u);
  const CocoScene& first = scenes->at(0);
  EXPECT_EQ(first.image_id, 7);
  EXPECT_EQ(first.file_name, "a.jpg");
  EXPECT_EQ(first.scene.caption, "First.");
  ASSERT_EQ(first.scene.objects.size(), 3u);
  EXPECT_EQ(first.scene.objects[0].name, "toothbrush");
  EXPECT_DOUBLE_EQ(first.scene.objects[0].share, 0.1);
  EXPECT_DOUBLE_EQ(first.scene.objects[1].share, 0.05);
  EXPECT_DOUBLE_EQ(first.scene.objects[2].share, 1);
  EXPECT_DOUBLE_EQ(scenes->at(1).scene.objects[0].share, 0);  // no size
}

TEST_F(CocoScenes, NamesWhatIsWrong) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"[]", "images"},
      {"{", "malformed"},
      {R"({"images": 3})", "no list"},
      {R"({"images": [3]})", "images/0"},
      {R"({"images": [{"id": "7"}]})", "images/0 has no integer"},
      {R"({"images": [{"id": 7}, {"id": 7}]})", "images/1 has the id"},
      {R"({"images": [], "categories": [{"id": 1}]})", "categories/0"},
      {R"({"images": [], "annotations": [{"image_id": 1, "category_id": 1}]})",
       "annotations/0 is of an image"},
      {R"({"images": [{"id": 1}], "annotations": [{"image_id": 1}]})", "neither"},
      {R"({"images": [{"id": 1}], "annotations": [{"image_id": 1, "category_id": 4}]})", "of a category"},
      {R"({"images": [{"id": 1}], "annotations": [{"image_id": 1, "caption": 4}]})", "no text"},
  };
  for (const auto& [text, why] : cases) {
    const auto scenes = ReadCocoScenes(Write("bad.json", text));
    ASSERT_FALSE(scenes.ok()) << text;
    EXPECT_EQ(scenes.error().code, ErrorCode::kCorrupt) << text;
    EXPECT_THAT(scenes.error().message, HasSubstr(why));
    EXPECT_THAT(scenes.error().message, HasSubstr("bad.json"));
  }
  EXPECT_EQ(ReadCocoScenes(folder_ / "none.json").error().code, ErrorCode::kNotFound);
}

}  // namespace
}  // namespace kantei::dataset
