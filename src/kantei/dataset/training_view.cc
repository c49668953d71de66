// Views for training: the edits with the probabilities of 2111.08004 (offline augmentation), on few pixels.
#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "kantei/dataset/edit_coding.h"
#include "kantei/dataset/edit_colour.h"
#include "kantei/dataset/edit_detail.h"
#include "kantei/dataset/edit_geometry.h"
#include "kantei/dataset/edit_math.h"
#include "kantei/dataset/edit_overlay.h"
#include "kantei/dataset/edits.h"

namespace kantei::dataset {
namespace {

/// A random resized crop, squashed to side × side.
Image RandomResizedCrop(const Image& picture, double min_scale, int side, Random& random) {
  const double area = random.Uniform(min_scale, 1), aspect = LogUniform(random, 3.0 / 4, 4.0 / 3);
  const image::Rect window = RandomWindow(picture, area, aspect * picture.height() / picture.width(), random);
  return image::Resize(image::Crop(picture, window), side, side);
}

/// The picture in one cell of 2 × 2, 1 × 2 or 2 × 1, others in the rest, in a frame of side × side.
Image QuickCollage(const Image& picture, int side, Others others, Random& random) {
  const std::uint64_t layout = random.Below(3);
  const int across = layout == 1 ? 1 : 2, down = layout == 2 ? 1 : 2;
  Image canvas(side, side, 3);
  const int place = Between(random, 0, across * down - 1);
  for (int cell = 0; cell < across * down; ++cell) {
    const int x0 = cell % across * side / across, x1 = (cell % across + 1) * side / across;
    const int y0 = cell / across * side / down, y1 = (cell / across + 1) * side / down;
    const Image& shown = cell == place ? picture : Pick(others, random);
    Paste(&canvas, CoverSize(shown, x1 - x0, y1 - y0), x0, y0);
  }
  return canvas;
}

void OneFilter(Image* view, Random& random) {
  switch (random.Below(9)) {
    case 0:
      return Sepia(view, 1);
    case 1:
      return Posterise(view, Between(random, 3, 7));
    case 2:
      return Solarise(view, Between(random, 90, 220));
    case 3:
      return Invert(view, true, true, true);
    case 4:
      return Gamma(view, LogUniform(random, 0.5, 2));
    case 5:
      return Vignette(view, random.Uniform(0.4, 1));
    case 6:
      return Tint(view, RandomColour(random), 1);
    case 7: {
      const double sigma = random.Uniform(4, 25);
      return Noise(view, sigma, random.Chance(0.5), random);
    }
    default: {
      const int look = static_cast<int>(random.Below(kPhotoLooks));
      return PhotoFilter(view, look, random.Uniform(0.5, 1));
    }
  }
}

void ChangeGeometry(Image* view, double strength, Random& random) {
  const auto chance = [&](double probability) { return random.Chance(probability * strength); };
  if (chance(0.1)) *view = image::RotateQuarter(*view, Between(random, 1, 3));
  if (chance(0.3)) {
    const double degrees = random.Uniform(-50, 50);
    const auto frame = static_cast<RotationFrame>(random.Below(3));
    *view = Rotate(*view, degrees, frame, RandomGround(random));
  }
}

void ChangeDetail(Image* view, double strength, Random& random) {
  const auto chance = [&](double probability) { return random.Chance(probability * strength); };
  if (chance(0.3)) *view = Pixelise(*view, random.Uniform(0.15, 1));
  if (chance(0.3)) ShufflePixels(view, random.Uniform(0, 0.4), random);
}

/// What ApplyRandomEdits is given: enough pixels for a crop of a fifth, few enough to be quick.
constexpr double kChainSides = 1.6;

Image ChainView(const Image& picture, const TrainingViewOptions& options, double strength, Others others,
                Random& random) {
  const Image small = image::ResizeToFit(picture, Round(options.side * kChainSides));
  const auto level = static_cast<EditLevel>(std::min(2, static_cast<int>(strength * 3)));
  const Image edited = ApplyRandomEdits(small, level, others, random).picture;
  return image::Resize(edited, options.side, options.side);
}

}  // namespace

Image MakeAnchorView(const Image& picture, int side, Random& random) {
  KANTEI_CHECK(!picture.empty() && side >= 16);
  const Image rgb = picture.channels() == 3 ? picture : image::ToRgb(picture);
  // Half of them whole: that is what a library describes.
  Image view =
      random.Chance(0.5) ? image::Resize(rgb, side, side) : RandomResizedCrop(rgb, 0.7, side, random);
  if (random.Chance(0.3)) view = ThroughJpeg(view, Between(random, 60, 95));
  return view;
}

Image MakeTrainingView(const Image& picture, const TrainingViewOptions& options, Others others,
                       Random& random) {
  KANTEI_CHECK(!picture.empty() && options.side >= 16);
  const int side = options.side;
  const double strength = std::clamp(options.strength, 0.0, 1.0);
  const auto chance = [&](double probability) { return random.Chance(probability * strength); };
  const bool neighbours = others.size() >= 3;
  // No draw without chains: views of old seeds stay as they are.
  if (options.chains > 0 && random.Chance(options.chains))
    return ChainView(picture.channels() == 3 ? picture : image::ToRgb(picture), options, strength, others,
                     random);
  // A little above the size of the view: what follows still resamples, and sharpness varies as it does in the wild.
  const int work = strength > 0 ? Round(side * random.Uniform(1, 1.25)) : side;
  Image view = picture.channels() == 3
                   ? RandomResizedCrop(picture, options.min_scale, work, random)
                   : RandomResizedCrop(image::ToRgb(picture), options.min_scale, work, random);
  ChangeGeometry(&view, strength, random);
  ChangeDetail(&view, strength, random);
  if (chance(0.3)) {
    const double shift = random.Uniform(0.02, 0.25);
    const Colour ground = RandomGround(random);
    view = Perspective(view, shift, ground, random);
  }
  if (chance(0.05)) view = MirrorParts(view, random.Chance(0.5) ? Mirror::kEdges : Mirror::kHalves, random);
  if (chance(0.3)) {
    std::array<double, 4> shares{};
    for (double& share : shares) share = random.Uniform(0, 0.15);
    view = Pad(view, shares, RandomGround(random));
  }
  if (neighbours && chance(0.3)) {
    const Image& other = Pick(others, random);
    AddPicture(&view, other, random.Uniform(0.1, 0.4), random);
  }
  if (chance(0.8)) JitterColours(&view, 0.5, 0.5, 0.3, 0.2, random);
  if (chance(0.1)) OneFilter(&view, random);
  if (chance(0.5)) GaussianBlur(&view, random.Uniform(0.1, 2) * view.width() / 256);
  if (chance(0.3)) Greyscale(&view, 1, 1);
  if (random.Chance(0.5)) view = image::FlipHorizontal(view);
  if (chance(0.3)) {
    const int count = Between(random, 1, 2);
    AddEmoji(&view, count, LogUniform(random, 0.1, 0.45), random);
  }
  if (chance(0.3)) {
    const int lines = Between(random, 1, 3);
    const double share = LogUniform(random, 0.05, 0.15);
    AddText(&view, lines, share, random.Chance(0.2), random);
  }
  if (neighbours && chance(0.1)) {
    const Image& other = Pick(others, random);
    MixWith(&view, other, random.Uniform(0.5, 0.85));
  }
  if (neighbours && chance(0.2)) {
    const Image& ground = Pick(others, random);
    const double share = 1 / random.Uniform(1, 2.5);
    view = PasteOnto(view, ground, work, work, share, 0, random);
  } else if (neighbours && chance(0.1)) {
    view = QuickCollage(view, work, others, random);
  }
  view = image::Resize(view, side, side);
  if (chance(0.3)) view = ThroughJpeg(view, Between(random, 20, 95));
  return view;
}

}  // namespace kantei::dataset
