#include "kantei/dataset/mask_maker.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "kantei/dataset/edit_math.h"
#include "kantei/dataset/segments.h"
#include "kantei/image/draw.h"

namespace kantei::dataset {
namespace {

using image::Image;
using image::Point;

constexpr int kLeastSide = 16;

struct Frame {
  int width, height;
  double area() const { return double(width) * height; }
};

void Stamp(Image* mask, double cx, double cy, double radius, int* count) {
  const int top = std::max(0, int(cy - radius)), bottom = std::min(mask->height() - 1, int(cy + radius));
  const int left = std::max(0, int(cx - radius)), right = std::min(mask->width() - 1, int(cx + radius));
  for (int y = top; y <= bottom; ++y) {
    for (int x = left; x <= right; ++x) {
      const double dx = x + 0.5 - cx, dy = y + 0.5 - cy;
      if (dx * dx + dy * dy > radius * radius || mask->row(y)[x] != 0) continue;
      mask->row(y)[x] = 255;
      ++*count;
    }
  }
}

Image Strokes(const Frame& frame, double share, Random& random) {
  Image mask(frame.width, frame.height, 1);
  const double wished = frame.area() * share;
  const double radius = std::max(2.0, std::sqrt(wished) * random.Uniform(0.08, 0.25));
  int count = 0;
  for (int stroke = 0; stroke < 64 && count < wished; ++stroke) {
    double x = random.Uniform(0, frame.width), y = random.Uniform(0, frame.height);
    double angle = random.Uniform(0, 360);
    const double own = radius * random.Uniform(0.6, 1.3);
    const int steps = Between(random, 8, 60);
    for (int step = 0; step < steps && count < wished; ++step) {
      Stamp(&mask, x, y, own, &count);
      angle += random.Uniform(-35, 35);
      const SinCos turn = SinCosDegrees(angle);
      x += turn.cos * own * 0.7;
      y += turn.sin * own * 0.7;
      if (x < 0 || y < 0 || x >= frame.width || y >= frame.height) {
        angle += 180;
        x = std::clamp(x, 0.0, frame.width - 1.0);
        y = std::clamp(y, 0.0, frame.height - 1.0);
      }
    }
  }
  return mask;
}

void Unite(Image* mask, const Image& more) {
  for (std::size_t i = 0; i < mask->pixels().size(); ++i) {
    if (more.pixels()[i] >= 128) mask->pixels()[i] = 255;
  }
}

/// A closed line around (cx, cy) at `radius` times what `shape` says of an angle, turned and squeezed.
template <typename Shape>
Image Around(const Frame& frame, double area, int corners, Random& random, Shape&& shape) {
  const double squeeze = random.Uniform(0.5, 1), turn = random.Uniform(0, 360);
  const double radius = std::sqrt(area / 3.14159265 / squeeze);
  const double inset_x = std::min(0.5, radius / frame.width * 0.7),
               inset_y = std::min(0.5, radius / frame.height * 0.7);
  const double cx = frame.width * random.Uniform(inset_x, 1 - inset_x);
  const double cy = frame.height * random.Uniform(inset_y, 1 - inset_y);
  const SinCos axes = SinCosDegrees(turn);
  image::Polygon line;
  for (int i = 0; i < corners; ++i) {
    const auto [angle, factor] = shape(i);
    const SinCos at = SinCosDegrees(angle);
    const double u = at.cos * radius * factor, v = at.sin * radius * factor * squeeze;
    line.push_back({float(cx + axes.cos * u - axes.sin * v), float(cy + axes.sin * u + axes.cos * v)});
  }
  return image::PolygonMask(line, frame.width, frame.height);
}

struct Corner {
  double angle, factor;
};

Image Blob(const Frame& frame, double share, Random& random) {
  Image mask(frame.width, frame.height, 1);
  const int count = Between(random, 1, 3);
  for (int n = 0; n < count; ++n) {
    double size[5], phase[5];
    const double roughness = random.Chance(0.3) ? 0 : random.Uniform(0.1, 0.5);
    for (int k = 0; k < 5; ++k) {
      size[k] = random.Uniform(0, roughness) / (k + 2);
      phase[k] = random.Uniform(0, 360);
    }
    constexpr int kCorners = 72;
    Unite(&mask, Around(frame, frame.area() * share / count, kCorners, random, [&](int i) {
      const double angle = 360.0 * i / kCorners;
      double factor = 1;
      for (int k = 0; k < 5; ++k) factor += size[k] * SinCosDegrees(angle * (k + 2) + phase[k]).cos;
      return Corner{angle, factor};
    }));
  }
  return mask;
}

Image Rectangles(const Frame& frame, double share, Random& random) {
  Image mask(frame.width, frame.height, 1);
  const int count = Between(random, 1, 2);
  for (int n = 0; n < count; ++n) {
    const double aspect = LogUniform(random, 0.4, 2.5), area = frame.area() * share / count;
    const int width = std::clamp(Round(std::sqrt(area * aspect)), 2, frame.width);
    const int height = std::clamp(Round(area / width), 2, frame.height);
    const int left = Between(random, 0, frame.width - width), top = Between(random, 0, frame.height - height);
    for (int y = top; y < top + height; ++y) std::fill_n(mask.row(y) + left, width, 255);
  }
  return mask;
}

Image PolygonShape(const Frame& frame, double share, Random& random) {
  const int corners = Between(random, 3, 8);
  std::vector<double> angles, factors;
  for (int i = 0; i < corners; ++i) {
    angles.push_back((i + random.Uniform(0.1, 0.9)) * 360 / corners);
    factors.push_back(random.Uniform(0.7, 1.5));
  }
  Image mask(frame.width, frame.height, 1);
  Unite(&mask, Around(frame, frame.area() * share, corners, random, [&](int i) {
    return Corner{angles[static_cast<std::size_t>(i)], factors[static_cast<std::size_t>(i)]};
  }));
  return mask;
}

/// What the outside does not reach belongs to the object.
void CloseInside(Image* mask) {
  const int width = mask->width(), height = mask->height();
  std::vector<std::int32_t> open;
  std::vector<std::uint8_t> outside(mask->pixels().size(), 0);
  const auto visit = [&](int x, int y) {
    const std::size_t at =
        static_cast<std::size_t>(y) * static_cast<std::size_t>(width) + static_cast<std::size_t>(x);
    if (outside[at] != 0 || mask->pixels()[at] != 0) return;
    outside[at] = 1;
    open.push_back(static_cast<std::int32_t>(at));
  };
  for (int x = 0; x < width; ++x) {
    visit(x, 0);
    visit(x, height - 1);
  }
  for (int y = 0; y < height; ++y) {
    visit(0, y);
    visit(width - 1, y);
  }
  while (!open.empty()) {
    const int x = open.back() % width, y = open.back() / width;
    open.pop_back();
    if (x > 0) visit(x - 1, y);
    if (x + 1 < width) visit(x + 1, y);
    if (y > 0) visit(x, y - 1);
    if (y + 1 < height) visit(x, y + 1);
  }
  for (std::size_t i = 0; i < outside.size(); ++i) {
    if (outside[i] == 0) mask->pixels()[i] = 255;
  }
}

/// Which segments touch which, and how much of the picture's edge each holds.
struct Neighbours {
  std::vector<std::vector<std::int32_t>> of;
  std::vector<int> edge;
};

Neighbours FindNeighbours(const Segments& segments) {
  Neighbours found;
  found.of.resize(segments.sizes.size());
  found.edge.resize(segments.sizes.size(), 0);
  const auto touch = [&](std::int32_t a, std::int32_t b) {
    if (a == b) return;
    auto& list = found.of[static_cast<std::size_t>(a)];
    if (std::find(list.begin(), list.end(), b) != list.end()) return;
    list.push_back(b);
    found.of[static_cast<std::size_t>(b)].push_back(a);
  };
  for (int y = 0; y < segments.height; ++y) {
    for (int x = 0; x < segments.width; ++x) {
      const std::size_t at = static_cast<std::size_t>(y) * static_cast<std::size_t>(segments.width) +
                             static_cast<std::size_t>(x);
      const std::int32_t here = segments.label[at];
      if (x + 1 < segments.width) touch(here, segments.label[at + 1]);
      if (y + 1 < segments.height) touch(here, segments.label[at + static_cast<std::size_t>(segments.width)]);
      if (x == 0 || y == 0 || x + 1 == segments.width || y + 1 == segments.height)
        ++found.edge[static_cast<std::size_t>(here)];
    }
  }
  return found;
}

std::optional<Image> SegmentShape(const Image& rgb, double share, const MaskOptions& options,
                                  Random& random) {
  const double area = double(rgb.width()) * rgb.height(), wished = area * share;
  const double scale = LogUniform(random, 100, 900);
  const Segments segments = SegmentPicture(rgb, scale, std::max(20, Round(area * 0.0008)));
  const Neighbours neighbours = FindNeighbours(segments);
  const int perimeter = 2 * (rgb.width() + rgb.height());
  const auto fits = [&](std::int32_t s, double most) {
    const auto i = static_cast<std::size_t>(s);
    return segments.sizes[i] <= most && neighbours.edge[i] * 5 <= perimeter;
  };
  std::vector<std::int32_t> starts;
  for (std::size_t s = 0; s < segments.sizes.size(); ++s) {
    if (segments.sizes[s] >= wished / 8 && fits(static_cast<std::int32_t>(s), wished * 1.5))
      starts.push_back(static_cast<std::int32_t>(s));
  }
  if (starts.empty()) return std::nullopt;
  std::vector<std::uint8_t> taken(segments.sizes.size(), 0);
  std::vector<std::int32_t> chosen{starts[random.Below(starts.size())]};
  taken[static_cast<std::size_t>(chosen[0])] = 1;
  double size = segments.sizes[static_cast<std::size_t>(chosen[0])];
  while (size < wished * 0.8) {
    std::vector<std::int32_t> next;
    for (const std::int32_t s : chosen) {
      for (const std::int32_t t : neighbours.of[static_cast<std::size_t>(s)]) {
        if (taken[static_cast<std::size_t>(t)] == 0 && fits(t, wished * 1.5 - size)) next.push_back(t);
      }
    }
    if (next.empty()) break;
    const std::int32_t s = next[random.Below(next.size())];
    taken[static_cast<std::size_t>(s)] = 1;
    chosen.push_back(s);
    size += segments.sizes[static_cast<std::size_t>(s)];
  }
  Image mask(rgb.width(), rgb.height(), 1);
  for (std::size_t i = 0; i < segments.label.size(); ++i)
    mask.pixels()[i] = taken[static_cast<std::size_t>(segments.label[i])] != 0 ? 255 : 0;
  CloseInside(&mask);
  const double made = MaskShare(mask);
  if (made < options.least_share / 2 || made > options.most_share * 1.25) return std::nullopt;
  return mask;
}

}  // namespace

std::string_view MaskKindName(MaskKind kind) {
  switch (kind) {
    case MaskKind::kStrokes:
      return "strokes";
    case MaskKind::kBlob:
      return "blob";
    case MaskKind::kRectangle:
      return "rectangle";
    case MaskKind::kPolygon:
      return "polygon";
    case MaskKind::kSegment:
      return "segment";
  }
  return "";
}

Status MaskOptions::Validate() const {
  const auto bad = [](const std::string& text) { return Error{ErrorCode::kInvalidArgument, text}; };
  if (!(least_share > 0 && least_share <= most_share && most_share <= 0.9))
    return bad("the least share of a mask is " + std::to_string(least_share) + " and the most " +
               std::to_string(most_share) + "; choose 0 < least <= most <= 0.9");
  if (dilation < 0 || dilation > 64)
    return bad("the dilation of a mask is " + std::to_string(dilation) + "; choose 0 to 64");
  return {};
}

std::optional<Image> MakeMask(const Image& rgb, MaskKind kind, const MaskOptions& options, Random& random) {
  const Frame frame{rgb.width(), rgb.height()};
  if (std::min(frame.width, frame.height) < kLeastSide) return std::nullopt;
  const double share = LogUniform(random, options.least_share, options.most_share);
  std::optional<Image> mask;
  switch (kind) {
    case MaskKind::kStrokes:
      mask = Strokes(frame, share, random);
      break;
    case MaskKind::kBlob:
      mask = Blob(frame, share, random);
      break;
    case MaskKind::kRectangle:
      mask = Rectangles(frame, share, random);
      break;
    case MaskKind::kPolygon:
      mask = PolygonShape(frame, share, random);
      break;
    case MaskKind::kSegment:
      mask = SegmentShape(rgb, share, options, random);
      break;
  }
  if (!mask || MaskBox(*mask).width == 0) return std::nullopt;
  if (options.dilation > 0) mask = Dilate(*mask, options.dilation);
  return mask;
}

Image Dilate(const Image& mask, int radius) {
  if (radius <= 0) return mask;
  Image grown = mask;
  for (int y = 0; y < mask.height(); ++y) {
    for (int x = 0; x < mask.width(); ++x) {
      if (mask.row(y)[x] == 0) continue;
      // Only the rim of the shape has anything to add.
      const bool inner = x > 0 && y > 0 && x + 1 < mask.width() && y + 1 < mask.height() &&
                         mask.row(y)[x - 1] != 0 && mask.row(y)[x + 1] != 0 && mask.row(y - 1)[x] != 0 &&
                         mask.row(y + 1)[x] != 0;
      if (inner) continue;
      for (int v = std::max(0, y - radius); v <= std::min(mask.height() - 1, y + radius); ++v) {
        for (int u = std::max(0, x - radius); u <= std::min(mask.width() - 1, x + radius); ++u) {
          if ((u - x) * (u - x) + (v - y) * (v - y) <= radius * radius) grown.row(v)[u] = 255;
        }
      }
    }
  }
  return grown;
}

double MaskShare(const Image& mask) {
  const auto zeros = std::count(mask.pixels().begin(), mask.pixels().end(), std::uint8_t{0});
  return 1 - double(zeros) / double(mask.pixels().size());
}

image::Rect MaskBox(const Image& mask) {
  int left = mask.width(), right = -1, top = mask.height(), bottom = -1;
  for (int y = 0; y < mask.height(); ++y) {
    for (int x = 0; x < mask.width(); ++x) {
      if (mask.row(y)[x] == 0) continue;
      left = std::min(left, x);
      right = std::max(right, x);
      top = std::min(top, y);
      bottom = y;
    }
  }
  if (right < 0) return {};
  return {left, top, right - left + 1, bottom - top + 1};
}

}  // namespace kantei::dataset
