#include "kantei/generate/patch_match_engine.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include "kantei/base/cpu.h"
#include "kantei/base/random.h"
#include "kantei/generate/diffuse_engine.h"

namespace kantei::generate {
namespace {

using image::Image;

/// Bytes a pixel in memory: a fourth, always 0, makes rows of a patch whole words.
constexpr int kBytes = 4;
/// A level that is coarser would have fewer source patches than this.
constexpr std::size_t kLeastSources = 64;
constexpr int kMostLevels = 8;
/// The coarsest level is this many patches wide at least: where a patch spans half the picture it fits nowhere but by chance
/// (19.9 against 18.5 dB on the photographs of docs/forgeries.md).
constexpr int kLeastPatches = 7;
/// How quickly the say of a patch falls with its distance from the rim, a pixel.
constexpr double kConfidenceBase = 1.2;

struct Level {
  int width = 0, height = 0;
  std::vector<std::uint8_t> pixels;   ///< width × height × 4
  std::vector<std::uint8_t> hole;     ///< 1: to be filled
  std::vector<std::uint8_t> source;   ///< 1: the patch with this centre is wholly known
  std::vector<std::int32_t> sources;  ///< their positions
  std::vector<std::int32_t> targets;  ///< centres of patches that touch the hole, in raster order
  std::vector<std::int32_t> match;    ///< of each position: the source it looks like, or -1
  std::vector<std::int32_t> cost;     ///< sum of squared differences to it
  std::vector<float> confidence;      ///< of a target
  std::size_t size() const { return static_cast<std::size_t>(width) * static_cast<std::size_t>(height); }
};

template <int kRadius>
inline std::int32_t Distance(const std::uint8_t* pixels, int width, std::int32_t a, std::int32_t b,
                             std::int32_t limit) {
  constexpr int kRow = (2 * kRadius + 1) * kBytes;
  const std::ptrdiff_t corner = static_cast<std::ptrdiff_t>(kRadius) * (width + 1);
  const std::ptrdiff_t stride = static_cast<std::ptrdiff_t>(width) * kBytes;
  const std::uint8_t* p = pixels + (a - corner) * kBytes;
  const std::uint8_t* q = pixels + (b - corner) * kBytes;
  std::int32_t sum = 0;
  for (int y = 0; y < 2 * kRadius + 1; ++y, p += stride, q += stride) {
    for (int i = 0; i < kRow; ++i) {
      const int difference = int(p[i]) - int(q[i]);
      sum += difference * difference;
    }
    if (sum >= limit) return limit;
  }
  return sum;
}

/// Half the size: the mean of the known of four pixels; a hole where at least two are missing.
Level Halve(const Level& fine) {
  Level coarse;
  coarse.width = fine.width / 2;
  coarse.height = fine.height / 2;
  coarse.pixels.assign(coarse.size() * kBytes, 0);
  coarse.hole.assign(coarse.size(), 0);
  for (int y = 0; y < coarse.height; ++y) {
    for (int x = 0; x < coarse.width; ++x) {
      int sum[3] = {0, 0, 0}, known = 0;
      for (int k = 0; k < 4; ++k) {
        const std::size_t at =
            static_cast<std::size_t>(2 * y + k / 2) * static_cast<std::size_t>(fine.width) +
            static_cast<std::size_t>(2 * x + k % 2);
        if (fine.hole[at] != 0) continue;
        ++known;
        for (int c = 0; c < 3; ++c) sum[c] += fine.pixels[at * kBytes + static_cast<std::size_t>(c)];
      }
      const std::size_t at =
          static_cast<std::size_t>(y) * static_cast<std::size_t>(coarse.width) + static_cast<std::size_t>(x);
      coarse.hole[at] = known < 3 ? 1 : 0;
      for (int c = 0; c < 3 && known > 0; ++c)
        coarse.pixels[at * kBytes + static_cast<std::size_t>(c)] =
            static_cast<std::uint8_t>((sum[c] + known / 2) / known);
    }
  }
  return coarse;
}

/// Which patches are wholly known, which touch the hole, and how near to the rim those are.
void FindPatches(Level* level, int radius) {
  const int width = level->width, height = level->height;
  const std::size_t size = level->size();
  // Holes above and to the left, summed, tell at once how many a patch has.
  const std::size_t stride = static_cast<std::size_t>(width) + 1;
  std::vector<std::int32_t> sum(stride * (static_cast<std::size_t>(height) + 1), 0);
  for (std::size_t y = 0; y < static_cast<std::size_t>(height); ++y) {
    for (std::size_t x = 0; x < static_cast<std::size_t>(width); ++x)
      sum[(y + 1) * stride + x + 1] = level->hole[y * (stride - 1) + x] + sum[y * stride + x + 1] +
                                      sum[(y + 1) * stride + x] - sum[y * stride + x];
  }
  level->source.assign(size, 0);
  level->match.assign(size, -1);
  level->cost.assign(size, 0);
  level->confidence.assign(size, 1);
  // City-block distance from what is known, by two passes.
  std::vector<int> depth(size, 0);
  const auto at = [&](int x, int y) {
    return static_cast<std::size_t>(y) * (stride - 1) + static_cast<std::size_t>(x);
  };
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      if (level->hole[at(x, y)] == 0) continue;
      int least = width + height;
      if (x > 0) least = std::min(least, depth[at(x - 1, y)] + 1);
      if (y > 0) least = std::min(least, depth[at(x, y - 1)] + 1);
      depth[at(x, y)] = least;
    }
  }
  for (int y = height - 1; y >= 0; --y) {
    for (int x = width - 1; x >= 0; --x) {
      int& here = depth[at(x, y)];
      if (x + 1 < width) here = std::min(here, depth[at(x + 1, y)] + 1);
      if (y + 1 < height) here = std::min(here, depth[at(x, y + 1)] + 1);
    }
  }
  for (int y = radius; y < height - radius; ++y) {
    for (int x = radius; x < width - radius; ++x) {
      const auto left = static_cast<std::size_t>(x - radius), top = static_cast<std::size_t>(y - radius);
      const std::size_t right = left + static_cast<std::size_t>(2 * radius + 1),
                        bottom = top + static_cast<std::size_t>(2 * radius + 1);
      const int holes = sum[bottom * stride + right] - sum[top * stride + right] -
                        sum[bottom * stride + left] + sum[top * stride + left];
      const std::size_t here = at(x, y);
      if (holes == 0) {
        level->source[here] = 1;
        level->sources.push_back(static_cast<std::int32_t>(here));
      } else {
        level->targets.push_back(static_cast<std::int32_t>(here));
        level->confidence[here] = static_cast<float>(std::pow(kConfidenceBase, -std::min(60, depth[here])));
      }
    }
  }
}

