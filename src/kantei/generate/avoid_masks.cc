#include "kantei/generate/avoid_masks.h"

#include <algorithm>
#include <cmath>
#include <string_view>

#include "kantei/generate/subject_mask.h"
#include "kantei/image/draw.h"

namespace kantei::generate {
namespace {

constexpr double kKeptShare = 0.85, kTolerance = 0.05, kLargeIou = 0.4;
constexpr int kMovesASide = 4;  // to each side, in eighths of the frame

/// What is done to a shape: scaled about its centre, mirrored about the frame's middle, moved.
struct Alteration {
  double scale = 1;
  bool mirrored = false;
  int dx = 0, dy = 0;
};

std::string Describe(const Alteration& a) {
  std::string text;
  const auto add = [&](const std::string& part) { text += (text.empty() ? "" : ", ") + part; };
  if (a.mirrored) add("mirrored");
  if (a.scale != 1) add(a.scale < 1 ? "scaled by 0.6" : "scaled by 1.5");
  if (a.dx != 0 || a.dy != 0) add("moved by " + std::to_string(a.dx) + "," + std::to_string(a.dy));
  return text;
}

image::Image Altered(const image::Image& mask, const Alteration& a, double centre_x, double centre_y) {
  const int width = mask.width(), height = mask.height();
  image::Image out(width, height, 1);
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      // The pixel of the original that comes here.
      const double from_x = (x + 0.5 - a.dx - centre_x) / a.scale + centre_x,
                   from_y = (y + 0.5 - a.dy - centre_y) / a.scale + centre_y;
      const int source_x = static_cast<int>(std::floor(a.mirrored ? width - from_x : from_x)),
                source_y = static_cast<int>(std::floor(from_y));
      if (source_x >= 0 && source_x < width && source_y >= 0 && source_y < height)
        out.row(y)[x] = mask.row(source_y)[source_x];
    }
  }
  return out;
}

struct Segment {
  image::Colour colour;
  std::vector<std::string_view> words;  // the class's own name first
};

/// Of ADE20K's 150 classes those that single words of prompts name most.
const std::vector<Segment>& Segments() {
  static const std::vector<Segment> segments = {
      {{150, 5, 61},
       {"person", "man", "woman", "boy", "girl", "child", "face", "portrait", "people", "baby", "actor"}},
      {{255, 0, 122},
       {"animal", "dog", "cat", "fox", "horse", "bird", "cow", "sheep", "bear", "lion", "tiger", "rabbit",
        "elephant", "fish", "wolf", "mouse", "monkey", "crocodile"}},
      {{0, 102, 200}, {"car", "cars", "taxi"}},
      {{173, 255, 0}, {"boat", "ship", "yacht", "canoe", "ketch"}},
      {{0, 255, 82}, {"airplane", "aeroplane", "plane", "jet", "airplanes"}},
      {{255, 245, 0}, {"bicycle", "bike"}},
      {{180, 120, 120}, {"building", "house", "church", "castle", "pagoda"}},
      {{4, 200, 3}, {"tree", "trees", "bonsai"}},
      {{255, 0, 0}, {"flower", "flowers", "rose", "sunflower", "lotus", "lilly"}},
      {{204, 70, 3}, {"chair", "stool"}},
      {{224, 255, 8}, {"lamp", "lantern"}},
      {{143, 255, 140}, {"mountain", "mountains"}}};
  return segments;
}

/// Null when the word names none.
const Segment* SegmentOf(std::string_view word) {
  for (const Segment& segment : Segments())
    if (std::find(segment.words.begin(), segment.words.end(), word) != segment.words.end()) return &segment;
  return nullptr;
}

constexpr image::Colour kWall{120, 120, 120}, kSculpture{255, 255, 0};

}  // namespace

std::uint64_t FurtherSeed(std::uint64_t seed, int n) {
  constexpr std::uint64_t kTask = 0x54574947;  // keeps apart from the forks that noise is drawn from
  return Random(seed).Fork(kTask).Fork(static_cast<std::uint64_t>(n)).Next();
}

AlteredMask AlterMask(const image::Image& mask, Random& random) {
  const int width = mask.width(), height = mask.height();
  double sum_x = 0, sum_y = 0, count = 0;
  for (int y = 0; y < height; ++y)
    for (int x = 0; x < width; ++x)
      if (mask.row(y)[x] != 0) sum_x += x + 0.5, sum_y += y + 0.5, ++count;
  if (count == 0) return {mask, ""};
  struct Candidate {
    Alteration alteration;
    double iou;
  };
  std::vector<Candidate> candidates;
  double least = 1;
  const auto consider = [&](const Alteration& a) {
    const double cx = a.mirrored ? width - sum_x / count : sum_x / count;
    const image::Image shape = Altered(mask, a, cx, sum_y / count);
    const double kept = MaskArea(shape) * static_cast<double>(mask.pixels().size());
    if (kept < kKeptShare * count * a.scale * a.scale) return;
    const double iou = MaskIou(mask, shape);
    candidates.push_back({a, iou});
    least = std::min(least, iou);
  };
  const auto moves = [&](double scale) {
    for (int j = -kMovesASide; j <= kMovesASide; ++j)
      for (int i = -kMovesASide; i <= kMovesASide; ++i)
        if (i != 0 || j != 0) consider({scale, false, i * width / 8, j * height / 8});
  };
  consider({1, true});
  consider({0.6});
  consider({1.5});
  moves(1);
  if (least > kLargeIou) moves(0.6);
  std::erase_if(candidates, [&](const Candidate& c) { return c.iou > least + kTolerance; });
  if (candidates.empty()) return {mask, ""};
  const Alteration& chosen = candidates[random.Below(candidates.size())].alteration;
  const double cx = chosen.mirrored ? width - sum_x / count : sum_x / count;
  return {Altered(mask, chosen, cx, sum_y / count), Describe(chosen)};
}

image::Image InvertMask(const image::Image& mask) {
  image::Image inverted = mask;
  for (std::uint8_t& value : inverted.pixels()) value = value == 0 ? 255 : 0;
  return inverted;
}

std::string_view SceneClassOf(std::string_view word) {
  const Segment* segment = SegmentOf(word);
  return segment == nullptr ? std::string_view() : segment->words.front();
}

image::Image SegmentPicture(const image::Image& mask, const std::vector<std::string>& words) {
  image::Colour subject = kSculpture;
  // The first word that names a class counts: prompts name the subject before what surrounds it.
  for (auto word = words.rbegin(); word != words.rend(); ++word)
    if (const Segment* segment = SegmentOf(*word)) subject = segment->colour;
  image::Image picture(mask.width(), mask.height(), 3);
  for (std::size_t i = 0; i < mask.pixels().size(); ++i) {
    const image::Colour& colour = mask.pixels()[i] != 0 ? subject : kWall;
    picture.pixels()[3 * i] = colour.r, picture.pixels()[3 * i + 1] = colour.g,
                         picture.pixels()[3 * i + 2] = colour.b;
  }
  return picture;
}

}  // namespace kantei::generate
