// Evidence for straight axis-parallel seams: where one picture ends and another begins. Private to copy/.
#pragma once

#include <vector>

#include "kantei/image/image.h"

namespace kantei::copy {

/// Evidence at every boundary between two neighbouring pixels of a row, summed down the columns. Boundary i lies between pixels
/// i - 1 and i, so that 0 and `width` are the picture's own sides.
///
/// Evidence of one pixel: how far the colour step across the boundary stands out of the steps beside it in the same row. Its
/// mean is below zero in any stationary texture, whatever its contrast or blur, about zero where all is flat, and 0.2 to 0.5
/// along a seam; so its sum along a line tells a seam from chance.
class SeamMap {
 public:
  /// `picture`: RGB. Seams run from top to bottom.
  explicit SeamMap(const image::Image& picture);

  int width() const { return width_; }
  int height() const { return height_; }
  /// Mean evidence at boundary i between rows from and to; 0 when there is none.
  float Mean(int i, int from, int to) const {
    return from < to ? (Sum(to, i) - Sum(from, i)) / static_cast<float>(to - from) : 0;
  }
  /// The same of the boundary or of one of its neighbours, whichever is stronger.
  float BestMean(int i, int from, int to) const;
  /// Largest sum of evidence over any stretch of each boundary.
  std::vector<float> Strengths() const;
  /// Boundaries whose strength is the largest within `apart`, at least `least`; the `most` strongest, in ascending order.
  std::vector<int> Lines(int apart, float least, int most) const;

 private:
  /// Coarse JPEG has a faint seam at every eighth boundary: what the lines of one phase have in common does not count.
  void DiscountBlocks();
  float Sum(int row, int i) const {
    return sums_[static_cast<std::size_t>(row) * static_cast<std::size_t>(width_ + 1) +
                 static_cast<std::size_t>(i)];
  }

  int width_, height_;
  std::vector<float> sums_;  ///< (height + 1) × (width + 1): evidence of the rows above
};

/// Rows become columns.
image::Image Transpose(const image::Image& picture);

}  // namespace kantei::copy
