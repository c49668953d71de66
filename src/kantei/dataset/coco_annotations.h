// Annotations in COCO's form: what is where in a picture, and what people say of it.
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "kantei/base/result.h"
#include "kantei/dataset/coco_rle.h"
#include "kantei/image/image.h"

namespace kantei::dataset {

struct CocoObject {
  std::string category;
  std::vector<image::Polygon> polygons;  ///< in pixels of CocoPicture's size; empty when `rle` is given
  std::optional<CocoRle> rle;
  double share = 0;  ///< of the picture's area
};

struct CocoPicture {
  std::string file_name;
  int width = 0, height = 0;
  std::vector<CocoObject> objects;
  std::vector<std::string> captions;
};

/// The object's mask scaled to a picture of another size than the annotated one.
Result<image::Image> DrawObject(const CocoObject& object, const CocoPicture& annotated, int width,
                                int height);

class CocoAnnotations {
 public:
  /// Adds what a file of COCO's JSON holds: "images", "categories", "annotations" with a "segmentation" (polygons, or RLE with counts as
  /// a list or a string) and "category_id", or with a "caption". Instances and captions in two files are joined by file name.
  /// kCorrupt names file and place; kTooLarge above 1 GB, 5 million annotations or 65,535 pixels a side.
  Status Add(const std::filesystem::path& file);
  Status AddJson(std::string_view json, std::string_view name);

  /// By the end of the path: "val/7.jpg" fits an image named "7.jpg", and "a/7.jpg" does not fit one named "b/7.jpg". Null when
  /// there is none, or when two fit equally well.
  const CocoPicture* Find(const std::filesystem::path& file) const;
  bool empty() const { return pictures_.empty(); }

 private:
  std::vector<CocoPicture> pictures_;
  std::map<std::string, std::size_t> by_name_;
  std::multimap<std::string, std::size_t> by_last_;  ///< last part of the name
};

}  // namespace kantei::dataset
