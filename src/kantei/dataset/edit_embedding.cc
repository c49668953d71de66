#include "kantei/dataset/edit_embedding.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <string>

#include "kantei/dataset/edit_colour.h"
#include "kantei/dataset/edit_detail.h"
#include "kantei/dataset/edit_geometry.h"
#include "kantei/dataset/edit_math.h"
#include "kantei/dataset/edit_shapes.h"

namespace kantei::dataset {
namespace {

int Longer(const Image& picture) {
  return std::max(picture.width(), picture.height());
}

/// A frame of the given proportions as long as the picture's longer side, and the picture's place in it.
struct Layout {
  int width, height;  ///< of the frame
  image::Rect place;  ///< of the picture
};

/// Everything in the picture's own pixels; scaled together.
Layout Fit(const Image& picture, double frame_width, double frame_height, double x, double y) {
  const double scale = Longer(picture) / std::max(frame_width, frame_height);
  const int width = std::max(16, Round(frame_width * scale)),
            height = std::max(16, Round(frame_height * scale));
  const int w = std::clamp(Round(picture.width() * scale), 1, width);
  const int h = std::clamp(Round(picture.height() * scale), 1, height);
  return {width,
          height,
          {std::clamp(Round(x * scale), 0, width - w), std::clamp(Round(y * scale), 0, height - h), w, h}};
}

void PasteAt(Image* canvas, const Image& picture, const image::Rect& place) {
  Paste(canvas, image::Resize(picture, place.width, place.height), place.x, place.y);
}

Colour Shade(Colour colour, int towards_grey) {
  const auto mix = [&](std::uint8_t v) {
    return static_cast<std::uint8_t>((v * (256 - towards_grey) + 128 * towards_grey) >> 8);
  };
  return {mix(colour.r), mix(colour.g), mix(colour.b)};
}

/// Lines of small text from top to bottom of a box.
void Paragraph(Layer* layer, const image::Rect& box, double letter, Colour ink, Random& random) {
  if (letter < 3) return;
  TextStyle style;
  style.height = letter;
  style.ink = ink;
  style.weight = random.Uniform(0.09, 0.16);
  for (double y = box.y; y + letter <= box.y + box.height; y += letter * 1.8) {
    const int count = static_cast<int>(box.width / (letter * 0.92) * random.Uniform(0.6, 1));
    DrawText(layer, RandomText(std::clamp(count, 1, 80), random), box.x, y, style);
  }
}

Image Phone(const Image& picture, double share, Random& random) {
  const double pw = picture.width(), ph = picture.height();
  // Apps show pictures as wide as the screen; the rest of the area is above and below.
  const double margin = random.Chance(0.5) ? 0 : random.Uniform(0.02, 0.06);
  const double fw = pw * (1 + 2 * margin), fh = std::max(ph * 1.06, pw * ph / (share * fw)), room = fh - ph;
  const double top = room * random.Uniform(0.35, 0.6);
  const Layout at = Fit(picture, fw, fh, pw * margin, top);
  const bool dark = random.Chance(0.5);
  const Colour ground = dark ? Colour{18, 18, 20} : Colour{250, 250, 250};
  const Colour ink = dark ? Colour{235, 235, 235} : Colour{25, 25, 28};
  Image canvas(at.width, at.height, 3);
  Fill(&canvas, ground);
  Layer layer(at.width, at.height);
  // Status line with clock and battery, then the app's bar with a round portrait and a name.
  const int above = at.place.y, w = at.width;
  const int status = std::min(above * 2 / 5, std::max(4, w / 14)), bar = above - status,
            unit = std::min(bar, w / 7);
  TextStyle style;
  style.ink = ink;
  style.height = status * 0.5;
  const int hour = Between(random, 10, 23), minute = Between(random, 10, 59);
  if (style.height >= 3)
    DrawText(&layer, std::to_string(hour) + ":" + std::to_string(minute), w * 0.05, status * 0.3, style);
  layer.FillRoundRect(w * 0.88, status * 0.3, w * 0.07, status * 0.45, status * 0.1, ink);
  for (int i = 0; i < 3; ++i)
    layer.FillEllipse(w * (0.74 + 0.04 * i), status * 0.52, status * 0.16, status * 0.16, ink);
  const double middle = status + bar / 2.0;
  layer.FillEllipse(w * 0.09, middle, unit * 0.36, unit * 0.36, RandomColour(random));
  style.height = unit * 0.28;
  if (style.height >= 3) DrawText(&layer, RandomText(9, random), w * 0.19, middle - style.height / 2, style);
  // Below: a row of buttons and a caption.
  const int below = at.place.y + at.place.height, rest = at.height - below,
            button = std::min(rest / 2, w / 9);
  for (int i = 0; i < 3 && button >= 4; ++i) {
    const double x = w * (0.08 + 0.12 * i), y = below + button * 0.75;
    if (i == 0)
      Composite(&canvas, DrawEmoji(7, button, 0), static_cast<int>(x - button / 2.0),
                static_cast<int>(y - button / 2.0));
    if (i > 0) layer.FillEllipse(x, y, button * 0.4, button * 0.4, Shade(ink, 60));
    if (i > 0) layer.FillEllipse(x, y, button * 0.3, button * 0.3, ground);
  }
  const image::Rect caption{w / 20, below + button * 3 / 2, w * 9 / 10, rest - button * 3 / 2};
  Paragraph(&layer, caption, std::min(unit * 0.22, w * 0.035), ink, random);
  Composite(&canvas, layer, 0, 0);
  PasteAt(&canvas, picture, at.place);
  return canvas;
}

Image Browser(const Image& picture, double share, Random& random) {
  const double pw = picture.width(), ph = picture.height(), grow = 1 / std::sqrt(share);
  const double fw = pw * grow, fh = ph * grow, top = (fh - ph) * random.Uniform(0.55, 0.85);
  const bool centred = random.Chance(0.5);
  const Layout at = Fit(picture, fw, fh, centred ? (fw - pw) / 2 : (fw - pw) * 0.2, top);
  const bool dark = random.Chance(0.3);
  const Colour page = dark ? Colour{32, 33, 36} : Colour{255, 255, 255}, ink = Contrasting(page);
  const Colour chrome = dark ? Colour{53, 54, 58} : Colour{222, 225, 230};
  Image canvas(at.width, at.height, 3);
  Fill(&canvas, page);
  Layer layer(at.width, at.height);
  const int w = at.width, bars = std::min(at.place.y * 2 / 3, at.height / 6);
  layer.FillRoundRect(0, 0, w, bars, 0, chrome);
  const double tab = bars * 0.45, line = bars - tab;
  layer.FillRoundRect(w * 0.02, tab * 0.2, w * 0.25, tab, tab * 0.3, page);
  for (int i = 0; i < 3; ++i) {
    constexpr std::array<Colour, 3> kLights{{{255, 95, 86}, {255, 189, 46}, {39, 201, 63}}};
    layer.FillEllipse(w * (0.9 + 0.035 * i), tab * 0.55, tab * 0.2, tab * 0.2,
                      kLights[static_cast<std::size_t>(i)]);
  }
  layer.FillRoundRect(w * 0.14, tab + line * 0.18, w * 0.8, line * 0.64, line * 0.3, page);
  for (int i = 0; i < 2; ++i)
    layer.FillPolygon(
        std::array{Point{static_cast<float>(w * (0.03 + 0.05 * i)), static_cast<float>(tab + line / 2)},
                   Point{static_cast<float>(w * (0.06 + 0.05 * i)), static_cast<float>(tab + line * 0.3)},
                   Point{static_cast<float>(w * (0.06 + 0.05 * i)), static_cast<float>(tab + line * 0.7)}},
        Shade(ink, 90));
  TextStyle style;
  style.ink = ink;
  style.height = line * 0.3;
  const std::string host = RandomText(10, random), path = RandomText(6, random);
  if (style.height >= 3) DrawText(&layer, "www." + host + "/" + path, w * 0.17, tab + line * 0.35, style);
  // A headline above, text beside and below the picture.
  const double letter = std::max(3.0, w * 0.018);
  const int gap = at.place.y - bars;
  DrawTextInBox(&layer, RandomText(18, random), {at.place.x, bars + gap / 4, at.place.width * 2 / 3, gap / 2},
                style);
  const int right = at.place.x + at.place.width + w / 40;
  if (w - right > w / 10)
    Paragraph(&layer, {right, at.place.y, w - right - w / 40, at.place.height}, letter, Shade(ink, 60),
              random);
  const int below = at.place.y + at.place.height + w / 40;
  Paragraph(&layer, {at.place.x, below, at.place.width, at.height - below}, letter, ink, random);
  Composite(&canvas, layer, 0, 0);
  PasteAt(&canvas, picture, at.place);
  return canvas;
}

}  // namespace

Image Screenshot(const Image& picture, double share, Random& random) {
  return random.Chance(0.55) ? Phone(picture, share, random) : Browser(picture, share, random);
}

Image Collage(const Image& picture, int cells, Others others, Random& random) {
  const double aspect = static_cast<double>(picture.width()) / picture.height();
  int across = 1, down = 1;
  if (cells <= 3) {
    (random.Chance(0.5) ? across : down) = cells;
  } else if (cells <= 4) {
    across = down = 2;
  } else if (cells <= 6) {
    const bool wide = random.Chance(0.5);
    across = wide ? 3 : 2;
    down = wide ? 2 : 3;
  } else {
    across = down = 3;
  }
  const double cell_w = aspect * across, cell_h = down;  // in heights of the picture
  const double scale = Longer(picture) / std::max(cell_w, cell_h);
  Image canvas(std::max(16, Round(cell_w * scale)), std::max(16, Round(cell_h * scale)), 3);
  Fill(&canvas, RandomGround(random));
  const int gap = random.Chance(0.5) ? 0 : Between(random, 0, Longer(canvas) / 50);
  const int place = Between(random, 0, across * down - 1);
  std::uint64_t next = random.Below(others.size());
  for (int cell = 0; cell < across * down; ++cell) {
    const int x = cell % across, y = cell / across;
    const int left = x * canvas.width() / across + gap, right = (x + 1) * canvas.width() / across - gap;
    const int top = y * canvas.height() / down + gap, bottom = (y + 1) * canvas.height() / down - gap;
    const Image& shown = cell == place ? picture : *others[next++ % others.size()];
    Paste(&canvas, CoverSize(shown, std::max(1, right - left), std::max(1, bottom - top)), left, top);
  }
  return canvas;
}

Image Meme(const Image& picture, double bar, Random& random) {
  const double pw = picture.width(), ph = picture.height();
  const int style_kind = static_cast<int>(random.Below(4));
  TextStyle style;
  style.weight = random.Uniform(0.16, 0.24);
  const std::string first = RandomText(Between(random, 8, 22), random);
  const std::string second = RandomText(Between(random, 8, 22), random);
  if (style_kind == 0) {  // large white letters with a black rim, on the picture
    Image out = picture;
    Layer layer(out.width(), out.height());
    style.ink = {255, 255, 255};
    style.rim = {0, 0, 0};
    style.outline = true;
    const int height = Round(ph * std::min(0.3, bar)), margin = Round(ph * 0.03);
    DrawTextInBox(&layer, first, {0, margin, out.width(), height}, style);
    DrawTextInBox(&layer, second, {0, out.height() - height - margin, out.width(), height}, style);
    Composite(&out, layer, 0, 0);
    return out;
  }
  // A bar above, bars above and below, or a dark poster with a title below.
  const bool poster = style_kind == 3, both = style_kind == 2;
  const Colour ground = poster || random.Chance(0.2) ? Colour{0, 0, 0} : Colour{255, 255, 255};
  const double above = poster ? bar * ph * 0.4 : bar * ph, below = both || poster ? bar * ph : 0;
  const double side = poster ? bar * pw * 0.3 : 0;
  const Layout at = Fit(picture, pw + 2 * side, ph + above + below, side, above);
  Image canvas(at.width, at.height, 3);
  Fill(&canvas, ground);
  style.ink = Contrasting(ground);
  Layer layer(at.width, at.height);
  if (poster) {
    const int rim = std::max(1, at.width / 150);
    FillRect(
        &canvas,
        {at.place.x - 2 * rim, at.place.y - 2 * rim, at.place.width + 4 * rim, at.place.height + 4 * rim},
        {255, 255, 255});
    FillRect(&canvas,
             {at.place.x - rim, at.place.y - rim, at.place.width + 2 * rim, at.place.height + 2 * rim},
             {0, 0, 0});
  } else {
    DrawTextInBox(&layer, first, {0, 0, at.width, at.place.y}, style);
  }
  const int bottom = at.place.y + at.place.height;
  DrawTextInBox(&layer, second, {0, bottom, at.width, at.height - bottom}, style);
  Composite(&canvas, layer, 0, 0);
  PasteAt(&canvas, picture, at.place);
  return canvas;
}

Image Border(const Image& picture, double width, Random& random) {
  const double pw = picture.width(), ph = picture.height(), thick = width * std::min(pw, ph);
  const int kind = static_cast<int>(random.Below(5));
  const double below = kind == 2 ? thick * 3 : thick;  // an instant photo has room to write
  const Layout at = Fit(picture, pw + 2 * thick, ph + thick + below, thick, thick);
  const Colour ground = kind == 2   ? Colour{245, 243, 238}
                        : kind == 4 ? Colour{15, 15, 15}
                                    : RandomGround(random);
  Image canvas(at.width, at.height, 3);
  Fill(&canvas, ground);
  Layer layer(at.width, at.height);
  const double edge = at.place.x;
  if (kind == 1) {  // two lines of other colours
    const Colour line = RandomColour(random);
    layer.FillRoundRect(edge * 0.35, edge * 0.35, at.width - edge * 0.7, at.height - edge * 0.7, 0, line);
    layer.FillRoundRect(edge * 0.6, edge * 0.6, at.width - edge * 1.2, at.height - edge * 1.2, 0, ground);
  } else if (kind == 2) {
    TextStyle style;
    style.ink = {60, 60, 90};
    style.slant = 0.2;
    const int bottom = at.place.y + at.place.height;
    DrawTextInBox(&layer, RandomText(12, random),
                  {at.width / 4, bottom, at.width / 2, (at.height - bottom) * 3 / 4}, style);
  } else if (kind == 4) {  // film perforation
    const double hole = edge * 0.45, step = edge * 1.1;
    for (double x = step / 2; hole >= 2 && x < at.width; x += step) {
      layer.FillRoundRect(x, edge * 0.25, hole, hole, hole / 4, {235, 235, 235});
      layer.FillRoundRect(x, at.height - edge * 0.7, hole, hole, hole / 4, {235, 235, 235});
    }
  }
  Composite(&canvas, layer, 0, 0);
  const Image scaled = image::Resize(picture, at.place.width, at.place.height);
  if (kind == 3) {  // rounded corners
    Layer shape(at.place.width, at.place.height);
    shape.FillRoundRect(0, 0, shape.width(), shape.height(),
                        edge + std::min(shape.width(), shape.height()) * 0.05, {0, 0, 0});
    Image mask(shape.width(), shape.height(), 1);
    for (int y = 0; y < mask.height(); ++y) {
      for (int x = 0; x < mask.width(); ++x) mask.row(y)[x] = shape.row(y)[4 * x + 3];
    }
    PasteMasked(&canvas, scaled, mask, at.place.x, at.place.y);
  } else {
    Paste(&canvas, scaled, at.place.x, at.place.y);
  }
  return canvas;
}

Image PageScan(const Image& picture, double share, Random& random) {
  const double pw = picture.width(), ph = picture.height();
  // A page of 1 : 1.41 upright, higher when a tall picture asks for it.
  const double fw = pw / share, fh = std::max(fw * 1.41, ph * 1.25);
  const double left = (fw - pw) * random.Uniform(0.2, 0.8), top = (fh - ph) * random.Uniform(0.2, 0.7);
  const Layout at = Fit(picture, fw, fh, left, top);
  const auto tone = static_cast<std::uint8_t>(Between(random, 225, 250));
  const Colour paper{tone, static_cast<std::uint8_t>(tone - 3),
                     static_cast<std::uint8_t>(tone - Between(random, 5, 20))};
  Image canvas(at.width, at.height, 3);
  Fill(&canvas, paper);
  Layer layer(at.width, at.height);
  const Colour ink{40, 38, 42};
  const int margin = at.width / 12, inner = at.width - 2 * margin;
  const double letter = std::max(3.0, at.width * 0.017);
  TextStyle style;
  style.ink = ink;
  DrawTextInBox(&layer, RandomText(Between(random, 10, 20), random), {margin, margin / 2, inner, margin},
                style);
  Paragraph(&layer, {margin, margin * 2, inner, at.place.y - margin * 2 - margin / 3}, letter, ink, random);
  const int bottom = at.place.y + at.place.height + margin / 3;
  Paragraph(&layer, {margin, bottom, inner, at.height - bottom - margin / 2}, letter, ink, random);
  Composite(&canvas, layer, 0, 0);
  Image printed = image::Resize(picture, at.place.width, at.place.height);
  if (random.Chance(0.4)) Greyscale(&printed, 1, 1);
  // Ink on paper: no deeper black than the ink, no brighter white than the paper.
  ApplyMatrix(&printed, {0.78, 0, 0, 0.14, 0, 0.78, 0, 0.13, 0, 0, 0.78, 0.12});
  Paste(&canvas, printed, at.place.x, at.place.y);
  const double degrees = Signed(random, 0.4, 2.5);
  canvas = Rotate(canvas, degrees, RotationFrame::kSame, {90, 90, 90});
  GaussianBlur(&canvas, 0.5);
  Noise(&canvas, random.Uniform(2, 6), false, random);
  return canvas;
}

Image Recapture(const Image& picture, double slant, Others others, Random& random) {
  Image shown = picture;
  const double beat = std::max(8.0, Longer(picture) * random.Uniform(0.04, 0.15)),
               turn = random.Uniform(0, 180);
  const double depth = random.Uniform(0.15, 0.35);
  Moire(&shown, beat, turn, depth, random.Chance(0.6));
  // The bezel is a part of what is photographed.
  shown = Pad(shown, {0.03, 0.03, 0.03, 0.05}, {12, 12, 14});
  const int width = picture.width(), height = picture.height();
  Image room = CoverSize(Pick(others, random), width, height);
  GaussianBlur(&room, std::min(30.0, Longer(room) * 0.02));
  ApplyMatrix(&room, JitterMatrix(0.6, 0.9, 0.8, 0, 0.4));
  std::array<Point, 4> corners;
  for (std::size_t i = 0; i < 4; ++i) {
    const double dx = (0.04 + random.Uniform() * slant) * width,
                 dy = (0.04 + random.Uniform() * slant) * height;
    const bool right = i == 1 || i == 2, bottom = i >= 2;
    corners[i] = {static_cast<float>(right ? width - dx : dx), static_cast<float>(bottom ? height - dy : dy)};
  }
  image::Homography map;
  if (!CornersToPicture(shown, corners, &map)) return shown;
  Image inside;
  const Image seen = image::Warp(shown, map, width, height, 0, &inside);
  PasteMasked(&room, seen, inside, 0, 0);
  // Veiling light, the camera's own blur and noise.
  ApplyMatrix(&room, {0.86, 0, 0, 0.07, 0, 0.87, 0, 0.07, 0, 0, 0.9, 0.08});
  GaussianBlur(&room, 0.6);
  Noise(&room, random.Uniform(3, 8), true, random);
  return room;
}

}  // namespace kantei::dataset
