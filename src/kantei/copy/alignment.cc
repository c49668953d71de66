#include "kantei/copy/alignment.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>

#include "kantei/base/cpu.h"
#include "kantei/copy/geometry.h"

namespace kantei::copy {
namespace {

using image::Homography;
using image::Image;
using image::Plane;
using image::Point;
using image::Polygon;

constexpr int kMinFrame = 40;          // pixels: below this there is nothing to judge
constexpr double kAgree = 0.55;        // block correlation from which detail agrees
constexpr double kRefineAgree = 0.45;  // block correlation from which a block helps to refine
constexpr float kMinDetail = 1.2f;     // grey levels: standard deviation below which a block has no detail
constexpr float kClearDetail = 4.0f;   // the same, from which a disagreement cannot be coding noise

KANTEI_MULTIARCH void HorizontalBox(const float* __restrict__ in, float* __restrict__ out, int width,
                                    int radius) {
  double sum = 0;
  const float scale = 1.0f / static_cast<float>(2 * radius + 1);
  for (int x = -radius; x <= radius; ++x) sum += in[std::clamp(x, 0, width - 1)];
  for (int x = 0; x < width; ++x) {
    out[x] = static_cast<float>(sum) * scale;
    sum += in[std::min(x + radius + 1, width - 1)] - in[std::max(x - radius, 0)];
  }
}

KANTEI_MULTIARCH void AddScaled(const float* __restrict__ in, float* __restrict__ sum, float scale,
                                int count) {
  for (int i = 0; i < count; ++i) sum[i] += scale * in[i];
}

Plane Box(const Plane& in, int radius) {
  Plane rows(in.width, in.height), out(in.width, in.height);
  for (int y = 0; y < in.height; ++y) HorizontalBox(in.row(y), rows.row(y), in.width, radius);
  const float scale = 1.0f / static_cast<float>(2 * radius + 1);
  std::vector<float> sum(static_cast<std::size_t>(in.width));
  for (int y = -radius; y <= radius; ++y)
    AddScaled(rows.row(std::clamp(y, 0, in.height - 1)), sum.data(), scale, in.width);
  for (int y = 0; y < in.height; ++y) {
    std::copy(sum.begin(), sum.end(), out.row(y));
    AddScaled(rows.row(std::min(y + radius + 1, in.height - 1)), sum.data(), scale, in.width);
    AddScaled(rows.row(std::max(y - radius, 0)), sum.data(), -scale, in.width);
  }
  return out;
}

// Band-pass: what is finer than the blocks and coarser than coding noise.
Plane Detail(const Image& grey) {
  Plane plane(grey.width(), grey.height());
  for (int y = 0; y < grey.height(); ++y) std::copy_n(grey.row(y), grey.width(), plane.row(y));
  Plane fine = Box(plane, 1);
  const Plane coarse = Box(Box(plane, 4), 4);
  for (std::size_t i = 0; i < fine.values.size(); ++i) fine.values[i] -= coarse.values[i];
  return fine;
}

// Sums over a block of u, v, u², v², uv. One lane a column: lanes are independent, so the compiler may use vectors.
template <int kSize>
[[gnu::always_inline]] inline void LaneSums(const float* __restrict__ a, const float* __restrict__ b,
                                            int stride_a, int stride_b, float* __restrict__ sums) {
  float su[kSize] = {}, sv[kSize] = {}, suu[kSize] = {}, svv[kSize] = {}, suv[kSize] = {};
  for (int y = 0; y < kSize; ++y) {
    for (int x = 0; x < kSize; ++x) {
      const float u = a[x], v = b[x];
      su[x] += u;
      sv[x] += v;
      suu[x] += u * u;
      svv[x] += v * v;
      suv[x] += u * v;
    }
    a += stride_a;
    b += stride_b;
  }
  for (int x = 1; x < kSize; ++x) {
    su[0] += su[x];
    sv[0] += sv[x];
    suu[0] += suu[x];
    svv[0] += svv[x];
    suv[0] += suv[x];
  }
  sums[0] = su[0];
  sums[1] = sv[0];
  sums[2] = suu[0];
  sums[3] = svv[0];
  sums[4] = suv[0];
}

constexpr int kBlock = 16, kSmallBlock = 10;

KANTEI_MULTIARCH void BlockSums(const float* __restrict__ a, const float* __restrict__ b, int stride_a,
                                int stride_b, int size, float* __restrict__ sums) {
  if (size == kBlock) {
    LaneSums<kBlock>(a, b, stride_a, stride_b, sums);
  } else {
    LaneSums<kSmallBlock>(a, b, stride_a, stride_b, sums);
  }
}

struct BlockMatch {
  float correlation = 0, deviation_known = 0, deviation_query = 0;
  int dx = 0, dy = 0;
};

// Correlation of the known block at (x, y) with the query block moved by (dx, dy).
BlockMatch Correlate(const Plane& known, const Plane& query, int x, int y, int dx, int dy, int size) {
  std::array<float, 5> s;
  BlockSums(known.row(y) + x, query.row(y + dy) + x + dx, known.width, query.width, size, s.data());
  const float n = static_cast<float>(size * size);
  const float va = std::max(0.0f, s[2] / n - s[0] * s[0] / (n * n)),
              vb = std::max(0.0f, s[3] / n - s[1] * s[1] / (n * n));
  BlockMatch match;
  match.deviation_known = std::sqrt(va);
  match.deviation_query = std::sqrt(vb);
  const float product = match.deviation_known * match.deviation_query;
  match.correlation = product > 1e-6f ? (s[4] / n - s[0] * s[1] / (n * n)) / product : 0.0f;
  match.dx = dx;
  match.dy = dy;
  return match;
}

// The two pictures brought to one frame: the known picture (reduced when the query is coarser) and the query warped onto it.
struct Frame {
  Image known;
  Image query_source;          // the query, reduced when it is finer than the frame
  Homography frame_to_source;  // frame pixels -> query_source pixels
  Homography source_to_query, known_to_frame;
  Image warped, inside;
  Plane known_detail, query_detail;
  int block = kBlock;