/// The costs of the matches that are there, after the picture has changed.
template <int kRadius>
KANTEI_MULTIARCH void Measure(Level* level) {
  for (const std::int32_t target : level->targets) {
    const auto t = static_cast<std::size_t>(target);
    level->cost[t] =
        Distance<kRadius>(level->pixels.data(), level->width, target, level->match[t], INT32_MAX);
  }
}

/// One pass of propagation and random search, forwards or backwards.
template <int kRadius>
KANTEI_MULTIARCH void Search(Level* level, bool forwards, Random* random) {
  const int width = level->width, height = level->height, step = forwards ? 1 : -1;
  const std::uint8_t* pixels = level->pixels.data();
  const std::size_t count = level->targets.size();
  for (std::size_t i = 0; i < count; ++i) {
    const std::int32_t target = level->targets[forwards ? i : count - 1 - i];
    const auto t = static_cast<std::size_t>(target);
    std::int32_t best = level->match[t], cost = level->cost[t];
    const auto consider = [&](std::int32_t candidate) {
      if (candidate == best || level->source[static_cast<std::size_t>(candidate)] == 0) return;
      const std::int32_t d = Distance<kRadius>(pixels, width, target, candidate, cost);
      if (d < cost) {
        cost = d;
        best = candidate;
      }
    };
    for (const std::int32_t offset : {step, step * width}) {
      const std::int32_t neighbour = target - offset;
      if (neighbour < 0 || neighbour >= width * height) continue;
      const std::int32_t theirs = level->match[static_cast<std::size_t>(neighbour)];
      if (theirs < 0) continue;
      const std::int32_t candidate = theirs + offset;
      if (candidate >= 0 && candidate < width * height) consider(candidate);
    }
    consider(level->sources[random->Below(level->sources.size())]);
    for (int radius = std::max(width, height) / 2; radius >= 1; radius /= 2) {
      const int bx = best % width, by = best / width;
      const std::uint64_t bits = random->Next();
      const int span = 2 * radius + 1;
      const int x = bx - radius + static_cast<int>((bits >> 32) % static_cast<std::uint64_t>(span));
      const int y = by - radius + static_cast<int>((bits & 0xFFFFFFFFu) % static_cast<std::uint64_t>(span));
      if (x >= 0 && y >= 0 && x < width && y < height) consider(y * width + x);
    }
    level->match[t] = best;
    level->cost[t] = cost;
  }
}

