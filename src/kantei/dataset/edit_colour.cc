#include "kantei/dataset/edit_colour.h"

#include <algorithm>
#include <array>

#include "kantei/base/cpu.h"
#include "kantei/dataset/edit_math.h"

namespace kantei::dataset {
namespace {

constexpr double kRed = 0.299, kGreen = 0.587, kBlue = 0.114;
constexpr ColourMatrix kIdentity{1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0};

/// 1 keeps the colours, 0 is grey.
ColourMatrix Saturation(double factor) {
  const double r = kRed * (1 - factor), g = kGreen * (1 - factor), b = kBlue * (1 - factor);
  return {r + factor, g, b, 0, r, g + factor, b, 0, r, g, b + factor, 0};
}

/// Turns the chroma plane (b - y, r - y) and keeps the luma.
ColourMatrix Hue(double turns) {
  const SinCos a = SinCosDegrees(turns * 360);
  // Rows of u = 0.492 (b - y) and v = 0.877 (r - y) in RGB, turned, then put back.
  constexpr double kU = 0.492, kV = 0.877;
  const std::array<double, 3> luma{kRed, kGreen, kBlue};
  std::array<double, 3> u{}, v{};
  for (std::size_t c = 0; c < 3; ++c) {
    u[c] = kU * ((c == 2 ? 1.0 : 0.0) - luma[c]);
    v[c] = kV * ((c == 0 ? 1.0 : 0.0) - luma[c]);
  }
  ColourMatrix out{};
  for (std::size_t c = 0; c < 3; ++c) {
    const double u2 = a.cos * u[c] - a.sin * v[c], v2 = a.sin * u[c] + a.cos * v[c];
    const double red = v2 / kV, blue = u2 / kU;
    out[c] = luma[c] + red;
    out[8 + c] = luma[c] + blue;
    out[4 + c] = luma[c] - (kRed * red + kBlue * blue) / kGreen;
  }
  return out;
}

ColourMatrix Mixed(const ColourMatrix& full, double amount) {
  ColourMatrix out{};
  for (std::size_t i = 0; i < out.size(); ++i) out[i] = kIdentity[i] + (full[i] - kIdentity[i]) * amount;
  return out;
}

/// x + amount · 4 x (1 - x) (…): an S about the middle; negative flattens.
double SCurve(double x, double amount) {
  return x + amount * (x - 0.5) * 4 * x * (1 - x);
}

KANTEI_MULTIARCH void DarkenRow(std::uint8_t* __restrict__ rgb, const std::int32_t* __restrict__ across,
                                std::int32_t down, std::size_t bytes) {
  // across and down sum to a gain in 12-bit fixed point.
  for (std::size_t i = 0; i < bytes; ++i) {
    const std::int32_t gain = std::max(0, across[i] + down);
    rgb[i] = static_cast<std::uint8_t>(std::min(255, (rgb[i] * gain + 2048) >> 12));
  }
}

}  // namespace

ColourMatrix JitterMatrix(double brightness, double contrast, double saturation, double hue_turns,
                          double mean_luma) {
  ColourMatrix m = Compose(Saturation(saturation), Hue(hue_turns));
  const double gain = brightness * contrast, shift = mean_luma * brightness * (1 - contrast);
  for (std::size_t i = 0; i < m.size(); ++i) m[i] = m[i] * gain + (i % 4 == 3 ? shift : 0.0);
  return m;
}

void JitterColours(Image* picture, double brightness, double contrast, double saturation, double hue,
                   Random& random) {
  const double b = random.Uniform(1 - brightness, 1 + brightness),
               c = random.Uniform(1 - contrast, 1 + contrast);
  const double s = random.Uniform(1 - saturation, 1 + saturation), h = random.Uniform(-hue, hue);
  ApplyMatrix(picture, JitterMatrix(b, c, s, h, MeanLuma(*picture)));
}

void Greyscale(Image* picture, double amount, double contrast) {
  ApplyMatrix(picture, JitterMatrix(1, contrast, 1 - amount, 0, contrast == 1 ? 0.5 : MeanLuma(*picture)));
}

void Tint(Image* picture, Colour tint, double amount) {
  // White stays almost white, so that a dark tint still leaves a picture to see.
  const std::array<double, 3> target{tint.r / 255.0, tint.g / 255.0, tint.b / 255.0};
  ColourMatrix full{};
  for (std::size_t r = 0; r < 3; ++r) {
    const double gain = 0.55 + 0.45 * target[r], shift = 0.25 * target[r] * (1 - gain);
    full[4 * r] = kRed * gain;
    full[4 * r + 1] = kGreen * gain;
    full[4 * r + 2] = kBlue * gain;
    full[4 * r + 3] = shift;
  }
  ApplyMatrix(picture, Mixed(full, amount));
}

void Sepia(Image* picture, double amount) {
  // The usual sepia weights of photo programs.
  constexpr ColourMatrix kSepia{0.393, 0.769, 0.189, 0, 0.349, 0.686, 0.168, 0, 0.272, 0.534, 0.131, 0};
  ApplyMatrix(picture, Mixed(kSepia, amount));
}

void Posterise(Image* picture, int levels) {
  Curve curve;
  const int steps = std::max(2, levels) - 1;
  for (int i = 0; i < 256; ++i) {
    const int step = (i * (steps + 1)) / 256;
    curve[static_cast<std::size_t>(i)] = static_cast<std::uint8_t>((step * 255 + steps / 2) / steps);
  }
  ApplyCurve(picture, curve);
}

void Solarise(Image* picture, int threshold) {
  Curve curve;
  for (int i = 0; i < 256; ++i)
    curve[static_cast<std::size_t>(i)] = static_cast<std::uint8_t>(i < threshold ? i : 255 - i);
  ApplyCurve(picture, curve);
}

void Gamma(Image* picture, double exponent) {
  Curve curve;
  for (int i = 0; i < 256; ++i) curve[static_cast<std::size_t>(i)] = ToByte(255 * Pow(i / 255.0, exponent));
  ApplyCurve(picture, curve);
}

void Invert(Image* picture, bool red, bool green, bool blue) {
  std::array<Curve, 3> curves;
  const std::array<bool, 3> inverted{red, green, blue};
  for (std::size_t c = 0; c < 3; ++c) {
    for (int i = 0; i < 256; ++i)
      curves[c][static_cast<std::size_t>(i)] = static_cast<std::uint8_t>(inverted[c] ? 255 - i : i);
  }
  ApplyCurves(picture, curves);
}

void Vignette(Image* picture, double amount) {
  const int w = picture->width(), h = picture->height();
  std::vector<std::int32_t> across(picture->stride());
  // Gain 1 - amount · (distance from the middle / half the diagonal)^2, which is a sum of a row and a column part.
  for (int x = 0; x < w; ++x) {
    const double dx = (x + 0.5) / w * 2 - 1;
    const std::int32_t part = Round(2048 - amount * dx * dx * 2048);
    for (int c = 0; c < 3; ++c) across[static_cast<std::size_t>(3 * x + c)] = part;
  }
  for (int y = 0; y < h; ++y) {
    const double dy = (y + 0.5) / h * 2 - 1;
    DarkenRow(picture->row(y), across.data(), Round(2048 - amount * dy * dy * 2048), across.size());
  }
}

void PhotoFilter(Image* picture, int look, double amount) {
  std::array<Curve, 3> curves;
  const double faded = look == 0 ? amount * 0.3 : 0;
  const double warm = look == 1 ? amount * 0.35 : look == 2 ? -amount * 0.35 : look == 0 ? amount * 0.08 : 0;
  const double contrast = look == 3 ? amount : look == 0 ? -amount * 0.3 : look == 5 ? amount * 0.6 : 0;
  const double cross = look == 4 ? amount * 0.7 : look == 5 ? -amount * 0.5 : 0;
  for (std::size_t c = 0; c < 3; ++c) {
    const double side = c == 0 ? 1 : c == 2 ? -1 : 0;
    for (int i = 0; i < 256; ++i) {
      double x = SCurve(i / 255.0, contrast);
      x = SCurve(x, cross * side);              // crossed: red and blue bend opposite ways
      x = x + warm * side * x * (1 - x) * 1.6;  // warm: red up, blue down in the middle tones
      x = faded + x * (1 - 1.3 * faded);        // faded: no black, no white
      curves[c][static_cast<std::size_t>(i)] = ToByte(255 * x);
    }
  }
  if (look == 0 || look == 4) ApplyMatrix(picture, Saturation(1 - 0.5 * amount));
  if (look == 5) ApplyMatrix(picture, Saturation(1 + 0.9 * amount));
  ApplyCurves(picture, curves);
}

}  // namespace kantei::dataset
