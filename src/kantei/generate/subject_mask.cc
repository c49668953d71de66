#include "kantei/generate/subject_mask.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <queue>
#include <utility>
#include <vector>

#include "kantei/base/result.h"
#include "kantei/image/plane.h"
#include "kantei/image/transform.h"

namespace kantei::generate {
namespace {

constexpr int kBins = 256, kSaliencySide = 32;
constexpr double kLeastContrast = 0.1, kLeastArea = 0.03, kMostArea = 0.85, kLeastPart = 0.2;
constexpr float kLeastColourStep = 5;  // CIELAB; below, a subject could hardly be seen

using Lab = std::array<float, 3>;

struct Threshold {
  double value = 0, separation = 0;
};

/// Otsu's: the greatest variance between both classes.
Threshold ThresholdOf(const image::Plane& map, double low, double high) {
  std::array<double, kBins> counts{};
  const double scale = (kBins - 1) / (high - low);
  for (const float value : map.values)
    ++counts[static_cast<std::size_t>(std::clamp((value - low) * scale, 0.0, kBins - 1.0))];
  double total = 0, sum = 0, squares = 0;
  for (int i = 0; i < kBins; ++i) {
    const double count = counts[static_cast<std::size_t>(i)];
    total += count, sum += i * count, squares += double(i) * i * count;
  }
  const double variance = squares / total - sum / total * (sum / total);
  double below = 0, sum_below = 0, best = -1;
  Threshold found;
  for (int i = 0; i + 1 < kBins; ++i) {
    below += counts[static_cast<std::size_t>(i)], sum_below += i * counts[static_cast<std::size_t>(i)];
    if (below == 0 || below == total) continue;
    const double apart = sum_below / below - (sum - sum_below) / (total - below);
    const double between = below / total * (1 - below / total) * apart * apart;
    if (between <= best) continue;
    best = between;
    found.value = low + (i + 1) / scale;
    found.separation = variance > 0 ? std::min(1.0, between / variance) : 0;
  }
  return found;
}

/// Drops 4-connected parts that are small beside the largest.
void KeepLargeParts(image::Image* mask) {
  const int width = mask->width(), height = mask->height();
  std::vector<int> part(mask->pixels().size(), -1);
  std::vector<std::size_t> sizes, stack;
  for (std::size_t seed = 0; seed < part.size(); ++seed) {
    if (mask->pixels()[seed] == 0 || part[seed] >= 0) continue;
    const int number = static_cast<int>(sizes.size());
    sizes.push_back(0);
    stack.assign(1, seed);
    part[seed] = number;
    while (!stack.empty()) {
      const std::size_t at = stack.back();
      stack.pop_back();
      ++sizes.back();
      const int x = static_cast<int>(at) % width, y = static_cast<int>(at) / width;
      for (const auto& [dx, dy] : {std::pair(1, 0), std::pair(-1, 0), std::pair(0, 1), std::pair(0, -1)}) {
        if (x + dx < 0 || x + dx >= width || y + dy < 0 || y + dy >= height) continue;
        const auto next = static_cast<std::size_t>((y + dy) * width + x + dx);
        if (mask->pixels()[next] == 0 || part[next] >= 0) continue;
        part[next] = number;
        stack.push_back(next);
      }
    }
  }
  if (sizes.empty()) return;
  const double least = kLeastPart * static_cast<double>(*std::max_element(sizes.begin(), sizes.end()));
  for (std::size_t i = 0; i < part.size(); ++i)
    if (part[i] >= 0 && static_cast<double>(sizes[static_cast<std::size_t>(part[i])]) < least)
      mask->pixels()[i] = 0;
}

/// CIELAB under D65.
Lab LabOf(const std::uint8_t* rgb) {
  std::array<double, 3> linear{};
  for (std::size_t i = 0; i < 3; ++i) {
    const double value = rgb[i] / 255.0;
    linear[i] = value <= 0.04045 ? value / 12.92 : std::pow((value + 0.055) / 1.055, 2.4);
  }
  const auto root = [](double t) { return t > 216.0 / 24389 ? std::cbrt(t) : t * (841.0 / 108) + 4.0 / 29; };
  const double x = root((0.4124 * linear[0] + 0.3576 * linear[1] + 0.1805 * linear[2]) / 0.9505),
               y = root(0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]),
               z = root((0.0193 * linear[0] + 0.1192 * linear[1] + 0.9505 * linear[2]) / 1.089);
  return {static_cast<float>(116 * y - 16), static_cast<float>(500 * (x - y)),
          static_cast<float>(200 * (y - z))};
}

float Distance(const Lab& a, const Lab& b) {
  return std::hypot(a[0] - b[0], a[1] - b[1], a[2] - b[2]);
}

/// Is their correlation below 0?
bool RunAgainst(const image::Plane& a, const image::Plane& b) {
  if (a.values.empty() || a.values.size() != b.values.size()) return false;
  double sum_a = 0, sum_b = 0, products = 0;
  for (std::size_t i = 0; i < a.values.size(); ++i) {
    sum_a += a.values[i], sum_b += b.values[i];
    products += double{a.values[i]} * b.values[i];
  }
  return products < sum_a * sum_b / static_cast<double>(a.values.size());
}

}  // namespace

