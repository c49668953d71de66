// Edits that draw a texture over the picture or repaint it: oil, sketch, stripes, moiré.
#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>
#include <vector>

#include "kantei/base/cpu.h"
#include "kantei/dataset/edit_detail.h"
#include "kantei/dataset/edit_math.h"

namespace kantei::dataset {
namespace {

/// Phases are whole turns in 32 bits: they wrap by themselves and are the same everywhere.
std::uint32_t Turns(double turns) {
  return static_cast<std::uint32_t>(static_cast<std::int64_t>(std::floor(turns * 4294967296.0 + 0.5)));
}

constexpr int kWaveBits = 10;

/// (1 + cos) / 2 in 256ths over one turn.
std::array<std::int32_t, 1 << kWaveBits> CosineWave() {
  std::array<std::int32_t, 1 << kWaveBits> wave{};
  for (std::size_t i = 0; i < wave.size(); ++i)
    wave[i] = Round(
        128 + 128 * SinCosDegrees(360.0 * static_cast<double>(i) / static_cast<double>(wave.size())).cos);
  return wave;
}

/// Sobel magnitude |gx| + |gy| of the inner columns of three rows of luma, 0..255.
KANTEI_MULTIARCH void EdgeRow(const std::uint8_t* __restrict__ a, const std::uint8_t* __restrict__ b,
                              const std::uint8_t* __restrict__ c, std::uint8_t* __restrict__ out,
                              std::size_t width) {
  for (std::size_t x = 1; x + 1 < width; ++x) {
    const std::int32_t gx = a[x + 1] - a[x - 1] + 2 * (b[x + 1] - b[x - 1]) + c[x + 1] - c[x - 1];
    const std::int32_t gy = c[x - 1] + 2 * c[x] + c[x + 1] - a[x - 1] - 2 * a[x] - a[x + 1];
    out[x] = static_cast<std::uint8_t>(std::min(255, (std::abs(gx) + std::abs(gy)) / 2));
  }
}

/// The tones of a sliding window: how many pixels of each, and their colours.
class ToneWindow {
 public:
  void Clear() {
    count_.fill(0);
    for (auto& sum : sums_) sum.fill(0);
  }
  void Add(const std::uint8_t* pixel, std::size_t tone, std::int32_t sign) {
    count_[tone] += sign;
    for (std::size_t c = 0; c < 3; ++c) sums_[tone][c] += sign * pixel[c];
  }
  /// The mean colour of the most frequent tone; the darkest of equals.
  void Write(std::uint8_t* pixel) const {
    const auto tone =
        static_cast<std::size_t>(std::max_element(count_.begin(), count_.end()) - count_.begin());
    for (std::size_t c = 0; c < 3; ++c)
      pixel[c] = static_cast<std::uint8_t>((sums_[tone][c] + count_[tone] / 2) / count_[tone]);
  }