/// Each missing pixel becomes the mean of what the patches over it say, the better ones louder. `sharpness` 1 for the usual
/// width of the weighting, more for fewer voices.
template <int kRadius>
void Vote(Level* level, double sharpness) {
  std::vector<std::int32_t> costs;
  costs.reserve(level->targets.size());
  for (const std::int32_t target : level->targets)
    costs.push_back(level->cost[static_cast<std::size_t>(target)]);
  const auto middle = costs.begin() + static_cast<std::ptrdiff_t>(costs.size() * 3 / 4);
  std::nth_element(costs.begin(), middle, costs.end());
  const double spread = std::max(1.0, double(*middle)) / sharpness;
  const std::size_t size = level->size();
  const auto width = static_cast<std::size_t>(level->width);
  std::vector<float> sum(size * 4, 0);
  for (const std::int32_t target : level->targets) {
    const auto t = static_cast<std::size_t>(target), s = static_cast<std::size_t>(level->match[t]);
    const float weight =
        level->confidence[t] * static_cast<float>(std::exp(-std::min(60.0, level->cost[t] / (2 * spread)))) +
        1e-20F;
    for (std::size_t v = 0; v < 2 * kRadius + 1; ++v) {
      const std::size_t to = t + v * width - kRadius * (width + 1),
                        from = s + v * width - kRadius * (width + 1);
      for (std::size_t u = 0; u < 2 * kRadius + 1; ++u) {
        if (level->hole[to + u] == 0) continue;
        float* out = &sum[(to + u) * 4];
        const std::uint8_t* in = &level->pixels[(from + u) * kBytes];
        out[0] += weight * float(in[0]);
        out[1] += weight * float(in[1]);
        out[2] += weight * float(in[2]);
        out[3] += weight;
      }
    }
  }
  for (std::size_t i = 0; i < size; ++i) {
    if (level->hole[i] == 0 || sum[i * 4 + 3] <= 0) continue;
    for (std::size_t c = 0; c < 3; ++c)
      level->pixels[i * kBytes + c] = static_cast<std::uint8_t>(
          std::clamp(std::floor(sum[i * 4 + c] / sum[i * 4 + 3] + 0.5F), 0.0F, 255.0F));
  }
}

/// Matches of a coarser level carried to this one.
void Inherit(const Level& coarse, Level* fine, Random* random) {
  for (const std::int32_t target : fine->targets) {
    const int x = target % fine->width, y = target / fine->width;
    const int cx = std::min(x / 2, coarse.width - 1), cy = std::min(y / 2, coarse.height - 1);
    const std::int32_t theirs =
        coarse.match[static_cast<std::size_t>(cy) * static_cast<std::size_t>(coarse.width) +
                     static_cast<std::size_t>(cx)];
    std::int32_t mine = -1;
    if (theirs >= 0) {
      const int sx = theirs % coarse.width * 2 + (x - 2 * cx), sy = theirs / coarse.width * 2 + (y - 2 * cy);
      if (sx < fine->width && sy < fine->height) mine = sy * fine->width + sx;
    }
    if (mine < 0 || fine->source[static_cast<std::size_t>(mine)] == 0)
      mine = fine->sources[random->Below(fine->sources.size())];
    fine->match[static_cast<std::size_t>(target)] = mine;
  }
}

