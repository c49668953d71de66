// Corners of a picture and which of them look alike. Private to authenticity.
#pragma once

#include <cstddef>
#include <vector>

#include "kantei/base/cancellation.h"
#include "kantei/base/result.h"
#include "kantei/image/image.h"

namespace kantei::authenticity::trace {

struct Corner {
  int x = 0, y = 0;
  float strength = 0;
};

/// Two corners, by their places in the list, whose surroundings look alike.
struct Match {
  std::size_t a = 0, b = 0;
};

struct AlikeCorners {
  std::vector<Corner> corners;
  std::vector<Match> matches;
};

/// Local maxima of the smaller eigenvalue of the structure tensor, some 10,000 at most and of every part of the picture the
/// strongest; each with its nearest neighbour at 20 pixels or more, if that is much nearer than the next or nearly the same.
Result<AlikeCorners> FindAlikeCorners(const image::Image& picture, int threads,
                                      const CancellationToken& cancellation);

/// Sums over 5×5 pixels; (width - 4) × (height - 4).
image::Plane Box5(const image::Plane& plane);

}  // namespace kantei::authenticity::trace
