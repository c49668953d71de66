#include "kantei/copy/local_features.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>

#include "kantei/copy/sift_describe.h"
#include "kantei/copy/sift_detect.h"
#include "kantei/copy/sift_scale_space.h"

namespace kantei::copy {
namespace {

constexpr int kGrid = 6;
// Sensors and resampling leave about this much blur, in pixels (Lowe 2004, section 3.3).
constexpr float kInputBlur = 0.5f;
// Threads keep at most this many floats between calls (64 MB).
constexpr std::size_t kKeptFloats = 16u << 20;
// A picture of low contrast gets a lower threshold, but not below this share of it: then noise would be
// found.
constexpr float kLeastRange = 0.15f;

// Which extrema are described, in the order in which they get their turn: first the strongest of each grid
// cell up to a quota that takes half of the places, then the strongest of the rest. So every part of a
// collage gets features.
std::vector<std::size_t> Order(const std::vector<sift::Extremum>& extrema, int width, int height,
                               int wanted) {
  std::vector<std::size_t> by_strength(extrema.size());
  std::iota(by_strength.begin(), by_strength.end(), std::size_t{0});
  std::stable_sort(by_strength.begin(), by_strength.end(),
                   [&](std::size_t a, std::size_t b) { return extrema[a].response > extrema[b].response; });
  const int quota = std::max(1, wanted / (2 * kGrid * kGrid));
  std::array<int, kGrid * kGrid> taken{};
  std::vector<std::size_t> order, rest;
  for (const std::size_t i : by_strength) {
    const float scale = std::exp2(static_cast<float>(extrema[i].octave));
    const int cx =
        std::clamp(static_cast<int>(extrema[i].x * scale * kGrid / static_cast<float>(width)), 0, kGrid - 1);
    const int cy =
        std::clamp(static_cast<int>(extrema[i].y * scale * kGrid / static_cast<float>(height)), 0, kGrid - 1);
    int& count = taken[static_cast<std::size_t>(cy * kGrid + cx)];
    (count < quota ? order : rest).push_back(i);
    ++count;
  }
  order.insert(order.end(), rest.begin(), rest.end());
  return order;
}

struct WorkingSize {
  int width = 0, height = 0;
  float blur = kInputBlur;
};

// The longer side becomes options.working_side, but a picture is enlarged at most twice.
WorkingSize ChooseSize(int width, int height, const LocalFeatureOptions& options) {
  const double wanted = static_cast<double>(std::max(16, options.working_side)) / std::max(width, height);
  const double factor = std::min(wanted, options.upsample ? 2.0 : 1.0);
  WorkingSize size;
  size.width = std::max(1, static_cast<int>(std::lround(width * factor)));
  size.height = std::max(1, static_cast<int>(std::lround(height * factor)));
  size.blur = kInputBlur * static_cast<float>(std::max(1.0, factor));
  return size;
}

}  // namespace

LocalFeatures ExtractLocalFeatures(const image::Image& image, const LocalFeatureOptions& options) {
  LocalFeatures features;
  features.width = image.width();
  features.height = image.height();
  if (image.empty() || options.max_features <= 0) return features;
  thread_local sift::Workspace workspace;
  const WorkingSize size = ChooseSize(image.width(), image.height(), options);
  const sift::ScaleSpace space = sift::LayOutScaleSpace(size.width, size.height, &workspace);
  if (space.octaves.empty()) return features;
  sift::ResampleLuma(image, space.base);
  const float range = std::clamp(sift::ContrastRange(space.base), kLeastRange, 1.0f);
  sift::BuildScaleSpace(space, size.blur);
  const std::vector<sift::Extremum> extrema =
      sift::FindExtrema(space, options.contrast * range, options.edge_ratio);

  const float to_x = static_cast<float>(image.width()) / static_cast<float>(size.width);
  const float to_y = static_cast<float>(image.height()) / static_cast<float>(size.height);
  const auto wanted = static_cast<std::size_t>(options.max_features);
  std::vector<Keypoint> keypoints;
  std::vector<float> responses;
  std::vector<std::uint8_t> descriptors;
  for (const std::size_t i : Order(extrema, size.width, size.height, options.max_features)) {
    if (keypoints.size() >= wanted) break;
    const sift::Extremum& e = extrema[i];
    std::array<float, sift::kMaxOrientations> angles{};
    const int count = sift::FindOrientations(space, e, &angles);
    const float scale = std::exp2(static_cast<float>(e.octave));
    for (int a = 0; a < count && keypoints.size() < wanted; ++a) {
      const float angle = angles[static_cast<std::size_t>(a)];
      descriptors.resize(descriptors.size() + kDescriptorSize);
      sift::Describe(space, e, angle, descriptors.data() + descriptors.size() - kDescriptorSize);
      Keypoint k;
      k.x = (e.x * scale + 0.5f) * to_x;
      k.y = (e.y * scale + 0.5f) * to_y;
      k.scale = sift::kBaseSigma * std::exp2(e.level / sift::kScalesPerOctave) * scale * 0.5f * (to_x + to_y);
      k.angle = angle;
      keypoints.push_back(k);
      responses.push_back(e.response);
    }
  }
  workspace.Trim(kKeptFloats);

  std::vector<std::size_t> order(keypoints.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return responses[a] > responses[b]; });
  features.keypoints.reserve(order.size());
  features.descriptors.reserve(descriptors.size());
  for (const std::size_t i : order) {
    features.keypoints.push_back(keypoints[i]);
    const auto first = descriptors.begin() + static_cast<std::ptrdiff_t>(i * kDescriptorSize);
    features.descriptors.insert(features.descriptors.end(), first, first + kDescriptorSize);
  }
  return features;
}

}  // namespace kantei::copy