 private:
  std::array<std::int32_t, 16> count_{};
  std::array<std::array<std::int32_t, 3>, 16> sums_{};
};

}  // namespace

Image OilPaint(const Image& picture, int radius, int tones) {
  const int w = picture.width(), h = picture.height();
  Image tone = image::ToGrey(picture);
  for (std::uint8_t& value : tone.pixels())
    value = static_cast<std::uint8_t>(value * std::clamp(tones, 2, 16) >> 8);
  Image out(w, h, 3);
  ToneWindow window;
  for (int y = 0; y < h; ++y) {
    const int top = std::max(0, y - radius), bottom = std::min(h - 1, y + radius);
    const auto column = [&](int x, std::int32_t sign) {
      if (x < 0 || x >= w) return;
      for (int row = top; row <= bottom; ++row)
        window.Add(picture.row(row) + 3 * static_cast<std::ptrdiff_t>(x), tone.row(row)[x], sign);
    };
    window.Clear();
    for (int x = 0; x < radius; ++x) column(x, 1);
    for (int x = 0; x < w; ++x) {
      column(x + radius, 1);
      window.Write(out.row(y) + 3 * static_cast<std::ptrdiff_t>(x));
      column(x - radius, -1);
    }
  }
  return out;
}

void Sketch(Image* picture, double amount, bool dark) {
  const int w = picture->width(), h = picture->height(), keep = Round((1 - amount) * 256);
  const Image luma = image::ToGrey(*picture);
  std::vector<std::uint8_t> edges(static_cast<std::size_t>(w));
  for (int y = 0; y < h; ++y) {
    EdgeRow(luma.row(std::max(0, y - 1)), luma.row(y), luma.row(std::min(h - 1, y + 1)), edges.data(),
            edges.size());
    std::uint8_t* pixel = picture->row(y);
    for (int x = 0; x < w; ++x, pixel += 3) {
      const int edge = edges[static_cast<std::size_t>(x)], line = dark ? edge : 255 - edge;
      for (int c = 0; c < 3; ++c)
        pixel[c] = static_cast<std::uint8_t>((pixel[c] * keep + line * (256 - keep) + 128) >> 8);
    }
  }
}

void Stripes(Image* picture, double degrees, double period, double width, Colour colour, int opacity) {
  const SinCos a = SinCosDegrees(degrees);
  const std::uint32_t across = Turns(a.cos / period), down = Turns(a.sin / period);
  // Opacity over one period, with edges one pixel wide.
  std::array<std::int32_t, 1 << kWaveBits> profile{};
  for (std::size_t i = 0; i < profile.size(); ++i) {
    const double at = static_cast<double>(i) / static_cast<double>(profile.size()) * period;
    const double from_middle = std::abs(at - period / 2);
    profile[i] = Round(std::clamp(width / 2 - from_middle + 0.5, 0.0, 1.0) * opacity);
  }
  const std::array<int, 3> target{colour.r, colour.g, colour.b};
  for (int y = 0; y < picture->height(); ++y) {
    std::uint32_t phase = down * static_cast<std::uint32_t>(y);
    std::uint8_t* pixel = picture->row(y);
    for (int x = 0; x < picture->width(); ++x, pixel += 3, phase += across) {
      const std::int32_t take = profile[phase >> (32 - kWaveBits)];
      if (take == 0) continue;
      for (std::size_t c = 0; c < 3; ++c)
        pixel[c] = static_cast<std::uint8_t>((pixel[c] * (256 - take) + target[c] * take + 128) >> 8);
    }
  }
}

void Moire(Image* picture, double period, double degrees, double depth, bool coloured) {
  const auto wave = CosineWave();
  const SinCos a = SinCosDegrees(degrees);
  // Bands of the beat, bent by a quadratic term as a lens bends them, over a fine grid of screen pixels.
  const std::uint32_t across = Turns(a.cos / period), down = Turns(a.sin / period);
  const double bend = 0.25 / (period * std::max(picture->width(), picture->height()));
  const std::uint32_t curve = Turns(bend), columns = Turns(1 / 2.7), rows = Turns(1 / 3.1);
  const std::int32_t strength = Round(depth * 256);
  const std::uint32_t third = coloured ? Turns(1.0 / 3) : 0;
  for (int y = 0; y < picture->height(); ++y) {
    const auto v = static_cast<std::uint32_t>(y);
    const std::uint32_t line = down * v + curve * v * v;
    const std::int32_t row_wave = wave[rows * v >> (32 - kWaveBits)];
    std::uint8_t* pixel = picture->row(y);
    for (int x = 0; x < picture->width(); ++x, pixel += 3) {
      const auto u = static_cast<std::uint32_t>(x);
      const std::uint32_t beat = line + across * u + curve * u * u;
      const std::int32_t grid = (wave[columns * u >> (32 - kWaveBits)] + row_wave) / 2;
      for (std::uint32_t c = 0; c < 3; ++c) {
        const std::int32_t band = wave[(beat + c * third) >> (32 - kWaveBits)];
        // Two parts beat, one part grid; the mean brightness is lifted back by a quarter of what is taken.
        const std::int32_t gain = 65536 + strength * 64 - strength * ((2 * band + grid) / 3);
        pixel[c] = static_cast<std::uint8_t>(std::clamp((pixel[c] * gain + 32768) >> 16, 0, 255));
      }
    }
  }
}

}  // namespace kantei::dataset
