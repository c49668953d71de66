// Pictures for the tests of this folder and of tests/corrupt. Not part of the library.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <initializer_list>
#include <string>
#include <vector>

#include "kantei/base/files.h"
#include "kantei/base/random.h"
#include "kantei/image/image.h"

namespace kantei::image::testing {

using Rgb = std::array<int, 3>;

/// The four quarters of every file in tests/data/image: top left, top right, bottom left, bottom right.
constexpr std::array<Rgb, 4> kQuarters{{{200, 40, 40}, {40, 180, 60}, {50, 60, 200}, {240, 220, 60}}};

inline Image Quarters(int width = 96, int height = 64) {
  Image picture(width, height, 3);
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      const Rgb& colour =
          kQuarters[static_cast<std::size_t>((y >= height / 2 ? 2 : 0) + (x >= width / 2 ? 1 : 0))];
      for (int c = 0; c < 3; ++c)
        picture.row(y)[3 * x + c] = static_cast<std::uint8_t>(colour[static_cast<std::size_t>(c)]);
    }
  }
  return picture;
}

inline Image Noise(int width, int height, int channels, std::uint64_t seed) {
  Image picture(width, height, channels);
  Random random(seed);
  for (std::uint8_t& value : picture.pixels()) value = static_cast<std::uint8_t>(random.Below(256));
  return picture;
}

/// Slow waves: what survives lossy coding and resizing.
inline Image Waves(int width, int height, int channels) {
  Image picture(width, height, channels);
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      for (int c = 0; c < channels; ++c) {
        const double value = 128 + 60 * std::sin(x * 0.05 * (c + 1)) + 50 * std::cos(y * 0.04);
        picture.row(y)[channels * x + c] = static_cast<std::uint8_t>(std::clamp(value, 0.0, 255.0));
      }
    }
  }
  return picture;
}

/// The largest difference of two pictures of one size, 256 when sizes or channels differ.
inline int LargestDifference(const Image& a, const Image& b) {
  if (a.width() != b.width() || a.height() != b.height() || a.channels() != b.channels()) return 256;
  int largest = 0;
  for (std::size_t i = 0; i < a.pixels().size(); ++i)
    largest = std::max(largest, std::abs(a.pixels()[i] - b.pixels()[i]));
  return largest;
}

/// The colour in the middle of a quarter (0 top left, 1 top right, 2 bottom left, 3 bottom right).
inline Rgb QuarterColour(const Image& picture, int quarter) {
  const int x = picture.width() * (quarter % 2 == 0 ? 1 : 3) / 4,
            y = picture.height() * (quarter < 2 ? 1 : 3) / 4;
  const std::uint8_t* pixel = picture.row(y) + 3 * x;
  return {pixel[0], pixel[1], pixel[2]};
}

inline bool Near(const Rgb& a, const Rgb& b, int tolerance) {
  return std::abs(a[0] - b[0]) <= tolerance && std::abs(a[1] - b[1]) <= tolerance &&
         std::abs(a[2] - b[2]) <= tolerance;
}

inline Bytes Sample(const std::string& name) {
  auto bytes = ReadFile(std::filesystem::path(KANTEI_SOURCE_DIR) / "tests/data/image" / name, 1 << 20);
  return bytes.ok() ? *bytes : Bytes{};
}

/// Bytes put together by hand.
class Writer {
 public:
  Writer& Text(const std::string& text) {
    for (const char c : text) bytes_.push_back(static_cast<std::byte>(c));
    return *this;
  }
  Writer& Little(std::uint64_t value, int size) {
    for (int i = 0; i < size; ++i)
      bytes_.push_back(i < 8 ? static_cast<std::byte>(value >> 8 * i) : std::byte{0});
    return *this;
  }
  Writer& Big(std::uint64_t value, int size) {
    for (int i = size - 1; i >= 0; --i) bytes_.push_back(static_cast<std::byte>(value >> 8 * i));
    return *this;
  }
  Writer& Raw(std::initializer_list<int> values) {
    for (const int value : values) bytes_.push_back(static_cast<std::byte>(value));
    return *this;
  }
  Writer& Append(const Bytes& more) {
    bytes_.insert(bytes_.end(), more.begin(), more.end());
    return *this;
  }
  std::size_t size() const { return bytes_.size(); }
  const Bytes& bytes() const { return bytes_; }

 private:
  Bytes bytes_;
};

/// The JPEG with an EXIF block that holds nothing but an orientation.
inline Bytes WithOrientation(const Bytes& jpeg, int orientation, bool big_endian) {
  Writer out;
  out.Append(Bytes(jpeg.begin(), jpeg.begin() + 2)).Raw({0xFF, 0xE1}).Big(34, 2).Text("Exif").Raw({0, 0});
  const auto put = [&](std::uint64_t value, int size) {
    big_endian ? out.Big(value, size) : out.Little(value, size);
  };
  out.Text(big_endian ? "MM" : "II");
  put(42, 2);
  put(8, 4);
  put(1, 2);
  put(0x0112, 2);
  put(3, 2);
  put(1, 4);
  put(static_cast<std::uint64_t>(orientation), 2);
  put(0, 2);
  put(0, 4);
  return out.Append(Bytes(jpeg.begin() + 2, jpeg.end())).bytes();
}

}  // namespace kantei::image::testing
