#include "kantei/copy/pasted_rectangles.h"

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "kantei/base/cpu.h"
#include "kantei/copy/query_views.h"
#include "kantei/copy/seam_map.h"
#include "kantei/image/transform.h"

namespace kantei::copy {
namespace {

using image::Image;
using image::Rect;

constexpr int kSmallestPicture = 24;    ///< of the working copy; nothing is sought in less
constexpr int kMostLines = 60;          ///< in each direction, without the picture's borders
constexpr int kApart = 2;               ///< lines nearer than this are one
constexpr float kLeastStrength = 3.0f;  ///< sum of evidence of a line; most textures stay below
constexpr float kLeastSide = -0.02f;    ///< mean evidence of every side
constexpr float kLeastMean = 0.05f;     ///< of all sides together
constexpr float kSmallestShare = 0.08f, kLargestShare = 0.95f;  ///< of the picture's sides
constexpr std::size_t kMostMeasured = 256;
constexpr int kBeyond = 8;  ///< pixels behind a corner in which a side may go on
constexpr int kParts = 8;   ///< of a side, each with or without evidence
constexpr float kPartEvidence = 0.03f;
constexpr double kMergeOverlap = 0.7;
constexpr double kCrowding = 1.0;  ///< how much overlap with a better one counts against a rectangle

/// Weights of RectangleConfidence in the order of kRectangleMeasures, the constant last. Fitted on train-split pictures only
/// (query_views_trial --rows): probability that a candidate is the place, the others or none being the alternatives.
constexpr std::array<double, kRectangleMeasures.size() + 1> kWeights{
    10.75, 0.89, 12.95, 8.17, -19.5, -0.87, -4.76, -12.1, 2.13, -0.94, -0.82, -3.25, -15.7};

/// Sums over rectangles of each channel's values and of luma's squares.
class ColourSums {
 public:
  explicit ColourSums(const Image& picture);
  struct Moments {
    double r = 0, g = 0, b = 0, squares = 0, count = 0;
  };
  Moments Of(int x1, int y1, int x2, int y2) const;

 private:
  struct Cell {
    std::uint32_t r, g, b,
        squares;  ///< at most 400 × 400 × 255², which fits after the squares are divided by 16
  };
  const Cell& at(int x, int y) const {
    return cells_[static_cast<std::size_t>(y) * static_cast<std::size_t>(stride_) +
                  static_cast<std::size_t>(x)];
  }
  int stride_;
  std::vector<Cell> cells_;
};

ColourSums::ColourSums(const Image& picture) : stride_(picture.width() + 1) {
  cells_.resize(static_cast<std::size_t>(stride_) * static_cast<std::size_t>(picture.height() + 1));
  for (int y = 0; y < picture.height(); ++y) {
    const std::uint8_t* row = picture.row(y);
    const Cell* above = &cells_[static_cast<std::size_t>(y) * static_cast<std::size_t>(stride_)];
    Cell* below = &cells_[static_cast<std::size_t>(y + 1) * static_cast<std::size_t>(stride_)];
    Cell sum{};
    for (int x = 0; x < picture.width(); ++x) {
      const std::uint32_t r = row[3 * x], g = row[3 * x + 1], b = row[3 * x + 2], luma = (r + 2 * g + b) / 4;
      sum.r += r;
      sum.g += g;
      sum.b += b;
      sum.squares += luma * luma / 16;
      below[x + 1] = {above[x + 1].r + sum.r, above[x + 1].g + sum.g, above[x + 1].b + sum.b,
                      above[x + 1].squares + sum.squares};
    }
  }
}

ColourSums::Moments ColourSums::Of(int x1, int y1, int x2, int y2) const {
  const Cell &a = at(x1, y1), &b = at(x2, y1), &c = at(x1, y2), &d = at(x2, y2);
  const auto sum = [](std::uint32_t p, std::uint32_t q, std::uint32_t r, std::uint32_t s) {
    return static_cast<double>(s - q - r + p);  // modulo 2^32, the difference itself is positive and fits
  };
  return {sum(a.r, b.r, c.r, d.r), sum(a.g, b.g, c.g, d.g), sum(a.b, b.b, c.b, d.b),
          16 * sum(a.squares, b.squares, c.squares, d.squares), static_cast<double>(x2 - x1) * (y2 - y1)};
}

struct Box {
  int x1, y1, x2, y2;
  float rank;  ///< what decides which are measured
};

/// The search and its measures, on the working copy.
class Finder {
 public:
  explicit Finder(const Image& picture)
      : width_(picture.width()),
        height_(picture.height()),
        side_(static_cast<float>(std::max(width_, height_))),
        upright_(picture),
        level_(Transpose(picture)),
        colours_(picture) {
    columns_ = WithBorders(upright_.Lines(kApart, kLeastStrength, kMostLines), width_);
    rows_ = WithBorders(level_.Lines(kApart, kLeastStrength, kMostLines), height_);
  }

