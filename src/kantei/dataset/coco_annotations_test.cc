#include "kantei/dataset/coco_annotations.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "kantei/dataset/mask_maker.h"

namespace kantei::dataset {
namespace {

using testing::HasSubstr;

constexpr const char* kInstances = R"({
  "images": [{"id": 7, "file_name": "val/a.jpg", "width": 20, "height": 10},
             {"id": 8, "file_name": "b.jpg", "width": 3, "height": 2}],
  "categories": [{"id": 18, "name": "dog"}],
  "annotations": [
    {"id": 1, "image_id": 7, "category_id": 18, "iscrowd": 0, "segmentation": [[2, 2, 12, 2, 12, 8, 2, 8]]},
    {"id": 2, "image_id": 8, "category_id": 18, "iscrowd": 1, "segmentation": {"size": [2, 3], "counts": [2, 3, 1]}},
    {"id": 3, "image_id": 8, "category_id": 18, "segmentation": {"size": [2, 3], "counts": "231"}}]})";
constexpr const char* kCaptions = R"({
  "images": [{"id": 1, "file_name": "b.jpg", "width": 3, "height": 2}],
  "annotations": [{"id": 4, "image_id": 1, "caption": "two dogs\nin a row"}]})";

TEST(CocoAnnotationsTest, PolygonsRunLengthsAndCaptions) {
  CocoAnnotations annotations;
  ASSERT_TRUE(annotations.AddJson(kInstances, "instances.json").ok());
  ASSERT_TRUE(annotations.AddJson(kCaptions, "captions.json").ok());
  const CocoPicture* a = annotations.Find("photos/val/a.jpg");
  ASSERT_NE(a, nullptr);
  ASSERT_EQ(a->objects.size(), 1u);
  EXPECT_EQ(a->objects[0].category, "dog");
  EXPECT_DOUBLE_EQ(a->objects[0].share, 60.0 / 200);
  // At twice the size, the share stays.
  const auto mask = DrawObject(a->objects[0], *a, 40, 20);
  ASSERT_TRUE(mask.ok());
  EXPECT_NEAR(MaskShare(*mask), 0.3, 0.02);

  const CocoPicture* b = annotations.Find("elsewhere/b.jpg");
  ASSERT_NE(b, nullptr);
  EXPECT_EQ(b->captions, std::vector<std::string>{"two dogs in a row"});
  ASSERT_EQ(b->objects.size(), 2u);
  for (const CocoObject& object : b->objects) {
    const auto drawn = DrawObject(object, *b, 3, 2);
    ASSERT_TRUE(drawn.ok());
    EXPECT_EQ(std::vector<std::uint8_t>(drawn->pixels().begin(), drawn->pixels().end()),
              (std::vector<std::uint8_t>{0, 255, 255, 0, 255, 0}));
  }
  EXPECT_EQ(annotations.Find("other/a.jpg"), nullptr);  // its folder is another
  EXPECT_EQ(annotations.Find("xb.jpg"), nullptr);
}

TEST(CocoAnnotationsTest, FaultsNameTheirPlace) {
  const auto add = [](const std::string& annotation) {
    CocoAnnotations annotations;
    return annotations.AddJson(
        R"({"images": [{"id": 1, "file_name": "a.jpg", "width": 4, "height": 4}],
            "categories": [{"id": 1, "name": "cat"}], "annotations": [)" +
            annotation + "]}",
        "x.json");
  };
  const auto expect = [&](const std::string& annotation, const char* text) {
    const Status status = add(annotation);
    ASSERT_FALSE(status.ok()) << annotation;
    EXPECT_EQ(status.error().code, ErrorCode::kCorrupt);
    EXPECT_THAT(status.error().message, HasSubstr("x.json, annotations[0]"));
    EXPECT_THAT(status.error().message, HasSubstr(text));
  };
  expect(R"({"image_id": 2, "category_id": 1, "segmentation": []})", "no image");
  expect(R"({"image_id": 1, "category_id": 2, "segmentation": []})", "no category");
  expect(R"({"image_id": 1, "category_id": 1, "segmentation": [[1, 2, 3]]})", "3 to 100000 corners");
  expect(R"({"image_id": 1, "category_id": 1, "segmentation": {"size": [4, 4], "counts": [3, 2]}})",
         "sum up to 5");
  expect(R"({"image_id": 1, "category_id": 1, "segmentation": {"size": [9999, 4], "counts": [3]}})",
         "another size");
  expect(R"({"image_id": 1, "category_id": 1, "segmentation": {"size": [4, 4], "counts": "1X"}})",
         "break off");
  EXPECT_TRUE(add(R"({"image_id": 1, "category_id": 1, "segmentation": []})").ok());
}

}  // namespace
}  // namespace kantei::dataset
