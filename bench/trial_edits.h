// Seeded edits of a picture at three levels, for measuring copy detection.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "kantei/base/random.h"
#include "kantei/image/image.h"

namespace kantei::bench {

struct TrialEdit {
  std::string level;  ///< "easy", "medium", "hard"
  std::string name;
  /// `others` are unrelated pictures for backgrounds and collages (at least 3).
  std::function<image::Image(const image::Image& picture, const std::vector<image::Image>& others,
                             Random& random)>
      apply;
};

/// Every edit of every level. The result of each still passes a JPEG coding of its own quality.
std::vector<TrialEdit> AllTrialEdits();

}  // namespace kantei::bench
