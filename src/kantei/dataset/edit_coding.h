// Edits by a codec. Private to dataset/.
#pragma once

#include "kantei/dataset/edit_pixels.h"

namespace kantei::dataset {

Image ThroughJpeg(const Image& picture, int quality);
Image ThroughWebp(const Image& picture, int quality);

}  // namespace kantei::dataset
