// Makes the suspects of `make demo` from pictures: the edits that people hide copies with, an inpainting, a
// picture that says it was generated, and small drawn scenes for the tests. Also shows the image library at
// work.
//
//   demo_suspects KIND OUT SOURCE...
#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <map>
#include <numbers>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "kantei/authenticity/metadata.h"
#include "kantei/base/files.h"
#include "kantei/base/random.h"
#include "kantei/base/result.h"
#include "kantei/image/decode.h"
#include "kantei/image/draw.h"
#include "kantei/image/encode.h"
#include "kantei/image/transform.h"

namespace {

using kantei::Result;
using kantei::Status;
using kantei::image::Colour;
using kantei::image::Image;
using kantei::image::Polygon;

struct Job {
  std::filesystem::path out;
  std::vector<std::string> sources;
};

/// 5×7 dots, one byte a row, bit 4 the leftmost dot.
const std::map<char, std::array<std::uint8_t, 7>>& Glyphs() {
  static const std::map<char, std::array<std::uint8_t, 7>> glyphs = {
      {'A', {0x0E, 0x11, 0x11, 0x1F, 0x11, 0x11, 0x11}}, {'B', {0x1E, 0x11, 0x11, 0x1E, 0x11, 0x11, 0x1E}},
      {'C', {0x0E, 0x11, 0x10, 0x10, 0x10, 0x11, 0x0E}}, {'D', {0x1E, 0x11, 0x11, 0x11, 0x11, 0x11, 0x1E}},
      {'E', {0x1F, 0x10, 0x10, 0x1E, 0x10, 0x10, 0x1F}}, {'F', {0x1F, 0x10, 0x10, 0x1E, 0x10, 0x10, 0x10}},
      {'G', {0x0E, 0x11, 0x10, 0x17, 0x11, 0x11, 0x0F}}, {'H', {0x11, 0x11, 0x11, 0x1F, 0x11, 0x11, 0x11}},
      {'I', {0x0E, 0x04, 0x04, 0x04, 0x04, 0x04, 0x0E}}, {'J', {0x07, 0x02, 0x02, 0x02, 0x02, 0x12, 0x0C}},
      {'K', {0x11, 0x12, 0x14, 0x18, 0x14, 0x12, 0x11}}, {'L', {0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x1F}},
      {'M', {0x11, 0x1B, 0x15, 0x15, 0x11, 0x11, 0x11}}, {'N', {0x11, 0x19, 0x15, 0x13, 0x11, 0x11, 0x11}},
      {'O', {0x0E, 0x11, 0x11, 0x11, 0x11, 0x11, 0x0E}}, {'P', {0x1E, 0x11, 0x11, 0x1E, 0x10, 0x10, 0x10}},
      {'Q', {0x0E, 0x11, 0x11, 0x11, 0x15, 0x12, 0x0D}}, {'R', {0x1E, 0x11, 0x11, 0x1E, 0x14, 0x12, 0x11}},
      {'S', {0x0F, 0x10, 0x10, 0x0E, 0x01, 0x01, 0x1E}}, {'T', {0x1F, 0x04, 0x04, 0x04, 0x04, 0x04, 0x04}},
      {'U', {0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x0E}}, {'V', {0x11, 0x11, 0x11, 0x11, 0x11, 0x0A, 0x04}},
      {'W', {0x11, 0x11, 0x11, 0x15, 0x15, 0x1B, 0x11}}, {'X', {0x11, 0x11, 0x0A, 0x04, 0x0A, 0x11, 0x11}},
      {'Y', {0x11, 0x11, 0x0A, 0x04, 0x04, 0x04, 0x04}}, {'Z', {0x1F, 0x01, 0x02, 0x04, 0x08, 0x10, 0x1F}},
      {'0', {0x0E, 0x11, 0x13, 0x15, 0x19, 0x11, 0x0E}}, {'1', {0x04, 0x0C, 0x04, 0x04, 0x04, 0x04, 0x0E}},
      {'2', {0x0E, 0x11, 0x01, 0x06, 0x08, 0x10, 0x1F}}, {'3', {0x0E, 0x11, 0x01, 0x06, 0x01, 0x11, 0x0E}},
      {'4', {0x02, 0x06, 0x0A, 0x12, 0x1F, 0x02, 0x02}}, {'5', {0x1F, 0x10, 0x1E, 0x01, 0x01, 0x11, 0x0E}},
      {'6', {0x06, 0x08, 0x10, 0x1E, 0x11, 0x11, 0x0E}}, {'7', {0x1F, 0x01, 0x02, 0x04, 0x08, 0x08, 0x08}},
      {'8', {0x0E, 0x11, 0x11, 0x0E, 0x11, 0x11, 0x0E}}, {'9', {0x0E, 0x11, 0x11, 0x0F, 0x01, 0x02, 0x0C}},
      {'.', {0x00, 0x00, 0x00, 0x00, 0x00, 0x0C, 0x0C}}, {',', {0x00, 0x00, 0x00, 0x00, 0x0C, 0x04, 0x08}},
      {'!', {0x04, 0x04, 0x04, 0x04, 0x04, 0x00, 0x04}}, {'?', {0x0E, 0x11, 0x01, 0x02, 0x04, 0x00, 0x04}},
      {':', {0x00, 0x0C, 0x0C, 0x00, 0x0C, 0x0C, 0x00}}, {'-', {0x00, 0x00, 0x00, 0x1F, 0x00, 0x00, 0x00}},
      {'@', {0x0E, 0x11, 0x17, 0x15, 0x17, 0x10, 0x0E}}, {'#', {0x0A, 0x0A, 0x1F, 0x0A, 0x1F, 0x0A, 0x0A}},
      {'/', {0x01, 0x02, 0x02, 0x04, 0x08, 0x08, 0x10}}, {'%', {0x18, 0x19, 0x02, 0x04, 0x08, 0x13, 0x03}}};
  return glyphs;
}

Polygon Box(float x, float y, float width, float height) {
  return {{x, y}, {x + width, y}, {x + width, y + height}, {x, y + height}};
}

Polygon Ellipse(float x, float y, float radius_x, float radius_y) {
  Polygon polygon;
  for (int i = 0; i < 64; ++i) {
    const float angle = static_cast<float>(i) * std::numbers::pi_v<float> / 32;
    polygon.push_back({x + radius_x * std::cos(angle), y + radius_y * std::sin(angle)});
  }
  return polygon;
}

void Fill(Image* image, const Polygon& polygon, Colour colour, float opacity = 1) {
  kantei::image::FillPolygon(image, polygon, colour, opacity);
}

/// `dot` is the size of one dot of the font; letters are upper case.
void Write(Image* image, float x, float y, float dot, std::string_view text, Colour colour) {
  for (const char letter : text) {
    if (const auto glyph = Glyphs().find(letter); glyph != Glyphs().end()) {
      for (int row = 0; row < 7; ++row) {
        for (int column = 0; column < 5; ++column) {
          if ((glyph->second[static_cast<std::size_t>(row)] >> (4 - column)) & 1) {
            Fill(image,
                 Box(x + static_cast<float>(column) * dot, y + static_cast<float>(row) * dot, dot, dot),
                 colour);
          }
        }
      }
    }
    x += 6 * dot;
  }
}

void Paste(Image* canvas, const Image& picture, int left, int top) {
  for (int y = 0; y < picture.height() && top + y < canvas->height(); ++y) {
    const int width = std::min(picture.width(), canvas->width() - left);
    std::copy_n(picture.row(y), width * 3, canvas->row(top + y) + left * 3);
  }
}

/// The middle of the picture, scaled to exactly this size.
Image FillFrame(const Image& picture, int width, int height) {
  const double scale =
      std::min(static_cast<double>(picture.width()) / width, static_cast<double>(picture.height()) / height);
  const int part_width = std::max(1, static_cast<int>(width * scale)),
            part_height = std::max(1, static_cast<int>(height * scale));
  const Image part = kantei::image::Crop(
      picture,
      {(picture.width() - part_width) / 2, (picture.height() - part_height) / 2, part_width, part_height});
  return kantei::image::Resize(part, width, height);
}

Result<Image> Read(const std::string& path, int longer_side) {
  kantei::image::DecodeOptions options;
  options.max_longer_side = longer_side;
  KANTEI_TRY(auto decoded, kantei::image::DecodeImageFile(path, options));
  return std::move(decoded.pixels);
}

/// 55 % of the area, off centre, saved again at JPEG quality 40.
Status MakeCrop(const Job& job) {
  KANTEI_TRY(const Image picture, Read(job.sources[0], 2400));
  const double side = std::sqrt(0.55);
  const int width = static_cast<int>(picture.width() * side),
            height = static_cast<int>(picture.height() * side);
  const Image part = kantei::image::Crop(
      picture, {(picture.width() - width) * 2 / 3, (picture.height() - height) / 3, width, height});
  return kantei::image::WriteImage(job.out, kantei::image::ResizeToFit(part, 1280), 40);
}

/// Left and right exchanged, colours turned and softened as a filter app does.
Status MakeMirror(const Job& job) {
  KANTEI_TRY(const Image picture, Read(job.sources[0], 1600));
  Image mirrored = kantei::image::FlipHorizontal(picture);
  // Rows: output channels. Sums stay near 1, so that brightness is kept while hues move.
  static constexpr std::array<std::array<float, 3>, 3> kMix = {
      {{0.55f, 0.45f, 0.05f}, {0.10f, 0.60f, 0.25f}, {0.40f, 0.05f, 0.60f}}};
  for (std::size_t i = 0; i + 2 < mirrored.pixels().size(); i += 3) {
    std::array<float, 3> in{};
    for (std::size_t c = 0; c < 3; ++c) in[c] = static_cast<float>(mirrored.pixels()[i + c]);
    for (std::size_t c = 0; c < 3; ++c) {
      const float mixed = (kMix[c][0] * in[0] + kMix[c][1] * in[1] + kMix[c][2] * in[2]) / 255;
      const float toned = 0.06f + 0.9f * std::pow(std::min(mixed, 1.0f), 0.8f);
      mirrored.pixels()[i + c] = static_cast<std::uint8_t>(std::clamp(toned * 255, 0.0f, 255.0f));
    }
  }
  return kantei::image::WriteImage(job.out, mirrored, 75);
}

/// Two by two: the copy is a quarter of the area, among three strangers.
Status MakeCollage(const Job& job) {
  if (job.sources.size() != 4) {
    return kantei::Error{kantei::ErrorCode::kInvalidArgument,
                         "a collage needs the copied picture and three others"};
  }
  constexpr int kTileWidth = 800, kTileHeight = 600;
  Image canvas(2 * kTileWidth, 2 * kTileHeight, 3);
  constexpr std::array<int, 4> kPlaces = {2, 0, 1, 3};  // the copy is at the lower left
  for (std::size_t i = 0; i < 4; ++i) {
    KANTEI_TRY(const Image picture, Read(job.sources[i], 1600));
    const int place = kPlaces[i];
    Paste(&canvas, FillFrame(picture, kTileWidth, kTileHeight), place % 2 * kTileWidth,
          place / 2 * kTileHeight);
  }
  return kantei::image::WriteImage(job.out, canvas, 80);
}

/// The picture in the post of a made-up app on a telephone, with text over it.
Status MakeScreenshot(const Job& job) {
  constexpr int kWidth = 1080, kHeight = 1920;
  constexpr Colour kWhite{255, 255, 255}, kInk{24, 28, 36}, kGrey{128, 134, 145}, kBlue{38, 98, 214},
      kRed{222, 52, 72};
  KANTEI_TRY(const Image picture, Read(job.sources[0], 1600));
  Image screen(kWidth, kHeight, 3);
  Fill(&screen, Box(0, 0, kWidth, kHeight), {246, 247, 249});
  Fill(&screen, Box(0, 0, kWidth, 72), kInk);
  Write(&screen, 40, 22, 4, "9:41", kWhite);
  Write(&screen, kWidth - 230, 22, 4, "5G  87%", kWhite);
  Fill(&screen, Box(0, 72, kWidth, 130), kWhite);
  Write(&screen, 40, 112, 7, "PICBOARD", kBlue);
  Fill(&screen, Ellipse(110, 300, 62, 62), {236, 168, 92});
  Write(&screen, 92, 276, 7, "M", kWhite);
  Write(&screen, 200, 262, 5, "MIRA LENS", kInk);
  Write(&screen, 200, 314, 4, "@MIRALENS - 2 HOURS AGO", kGrey);

  constexpr int kPictureTop = 400, kPictureHeight = 760;
  Paste(&screen, FillFrame(picture, kWidth, kPictureHeight), 0, kPictureTop);
  Fill(&screen, Box(0, kPictureTop + 90, kWidth, 150), {0, 0, 0}, 0.55f);
  Write(&screen, 60, kPictureTop + 130, 10, "LOOK WHAT I MADE", {255, 232, 64});
  Fill(&screen, Box(560, kPictureTop + 570, 480, 110), kRed, 0.92f);
  Write(&screen, 590, kPictureTop + 598, 8, "50% OFF!", kWhite);

  Fill(&screen, Box(0, 1160, kWidth, 100), kWhite);
  Fill(&screen, Ellipse(80, 1210, 26, 26), kRed);
  Write(&screen, 125, 1193, 5, "1204 LIKES", kInk);
  Write(&screen, 560, 1193, 5, "86 COMMENTS", kInk);
  const std::array<const char*, 6> lines = {"MY NEW PICTURE, ALL MADE BY ME.",
                                            "PRINTS ARE IN THE SHOP FROM TODAY.",
                                            "#ART #PHOTO #ORIGINAL",
                                            "TOMO: SO BEAUTIFUL! WHERE IS THIS?",
                                            "JUN: I THINK I HAVE SEEN IT BEFORE",
                                            "MIRA LENS: THANK YOU ALL!"};
  for (std::size_t i = 0; i < lines.size(); ++i) {
    Write(&screen, 40, 1310 + 72 * static_cast<float>(i), 4.5f, lines[i], i == 2 ? kBlue : kInk);
  }
  Fill(&screen, Box(0, kHeight - 130, kWidth, 130), kWhite);
  for (int i = 0; i < 5; ++i) {
    Fill(&screen, Ellipse(static_cast<float>(108 + 216 * i), kHeight - 66, 28, 28), i == 0 ? kBlue : kGrey);
  }
  return kantei::image::WriteImage(job.out, screen, 85);
}

/// Fills the masked pixels so that each is the mean of its four neighbours (Laplace's equation), by
/// successive over-relaxation: the classical diffusion inpainting.
void FillHarmonic(Image* image, const Image& mask) {
  constexpr int kSweeps = 600;
  constexpr float kRelaxation = 1.95f;
  std::vector<std::pair<int, int>> inside;
  for (int y = 1; y + 1 < image->height(); ++y) {
    for (int x = 1; x + 1 < image->width(); ++x) {
      if (mask.row(y)[x] > 127) inside.emplace_back(x, y);
    }
  }
  const auto stride = static_cast<std::size_t>(image->width());
  for (int c = 0; c < 3; ++c) {
    std::vector<float> values(stride * static_cast<std::size_t>(image->height()));
    for (std::size_t i = 0; i < values.size(); ++i)
      values[i] = image->pixels()[i * 3 + static_cast<std::size_t>(c)];
    for (const auto& [x, y] : inside)
      values[static_cast<std::size_t>(y) * stride + static_cast<std::size_t>(x)] = 128;
    for (int sweep = 0; sweep < kSweeps; ++sweep) {
      for (const auto& [x, y] : inside) {
        const std::size_t at = static_cast<std::size_t>(y) * stride + static_cast<std::size_t>(x);
        const float mean = (values[at - 1] + values[at + 1] + values[at - stride] + values[at + stride]) / 4;
        values[at] += kRelaxation * (mean - values[at]);
      }
    }
    for (const auto& [x, y] : inside) {
      const float value = values[static_cast<std::size_t>(y) * stride + static_cast<std::size_t>(x)];
      image->row(y)[x * 3 + c] = static_cast<std::uint8_t>(std::clamp(value + 0.5f, 0.0f, 255.0f));
    }
  }
}

/// An ellipse of 5 % of the area around (x, y), given as shares of the sides, is removed.
Status MakeInpainting(const Job& job) {
  KANTEI_TRY(Image picture, Read(job.sources[0], 1600));
  const double x = job.sources.size() > 1 ? std::atof(job.sources[1].c_str()) : 0.5;
  const double y = job.sources.size() > 2 ? std::atof(job.sources[2].c_str()) : 0.5;
  const double share = std::sqrt(0.05 / std::numbers::pi);
  const auto width = static_cast<double>(picture.width()), height = static_cast<double>(picture.height());
  const Polygon region = Ellipse(static_cast<float>(x * width), static_cast<float>(y * height),
                                 static_cast<float>(share * width), static_cast<float>(share * height));
  FillHarmonic(&picture, kantei::image::PolygonMask(region, picture.width(), picture.height()));
  return kantei::image::WriteImage(job.out, picture, 92);
}

/// A PNG with the text chunk that Stable Diffusion WebUI writes.
Status MakeTagged(const Job& job) {
  KANTEI_TRY(const Image picture, Read(job.sources[0], 1024));
  KANTEI_TRY(const kantei::Bytes png, kantei::image::EncodePng(picture));
  KANTEI_TRY(const kantei::Bytes tagged,
             kantei::authenticity::InsertPngText(
                 png, "parameters",
                 "milky way over a calm sea, purple and orange night sky, masterpiece, best quality\n"
                 "Negative prompt: lowres, watermark, text\n"
                 "Steps: 28, Sampler: DPM++ 2M Karras, CFG scale: 7, Seed: 1905214471, Size: 1024x1024, "
                 "Model hash: 6ce0161689, Model: v1-5-pruned-emaonly, Version: v1.6.0"));
  return kantei::WriteFileAtomic(job.out, tagged);
}

/// The bytes as they are.
Status MakeUntouched(const Job& job) {
  KANTEI_TRY(const kantei::Bytes bytes, kantei::ReadFile(job.sources[0], std::uint64_t{1} << 30));
  return kantei::WriteFileAtomic(job.out, bytes);
}

/// The picture saved smaller: what a stranger from the web looks like.
Status MakeResaved(const Job& job) {
  KANTEI_TRY(const Image picture, Read(job.sources[0], 1400));
  return kantei::image::WriteImage(job.out, picture, 85);
}

/// A drawn scene with fine grain from a seed; SOURCE... is SEED [WIDTH HEIGHT]. Different seeds share
/// nothing.
Status MakeScene(const Job& job) {
  kantei::Random random(static_cast<std::uint64_t>(std::atoll(job.sources[0].c_str())) + 1);
  const int width = job.sources.size() > 2 ? std::clamp(std::atoi(job.sources[1].c_str()), 16, 8192) : 480;
  const int height = job.sources.size() > 2 ? std::clamp(std::atoi(job.sources[2].c_str()), 16, 8192) : 360;
  const auto colour = [&random] {
    return Colour{static_cast<std::uint8_t>(random.Below(256)), static_cast<std::uint8_t>(random.Below(256)),
                  static_cast<std::uint8_t>(random.Below(256))};
  };
  Image scene(width, height, 3);
  Fill(&scene, Box(0, 0, static_cast<float>(width), static_cast<float>(height)), colour());
  for (int shape = 0; shape < 60; ++shape) {
    const auto x = static_cast<float>(random.Uniform(0, width)),
               y = static_cast<float>(random.Uniform(0, height));
    const auto size = static_cast<float>(random.Uniform(0.02, 0.25) * std::min(width, height));
    if (random.Chance(0.5)) {
      Fill(&scene, Ellipse(x, y, size, size * static_cast<float>(random.Uniform(0.3, 1.5))), colour());
    } else {
      Polygon polygon;
      for (int corner = 0; corner < 3 + shape % 3; ++corner) {
        polygon.push_back({x + size * static_cast<float>(random.Uniform(-1, 1)),
                           y + size * static_cast<float>(random.Uniform(-1, 1))});
      }
      Fill(&scene, polygon, colour());
    }
  }
  for (std::uint8_t& value : scene.pixels()) {
    value =
        static_cast<std::uint8_t>(std::clamp(static_cast<double>(value) + 5 * random.Normal(), 0.0, 255.0));
  }
  return kantei::image::WriteImage(job.out, scene, 90);
}

/// Scenes of the seeds FIRST to LAST into the folder OUT; SOURCE... is FIRST LAST [WIDTH HEIGHT]. One start for all of them.
Status MakeScenes(const Job& job) {
  if (job.sources.size() < 2)
    return kantei::Error{kantei::ErrorCode::kInvalidArgument, "FIRST LAST is missing"};
  for (int seed = std::atoi(job.sources[0].c_str()); seed <= std::atoi(job.sources[1].c_str()); ++seed) {
    Job one{job.out / ("scene" + std::to_string(seed) + ".jpg"), {std::to_string(seed)}};
    one.sources.insert(one.sources.end(), job.sources.begin() + 2, job.sources.end());
    KANTEI_RETURN_IF_ERROR(MakeScene(one));
  }
  return {};
}

const std::map<std::string, std::function<Status(const Job&)>>& Kinds() {
  static const std::map<std::string, std::function<Status(const Job&)>> kinds = {
      {"untouched", MakeUntouched},   {"crop", MakeCrop},
      {"mirror", MakeMirror},         {"collage", MakeCollage},
      {"screenshot", MakeScreenshot}, {"inpaint", MakeInpainting},
      {"tagged", MakeTagged},         {"resaved", MakeResaved},
      {"scene", MakeScene},           {"scenes", MakeScenes}};
  return kinds;
}

}  // namespace

int main(int argc, char** argv) {
  const auto kind = argc < 4 ? Kinds().end() : Kinds().find(argv[1]);
  if (kind == Kinds().end()) {
    std::fprintf(stderr, "usage: demo_suspects KIND OUT SOURCE...\nkinds:");
    for (const auto& [name, make] : Kinds()) std::fprintf(stderr, " %s", name.c_str());
    std::fprintf(
        stderr,
        "\ncollage takes the copied picture and three others, inpaint SOURCE [X Y] (shares of the sides),\n"
        "scene SEED [WIDTH HEIGHT], scenes FIRST LAST [WIDTH HEIGHT] into a folder OUT\n");
    return 2;
  }
  const Job job{argv[2], {argv + 3, argv + argc}};
  const Status made = kind->second(job);
  if (made.ok()) return 0;
  std::fprintf(stderr, "demo_suspects: %s\n", made.error().message.c_str());
  return 1;
}
