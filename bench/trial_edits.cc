#include "trial_edits.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>

#include "kantei/image/decode.h"
#include "kantei/image/draw.h"
#include "kantei/image/encode.h"
#include "kantei/image/transform.h"

namespace kantei::bench {
namespace {

using image::Homography;
using image::Image;
using image::Point;
using Others = std::vector<Image>;

Image Jpeg(const Image& picture, int quality) {
  const auto bytes = image::EncodeJpeg(picture, quality);
  auto decoded = image::DecodeImage(*bytes, "trial edit");
  return std::move(decoded->pixels);
}

Image Scaled(const Image& picture, double factor) {
  return image::Resize(picture, std::max(8, static_cast<int>(std::lround(picture.width() * factor))),
                       std::max(8, static_cast<int>(std::lround(picture.height() * factor))));
}

// A random window of the given share of the area, aspect kept.
Image CropShare(const Image& picture, double share, Random& random) {
  const double side = std::sqrt(share);
  const int width = std::max(8, static_cast<int>(picture.width() * side)),
            height = std::max(8, static_cast<int>(picture.height() * side));
  const int x = static_cast<int>(random.Below(static_cast<std::uint64_t>(picture.width() - width + 1)));
  const int y = static_cast<int>(random.Below(static_cast<std::uint64_t>(picture.height() - height + 1)));
  return image::Crop(picture, {x, y, width, height});
}

template <typename F>
Image PerPixel(const Image& picture, F f) {
  Image out = picture;
  for (int y = 0; y < out.height(); ++y) {
    std::uint8_t* row = out.row(y);
    for (int x = 0; x < out.width(); ++x, row += 3) {
      const std::array<double, 3> rgb = f(row[0], row[1], row[2]);
      for (std::size_t c = 0; c < 3; ++c)
        row[c] = static_cast<std::uint8_t>(std::clamp(std::lround(rgb[c]), 0L, 255L));
    }
  }
  return out;
}

Image Tone(const Image& picture, double contrast, double brightness, double gamma) {
  return PerPixel(picture, [=](double r, double g, double b) {
    const auto curve = [=](double v) {
      return (std::pow(v / 255, gamma) - 0.5) * contrast * 255 + 127.5 + brightness;
    };
    return std::array<double, 3>{curve(r), curve(g), curve(b)};
  });
}

Image Recolour(const Image& picture, Random& random) {
  // A random rotation of hue with a change of saturation.
  const double angle = random.Uniform(0.6, 2.4), saturation = random.Uniform(0.5, 1.6);
  const double c = std::cos(angle) * saturation, s = std::sin(angle) * saturation;
  return PerPixel(picture, [=](double r, double g, double b) {
    const double luma = 0.299 * r + 0.587 * g + 0.114 * b, u = b - luma, v = r - luma;
    const double u2 = c * u - s * v, v2 = s * u + c * v;
    const double red = luma + v2, blue = luma + u2;
    return std::array<double, 3>{red, (luma - 0.299 * red - 0.114 * blue) / 0.587, blue};
  });
}

Image Grey(const Image& picture) {
  return image::ToRgb(image::ToGrey(picture));
}

Image Noise(const Image& picture, double sigma, Random& random) {
  Image out = picture;
  for (std::uint8_t& v : out.pixels())
    v = static_cast<std::uint8_t>(std::clamp(std::lround(v + sigma * random.Normal()), 0L, 255L));
  return out;
}

// Binomial blur, repeated: variance 0.5 pixel² per pass.
Image Blur(const Image& picture, double sigma) {
  Image out = picture;
  const int passes = std::max(1, static_cast<int>(std::lround(sigma * sigma * 2)));
  for (int p = 0; p < passes; ++p) {
    Image next = out;
    for (int y = 0; y < out.height(); ++y) {
      const std::uint8_t* up = out.row(std::max(0, y - 1));
      const std::uint8_t* mid = out.row(y);
      const std::uint8_t* down = out.row(std::min(out.height() - 1, y + 1));
      for (int x = 0; x < out.width(); ++x) {
        const int l = std::max(0, x - 1) * 3, m = x * 3, r = std::min(out.width() - 1, x + 1) * 3;
        for (int c = 0; c < 3; ++c) {
          const int sum = up[l + c] + 2 * up[m + c] + up[r + c] +
                          2 * (mid[l + c] + 2 * mid[m + c] + mid[r + c]) + down[l + c] + 2 * down[m + c] +
                          down[r + c];
          next.row(y)[m + c] = static_cast<std::uint8_t>((sum + 8) / 16);
        }
      }
    }
    out = std::move(next);
  }
  return out;
}

image::Colour RandomColour(Random& random) {
  return {static_cast<std::uint8_t>(random.Below(256)), static_cast<std::uint8_t>(random.Below(256)),
          static_cast<std::uint8_t>(random.Below(256))};
}

// Bars of made-up letters: rows of short strokes, with or without a plate behind them.
Image TextOver(const Image& picture, double share, bool plate, Random& random) {
  Image out = picture;
  const int lines = 1 + static_cast<int>(random.Below(3));
  const double line_height = picture.height() * share / lines;
  double y = random.Uniform(0, picture.height() * (1 - share));
  const image::Colour ink = RandomColour(random), ground = RandomColour(random);
  for (int line = 0; line < lines; ++line, y += line_height) {
    const auto top = static_cast<float>(y), bottom = static_cast<float>(y + line_height * 0.85);
    if (plate) {
      const auto w = static_cast<float>(picture.width());
      image::FillPolygon(&out, {{0, top}, {w, top}, {w, bottom}, {0, bottom}}, ground, 0.9f);
    }
    const float stroke = std::max(1.5f, (bottom - top) / 7);
    for (float x = stroke * 2; x < static_cast<float>(picture.width()) - stroke * 5;
         x += (bottom - top) * 0.6f) {
      for (int k = 0; k < 3; ++k) {
        const auto px = [&] { return x + static_cast<float>(random.Uniform(0, 0.45)) * (bottom - top); };
        const auto py = [&] { return top + static_cast<float>(random.Uniform(0.15, 0.85)) * (bottom - top); };
        image::DrawLine(&out, {px(), py()}, {px(), py()}, ink, stroke);
      }
    }
  }
  return out;
}

void Paste(Image* canvas, const Image& picture, int x0, int y0, double opacity = 1) {
  for (int y = 0; y < picture.height(); ++y) {
    for (int x = 0; x < picture.width(); ++x) {
      if (x0 + x < 0 || y0 + y < 0 || x0 + x >= canvas->width() || y0 + y >= canvas->height()) continue;
      for (int c = 0; c < 3; ++c) {
        std::uint8_t& target = canvas->row(y0 + y)[(x0 + x) * 3 + c];
        target = static_cast<std::uint8_t>(
            std::lround(target * (1 - opacity) + picture.row(y)[x * 3 + c] * opacity));
      }
    }
  }
}

// The picture on another one, covering `share` of the result.
Image OnBackground(const Image& picture, const Image& background, double share, Random& random) {
  const double scale = std::sqrt(static_cast<double>(picture.width()) * picture.height() / share /
                                 (static_cast<double>(background.width()) * background.height()));
  Image canvas = Scaled(background, scale);
  const int room_x = std::max(0, canvas.width() - picture.width()),
            room_y = std::max(0, canvas.height() - picture.height());
  Paste(&canvas, picture, static_cast<int>(random.Below(static_cast<std::uint64_t>(room_x) + 1)),
        static_cast<int>(random.Below(static_cast<std::uint64_t>(room_y) + 1)));
  return canvas;
}

// A 2 × 2 collage, the picture in one quarter.
Image Collage(const Image& picture, const Others& others, Random& random) {
  const int w = picture.width(), h = picture.height();
  Image canvas(2 * w, 2 * h, 3);
  const auto place = random.Below(4);
  for (std::uint64_t q = 0, o = random.Below(others.size()); q < 4; ++q) {
    const Image tile = q == place ? picture : image::Resize(others[o++ % others.size()], w, h);
    Paste(&canvas, tile, static_cast<int>(q % 2) * w, static_cast<int>(q / 2) * h);
  }
  return canvas;
}

Image WarpCorners(const Image& picture, const std::array<Point, 4>& corners, std::uint8_t fill) {
  // Homography of the unit square to the corners by Heckbert's closed form.
  const auto& c = corners;
  const double dx1 = c[1].x - c[2].x, dx2 = c[3].x - c[2].x, sx = c[0].x - c[1].x + c[2].x - c[3].x;
  const double dy1 = c[1].y - c[2].y, dy2 = c[3].y - c[2].y, sy = c[0].y - c[1].y + c[2].y - c[3].y;
  const double det = dx1 * dy2 - dx2 * dy1, g = (sx * dy2 - dx2 * sy) / det, h = (dx1 * sy - sx * dy1) / det;
  const Homography square{{c[1].x - c[0].x + g * c[1].x, c[3].x - c[0].x + h * c[3].x, c[0].x,
                           c[1].y - c[0].y + g * c[1].y, c[3].y - c[0].y + h * c[3].y, c[0].y, g, h, 1}};
  const Homography to_unit{{1.0 / picture.width(), 0, 0, 0, 1.0 / picture.height(), 0, 0, 0, 1}};
  Homography back;
  if (!to_unit.Then(square).Invert(&back)) return picture;
  float right = 0, bottom = 0;
  for (const Point& p : corners) {
    right = std::max(right, p.x);
    bottom = std::max(bottom, p.y);
  }
  return image::Warp(picture, back, static_cast<int>(right), static_cast<int>(bottom), fill);
}

Image Perspective(const Image& picture, double strength, Random& random) {
  const auto w = static_cast<float>(picture.width()), h = static_cast<float>(picture.height());
  const auto j = [&] { return static_cast<float>(random.Uniform(0, strength)); };
  return WarpCorners(picture,
                     {Point{w * j(), h * j()}, Point{w * (1 - j()), h * j()},
                      Point{w * (1 - j()), h * (1 - j())}, Point{w * j(), h * (1 - j())}},
                     30);
}

Image Rotate(const Image& picture, double degrees, bool keep_all) {
  const double a = degrees * std::numbers::pi / 180, c = std::cos(a), s = std::sin(a);
  const double w = picture.width(), h = picture.height();
  const double ow = keep_all ? std::abs(w * c) + std::abs(h * s) : w,
               oh = keep_all ? std::abs(w * s) + std::abs(h * c) : h;
  const Homography map{
      {c, s, w / 2 - c * ow / 2 - s * oh / 2, -s, c, h / 2 + s * ow / 2 - c * oh / 2, 0, 0, 1}};
  return image::Warp(picture, map, static_cast<int>(ow), static_cast<int>(oh), 0);
}

// The picture in a window frame with bars above and below, text beside it, as a phone or a desktop shows it.
Image Screenshot(const Image& picture, double share, Random& random) {
  const int width = static_cast<int>(picture.width() / std::sqrt(share)),
            height = static_cast<int>(picture.height() / std::sqrt(share));
  Image canvas(width, height, 3);
  const bool dark = random.Chance(0.5);
  std::fill(canvas.pixels().begin(), canvas.pixels().end(), dark ? std::uint8_t{28} : std::uint8_t{246});
  const auto w = static_cast<float>(width), h = static_cast<float>(height);
  image::FillPolygon(&canvas, {{0, 0}, {w, 0}, {w, h * 0.07f}, {0, h * 0.07f}},
                     dark ? image::Colour{50, 54, 60} : image::Colour{222, 225, 230}, 1);
  canvas = TextOver(canvas, 0.06, false, random);
  const int x = (width - picture.width()) / 2, y = static_cast<int>(h * 0.09f);
  Paste(&canvas, picture, x, std::min(y, height - picture.height()));
  return canvas;
}

Image Crossing(const Image& picture, const Others& others, double opacity, Random& random) {
  Image canvas = image::Resize(others[random.Below(others.size())], picture.width(), picture.height());
  Paste(&canvas, picture, 0, 0, opacity);
  return canvas;
}

Image Invert(const Image& picture) {
  Image out = picture;
  for (std::uint8_t& v : out.pixels()) v = static_cast<std::uint8_t>(255 - v);
  return out;
}

}  // namespace

std::vector<TrialEdit> AllTrialEdits() {
  using R = Random;
  std::vector<TrialEdit> edits = {
      {"easy", "jpeg50", [](const Image& p, const Others&, R&) { return Jpeg(p, 50); }},
      {"easy", "half size", [](const Image& p, const Others&, R&) { return Jpeg(Scaled(p, 0.5), 75); }},
      {"easy", "crop 90 %",
       [](const Image& p, const Others&, R& r) { return Jpeg(CropShare(p, 0.9, r), 75); }},
      {"easy", "brightness",
       [](const Image& p, const Others&, R& r) {
         return Jpeg(Tone(p, r.Uniform(0.8, 1.25), r.Uniform(-25, 25), 1), 75);
       }},
      {"easy", "small text",
       [](const Image& p, const Others&, R& r) { return Jpeg(TextOver(p, 0.08, false, r), 75); }},
      {"easy", "mild blur", [](const Image& p, const Others&, R&) { return Jpeg(Blur(p, 1.0), 75); }},
      {"easy", "greyscale", [](const Image& p, const Others&, R&) { return Jpeg(Grey(p), 75); }},
      {"medium", "crop 60 %",
       [](const Image& p, const Others&, R& r) { return Jpeg(CropShare(p, 0.6, r), 60); }},
      {"medium", "mirrored, recoloured",
       [](const Image& p, const Others&, R& r) { return Jpeg(Recolour(image::FlipHorizontal(p), r), 60); }},
      {"medium", "rotated 15°",
       [](const Image& p, const Others&, R& r) {
         return Jpeg(Rotate(p, r.Chance(0.5) ? 15 : -15, false), 60);
       }},
      {"medium", "on background 50 %",
       [](const Image& p, const Others& o, R& r) {
         return Jpeg(OnBackground(p, o[r.Below(o.size())], 0.5, r), 60);
       }},
      {"medium", "text plate 25 %",
       [](const Image& p, const Others&, R& r) { return Jpeg(TextOver(p, 0.25, true, r), 60); }},
      {"medium", "perspective",
       [](const Image& p, const Others&, R& r) { return Jpeg(Perspective(p, 0.12, r), 60); }},
      {"medium", "screenshot 60 %",
       [](const Image& p, const Others&, R& r) { return Jpeg(Screenshot(p, 0.6, r), 60); }},
      {"medium", "gamma, noise",
       [](const Image& p, const Others&, R& r) {
         return Jpeg(Noise(Tone(p, 1.1, 0, r.Chance(0.5) ? 0.6 : 1.7), 8, r), 60);
       }},
      {"hard", "crop 30 %, recoloured",
       [](const Image& p, const Others&, R& r) { return Jpeg(Recolour(CropShare(p, 0.3, r), r), 50); }},
      {"hard", "collage 25 %",
       [](const Image& p, const Others& o, R& r) { return Jpeg(Scaled(Collage(p, o, r), 0.6), 50); }},
      {"hard", "on background 15 %, mirrored",
       [](const Image& p, const Others& o, R& r) {
         return Jpeg(Scaled(OnBackground(image::FlipHorizontal(p), o[r.Below(o.size())], 0.15, r), 0.7), 50);
       }},
      {"hard", "rotated 35°, crop 50 %",
       [](const Image& p, const Others&, R& r) {
         return Jpeg(CropShare(Rotate(p, r.Chance(0.5) ? 35 : -35, true), 0.5, r), 50);
       }},
      {"hard", "strong perspective, blur",
       [](const Image& p, const Others&, R& r) { return Jpeg(Blur(Perspective(p, 0.25, r), 1.5), 50); }},
      {"hard", "screenshot 35 %, text",
       [](const Image& p, const Others&, R& r) {
         return Jpeg(Scaled(Screenshot(TextOver(p, 0.2, true, r), 0.35, r), 0.7), 40);
       }},
      {"hard", "crossed with another",
       [](const Image& p, const Others& o, R& r) { return Jpeg(Crossing(p, o, 0.55, r), 50); }},
      {"hard", "inverted, crop 50 %",
       [](const Image& p, const Others&, R& r) { return Jpeg(Invert(CropShare(p, 0.5, r)), 50); }},
      {"hard", "third size, jpeg 30",
       [](const Image& p, const Others&, R&) { return Jpeg(Scaled(p, 1.0 / 3), 30); }},
  };
  return edits;
}

}  // namespace kantei::bench