  std::vector<Box> Boxes() const;
  RectangleMeasures Measure(const Box& box) const;

 private:
  /// One side: the map it is read from, its boundary, its two ends, the length of the map's lines.
  struct Side {
    const SeamMap* map;
    int line, from, to, whole;
    float Mean() const { return map->BestMean(line, from, to); }
  };
  struct Sides {
    std::array<Side, 4> sides;
    int count = 0;
  };
  static std::vector<int> WithBorders(std::vector<int> lines, int end) {
    lines.insert(lines.begin(), 0);
    lines.push_back(end);
    return lines;
  }
  /// Those that are not the picture's own; the order is left, right, top, bottom.
  Sides RealSides(const Box& box) const;
  float Inside(const Box& box) const;
  float Unlike(const Box& box) const;

  int width_, height_;
  float side_;
  SeamMap upright_, level_;
  ColourSums colours_;
  std::vector<int> columns_, rows_;
};

Finder::Sides Finder::RealSides(const Box& box) const {
  Sides out;
  const auto add = [&](const Side& side) { out.sides[static_cast<std::size_t>(out.count++)] = side; };
  if (box.x1 > 0) add({&upright_, box.x1, box.y1, box.y2, height_});
  if (box.x2 < width_) add({&upright_, box.x2, box.y1, box.y2, height_});
  if (box.y1 > 0) add({&level_, box.y1, box.x1, box.x2, width_});
  if (box.y2 < height_) add({&level_, box.y2, box.x1, box.x2, width_});
  return out;
}

std::vector<Box> Finder::Boxes() const {
  std::vector<Box> boxes;
  const int least_width = std::max(12, static_cast<int>(kSmallestShare * static_cast<float>(width_)));
  const int least_height = std::max(12, static_cast<int>(kSmallestShare * static_cast<float>(height_)));
  std::vector<std::pair<int, float>> level;  // rows with evidence between the two columns
  for (std::size_t a = 0; a + 1 < columns_.size(); ++a) {
    for (std::size_t b = a + 1; b < columns_.size(); ++b) {
      const int x1 = columns_[a], x2 = columns_[b];
      if (x2 - x1 < least_width) continue;
      level.clear();
      for (const int y : rows_) {
        const bool border = y == 0 || y == height_;
        const float mean = border ? 0 : level_.BestMean(y, x1, x2);
        if (border || mean >= kLeastSide) level.emplace_back(y, mean);
      }
      for (std::size_t c = 0; c + 1 < level.size(); ++c) {
        for (std::size_t d = c + 1; d < level.size(); ++d) {
          const int y1 = level[c].first, y2 = level[d].first;
          if (y2 - y1 < least_height) continue;
          const bool wide = static_cast<float>(x2 - x1) > kLargestShare * static_cast<float>(width_);
          const bool high = static_cast<float>(y2 - y1) > kLargestShare * static_cast<float>(height_);
          if (wide && high) continue;
          float weakest = 1, sum = 0;
          int count = 0;
          const auto take = [&](float mean) {
            weakest = std::min(weakest, mean);
            sum += mean;
            ++count;
          };
          if (x1 > 0) take(upright_.BestMean(x1, y1, y2));
          if (weakest < kLeastSide) continue;
          if (x2 < width_) take(upright_.BestMean(x2, y1, y2));
          if (y1 > 0) take(level[c].second);
          if (y2 < height_) take(level[d].second);
          if (weakest < kLeastSide || sum < kLeastMean * static_cast<float>(count)) continue;
          const float mean = sum / static_cast<float>(count);
          // Rectangles that rest on the picture's border have fewer chances to fail.
          const float rank = weakest + mean - 0.06f * static_cast<float>(4 - count) +
                             0.03f * std::log(static_cast<float>(x2 - x1 + y2 - y1) / side_);
          boxes.push_back({x1, y1, x2, y2, rank});
        }
      }
    }
  }
  const std::size_t kept = std::min(boxes.size(), kMostMeasured);
  std::partial_sort(boxes.begin(), boxes.begin() + static_cast<std::ptrdiff_t>(kept), boxes.end(),
                    [](const Box& a, const Box& b) {
                      return a.rank != b.rank
                                 ? a.rank > b.rank
                                 : std::array{a.x1, a.y1, a.x2, a.y2} < std::array{b.x1, b.y1, b.x2, b.y2};
                    });
  boxes.resize(kept);
  return boxes;
}

/// The strongest seam from side to side, not counting what is next to a side.
float Finder::Inside(const Box& box) const {
  constexpr int kNear = 4;
  float strongest = 0;
  for (const int x : columns_) {
    if (x > box.x1 + kNear && x < box.x2 - kNear)
      strongest = std::max(strongest, upright_.BestMean(x, box.y1, box.y2));
  }
  for (const int y : rows_) {
    if (y > box.y1 + kNear && y < box.y2 - kNear)
      strongest = std::max(strongest, level_.BestMean(y, box.x1, box.x2));
  }
  return strongest;
}

/// Strips inside and outside of each side, an eighth of the rectangle deep.
float Finder::Unlike(const Box& box) const {
  const int deep = std::max(4, std::min(box.x2 - box.x1, box.y2 - box.y1) / 8);
  ColourSums::Moments in, out;
  const auto add = [](ColourSums::Moments* to, const ColourSums::Moments& m) {
    to->r += m.r;
    to->g += m.g;
    to->b += m.b;
    to->squares += m.squares;
    to->count += m.count;
  };
  if (box.x1 > 0) {
    add(&in, colours_.Of(box.x1, box.y1, box.x1 + deep, box.y2));
    add(&out, colours_.Of(std::max(0, box.x1 - deep), box.y1, box.x1, box.y2));
  }
  if (box.x2 < width_) {
    add(&in, colours_.Of(box.x2 - deep, box.y1, box.x2, box.y2));
    add(&out, colours_.Of(box.x2, box.y1, std::min(width_, box.x2 + deep), box.y2));
  }
  if (box.y1 > 0) {
    add(&in, colours_.Of(box.x1, box.y1, box.x2, box.y1 + deep));
    add(&out, colours_.Of(box.x1, std::max(0, box.y1 - deep), box.x2, box.y1));
  }
  if (box.y2 < height_) {
    add(&in, colours_.Of(box.x1, box.y2 - deep, box.x2, box.y2));
    add(&out, colours_.Of(box.x1, box.y2, box.x2, std::min(height_, box.y2 + deep)));
  }
  const auto spread = [](const ColourSums::Moments& m) {
    const double luma = (m.r + 2 * m.g + m.b) / 4 / m.count;
    return std::sqrt(std::max(0.0, m.squares / m.count - luma * luma));
  };
  const double colour = std::abs(in.r / in.count - out.r / out.count) +
                        std::abs(in.g / in.count - out.g / out.count) +
                        std::abs(in.b / in.count - out.b / out.count);
  const double contrast = std::abs(spread(in) - spread(out));
  return static_cast<float>(std::min(1.0, (colour / 3 + contrast) / 96));
}

RectangleMeasures Finder::Measure(const Box& box) const {
  const Sides real = RealSides(box);
  float weakest = 1, total = 0, covered = 0, grid = 1;
  for (int i = 0; i < real.count; ++i) {
    const Side& side = real.sides[static_cast<std::size_t>(i)];
    const float mean = side.Mean();
    weakest = std::min(weakest, mean);
    grid = std::min(grid, side.map->BestMean(side.line, 0, side.whole) / std::max(0.02f, mean));
    total += mean * static_cast<float>(side.to - side.from);
    const int length = side.to - side.from;
    for (int part = 0; part < kParts; ++part) {
      const float there = side.map->BestMean(side.line, side.from + length * part / kParts,
                                             side.from + length * (part + 1) / kParts);
      covered += there > kPartEvidence ? 1.0f / kParts : 0;
    }
  }
  const auto count = static_cast<float>(real.count);
  grid = std::max(0.0f, grid);
  // At each corner inside the picture both lines may go on.
  float ends = 0, tees = 0;
  int corners = 0;
  for (const bool right : {false, true}) {
    for (const bool below : {false, true}) {
      const int x = right ? box.x2 : box.x1, y = below ? box.y2 : box.y1;
      if (x == 0 || x == width_ || y == 0 || y == height_) continue;
      const int x_to = std::clamp(right ? x + kBeyond : x - kBeyond, 0, width_);
      const int y_to = std::clamp(below ? y + kBeyond : y - kBeyond, 0, height_);
      const float on_x = std::clamp(level_.BestMean(y, std::min(x, x_to), std::max(x, x_to)), 0.0f, 0.3f);
      const float on_y = std::clamp(upright_.BestMean(x, std::min(y, y_to), std::max(y, y_to)), 0.0f, 0.3f);
      ends += on_x + on_y;
      tees += std::abs(on_x - on_y) > 0.15f ? 1.0f : 0.0f;
      ++corners;
    }
  }
  const int borders = 4 - real.count;
  const auto flag = [](bool set) { return set ? 1.0f : 0.0f; };
  return {weakest,
          std::log(std::max(1.0f, total)),
          covered / count,
          static_cast<float>(std::min(box.x2 - box.x1, box.y2 - box.y1)) / side_,
          corners > 0 ? (1 - grid) * ends / static_cast<float>(corners) : 0,
          (1 - grid) * tees,
          grid,
          Inside(box),
          Unlike(box),
          flag(borders == 1),
          flag(borders == 2),
          flag(borders == 3)};
}

/// From the working copy's pixels to the picture's.
Rect Scaled(const Box& box, const Image& working, const Image& picture) {
  const double sx = static_cast<double>(picture.width()) / working.width();
  const double sy = static_cast<double>(picture.height()) / working.height();
  const auto round = [](double v) { return static_cast<int>(std::lround(v)); };
  const int x1 = round(box.x1 * sx), y1 = round(box.y1 * sy);
  return {x1, y1, round(box.x2 * sx) - x1, round(box.y2 * sy) - y1};
}

}  // namespace

double RectangleConfidence(const RectangleMeasures& measures) {
  double sum = kWeights.back();
  for (std::size_t i = 0; i < measures.size(); ++i) sum += kWeights[i] * static_cast<double>(measures[i]);
  return 1 / (1 + std::exp(-sum));
}

double IntersectionOverUnion(const Rect& a, const Rect& b) {
  const double width = std::min(a.x + a.width, b.x + b.width) - std::max(a.x, b.x);
  const double height = std::min(a.y + a.height, b.y + b.height) - std::max(a.y, b.y);
  if (width <= 0 || height <= 0) return 0;
  const double shared = width * height;
  return shared /
         (static_cast<double>(a.width) * a.height + static_cast<double>(b.width) * b.height - shared);
}

std::vector<MeasuredRectangle> MeasureRectangles(const Image& picture) {
  if (picture.empty()) return {};
  const Image working = image::ToRgb(image::ResizeToFit(picture, kRectangleSide));
  if (std::min(working.width(), working.height()) < kSmallestPicture) return {};
  const Finder finder(working);
  std::vector<MeasuredRectangle> found;
  for (const Box& box : finder.Boxes()) {
    const RectangleMeasures measures = finder.Measure(box);
    found.push_back({Scaled(box, working, picture), measures, RectangleConfidence(measures)});
  }
  std::stable_sort(found.begin(), found.end(),
                   [](const auto& a, const auto& b) { return a.confidence > b.confidence; });
  return found;
}

std::vector<PastedRectangle> FindPastedRectangles(const Image& picture, int most) {
  std::vector<PastedRectangle> kept;
  const std::vector<MeasuredRectangle> candidates = MeasureRectangles(picture);
  std::vector<double> overlaps(candidates.size());  // the largest with one that is kept
  while (static_cast<int>(kept.size()) < most) {
    std::size_t best = candidates.size();
    double best_rank = 0;
    for (std::size_t i = 0; i < candidates.size(); ++i) {
      if (overlaps[i] > kMergeOverlap) continue;
      // Two cells of a collage together are nearly as good a rectangle as each: other places go first.
      const double rank = candidates[i].confidence * (1 - kCrowding * overlaps[i]);
      if (rank > best_rank) best = i, best_rank = rank;
    }
    if (best == candidates.size()) break;
    kept.push_back({candidates[best].region, candidates[best].confidence});
    for (std::size_t i = 0; i < candidates.size(); ++i)
      overlaps[i] =
          std::max(overlaps[i], IntersectionOverUnion(candidates[i].region, candidates[best].region));
  }
  std::stable_sort(kept.begin(), kept.end(),
                   [](const auto& a, const auto& b) { return a.confidence > b.confidence; });
  return kept;
}

}  // namespace kantei::copy
