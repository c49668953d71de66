#include "kantei/generate/diffuse_engine.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>
#include <vector>

namespace kantei::generate {
namespace {

using image::Image;

constexpr int kSweeps = 24;
constexpr float kOverRelaxation = 1.6F;

struct Pixel {
  float r = 0, g = 0, b = 0;
};

/// A level of the pyramid: colours, and which pixels are known.
struct Level {
  int width = 0, height = 0;
  std::vector<Pixel> colour;
  std::vector<std::uint8_t> known;
  std::size_t at(int x, int y) const {
    return static_cast<std::size_t>(y) * static_cast<std::size_t>(width) + static_cast<std::size_t>(x);
  }
};

/// Half the size: the mean of what is known of four pixels.
Level Halve(const Level& fine) {
  Level coarse{(fine.width + 1) / 2, (fine.height + 1) / 2, {}, {}};
  coarse.colour.resize(coarse.at(0, coarse.height));
  coarse.known.resize(coarse.colour.size());
  for (int y = 0; y < coarse.height; ++y) {
    for (int x = 0; x < coarse.width; ++x) {
      Pixel sum;
      float count = 0;
      for (int v = 2 * y; v < std::min(2 * y + 2, fine.height); ++v) {
        for (int u = 2 * x; u < std::min(2 * x + 2, fine.width); ++u) {
          if (fine.known[fine.at(u, v)] == 0) continue;
          const Pixel& p = fine.colour[fine.at(u, v)];
          sum = {sum.r + p.r, sum.g + p.g, sum.b + p.b};
          count += 1;
        }
      }
      if (count == 0) continue;
      coarse.colour[coarse.at(x, y)] = {sum.r / count, sum.g / count, sum.b / count};
      coarse.known[coarse.at(x, y)] = 1;
    }
  }
  return coarse;
}

void Relax(Level* level, const std::vector<std::array<int, 2>>& holes) {
  for (int sweep = 0; sweep < kSweeps; ++sweep) {
    for (std::size_t i = 0; i < holes.size(); ++i) {
      // Forwards and backwards in turn, so that no direction is preferred.
      const auto [x, y] = holes[sweep % 2 == 0 ? i : holes.size() - 1 - i];
      Pixel sum;
      float count = 0;
      const auto add = [&](int u, int v) {
        if (u < 0 || v < 0 || u >= level->width || v >= level->height) return;
        const Pixel& p = level->colour[level->at(u, v)];
        sum = {sum.r + p.r, sum.g + p.g, sum.b + p.b};
        count += 1;
      };
      add(x - 1, y);
      add(x + 1, y);
      add(x, y - 1);
      add(x, y + 1);
      Pixel& p = level->colour[level->at(x, y)];
      p.r += kOverRelaxation * (sum.r / count - p.r);
      p.g += kOverRelaxation * (sum.g / count - p.g);
      p.b += kOverRelaxation * (sum.b / count - p.b);
    }
  }
}

void Solve(Level* level) {
  std::vector<std::array<int, 2>> holes;
  for (int y = 0; y < level->height; ++y) {
    for (int x = 0; x < level->width; ++x) {
      if (level->known[level->at(x, y)] == 0) holes.push_back({x, y});
    }
  }
  if (holes.empty()) return;
  Level coarse = Halve(*level);
  Solve(&coarse);
  for (const auto& [x, y] : holes) level->colour[level->at(x, y)] = coarse.colour[coarse.at(x / 2, y / 2)];
  Relax(level, holes);
}

std::uint8_t Byte(float value) {
  return static_cast<std::uint8_t>(std::clamp(std::floor(value + 0.5F), 0.0F, 255.0F));
}

class DiffuseEngine final : public InpaintEngine {
 public:
  std::string_view name() const override { return "diffuse"; }

 protected:
  int Margin(int) const override { return 1; }
  Result<Image> Fill(const Image& rgb, const Image& mask, std::uint64_t,
                     const CancellationToken&) const override {
    return HarmonicFill(rgb, mask);
  }
};

}  // namespace

Image HarmonicFill(const Image& rgb, const Image& mask) {
  Level level{rgb.width(), rgb.height(), {}, {}};
  level.colour.resize(level.at(0, level.height));
  level.known.resize(level.colour.size());
  for (std::size_t i = 0; i < level.known.size(); ++i) {
    level.known[i] = mask.pixels()[i] == 0 ? 1 : 0;
    const std::uint8_t* p = rgb.pixels().data() + 3 * i;
    if (level.known[i] != 0) level.colour[i] = {float(p[0]), float(p[1]), float(p[2])};
  }
  Solve(&level);
  Image filled = rgb;
  for (std::size_t i = 0; i < level.known.size(); ++i) {
    if (level.known[i] != 0) continue;
    std::uint8_t* p = filled.pixels().data() + 3 * i;
    p[0] = Byte(level.colour[i].r);
    p[1] = Byte(level.colour[i].g);
    p[2] = Byte(level.colour[i].b);
  }
  return filled;
}

std::unique_ptr<InpaintEngine> MakeDiffuseEngine() {
  return std::make_unique<DiffuseEngine>();
}

}  // namespace kantei::generate
