#include "kantei/evaluate/authenticity_pixel_metrics.h"

#include <algorithm>
#include <cstdint>
#include <vector>

namespace kantei::evaluate {
namespace {

constexpr double kEpsilon = 1e-8;
constexpr int kErode = 15, kDilate = 11;

bool Changed(std::uint8_t mask) {
  return mask >= 128;
}

struct Counts {
  double tp = 0, tn = 0, fp = 0, fn = 0;
};

double BenCoF1(double tp, double fp, double fn) {
  const double precision = tp / (tp + fp + kEpsilon), recall = tp / (tp + fn + kEpsilon);
  return 2 * precision * recall / (precision + recall + kEpsilon);
}
double BenCoIou(double tp, double fp, double fn) {
  return tp / (tp + fp + fn + kEpsilon);
}
double PlainF1(double tp, double fp, double fn) {
  return 2 * tp / std::max(2 * tp + fn + fp, 1e-32);
}

struct Pixel {
  float value;
  bool changed;
};

void SortUp(std::vector<Pixel>* pixels) {
  std::sort(pixels->begin(), pixels->end(), [](const Pixel& a, const Pixel& b) { return a.value < b.value; });
}

/// Mann-Whitney with midranks; both kinds must be there.
double Auc(std::vector<Pixel> pixels) {
  SortUp(&pixels);
  double rank_sum = 0, positives = 0;
  for (std::size_t begin = 0; begin < pixels.size();) {
    std::size_t end = begin;
    double changed = 0;
    for (; end < pixels.size() && pixels[end].value == pixels[begin].value; ++end)
      changed += pixels[end].changed;
    rank_sum += changed * (static_cast<double>(begin + end + 1) / 2);
    positives += changed;
    begin = end;
  }
  const double negatives = static_cast<double>(pixels.size()) - positives;
  return (rank_sum - positives * (positives + 1) / 2) / (positives * negatives);
}

/// For each pixel: does the window of side 2 × radius + 1 around it, cut at the edges, hold a pixel that is `wanted`?
std::vector<std::uint8_t> WindowHas(const image::Image& mask, bool wanted, int radius) {
  const int w = mask.width(), h = mask.height();
  const auto at = [w](int x, int y) {
    return static_cast<std::size_t>(y) * static_cast<std::size_t>(w) + static_cast<std::size_t>(x);
  };
  std::vector<std::uint8_t> across(mask.pixels().size()), both(mask.pixels().size());
  for (int y = 0; y < h; ++y) {
    int inside = 0;
    for (int x = -radius; x < w; ++x) {
      if (x + radius < w) inside += Changed(mask.row(y)[x + radius]) == wanted;
      if (x - radius - 1 >= 0) inside -= Changed(mask.row(y)[x - radius - 1]) == wanted;
      if (x >= 0) across[at(x, y)] = inside > 0;
    }
  }
  std::vector<int> inside(static_cast<std::size_t>(w));
  for (int y = -radius; y < h; ++y) {
    for (int x = 0; x < w; ++x) {
      int& count = inside[static_cast<std::size_t>(x)];
      if (y + radius < h) count += across[at(x, y + radius)];
      if (y - radius - 1 >= 0) count -= across[at(x, y - radius - 1)];
      if (y >= 0) both[at(x, y)] = count > 0;
    }
  }
  return both;
}

}  // namespace

PixelScores ScorePixels(const image::Plane& map, const image::Image& mask, MapReading reading) {
  KANTEI_CHECK(map.width == mask.width() && map.height == mask.height() && mask.channels() == 1);
  Counts c;
  double called_half = 0, changed_half = 0;  // of the values that are exactly 0.5
  std::vector<Pixel> pixels(map.values.size());
  for (std::size_t i = 0; i < pixels.size(); ++i) {
    const bool changed = Changed(mask.pixels()[i]), called = map.values[i] > 0.5f;
    ++(changed ? (called ? c.tp : c.fn) : (called ? c.fp : c.tn));
    if (map.values[i] == 0.5f) ++(changed ? changed_half : called_half);
    pixels[i] = {map.values[i], changed};
  }
  const bool empty = c.tp + c.fn == 0, full = c.fp + c.tn == 0;
  PixelScores origin{BenCoF1(c.tp, c.fp, c.fn), BenCoIou(c.tp, c.fp, c.fn), std::nullopt};
  // Inverted: what was not called changed is; hits are the former misses.
  PixelScores reverse{BenCoF1(c.fn, c.tn, c.tp),
                      BenCoIou(c.fn - changed_half, c.tn - called_half, c.tp + changed_half), std::nullopt};
  if (empty) {
    origin.auc = reverse.auc = 0;
  } else if (!full) {
    origin.auc = Auc(std::move(pixels));
    reverse.auc = 1 - *origin.auc;
  }
  if (reading == MapReading::kOrigin) return origin;
  if (reading == MapReading::kReverse) return reverse;
  return {std::max(origin.f1, reverse.f1), std::max(origin.iou, reverse.iou),
          origin.auc ? std::optional(std::max(*origin.auc, *reverse.auc)) : std::nullopt};
}

std::optional<TruForPixelScores> ScorePixelsTruFor(const image::Plane& map, const image::Image& mask) {
  KANTEI_CHECK(map.width == mask.width() && map.height == mask.height() && mask.channels() == 1);
  const std::vector<std::uint8_t> near_unchanged = WindowHas(mask, false, kErode / 2);
  const std::vector<std::uint8_t> near_changed = WindowHas(mask, true, kDilate / 2);
  std::vector<Pixel> pixels;
  double changed = 0, unchanged = 0;
  for (std::size_t i = 0; i < map.values.size(); ++i) {
    const bool surely_changed = near_unchanged[i] == 0, surely_not = near_changed[i] == 0;
    if (!surely_changed && !surely_not) continue;
    pixels.push_back({map.values[i], surely_changed});
    ++(surely_changed ? changed : unchanged);
  }
  if (changed == 0 || unchanged == 0) return std::nullopt;
  SortUp(&pixels);
  const auto better = [&](const Counts& c) {
    return std::max(PlainF1(c.tp, c.fp, c.fn), PlainF1(c.fn, c.tn, c.tp));
  };
  TruForPixelScores scores;
  Counts c{changed, 0, unchanged, 0};  // everything is called changed below the lowest value
  bool fixed_done = false;
  for (std::size_t i = 0; i < pixels.size(); ++i) {
    if (!fixed_done && pixels[i].value > 0.5f) {
      scores.f1 = better(c);
      fixed_done = true;
    }
    if (pixels[i].changed) {
      --c.tp, ++c.fn;
    } else {
      --c.fp, ++c.tn;
    }
    if (i + 1 < pixels.size() && pixels[i + 1].value == pixels[i].value) continue;
    scores.best_f1 = std::max(scores.best_f1, better(c));
  }
  if (!fixed_done) scores.f1 = better(c);
  return scores;
}

double ChangedShare(const image::Plane& map) {
  if (map.values.empty()) return 0;
  const auto called =
      std::count_if(map.values.begin(), map.values.end(), [](float value) { return value > 0.5f; });
  return static_cast<double>(called) / static_cast<double>(map.values.size());
}

}  // namespace kantei::evaluate
