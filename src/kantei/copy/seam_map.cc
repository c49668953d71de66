#include "kantei/copy/seam_map.h"

#include <algorithm>
#include <array>
#include <cstdint>

#include "kantei/base/cpu.h"

namespace kantei::copy {
namespace {

using image::Image;

constexpr int kReach = 5;  ///< steps on either side that a step is compared with
constexpr int kMargin = kReach + 2;
/// Share of the window's energy that a step must hold to count for a seam. A texture gives 1 / 11 on average, a sharp step 2 / 3,
/// one that a Gaussian of 1 pixel has blurred 0.38.
constexpr float kNeutralShare = 0.13f;
/// Energy of a window in which evidence counts half: a step of about 8 grey levels. JPEG's blocks and noise stay below.
constexpr float kNoiseEnergy = 1200;

/// One channel of a row, its ends repeated.
void SpreadRow(const std::uint8_t* row, int width, std::int16_t* planes, int padded) {
  for (int c = 0; c < 3; ++c) {
    std::int16_t* plane = planes + c * padded;
    for (int x = 0; x < width; ++x) plane[kMargin + x] = row[3 * x + c];
    std::fill_n(plane, kMargin, plane[kMargin]);
    std::fill_n(plane + kMargin + width, kMargin, plane[kMargin + width - 1]);
  }
}

/// Squared colour difference of the two pixels before and the two after each boundary, all channels.
KANTEI_MULTIARCH void StepEnergies(const std::int16_t* __restrict__ planes, int padded, int count,
                                   std::int32_t* __restrict__ energy) {
  const std::int16_t* __restrict__ r = planes;
  const std::int16_t* __restrict__ g = planes + padded;
  const std::int16_t* __restrict__ b = planes + 2 * padded;
  for (int i = 0; i < count; ++i) {
    const std::int32_t dr = (r[i + 2] + r[i + 3]) - (r[i] + r[i + 1]);
    const std::int32_t dg = (g[i + 2] + g[i + 3]) - (g[i] + g[i + 1]);
    const std::int32_t db = (b[i + 2] + b[i + 3]) - (b[i] + b[i + 1]);
    energy[i] = dr * dr + dg * dg + db * db;
  }
}

/// below = above + evidence of one row. energy[i] belongs to boundary i - kReach.
KANTEI_MULTIARCH void AddEvidence(const std::int32_t* __restrict__ energy, int count,
                                  const float* __restrict__ above, float* __restrict__ below) {
  for (int i = 0; i < count; ++i) {
    std::int32_t window = 0;
    for (int k = 0; k <= 2 * kReach; ++k) window += energy[i + k];
    const float all = static_cast<float>(window);
    const float own = static_cast<float>(energy[i + kReach]);
    below[i] = above[i] + (own - kNeutralShare * all) / (all + kNoiseEnergy);
  }
}

/// One more row of the search for the best stretch: lowest sum so far, best rise above it.
KANTEI_MULTIARCH void RaiseStrengths(const float* __restrict__ sums, int count, float* __restrict__ lowest,
                                     float* __restrict__ best) {
  for (int i = 0; i < count; ++i) {
    lowest[i] = std::min(lowest[i], sums[i]);
    best[i] = std::max(best[i], sums[i] - lowest[i]);
  }
}

}  // namespace

SeamMap::SeamMap(const Image& picture) : width_(picture.width()), height_(picture.height()) {
  const int count = width_ + 1, padded = width_ + 2 * kMargin;
  sums_.resize(static_cast<std::size_t>(count) * static_cast<std::size_t>(height_ + 1));
  std::vector<std::int16_t> planes(static_cast<std::size_t>(padded) * 3);
  std::vector<std::int32_t> energy(static_cast<std::size_t>(count + 2 * kReach));
  for (int y = 0; y < height_; ++y) {
    SpreadRow(picture.row(y), width_, planes.data(), padded);
    StepEnergies(planes.data(), padded, count + 2 * kReach, energy.data());
    const float* above = sums_.data() + static_cast<std::size_t>(y) * static_cast<std::size_t>(count);
    AddEvidence(energy.data(), count, above, sums_.data() + (above - sums_.data()) + count);
  }
  DiscountBlocks();
}

void SeamMap::DiscountBlocks() {
  constexpr int kBlock = 8;
  constexpr float kVisible = 0.02f;
  if (width_ < 8 * kBlock) return;
  const auto median = [](std::vector<float>* values) {
    const auto middle = values->begin() + static_cast<std::ptrdiff_t>(values->size() / 2);
    std::nth_element(values->begin(), middle, values->end());
    return *middle;
  };
  std::array<float, kBlock> typical{};
  std::vector<float> values;
  for (int phase = 0; phase < kBlock; ++phase) {
    values.clear();
    for (int i = phase == 0 ? kBlock : phase; i < width_; i += kBlock) values.push_back(Mean(i, 0, height_));
    typical[static_cast<std::size_t>(phase)] = median(&values);
  }
  values.assign(typical.begin(), typical.end());
  const float usual = median(&values);
  for (int phase = 0; phase < kBlock; ++phase) {
    const float surplus = typical[static_cast<std::size_t>(phase)] - usual;
    if (surplus < kVisible) continue;
    for (int y = 1; y <= height_; ++y) {
      float* row = sums_.data() + static_cast<std::size_t>(y) * static_cast<std::size_t>(width_ + 1);
      for (int i = phase; i <= width_; i += kBlock) row[i] -= surplus * static_cast<float>(y);
    }
  }
}

float SeamMap::BestMean(int i, int from, int to) const {
  float best = Mean(i, from, to);
  if (i > 0) best = std::max(best, Mean(i - 1, from, to));
  if (i < width_) best = std::max(best, Mean(i + 1, from, to));
  return best;
}

std::vector<float> SeamMap::Strengths() const {
  const auto count = static_cast<std::size_t>(width_ + 1);
  std::vector<float> lowest(count), best(count);
  for (int y = 1; y <= height_; ++y)
    RaiseStrengths(sums_.data() + static_cast<std::size_t>(y) * count, width_ + 1, lowest.data(),
                   best.data());
  return best;
}

std::vector<int> SeamMap::Lines(int apart, float least, int most) const {
  const std::vector<float> strengths = Strengths();
  const auto at = [&](int i) { return strengths[static_cast<std::size_t>(i)]; };
  std::vector<int> lines;
  for (int i = 1; i < width_; ++i) {
    bool largest = at(i) >= least;
    // Of equals the first counts.
    for (int k = std::max(0, i - apart); largest && k <= std::min(width_, i + apart); ++k)
      largest = k < i ? at(k) < at(i) : at(k) <= at(i);
    if (largest) lines.push_back(i);
  }
  std::sort(lines.begin(), lines.end(), [&](int a, int b) { return at(a) != at(b) ? at(a) > at(b) : a < b; });
  if (lines.size() > static_cast<std::size_t>(most)) lines.resize(static_cast<std::size_t>(most));
  std::sort(lines.begin(), lines.end());
  return lines;
}

Image Transpose(const Image& picture) {
  Image out(picture.height(), picture.width(), 3);
  constexpr int kTile = 16;  // both sides of a tile stay in the cache
  for (int y0 = 0; y0 < picture.height(); y0 += kTile) {
    for (int x0 = 0; x0 < picture.width(); x0 += kTile) {
      const int y1 = std::min(y0 + kTile, picture.height()), x1 = std::min(x0 + kTile, picture.width());
      for (int x = x0; x < x1; ++x) {
        std::uint8_t* to = out.row(x);
        for (int y = y0; y < y1; ++y) std::copy_n(picture.row(y) + 3 * x, 3, to + 3 * y);
      }
    }
  }
  return out;
}

}  // namespace kantei::copy
