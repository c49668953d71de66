// One row an edit: what it is called, its ranges, its function. Private to dataset/.
#pragma once

#include <algorithm>
#include <span>

#include "kantei/base/random.h"
#include "kantei/dataset/edit_overlay.h"
#include "kantei/dataset/edits.h"

namespace kantei::dataset {

struct EditCall {
  const Image& picture;  ///< RGB
  double value;          ///< of the edit's parameter, uniform in the range of the level
  int level;             ///< 0 easy, 1 medium, 2 hard
  Others others;
  Random& random;

  int shorter() const { return std::min(picture.width(), picture.height()); }
  int longer() const { return std::max(picture.width(), picture.height()); }
};

struct EditEntry {
  EditInfo info;
  Image (*apply)(const EditCall&);
};

std::span<const EditEntry> EditTable();

}  // namespace kantei::dataset
