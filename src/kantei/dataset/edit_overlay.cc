#include "kantei/dataset/edit_overlay.h"

#include <algorithm>
#include <cmath>
#include <string>

#include "kantei/dataset/edit_geometry.h"
#include "kantei/dataset/edit_math.h"
#include "kantei/dataset/edit_shapes.h"

namespace kantei::dataset {
namespace {

/// A place for something of this length inside `room`, reaching out by up to a third of itself.
int Place(int room, int length, Random& random) {
  const int out = length / 3, low = -out, high = room - length + out;
  return high <= low ? (room - length) / 2 : Between(random, low, high);
}

int Shorter(const Image& picture) {
  return std::min(picture.width(), picture.height());
}

}  // namespace

const Image& Pick(Others others, Random& random) {
  KANTEI_CHECK(!others.empty());
  return *others[random.Below(others.size())];
}

void AddEmoji(Image* picture, int count, double share, Random& random) {
  for (int i = 0; i < count; ++i) {
    const int side = std::max(6, Round(share * Shorter(*picture) * random.Uniform(0.8, 1.25)));
    const int kind = static_cast<int>(random.Below(kEmojiKinds));
    const double degrees = random.Chance(0.5) ? 0 : random.Uniform(-40, 40);
    const int x = Place(picture->width(), side, random);
    const int y = Place(picture->height(), side, random);
    const int opacity = random.Chance(0.7) ? kOpaque : Between(random, 130, 230);
    Composite(picture, DrawEmoji(kind, side, degrees), x, y, opacity);
  }
}

void AddStickers(Image* picture, int count, double share, Random& random) {
  for (int i = 0; i < count; ++i) {
    const double area = share * Shorter(*picture) * random.Uniform(0.8, 1.25),
                 aspect = random.Uniform(0.7, 1.5);
    const int width = std::max(8, Round(area * aspect)), height = std::max(8, Round(area / aspect));
    const Layer sticker = DrawSticker(width, height, random);
    const int x = Place(picture->width(), width, random);
    const int y = Place(picture->height(), height, random);
    Composite(picture, sticker, x, y);
  }
}

void AddText(Image* picture, int lines, double share, bool plate, Random& random) {
  TextStyle style;
  style.height = std::max(5.0, share * Shorter(*picture) * random.Uniform(0.8, 1.25));
  style.weight = random.Uniform(0.09, 0.22);
  style.slant = random.Chance(0.3) ? random.Uniform(0.1, 0.3) : 0;
  style.ink = RandomGround(random);
  style.outline = !plate && random.Chance(0.4);
  style.rim = Contrasting(style.ink);
  const Colour ground = Contrasting(style.ink);
  const int opacity = random.Chance(0.75) ? kOpaque : Between(random, 120, 220);
  const double pitch = style.height * 1.55;
  // What is written on leaves something to see: plates half of the picture, letters alone most of it.
  lines = std::clamp(static_cast<int>((plate ? 0.5 : 0.85) * picture->height() / pitch), 1, lines);
  const int block = static_cast<int>(std::ceil(pitch * lines));
  const int top = Between(random, 0, std::max(0, picture->height() - block));
  const double length = picture->width() / (style.height * 0.93);  // characters that fit
  for (int line = 0; line < lines; ++line) {
    const int count = std::clamp(Round(length * random.Uniform(0.4, 1.05)), 2, 60);
    const Layer text = TextLayer(RandomText(count, random), style);
    const int y = top + static_cast<int>(pitch * line);
    const int x = Place(picture->width(), text.width(), random);
    if (plate) FillRect(picture, {0, y, picture->width(), static_cast<int>(std::ceil(pitch))}, ground);
    Composite(picture, text, x, y, opacity);
  }
}

void AddPicture(Image* picture, const Image& other, double share, Random& random) {
  const double side = share * Shorter(*picture), w = other.width(), h = other.height(),
               aspect = std::sqrt(w / h);
  const int width = std::clamp(Round(side * aspect), 2, picture->width());
  const int height = std::clamp(Round(side / aspect), 2, picture->height());
  const int opacity = random.Chance(0.8) ? kOpaque : Between(random, 150, 240);
  const int x = Between(random, 0, picture->width() - width);
  const int y = Between(random, 0, picture->height() - height);
  Paste(picture, image::Resize(other, width, height), x, y, opacity);
}

void MixWith(Image* picture, const Image& other, double opacity) {
  Paste(picture, CoverSize(other, picture->width(), picture->height()), 0, 0, Round((1 - opacity) * kOpaque));
}

void AddWatermark(Image* picture, double opacity, Random& random) {
  TextStyle style;
  style.height = std::max(6.0, Shorter(*picture) * random.Uniform(0.05, 0.1));
  style.weight = random.Uniform(0.12, 0.2);
  style.degrees = random.Uniform(-40, -15);
  style.ink = random.Chance(0.7) ? Colour{255, 255, 255} : Colour{30, 30, 30};
  const std::string text = RandomText(Between(random, 6, 12), random) + "   ";
  const double step = TextWidth(text, style), pitch = style.height * random.Uniform(2.5, 4);
  const SinCos turn = SinCosDegrees(style.degrees);
  Layer layer(picture->width(), picture->height());
  // Rows along the slanting direction, far enough out that all corners are reached.
  const int reach = picture->width() + picture->height();
  for (int row = -static_cast<int>(reach / pitch); row * pitch < reach; ++row) {
    for (int column = -static_cast<int>(reach / step) - 1; column * step < reach; ++column) {
      const double along = column * step + (row & 1) * step / 2, across = row * pitch;
      const double x = along * turn.cos - across * turn.sin, y = along * turn.sin + across * turn.cos;
      // A word that cannot touch the picture is not drawn.
      if (x > layer.width() + step || x < -step || y > layer.height() + step || y < -step) continue;
      DrawText(&layer, text, x, y, style);
    }
  }
  Composite(picture, layer, 0, 0, Round(opacity * kOpaque));
}

void Erase(Image* picture, double share, Random& random) {
  const int count = Between(random, 1, 4), w = picture->width(), h = picture->height();
  for (int i = 0; i < count; ++i) {
    const double aspect = LogUniform(random, 0.4, 2.5);
    const image::Rect area = RandomWindow(*picture, share / count, aspect, random);
    const bool noise = random.Chance(0.25);
    const Colour colour = RandomGround(random);
    FillRect(picture, area, colour);
    if (!noise) continue;
    for (int y = area.y; y < std::min(h, area.y + area.height); ++y) {
      std::uint8_t* pixel = picture->row(y) + 3 * static_cast<std::ptrdiff_t>(area.x);
      for (int x = area.x; x < std::min(w, area.x + area.width); ++x, pixel += 3) {
        const Colour speck = RandomColour(random);
        pixel[0] = speck.r;
        pixel[1] = speck.g;
        pixel[2] = speck.b;
      }
    }
  }
}

Image PasteOnto(const Image& picture, const Image& ground, int width, int height, double share,
                double degrees, Random& random) {
  Image canvas = CoverSize(ground, width, height);
  // The picture keeps its aspect: it fits into share × frame.
  const double scale = std::min(share * width / picture.width(), share * height / picture.height());
  const int w = std::clamp(Round(picture.width() * scale), 1, width);
  const int h = std::clamp(Round(picture.height() * scale), 1, height);
  Image small = image::Resize(picture, w, h);
  if (degrees != 0) {
    // The mask turns with the picture.
    Image mask(w, h, 1);
    std::fill(mask.pixels().begin(), mask.pixels().end(), std::uint8_t{255});
    small = Rotate(small, degrees, RotationFrame::kWhole, {0, 0, 0});
    mask = Rotate(mask, degrees, RotationFrame::kWhole, {0, 0, 0});
    const int x = Between(random, std::min(0, width - small.width()), std::max(0, width - small.width()));
    const int y = Between(random, std::min(0, height - small.height()), std::max(0, height - small.height()));
    PasteMasked(&canvas, small, mask, x, y);
    return canvas;
  }
  const int opacity = random.Chance(0.85) ? kOpaque : Between(random, 170, 240);
  const int x = Between(random, 0, width - w);
  const int y = Between(random, 0, height - h);
  Paste(&canvas, small, x, y, opacity);
  return canvas;
}

}  // namespace kantei::dataset