std::string_view MaskSourceName(MaskSource source) {
  switch (source) {
    case MaskSource::kAttention:
      return "attention";
    case MaskSource::kGuidance:
      return "guidance";
    case MaskSource::kSaliency:
      return "saliency";
    case MaskSource::kSegmentation:
      return "segmentation";
    case MaskSource::kNone:
      break;
  }
  return "none";
}

std::optional<SubjectMask> MaskOfRegion(image::Image region, MaskSource source, double separation) {
  KeepLargeParts(&region);
  const double area = MaskArea(region);
  if (area < kLeastArea || area > kMostArea) return std::nullopt;
  return SubjectMask{std::move(region), source, area, separation, "", ""};
}

std::optional<SubjectMask> MaskOfMap(const image::Plane& map, int width, int height, MaskSource source) {
  if (map.values.empty()) return std::nullopt;
  const image::Plane full = image::ResizeBilinear(map, width, height);
  if (!std::all_of(full.values.begin(), full.values.end(), [](float v) { return std::isfinite(v); }))
    return std::nullopt;
  const auto [low, high] = std::minmax_element(full.values.begin(), full.values.end());
  if (*high <= 0 || *high - *low < kLeastContrast * *high) return std::nullopt;
  const Threshold threshold = ThresholdOf(full, *low, *high);
  image::Image region(width, height, 1);
  for (std::size_t i = 0; i < full.values.size(); ++i)
    region.pixels()[i] = full.values[i] >= threshold.value ? 255 : 0;
  return MaskOfRegion(std::move(region), source, threshold.separation);
}

