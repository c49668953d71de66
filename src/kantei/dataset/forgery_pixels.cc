#include "kantei/dataset/forgery_pixels.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

#include "kantei/dataset/edit_math.h"
#include "kantei/dataset/edit_pixels.h"
#include "kantei/dataset/mask_maker.h"
#include "kantei/image/transform.h"

namespace kantei::dataset {
namespace {

/// Running mean along one line of `count` samples that lie `step` bytes apart; the ends are repeated.
void BlurLine(const std::uint8_t* in, std::uint8_t* out, int count, std::ptrdiff_t step, int radius) {
  const int taps = 2 * radius + 1;
  const auto at = [&](int i) { return int(in[std::clamp(i, 0, count - 1) * step]); };
  int sum = 0;
  for (int i = -radius; i <= radius; ++i) sum += at(i);
  for (int i = 0; i < count; ++i) {
    out[i * step] = static_cast<std::uint8_t>((sum + radius) / taps);
    sum += at(i + radius + 1) - at(i - radius);
  }
}

Image BoxMean(const Image& picture, int radius) {
  if (radius <= 0) return picture;
  Image across = picture, both = picture;
  const int channels = picture.channels();
  for (int y = 0; y < picture.height(); ++y) {
    for (int c = 0; c < channels; ++c)
      BlurLine(picture.row(y) + c, across.row(y) + c, picture.width(), channels, radius);
  }
  const auto stride = static_cast<std::ptrdiff_t>(picture.stride());
  for (int i = 0; i < picture.width() * channels; ++i)
    BlurLine(across.row(0) + i, both.row(0) + i, picture.height(), stride, radius);
  return both;
}

struct Moments {
  std::array<double, 3> mean{}, deviation{};
  double count = 0;
};

/// Of a premultiplied or plain picture where the weight is whole; of all of it without a weight.
Moments MeasureColours(const Image& rgb, const Image* weight) {
  Moments moments;
  std::array<double, 3> squares{};
  const std::size_t pixels = rgb.pixels().size() / 3;
  for (std::size_t i = 0; i < pixels; ++i) {
    if (weight != nullptr && weight->pixels()[i] < 250) continue;
    for (std::size_t c = 0; c < 3; ++c) {
      const double value = rgb.pixels()[3 * i + c];
      moments.mean[c] += value;
      squares[c] += value * value;
    }
    moments.count += 1;
  }
  for (std::size_t c = 0; c < 3 && moments.count > 0; ++c) {
    moments.mean[c] /= moments.count;
    moments.deviation[c] =
        std::sqrt(std::max(0.0, squares[c] / moments.count - moments.mean[c] * moments.mean[c]));
  }
  return moments;
}

}  // namespace

Image Feather(const Image& weight, int radius) {
  return BoxMean(weight, radius);
}

Image Mix(const Image& ground, const Image& top, const Image& weight) {
  Image mixed = ground;
  for (std::size_t i = 0; i < weight.pixels().size(); ++i) {
    const int w = weight.pixels()[i];
    if (w == 0) continue;
    for (std::size_t c = 0; c < 3; ++c) {
      const int below = ground.pixels()[3 * i + c], above = top.pixels()[3 * i + c];
      mixed.pixels()[3 * i + c] = static_cast<std::uint8_t>((above * w + below * (255 - w) + 127) / 255);
    }
  }
  return mixed;
}

Image BoxBlur(const Image& rgb, int radius, int passes) {
  Image blurred = rgb;
  for (int pass = 0; pass < passes; ++pass) blurred = BoxMean(blurred, radius);
  return blurred;
}

double NoiseLevel(const Image& rgb, const Image& mask) {
  const Image grey = image::ToGrey(rgb);
  std::array<std::int64_t, 2048> histogram{};
  std::int64_t count = 0;
  for (int y = 1; y + 1 < grey.height(); ++y) {
    const std::uint8_t *a = grey.row(y - 1), *b = grey.row(y), *c = grey.row(y + 1), *m = mask.row(y);
    for (int x = 1; x + 1 < grey.width(); ++x) {
      if (m[x] != 0) continue;
      const int value = a[x - 1] - 2 * a[x] + a[x + 1] - 2 * b[x - 1] + 4 * b[x] - 2 * b[x + 1] + c[x - 1] -
                        2 * c[x] + c[x + 1];
      ++histogram[static_cast<std::size_t>(std::min(2047, std::abs(value)))];
      ++count;
    }
  }
  // The median, since lines and texture are no noise and flat drawings have none.
  std::int64_t below = 0;
  for (std::size_t value = 0; value < histogram.size(); ++value) {
    below += histogram[value];
    if (below * 2 >= count) return static_cast<double>(value) / (0.6745 * 6);
  }
  return 0;
}

void AddNoise(Image* rgb, double sigma, Random& random) {
  // A sum of four uniform numbers is as good as normal here, and the same on every machine.
  const auto draw = [&] {
    double sum = -2;
    for (int i = 0; i < 4; ++i) sum += random.Uniform();
    return sum * 1.7320508;
  };
  for (std::size_t i = 0; i < rgb->pixels().size(); i += 3) {
    const double common = draw() * sigma * 0.85;
    for (std::size_t c = 0; c < 3; ++c) {
      std::uint8_t& value = rgb->pixels()[i + c];
      value = ToByte(value + common + draw() * sigma * 0.5);
    }
  }
}

void MatchColour(Image* piece, const Image& weight, const Image& ground, double strength) {
  const Moments ours = MeasureColours(*piece, &weight), theirs = MeasureColours(ground, nullptr);
  if (ours.count < 1) return;
  for (std::size_t c = 0; c < 3; ++c) {
    const double stretch = std::clamp(theirs.deviation[c] / std::max(1.0, ours.deviation[c]), 0.6, 1.5);
    const double gain = 1 + strength * (stretch - 1);
    const double target = ours.mean[c] + strength * (theirs.mean[c] - ours.mean[c]);
    for (std::size_t i = 0; i < weight.pixels().size(); ++i) {
      const double alpha = weight.pixels()[i] / 255.0;
      if (alpha <= 0) continue;
      std::uint8_t& value = piece->pixels()[3 * i + c];
      // Premultiplied: a + b x of the plain colour is a alpha + b of what is stored.
      const double fresh = (target - gain * ours.mean[c]) * alpha + gain * value;
      value = ToByte(std::clamp(fresh, 0.0, 255.0 * alpha));
    }
  }
}

void Recolour(Image* rgb, Random& random) {
  // Hue about the grey axis, then saturation, gain and offset: one matrix.
  const double degrees = Signed(random, 20, 160), saturation = random.Uniform(0.6, 1.5);
  const double gain = random.Uniform(0.8, 1.2), offset = random.Uniform(-0.06, 0.06);
  const SinCos turn = SinCosDegrees(degrees);
  const double third = (1 - turn.cos) / 3, side = turn.sin * 0.57735027;
  const double hue[3][3] = {{turn.cos + third, third - side, third + side},
                            {third + side, turn.cos + third, third - side},
                            {third - side, third + side, turn.cos + third}};
  ColourMatrix matrix{};
  for (std::size_t i = 0; i < 3; ++i) {
    for (std::size_t j = 0; j < 3; ++j)
      matrix[4 * i + j] = gain * (saturation * hue[i][j] + (1 - saturation) / 3);
    matrix[4 * i + 3] = offset;
  }
  ApplyMatrix(rgb, matrix);
}

double FlatShare(const Image& rgb, const Image& mask) {
  double flat = 0, count = 0;
  for (int y = 0; y + 1 < rgb.height(); ++y) {
    for (int x = 0; x + 1 < rgb.width(); ++x) {
      if (mask.row(y)[x] == 0) continue;
      const std::uint8_t *here = rgb.row(y) + 3 * x, *below = rgb.row(y + 1) + 3 * x;
      flat += std::equal(here, here + 3, here + 3) && std::equal(here, here + 3, below) ? 1 : 0;
      count += 1;
    }
  }
  return count > 0 ? flat / count : 0;
}

Piece CutPiece(const Image& rgb, const Image& mask) {
  const image::Rect box = MaskBox(mask);
  Piece piece{image::Crop(rgb, box), image::Crop(mask, box)};
  for (std::size_t i = 0; i < piece.alpha.pixels().size(); ++i) {
    if (piece.alpha.pixels()[i] == 0)
      std::fill_n(piece.colour.pixels().begin() + static_cast<std::ptrdiff_t>(3 * i), 3, 0);
  }
  return piece;
}

Piece Transform(const Piece& piece, double scale, double degrees, bool mirrored) {
  Piece moved = piece;
  if (mirrored) moved = {image::FlipHorizontal(moved.colour), image::FlipHorizontal(moved.alpha)};
  const int width = std::max(1, Round(moved.colour.width() * scale));
  const int height = std::max(1, Round(moved.colour.height() * scale));
  if (scale != 1)
    moved = {image::Resize(moved.colour, width, height), image::Resize(moved.alpha, width, height)};
  if (degrees == 0) return moved;
  const SinCos turn = SinCosDegrees(degrees);
  const int wide =
      static_cast<int>(std::ceil(width * std::fabs(turn.cos) + height * std::fabs(turn.sin))) + 2;
  const int high =
      static_cast<int>(std::ceil(width * std::fabs(turn.sin) + height * std::fabs(turn.cos))) + 2;
  image::Homography map;  // from the new frame to the old one
  map.m = {turn.cos,  turn.sin, width / 2.0 - turn.cos * wide / 2 - turn.sin * high / 2,
           -turn.sin, turn.cos, height / 2.0 + turn.sin * wide / 2 - turn.cos * high / 2,
           0,         0,        1};
  return {image::Warp(moved.colour, map, wide, high, 0), image::Warp(moved.alpha, map, wide, high, 0)};
}

Layer Lay(const Image& ground, const Piece& piece, int x, int y) {
  Layer layer{ground, Image(ground.width(), ground.height(), 1)};
  for (int v = std::max(0, -y); v < std::min(piece.colour.height(), ground.height() - y); ++v) {
    for (int u = std::max(0, -x); u < std::min(piece.colour.width(), ground.width() - x); ++u) {
      const int alpha = piece.alpha.row(v)[u];
      if (alpha == 0) continue;
      layer.weight.row(y + v)[x + u] = static_cast<std::uint8_t>(alpha);
      std::uint8_t* out = layer.picture.row(y + v) + 3 * (x + u);
      const std::uint8_t* in = piece.colour.row(v) + 3 * u;
      for (int c = 0; c < 3; ++c)
        out[c] = static_cast<std::uint8_t>(std::min(255, in[c] + (out[c] * (255 - alpha) + 127) / 255));
    }
  }
  return layer;
}

}  // namespace kantei::dataset
