// Synthetic 512×512 grey pictures made of integers only, so that realism_pictures.py makes the same bytes.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <string_view>

#include "kantei/image/image.h"

namespace kantei::golden {

inline constexpr std::array<std::string_view, 7> kRealismPictures = {"flat",  "ramp",    "checker", "noise",
                                                                     "faint", "fractal", "scene"};

class RealismPicture {
 public:
  /// One of kRealismPictures.
  static image::Image Make(std::string_view name) {
    image::Image picture(kSide, kSide, 1);
    for (int y = 0; y < kSide; ++y) {
      for (int x = 0; x < kSide; ++x) picture.row(y)[x] = static_cast<std::uint8_t>(Pixel(name, x, y));
    }
    return picture;
  }

 private:
  static constexpr int kSide = 512;

  /// 16 random bits for a lattice point (splitmix64 finaliser).
  static std::int64_t Hash(std::uint64_t seed, int x, int y) {
    const std::uint64_t position = (static_cast<std::uint64_t>(y) << 32) | static_cast<std::uint64_t>(x);
    std::uint64_t z = seed * 0x9E3779B97F4A7C15ull + position * 0xD1B54A32D192ED03ull;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ull;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBull;
    return static_cast<std::int64_t>((z ^ (z >> 31)) >> 48);
  }

  /// Value noise with a lattice every `cell` pixels, 0..65535.
  static std::int64_t Noise(std::uint64_t seed, int cell, int x, int y) {
    const int ix = x / cell, iy = y / cell, fx = x % cell, fy = y % cell;
    const std::int64_t top = Hash(seed, ix, iy) * (cell - fx) + Hash(seed, ix + 1, iy) * fx;
    const std::int64_t bottom = Hash(seed, ix, iy + 1) * (cell - fx) + Hash(seed, ix + 1, iy + 1) * fx;
    return (top * (cell - fy) + bottom * fy) / (static_cast<std::int64_t>(cell) * cell);
  }

  /// Octaves from `coarse` down to `fine`, coarse ones strong, fine ones not negligible.
  static std::int64_t Octaves(std::uint64_t seed, int coarse, int fine, int x, int y) {
    std::int64_t sum = 0, weight = 0;
    for (int cell = coarse; cell >= fine; cell /= 2) {
      sum += Noise(seed + static_cast<std::uint64_t>(cell), cell, x, y) * (cell + 16);
      weight += cell + 16;
    }
    return sum / weight;
  }

  static std::int64_t Stretched(std::int64_t value, int gain) {
    return std::clamp<std::int64_t>(128 + (value - 32768) * gain / 256, 0, 255);
  }

  static std::int64_t Pixel(std::string_view name, int x, int y) {
    if (name == "flat") return 90;
    if (name == "ramp") return (x + 2 * y) / 8;
    if (name == "checker") return (x + y) % 2 * 255;
    if (name == "noise") return Hash(1, x, y) >> 8;
    if (name == "faint") return Stretched(Octaves(2, 16, 8, x, y), 2);
    if (name == "fractal") return Stretched(Octaves(3, 256, 2, x, y), 2);
    // "scene": discs and slanted bars over a rough ground, a little grain.
    std::int64_t value = Stretched(Octaves(4, 256, 4, x, y), 2);
    for (int d = 0; d < 24; ++d) {
      const std::int64_t dx = x - Hash(5, d, 0) % kSide, dy = y - Hash(5, d, 1) % kSide,
                         radius = 8 + Hash(5, d, 2) % 56;
      if (dx * dx + dy * dy < radius * radius) value = Hash(5, d, 3) % 200 + Noise(6, 8, x, y) / 2048;
    }
    if ((3 * x + y) % 128 < 6 && y > 300) value = 230;
    return std::clamp<std::int64_t>(value + Hash(7, x, y) % 9 - 4, 0, 255);
  }
};

}  // namespace kantei::golden
