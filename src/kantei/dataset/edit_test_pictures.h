// Pictures for the tests of the edits. Not part of the library.
#pragma once

#include <algorithm>
#include <span>
#include <string>
#include <vector>

#include "kantei/base/random.h"
#include "kantei/base/sha256.h"
#include "kantei/dataset/edit_math.h"
#include "kantei/dataset/edit_pixels.h"

namespace kantei::dataset::testing_pictures {

/// Patches of colour and slopes in whole numbers, the same on every machine: something like a photograph.
inline Image Scene(int width, int height, std::uint64_t seed) {
  Random random(seed);
  Image picture(width, height, 3);
  const Colour top = RandomColour(random), bottom = RandomColour(random);
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      std::uint8_t* pixel = picture.row(y) + 3 * x;
      const int wave = (x * 7 / 16 + y * 3 / 8) % 64 < 32 ? 12 : -12;
      const auto mix = [&](int a, int b) {
        return static_cast<std::uint8_t>(std::clamp((a * (height - y) + b * y) / height + wave, 0, 255));
      };
      pixel[0] = mix(top.r, bottom.r);
      pixel[1] = mix(top.g, bottom.g);
      pixel[2] = mix(top.b, bottom.b);
    }
  }
  for (int i = 0; i < 14; ++i) {
    const int w = Between(random, width / 12 + 1, width / 3 + 1),
              h = Between(random, height / 12 + 1, height / 3 + 1);
    const int x = Between(random, -w / 2, width - w / 2), y = Between(random, -h / 2, height - h / 2);
    FillRect(&picture, {x, y, w, h}, RandomColour(random));
  }
  return picture;
}

/// Four unrelated pictures of other sizes.
inline std::span<const Image* const> Others() {
  static const std::vector<Image> pictures = [] {
    std::vector<Image> made;
    for (int i = 0; i < 4; ++i)
      made.push_back(Scene(96 + 16 * i, 128 - 12 * i, 900 + static_cast<std::uint64_t>(i)));
    return made;
  }();
  static const std::vector<const Image*> pointers = [] {
    std::vector<const Image*> all;
    for (const Image& picture : pictures) all.push_back(&picture);
    return all;
  }();
  return pointers;
}

inline std::string Hash(const Image& picture) {
  Sha256 hash;
  const std::string size = std::to_string(picture.width()) + "x" + std::to_string(picture.height()) + " ";
  hash.Update(std::as_bytes(std::span(size)));
  hash.Update(std::as_bytes(picture.pixels()));
  return hash.FinishHex();
}

}  // namespace kantei::dataset::testing_pictures