  void WarpQuery() {
    warped = image::Warp(query_source, frame_to_source, known.width(), known.height(), 0, &inside);
    // Middle grey outside, so that the border is a weak edge; blocks that touch it are not judged.
    for (int y = 0; y < warped.height(); ++y) {
      for (int x = 0; x < warped.width(); ++x) {
        if (inside.row(y)[x] == 0) warped.row(y)[x] = 128;
      }
    }
    query_detail = Detail(warped);
  }
  bool BlockInside(int x, int y) const {
    const int right = x + block - 1, below = y + block - 1;
    if (x < 0 || y < 0 || right >= inside.width() || below >= inside.height()) return false;
    return inside.row(y)[x] && inside.row(y)[right] && inside.row(below)[x] && inside.row(below)[right];
  }
};

bool MakeFrame(const Image& query, const Image& known, const Homography& query_to_known, Frame* frame) {
  Homography known_to_query;
  if (!query_to_known.Invert(&known_to_query)) return false;
  // Known pixels per query pixel, at the middle of the overlap.
  Polygon corners;
  const auto kw = static_cast<float>(known.width()), kh = static_cast<float>(known.height());
  const auto qw = static_cast<float>(query.width()), qh = static_cast<float>(query.height());
  for (const Point p : {Point{0, 0}, Point{qw, 0}, Point{qw, qh}, Point{0, qh}})
    corners.push_back(query_to_known.Apply(p));
  const Polygon overlap = ClipToRect(corners, kw, kh);
  if (overlap.size() < 3) return false;
  Point middle{0, 0};
  for (const Point& p : overlap) {
    middle.x += p.x / static_cast<float>(overlap.size());
    middle.y += p.y / static_cast<float>(overlap.size());
  }
  const Point m0 = known_to_query.Apply(middle), mx = known_to_query.Apply({middle.x + 1, middle.y}),
              my = known_to_query.Apply({middle.x, middle.y + 1});
  const double query_per_known = std::sqrt(std::abs((static_cast<double>(mx.x) - m0.x) * (my.y - m0.y) -
                                                    (static_cast<double>(my.x) - m0.x) * (mx.y - m0.y)));
  if (!(query_per_known > 1.0 / 64) || query_per_known > 64) return false;
  const double frame_scale = std::min(1.0, query_per_known);
  const int width = static_cast<int>(std::lround(known.width() * frame_scale)),
            height = static_cast<int>(std::lround(known.height() * frame_scale));
  if (width < kMinFrame || height < kMinFrame) return false;
  frame->known =
      width == known.width() && height == known.height() ? known : image::Resize(known, width, height);
  frame->known_to_frame = Homography{{static_cast<double>(width) / known.width(), 0, 0, 0,
                                      static_cast<double>(height) / known.height(), 0, 0, 0, 1}};

  const double source_scale = std::min(1.0, 1.0 / query_per_known);
  const int sw = std::max(1, static_cast<int>(std::lround(query.width() * source_scale))),
            sh = std::max(1, static_cast<int>(std::lround(query.height() * source_scale)));
  const bool shrink = sw < query.width() && sh < query.height();
  frame->query_source = shrink ? image::Resize(query, sw, sh) : query;
  const double fx = static_cast<double>(frame->query_source.width()) / query.width(),
               fy = static_cast<double>(frame->query_source.height()) / query.height();
  frame->source_to_query = Homography{{1 / fx, 0, 0, 0, 1 / fy, 0, 0, 0, 1}};
  Homography frame_to_known;
  if (!frame->known_to_frame.Invert(&frame_to_known)) return false;
  frame->frame_to_source =
      frame_to_known.Then(known_to_query).Then(Homography{{fx, 0, 0, 0, fy, 0, 0, 0, 1}});
  frame->block = std::min(width, height) >= 160 ? kBlock : kSmallBlock;
  frame->known_detail = Detail(frame->known);
  frame->WarpQuery();
  return true;
}

// Finds where each block's detail really lies in the query and refits the transform to those places.
void Refine(Frame* frame, int radius) {
  const int block = frame->block;
  // Some 150 blocks hold a homography well; all of them would only cost time.
  const int count = (frame->known.width() / block) * (frame->known.height() / block);
  const int step = count > 400 ? 2 * block : block;
  std::vector<Point> from, to;
  std::vector<double> weights;
  for (int y = 0; y + block <= frame->known.height(); y += step) {
    for (int x = 0; x + block <= frame->known.width(); x += step) {
      if (!frame->BlockInside(x, y)) continue;
      BlockMatch best;
      for (int dy = -radius; dy <= radius; ++dy) {
        for (int dx = -radius; dx <= radius; ++dx) {
          if (!frame->BlockInside(x + dx, y + dy)) continue;
          BlockMatch match = Correlate(frame->known_detail, frame->query_detail, x, y, dx, dy, block);
          if (match.deviation_known < kMinDetail) {
            dy = radius;  // no detail here whatever the shift
            break;
          }
          match.correlation = std::abs(match.correlation);
          if (match.correlation > best.correlation) best = match;
        }
      }
      if (best.correlation < kRefineAgree) continue;
      const float cx = static_cast<float>(x) + static_cast<float>(block) / 2,
                  cy = static_cast<float>(y) + static_cast<float>(block) / 2;
      from.push_back({cx, cy});
      to.push_back(
          frame->frame_to_source.Apply({cx + static_cast<float>(best.dx), cy + static_cast<float>(best.dy)}));
      weights.push_back(best.correlation);
    }
  }
  if (from.size() < 6) return;
  Homography refined = frame->frame_to_source;
  for (int iteration = 0; iteration < 4; ++iteration) {
    std::vector<double> robust(weights);
    if (iteration > 0) {
      for (std::size_t i = 0; i < from.size(); ++i) {
        const Point p = refined.Apply(from[i]);
        const double error2 = (p.x - to[i].x) * (p.x - to[i].x) + (p.y - to[i].y) * (p.y - to[i].y);
        robust[i] *= 1.0 / ((1.0 + error2) * (1.0 + error2));
      }
    }
    Homography next;
    const bool fitted =
        from.size() >= 16 ? FitHomography(from, to, robust, &next) : FitAffine(from, to, robust, &next);
    if (!fitted) return;
    refined = next;
  }
  if (!IsPlausible(refined, 0, 0, static_cast<float>(frame->known.width()),
                   static_cast<float>(frame->known.height()), GeometryOptions{}))
    return;
  frame->frame_to_source = refined;
  frame->WarpQuery();
}

struct Blocks {
  int columns = 0, rows = 0;
  std::vector<BlockMatch> matches;
  std::vector<std::uint8_t> inside, textured, agrees, clear;
  bool inverted = false;
  std::size_t at(int c, int r) const {
    return static_cast<std::size_t>(r) * static_cast<std::size_t>(columns) + static_cast<std::size_t>(c);
  }
};

Blocks JudgeBlocks(const Frame& frame) {
  const int block = frame.block;
  Blocks blocks;
  blocks.columns = frame.known.width() / block;
  blocks.rows = frame.known.height() / block;
  const auto count = static_cast<std::size_t>(blocks.columns) * static_cast<std::size_t>(blocks.rows);
  blocks.matches.resize(count);
  for (auto* flags : {&blocks.inside, &blocks.textured, &blocks.agrees, &blocks.clear})
    flags->assign(count, 0);
  std::vector<float> gains;
  for (int r = 0; r < blocks.rows; ++r) {
    for (int c = 0; c < blocks.columns; ++c) {
      const int x = c * block, y = r * block;
      if (!frame.BlockInside(x, y)) continue;
      const std::size_t i = blocks.at(c, r);
      blocks.inside[i] = 1;
      BlockMatch best = Correlate(frame.known_detail, frame.query_detail, x, y, 0, 0, block);
      for (int dy = -1; dy <= 1; ++dy) {
        for (int dx = -1; dx <= 1; ++dx) {
          if (!frame.BlockInside(x + dx, y + dy)) continue;
          const BlockMatch match = Correlate(frame.known_detail, frame.query_detail, x, y, dx, dy, block);
          if (std::abs(match.correlation) > std::abs(best.correlation)) best = match;
        }
      }
      blocks.matches[i] = best;
      if (std::abs(best.correlation) >= kAgree && best.deviation_known >= kMinDetail)
        gains.push_back(best.deviation_query / best.deviation_known);
    }
  }
  // Contrast of the query relative to the known picture, where they agree: blur and fading lower it.
  float gain = 1;
  if (!gains.empty()) {
    const auto middle = gains.begin() + static_cast<std::ptrdiff_t>(gains.size() / 2);
    std::nth_element(gains.begin(), middle, gains.end());
    gain = std::clamp(*middle, 0.05f, 10.0f);
  }
  // Inverted tone is one edit of the whole picture, not a coin toss per block: take the sign of the majority.
  double sign = 0;
  for (std::size_t i = 0; i < count; ++i) sign += blocks.inside[i] ? blocks.matches[i].correlation : 0;
  blocks.inverted = sign < 0;
  for (std::size_t i = 0; i < count; ++i) {
    if (!blocks.inside[i]) continue;
    BlockMatch& match = blocks.matches[i];
    if (blocks.inverted) match.correlation = -match.correlation;
    const float strongest = std::max(match.deviation_known, match.deviation_query / gain);
    blocks.textured[i] = strongest >= kMinDetail;
    blocks.agrees[i] =
        blocks.textured[i] && match.correlation >= kAgree && match.deviation_known >= kMinDetail;
    blocks.clear[i] = strongest >= kClearDetail && match.correlation < 0.3f;
  }
  return blocks;
}

// Connected groups (8 neighbours) of blocks for which `flag` is set.
std::vector<std::vector<std::size_t>> Components(const Blocks& blocks,
                                                 const std::vector<std::uint8_t>& flag) {
  std::vector<std::vector<std::size_t>> components;
  std::vector<std::uint8_t> seen(flag.size());
  for (std::size_t start = 0; start < flag.size(); ++start) {
    if (!flag[start] || seen[start]) continue;
    std::vector<std::size_t> component{start};
    seen[start] = 1;
    for (std::size_t k = 0; k < component.size(); ++k) {
      const int c = static_cast<int>(component[k]) % blocks.columns,
                r = static_cast<int>(component[k]) / blocks.columns;
      for (int dr = -1; dr <= 1; ++dr) {
        for (int dc = -1; dc <= 1; ++dc) {
          if (c + dc < 0 || r + dr < 0 || c + dc >= blocks.columns || r + dr >= blocks.rows) continue;
          const std::size_t next = blocks.at(c + dc, r + dr);
          if (flag[next] && !seen[next]) {
            seen[next] = 1;
            component.push_back(next);
          }
        }
      }
    }
    components.push_back(std::move(component));
  }
  return components;
}

Polygon HullOf(const Blocks& blocks, std::span<const std::size_t> members, int block) {
  std::vector<Point> corners;
  for (const std::size_t i : members) {
    const auto x = static_cast<float>(static_cast<int>(i) % blocks.columns * block),
               y = static_cast<float>(static_cast<int>(i) / blocks.columns * block);
    const auto b = static_cast<float>(block);
    corners.insert(corners.end(), {{x, y}, {x + b, y}, {x + b, y + b}, {x, y + b}});
  }
  return ConvexHull(std::move(corners));
}

bool Contains(const Polygon& convex, Point p) {
  bool negative = false, positive = false;
  for (std::size_t i = 0; i < convex.size(); ++i) {
    const Point a = convex[i], b = convex[(i + 1) % convex.size()];
    const float cross = (b.x - a.x) * (p.y - a.y) - (b.y - a.y) * (p.x - a.x);
    negative |= cross < 0;
    positive |= cross > 0;
  }
  return !(negative && positive);
}

Polygon MapPolygon(const Polygon& polygon, const Homography& map) {
  Polygon mapped;
  for (const Point& p : polygon) mapped.push_back(map.Apply(p));
  return mapped;
}

}  // namespace

Alignment CompareAligned(const Image& query, const Image& known, const Homography& query_to_known) {
  KANTEI_CHECK(query.channels() == 1 && known.channels() == 1);
  Alignment result;
  result.query_to_known = query_to_known;
  Frame frame;
  if (!MakeFrame(query, known, query_to_known, &frame)) return result;
  Refine(&frame, 5);
  Refine(&frame, 2);
  const Blocks blocks = JudgeBlocks(frame);
  const int block = frame.block;

  // The region: the whole overlap when most of it agrees, else the hull of the largest agreeing group.
  int textured = 0, agreeing = 0;
  for (std::size_t i = 0; i < blocks.matches.size(); ++i) {
    textured += blocks.textured[i];
    agreeing += blocks.agrees[i];
  }
  const Homography frame_to_query = frame.frame_to_source.Then(frame.source_to_query);
  Homography query_to_frame;
  if (!frame_to_query.Invert(&query_to_frame)) return result;
  Polygon region;  // in frame coordinates
  if (agreeing * 2 >= textured) {
    const auto qw = static_cast<float>(query.width()), qh = static_cast<float>(query.height());
    region = ClipToRect(MapPolygon({{0, 0}, {qw, 0}, {qw, qh}, {0, qh}}, query_to_frame),
                        static_cast<float>(frame.known.width()), static_cast<float>(frame.known.height()));
  } else {
    std::vector<std::size_t> largest;
    for (auto& component : Components(blocks, blocks.agrees)) {
      if (component.size() > largest.size()) largest = std::move(component);
    }
    region = HullOf(blocks, largest, block);
  }
  if (region.size() < 3) return result;

  std::vector<std::uint8_t> changed(blocks.matches.size());
  std::vector<double> shifts;
  double sum = 0;
  int region_blocks = 0;
  for (std::size_t i = 0; i < blocks.matches.size(); ++i) {
    const Point centre{
        (static_cast<float>(static_cast<int>(i) % blocks.columns) + 0.5f) * static_cast<float>(block),
        (static_cast<float>(static_cast<int>(i) / blocks.columns) + 0.5f) * static_cast<float>(block)};
    if (!blocks.inside[i] || !Contains(region, centre)) continue;
    ++region_blocks;
    if (!blocks.textured[i]) continue;
    ++result.textured_blocks;
    sum += blocks.matches[i].correlation;
    if (blocks.agrees[i]) {
      ++result.agreeing_blocks;
      shifts.push_back(std::hypot(blocks.matches[i].dx, blocks.matches[i].dy));
    }
    changed[i] = blocks.clear[i];
  }
  if (result.textured_blocks == 0) return result;
  result.inverted = blocks.inverted;
  result.agreement = sum / result.textured_blocks;
  result.agreeing_share = static_cast<double>(result.agreeing_blocks) / result.textured_blocks;
  if (!shifts.empty()) {
    const auto middle = shifts.begin() + static_cast<std::ptrdiff_t>(shifts.size() / 2);
    std::nth_element(shifts.begin(), middle, shifts.end());
    result.median_shift = *middle;
  }
  Homography frame_to_known;
  if (!frame.known_to_frame.Invert(&frame_to_known)) return result;
  result.query_to_known = query_to_frame.Then(frame_to_known);
  result.query_region = MapPolygon(region, frame_to_query);

  // A change is only worth naming where the rest agrees, and where it is more than a stray block.
  if (result.agreeing_share >= 0.4) {
    std::size_t changed_blocks = 0;
    for (const auto& component : Components(blocks, changed)) {
      if (component.size() < 2) continue;
      changed_blocks += component.size();
      result.changed.push_back(MapPolygon(HullOf(blocks, component, block), frame_to_query));
    }
    result.changed_share = static_cast<double>(changed_blocks) / std::max(1, region_blocks);
  }
  return result;
}

}  // namespace kantei::copy