template <int kRadius>
Status Complete(std::vector<Level>* levels, const Image& start, Random* random,
                const CancellationToken& cancellation) {
  Level& coarsest = levels->back();
  for (std::size_t i = 0; i < coarsest.size(); ++i) {
    if (coarsest.hole[i] != 0) std::memcpy(&coarsest.pixels[i * kBytes], start.pixels().data() + 3 * i, 3);
  }
  for (const std::int32_t target : coarsest.targets)
    coarsest.match[static_cast<std::size_t>(target)] =
        coarsest.sources[random->Below(coarsest.sources.size())];
  for (std::size_t n = levels->size(); n-- > 0;) {
    Level& level = (*levels)[n];
    const bool first = n + 1 == levels->size();
    if (!first) {
      Inherit((*levels)[n + 1], &level, random);
      // The matches bring detail that an enlarged picture would lack.
      Vote<kRadius>(&level, 1);
    }
    const int rounds = first ? 16 : n >= 2 ? 8 : n == 1 ? 5 : 3;
    for (int round = 0; round < rounds; ++round) {
      KANTEI_RETURN_IF_ERROR(cancellation.Check());
      Measure<kRadius>(&level);
      for (int pass = 0; pass < (first && round == 0 ? 6 : 2); ++pass)
        Search<kRadius>(&level, pass % 2 == 0, random);
      Vote<kRadius>(&level, n == 0 && round + 1 == rounds ? 8 : 2);
    }
  }
  return {};
}

class PatchMatchEngine final : public InpaintEngine {
 public:
  std::string_view name() const override { return "patch-match"; }

 protected:
  int Margin(int longer_side) const override { return std::max(96, longer_side); }

  Result<Image> Fill(const Image& rgb, const Image& mask, std::uint64_t seed,
                     const CancellationToken& cancellation) const override {
    std::vector<Level> levels(1);
    int radius = 3;
    for (; radius >= 1; --radius) {
      levels[0] = Finest(rgb, mask);
      FindPatches(&levels[0], radius);
      if (levels[0].sources.size() >= kLeastSources || (radius == 1 && !levels[0].sources.empty())) break;
    }
    if (radius < 1) {
      return Error{
          ErrorCode::kInvalidArgument,
          "no known patch of 3x3 pixels lies near the hole, so patch-match has nothing to fill it from; use "
          "diffuse or a smaller mask"};
    }
    while (levels.size() < kMostLevels) {
      Level next = Halve(levels.back());
      if (std::min(next.width, next.height) < kLeastPatches * (2 * radius + 1)) break;
      FindPatches(&next, radius);
      // A hole that shrank away needs no coarser guess.
      if (next.sources.size() < kLeastSources || next.targets.empty()) break;
      levels.push_back(std::move(next));
    }
    Random random(seed);
    const Image start = Start(levels.back());
    KANTEI_RETURN_IF_ERROR(radius == 3   ? Complete<3>(&levels, start, &random, cancellation)
                           : radius == 2 ? Complete<2>(&levels, start, &random, cancellation)
                                         : Complete<1>(&levels, start, &random, cancellation));
    Image result(rgb.width(), rgb.height(), 3);
    for (std::size_t i = 0; i < levels[0].size(); ++i)
      std::memcpy(result.pixels().data() + 3 * i, &levels[0].pixels[i * kBytes], 3);
    return result;
  }

 private:
  static Level Finest(const Image& rgb, const Image& mask) {
    Level level;
    level.width = rgb.width();
    level.height = rgb.height();
    level.pixels.assign(level.size() * kBytes, 0);
    level.hole.resize(level.size());
    for (std::size_t i = 0; i < level.size(); ++i) {
      level.hole[i] = mask.pixels()[i] != 0 ? 1 : 0;
      std::memcpy(&level.pixels[i * kBytes], rgb.pixels().data() + 3 * i, 3);
    }
    return level;
  }

  /// The coarsest level with a smooth hole.
  static Image Start(const Level& level) {
    Image picture(level.width, level.height, 3), mask(level.width, level.height, 1);
    for (std::size_t i = 0; i < level.size(); ++i) {
      std::memcpy(picture.pixels().data() + 3 * i, &level.pixels[i * kBytes], 3);
      mask.pixels()[i] = level.hole[i] != 0 ? 255 : 0;
    }
    return HarmonicFill(picture, mask);
  }
};

}  // namespace

std::unique_ptr<InpaintEngine> MakePatchMatchEngine() {
  return std::make_unique<PatchMatchEngine>();
}

}  // namespace kantei::generate
