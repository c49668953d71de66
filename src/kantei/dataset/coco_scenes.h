// Scenes from annotations in the form of COCO: names and shares of objects, and captions.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "kantei/base/result.h"
#include "kantei/dataset/replacement.h"

namespace kantei::dataset {

struct CocoScene {
  std::int64_t image_id = 0;
  std::string file_name;
  SceneDescription scene;
};

/// Reads `images` (id, file_name, width, height), `categories` (id, name) and `annotations` (image_id, category_id, area or bbox; or
/// image_id, caption, of which the first of each image is taken). `captions` is a second file of that form, or empty. In the order of
/// `images`. kCorrupt names the list and the entry; kTooLarge above 1 GiB a file, 5 million images or 50 million annotations.
Result<std::vector<CocoScene>> ReadCocoScenes(const std::filesystem::path& annotations,
                                              const std::filesystem::path& captions = {});

}  // namespace kantei::dataset
