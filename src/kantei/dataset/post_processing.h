// What happens to a picture after it was made: codecs and changes of size, drawn once and done alike to all that belong together.
#pragma once

#include <string>
#include <vector>

#include "kantei/base/files.h"
#include "kantei/base/json.h"
#include "kantei/base/random.h"
#include "kantei/base/result.h"
#include "kantei/dataset/build_plan.h"
#include "kantei/image/image.h"
#include "kantei/image/smooth_resize.h"

namespace kantei::dataset {

struct FinishedPicture {
  image::Image pixels;  ///< as a reader of the file sees them
  Bytes file;           ///< PNG, JPEG or WebP
};

/// One recipe with its numbers drawn.
class PostChain {
 public:
  /// A recipe by weight, and a number for each of its steps: quality evenly, factors evenly in the logarithm, a kernel for each
  /// change of size (area averaging, Catmull-Rom or Lanczos).
  static PostChain Draw(const std::vector<PlanRecipe>& recipes, Random& random);

  const std::string& name() const { return name_; }
  /// ".png", ".jpg" or ".webp".
  std::string_view extension() const;
  /// [{"jpeg": 81}, ...], as the manifest has it.
  Json Describe() const;
  Result<FinishedPicture> Apply(const image::Image& rgb) const;
  /// A mask through the changes of size; 0 and 255.
  image::Image ApplyToMask(const image::Image& mask) const;

 private:
  enum class Kernel { kArea, kCatmullRom, kLanczos };
  struct Step {
    PlanPostStep::Kind kind = PlanPostStep::Kind::kJpeg;
    double value = 0;
    Kernel kernel = Kernel::kArea;
  };
  image::Image Resized(const image::Image& picture, const Step& step) const;
  std::string name_;
  std::vector<Step> steps_;
};

}  // namespace kantei::dataset
