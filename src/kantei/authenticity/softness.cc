#include "kantei/authenticity/softness.h"

#include <algorithm>
#include <vector>

#include "kantei/base/cpu.h"
#include "kantei/image/transform.h"

namespace kantei::authenticity {
namespace {

/// Sum of (a - 2 b + c)^2 over a row; at most 255^2 * 4 a place, so that a 32-bit sum holds a row of 16,000.
KANTEI_MULTIARCH std::uint64_t RowEnergy(const std::uint8_t* a, const std::uint8_t* b, const std::uint8_t* c,
                                         int count) {
  constexpr int kPiece = 8192;
  std::uint64_t total = 0;
  for (int first = 0; first < count; first += kPiece) {
    const int last = first + kPiece < count ? first + kPiece : count;
    std::uint32_t sum = 0;
    for (int i = first; i < last; ++i) {
      const std::int32_t bend = a[i] - 2 * b[i] + c[i];
      sum += static_cast<std::uint32_t>(bend * bend);
    }
    total += sum;
  }
  return total;
}

/// Mean over both directions.
double Energy(const image::Image& grey, int distance) {
  const int width = grey.width(), height = grey.height();
  std::uint64_t across = 0, down = 0;
  for (int y = 0; y < height; ++y)
    across +=
        RowEnergy(grey.row(y), grey.row(y) + distance, grey.row(y) + 2 * distance, width - 2 * distance);
  for (int y = 0; y + 2 * distance < height; ++y)
    down += RowEnergy(grey.row(y), grey.row(y + distance), grey.row(y + 2 * distance), width);
  const auto count = [&](int w, int h) { return static_cast<double>(w) * h; };
  return static_cast<double>(across) / count(width - 2 * distance, height) +
         static_cast<double>(down) / count(width, height - 2 * distance);
}

}  // namespace

double Softness(const image::Image& picture) {
  KANTEI_CHECK(std::min(picture.width(), picture.height()) >= 5);
  const image::Image grey = image::ToGrey(picture);
  const double near = Energy(grey, 1);
  return near > 0 ? Energy(grey, 2) / near : 0;
}

}  // namespace kantei::authenticity
