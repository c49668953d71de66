#include "kantei/dataset/authenticity_view.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "kantei/dataset/edit_coding.h"
#include "kantei/dataset/edit_detail.h"
#include "kantei/image/smooth_resize.h"
#include "kantei/image/transform.h"

namespace kantei::dataset {
namespace {

/// Position `i` of an endlessly mirrored line of `length` pixels.
int Mirrored(int i, int length) {
  if (length == 1) return 0;
  const int period = 2 * (length - 1);
  i = std::abs(i) % period;
  return i < length ? i : period - i;
}

/// A part that may reach over the edge, where the picture is mirrored.
image::Image CropMirrored(const image::Image& from, int x0, int y0, int side) {
  const auto channels = static_cast<std::size_t>(from.channels());
  image::Image part(side, side, from.channels());
  for (int y = 0; y < side; ++y) {
    const std::uint8_t* row = from.row(Mirrored(y0 + y, from.height()));
    std::uint8_t* out = part.row(y);
    for (int x = 0; x < side; ++x) {
      const std::size_t at = static_cast<std::size_t>(Mirrored(x0 + x, from.width())) * channels;
      std::copy_n(row + at, channels, out + static_cast<std::size_t>(x) * channels);
    }
  }
  return part;
}

/// A pixel with 255, evenly among them; false when there is none.
bool ChangedPixel(const image::Image& mask, Random& random, int* x, int* y) {
  const auto pixels = mask.pixels();
  const auto count = static_cast<std::uint64_t>(std::count(pixels.begin(), pixels.end(), std::uint8_t{255}));
  if (count == 0) return false;
  std::uint64_t left = random.Below(count);
  for (std::size_t i = 0; i < pixels.size(); ++i) {
    if (pixels[i] != 255 || left-- > 0) continue;
    *x = static_cast<int>(i % static_cast<std::size_t>(mask.width()));
    *y = static_cast<int>(i / static_cast<std::size_t>(mask.width()));
    return true;
  }
  return false;
}

int Start(int length, int side, Random& random) {
  const int room = length - side;
  if (room > 0) return static_cast<int>(random.Below(static_cast<std::uint64_t>(room) + 1));
  return room < 0 ? -static_cast<int>(random.Below(static_cast<std::uint64_t>(-room) + 1)) : 0;
}

image::Image Coded(const image::Image& picture, Random& random) {
  const bool webp = random.Chance(1.0 / 6);
  const double quality = webp ? random.Uniform(50, 95) : random.Uniform(45, 98);
  return webp ? ThroughWebp(picture, static_cast<int>(std::lround(quality)))
              : ThroughJpeg(picture, static_cast<int>(std::lround(quality)));
}

/// Programs that pictures pass on their way use different kernels, and each leaves another spectrum.
image::Image Resampled(const image::Image& picture, int side, Random& random) {
  switch (random.Below(3)) {
    case 0:
      return image::SmoothResize(picture, side, side, image::SmoothKernel::kCatmullRom);
    case 1:
      return image::SmoothResize(picture, side, side, image::SmoothKernel::kLanczos3);
    default:
      return image::Resize(picture, side, side);
  }
}

}  // namespace

AuthenticityView MakeAuthenticityView(const image::Image& picture, const image::Image& mask,
                                      const AuthenticityViewOptions& options, Random& random) {
  const double factor =
      random.Chance(options.resize)
          ? std::exp2(random.Uniform(std::log2(options.least_scale), std::log2(options.most_scale)))
          : 1.0;
  // What becomes the view, with a margin: codecs then see content beyond its edges, and their blocks start anywhere.
  constexpr int kMargin = 8;
  const int wanted = options.side + kMargin;
  const int from = factor == 1.0 ? wanted : std::max(16, static_cast<int>(std::lround(wanted / factor)));
  int x0 = Start(picture.width(), from, random), y0 = Start(picture.height(), from, random);
  int at_x = 0, at_y = 0;
  if (!mask.empty() && random.Chance(options.on_mask) && ChangedPixel(mask, random, &at_x, &at_y)) {
    const auto around = [&](int at, int length) {
      if (length <= from) return Start(length, from, random);
      const int start = at - static_cast<int>(random.Below(static_cast<std::uint64_t>(from)));
      return std::clamp(start, 0, length - from);
    };
    x0 = around(at_x, picture.width());
    y0 = around(at_y, picture.height());
  }
  AuthenticityView view;
  view.picture = CropMirrored(picture, x0, y0, from);
  view.mask = mask.empty() ? image::Image(from, from, 1) : CropMirrored(mask, x0, y0, from);
  if (from != wanted) {
    view.picture = Resampled(view.picture, wanted, random);
    view.mask = image::Resize(view.mask, wanted, wanted);
    for (std::uint8_t& value : view.mask.pixels()) value = value >= 128 ? 255 : 0;
  }
  if (random.Chance(options.blur)) GaussianBlur(&view.picture, random.Uniform(0.3, 1.2));
  if (random.Chance(options.noise)) Noise(&view.picture, random.Uniform(1, 6), random.Chance(0.5), random);
  if (random.Chance(options.coding)) {
    view.picture = Coded(view.picture, random);
    if (random.Chance(options.twice)) view.picture = Coded(view.picture, random);
  }
  const auto cut = [&] { return static_cast<int>(random.Below(kMargin + 1)); };
  const image::Rect inner{cut(), cut(), options.side, options.side};
  view.picture = image::Crop(view.picture, inner);
  view.mask = image::Crop(view.mask, inner);
  if (random.Chance(0.5)) {
    view.picture = image::FlipHorizontal(view.picture);
    view.mask = image::FlipHorizontal(view.mask);
  }
  if (const int quarters = static_cast<int>(random.Below(4)); quarters != 0) {
    view.picture = image::RotateQuarter(view.picture, quarters);
    view.mask = image::RotateQuarter(view.mask, quarters);
  }
  return view;
}

image::Image CompositeThrough(const image::Image& original, const image::Image& made,
                              const image::Image& mask) {
  KANTEI_CHECK(original.width() == made.width() && original.height() == made.height() &&
               original.width() == mask.width() && original.height() == mask.height() &&
               original.channels() == 3 && made.channels() == 3 && mask.channels() == 1);
  image::Image out = original;
  for (std::size_t i = 0; i < mask.pixels().size(); ++i) {
    if (mask.pixels()[i] < 128) continue;
    std::copy_n(made.pixels().begin() + static_cast<std::ptrdiff_t>(3 * i), 3,
                out.pixels().begin() + static_cast<std::ptrdiff_t>(3 * i));
  }
  return out;
}

}  // namespace kantei::dataset