image::Plane GeodesicSaliency(const image::Image& rgb) {
  const image::Image small = image::ResizeToFit(image::ToRgb(rgb), kSaliencySide);
  const int width = small.width(), height = small.height();
  const auto at = [width](int x, int y) { return static_cast<std::size_t>(y * width + x); };
  std::vector<Lab> lab(at(0, height));
  for (std::size_t i = 0; i < lab.size(); ++i) lab[i] = LabOf(small.pixels().data() + 3 * i);
  const auto on_border = [&](int x, int y) { return x == 0 || y == 0 || x == width - 1 || y == height - 1; };
  Lab mean{};
  float border = 0;
  std::vector<float> steps;
  const std::pair<int, int> around[] = {{1, 0}, {0, 1}, {-1, 0}, {0, -1}};
  const auto inside = [&](int x, int y) { return x >= 0 && y >= 0 && x < width && y < height; };
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      if (on_border(x, y)) {
        for (std::size_t c = 0; c < 3; ++c) mean[c] += lab[at(x, y)][c];
        ++border;
      }
      for (const auto& [dx, dy] : {around[0], around[1]})
        if (inside(x + dx, y + dy)) steps.push_back(Distance(lab[at(x, y)], lab[at(x + dx, y + dy)]));
    }
  }
  for (float& value : mean) value /= border;
  // Steps like those of texture are free: else long ways over a noisy ground would look like a subject. The paper frees the mean of
  // the smallest ones; twice the median holds back noise better.
  float free = 0;
  if (!steps.empty()) {
    const auto middle = steps.begin() + static_cast<std::ptrdiff_t>(steps.size() / 2);
    std::nth_element(steps.begin(), middle, steps.end());
    free = 2 * *middle;
  }
  image::Plane cost(width, height);
  std::fill(cost.values.begin(), cost.values.end(), std::numeric_limits<float>::infinity());
  using Entry = std::pair<float, std::size_t>;
  std::priority_queue<Entry, std::vector<Entry>, std::greater<>> queue;
  const auto reach = [&](std::size_t pixel, float total) {
    if (total < cost.values[pixel]) queue.emplace(cost.values[pixel] = total, pixel);
  };
  // The border is parted into those that look like it and those where the subject is cut off by the frame.
  float spread = 0;
  for (int y = 0; y < height; ++y)
    for (int x = 0; x < width; ++x)
      if (on_border(x, y)) spread += Distance(lab[at(x, y)], mean) / border;
  for (int y = 0; y < height; ++y)
    for (int x = 0; x < width; ++x)
      if (on_border(x, y)) reach(at(x, y), std::max(0.0f, Distance(lab[at(x, y)], mean) - spread));
  while (!queue.empty()) {
    const auto [total, pixel] = queue.top();
    queue.pop();
    if (total > cost.values[pixel]) continue;
    const int x = static_cast<int>(pixel) % width, y = static_cast<int>(pixel) / width;
    for (const auto& [dx, dy] : around)
      if (inside(x + dx, y + dy))
        reach(at(x + dx, y + dy),
              total + std::max(0.0f, Distance(lab[pixel], lab[at(x + dx, y + dy)]) - free));
  }
  return cost;
}

SubjectMask FindSubject(const SubjectMaps& maps, const image::Image& rgb, std::optional<MaskSource> only) {
  for (const MaskSource way : {MaskSource::kAttention, MaskSource::kGuidance, MaskSource::kSaliency}) {
    if (only.value_or(way) != way) continue;
    if (way == MaskSource::kAttention && !only && RunAgainst(maps.attention, maps.guidance)) continue;
    image::Plane saliency;
    if (way == MaskSource::kSaliency) {
      saliency = GeodesicSaliency(rgb);
      if (*std::max_element(saliency.values.begin(), saliency.values.end()) < kLeastColourStep) continue;
    }
    const image::Plane& map = way == MaskSource::kAttention  ? maps.attention
                              : way == MaskSource::kGuidance ? maps.guidance
                                                             : saliency;
    if (auto mask = MaskOfMap(map, rgb.width(), rgb.height(), way)) return *std::move(mask);
  }
  return {image::Image(rgb.width(), rgb.height(), 1), MaskSource::kNone, 0, 0, "", ""};
}

double MaskIou(const image::Image& a, const image::Image& b) {
  KANTEI_CHECK(a.pixels().size() == b.pixels().size());
  std::size_t both = 0, any = 0;
  for (std::size_t i = 0; i < a.pixels().size(); ++i) {
    const bool in_a = a.pixels()[i] != 0, in_b = b.pixels()[i] != 0;
    both += in_a && in_b, any += in_a || in_b;
  }
  return any == 0 ? 0 : static_cast<double>(both) / static_cast<double>(any);
}

double MaskArea(const image::Image& mask) {
  const auto set = std::count_if(mask.pixels().begin(), mask.pixels().end(), [](auto v) { return v != 0; });
  return static_cast<double>(set) / static_cast<double>(mask.pixels().size());
}

}  // namespace kantei::generate
