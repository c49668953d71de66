// How well are pasted pictures found by FindPastedRectangles? Puts pictures of a list onto or beside others, with JPEG and
// blur, and prints per disguise in what share of the cases the place (IoU 0.7) is the first answer, among the answers, among
// all candidates that were weighed; how many answers there are and how many of them sure (confidence 0.5); milliseconds of
// processor time for a picture. In "cells" and "collage" one cell is asked for, whatever their number. Some edits put no whole
// picture on show (letters on a meme, slanting overlays), so not every row can reach 1. --rows writes the measures of all
// candidates, from which the weights were fitted; --sheet draws truths (green) and answers (red) on one picture.
//
//   query_views_trial LIST [--count 200] [--seed 1] [--answers 4] [--only NAME] [--rows FILE] [--sheet FILE.png]
//
// LIST names picture files, one path a line.

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <fstream>
#include <optional>
#include <string>
#include <vector>

#include "kantei/base/random.h"
#include "kantei/copy/pasted_rectangles.h"
#include "kantei/copy/query_views.h"
#include "kantei/dataset/edits.h"
#include "kantei/image/decode.h"
#include "kantei/image/draw.h"
#include "kantei/image/encode.h"
#include "kantei/image/transform.h"

namespace {

using namespace kantei;
using image::Image;
using image::Rect;

constexpr double kGoodOverlap = 0.7;

struct Arguments {
  std::string list, only, rows, sheet;
  std::size_t count = 200, answers = 4;
  std::uint64_t seed = 1;
};

/// A query and the places where pictures were put.
struct Case {
  Image query;
  std::vector<Rect> truths;  ///< the first is the one that is asked for
};

std::optional<Image> Load(const std::string& path) {
  image::DecodeOptions options;
  options.max_longer_side = 1000;
  auto decoded = image::DecodeImageFile(path, options);
  if (!decoded.ok()) return std::nullopt;
  const Image& pixels = decoded->pixels;
  if (std::min(pixels.width(), pixels.height()) < 120) return std::nullopt;
  return std::move(decoded->pixels);
}

Image Cover(const Image& picture, int width, int height) {
  const double scale =
      std::max(static_cast<double>(width) / picture.width(), static_cast<double>(height) / picture.height());
  const int w = std::max(width, static_cast<int>(std::lround(picture.width() * scale)));
  const int h = std::max(height, static_cast<int>(std::lround(picture.height() * scale)));
  return image::Crop(image::Resize(picture, w, h), {(w - width) / 2, (h - height) / 2, width, height});
}

void Paste(Image* canvas, const Image& picture, int x, int y) {
  for (int row = 0; row < picture.height(); ++row)
    std::copy_n(picture.row(row), picture.stride(), canvas->row(y + row) + 3 * x);
}

/// Three box blurs of width 3 have sigma 1.4; two have 1.15.
Image Blurred(const Image& picture, int times) {
  Image from = picture;
  for (int i = 0; i < times; ++i) {
    Image to = from;
    for (int y = 0; y < from.height(); ++y) {
      for (int x = 0; x < from.width(); ++x) {
        for (int c = 0; c < 3; ++c) {
          int sum = 0;
          for (int dy = -1; dy <= 1; ++dy) {
            const std::uint8_t* row = from.row(std::clamp(y + dy, 0, from.height() - 1));
            for (int dx = -1; dx <= 1; ++dx) sum += row[3 * std::clamp(x + dx, 0, from.width() - 1) + c];
          }
          to.row(y)[3 * x + c] = static_cast<std::uint8_t>((sum + 4) / 9);
        }
      }
    }
    from = std::move(to);
  }
  return from;
}

Image ThroughJpeg(const Image& picture, int quality) {
  const auto bytes = image::EncodeJpeg(picture, quality);
  if (!bytes.ok()) std::exit(1);
  auto decoded = image::DecodeImage(*bytes, "recoded");
  if (!decoded.ok()) std::exit(1);
  return std::move(decoded->pixels);
}

/// What happens to a picture on its way: often JPEG, sometimes blur.
Image Worn(const Image& picture, Random& random) {
  Image out = random.Chance(0.3) ? Blurred(picture, 2) : picture;
  return random.Chance(0.7) ? ThroughJpeg(out, 40 + static_cast<int>(random.Below(51))) : out;
}

/// Pasted at 0.25 to 0.7 of the ground's side; `resting`: on one or two of its borders.
Case Pasted(const Image& picture, const Image& ground, bool resting, Random& random) {
  const double share = random.Uniform(0.25, 0.7);
  const double scale =
      std::min(share * ground.width() / picture.width(), share * ground.height() / picture.height());
  const int w = std::max(8, static_cast<int>(picture.width() * scale));
  const int h = std::max(8, static_cast<int>(picture.height() * scale));
  int x = static_cast<int>(random.Below(static_cast<std::uint64_t>(ground.width() - w + 1)));
  int y = static_cast<int>(random.Below(static_cast<std::uint64_t>(ground.height() - h + 1)));
  if (resting) {
    x = random.Chance(0.5) ? 0 : ground.width() - w;
    if (random.Chance(0.5)) y = random.Chance(0.5) ? 0 : ground.height() - h;
  }
  Case made{ground, {{x, y, w, h}}};
  Paste(&made.query, image::Resize(picture, w, h), x, y);
  made.query = Worn(made.query, random);
  return made;
}

/// 2 to 3 by 1 to 3 cells with or without gaps.
Case Collage(const std::vector<const Image*>& pictures, Random& random) {
  int across = 2 + static_cast<int>(random.Below(2)), down = 1 + static_cast<int>(random.Below(3));
  if (random.Chance(0.5)) std::swap(across, down);
  const int width = 600 + static_cast<int>(random.Below(400)),
            height = 600 + static_cast<int>(random.Below(400));
  const int gap = random.Chance(0.5) ? 0 : static_cast<int>(random.Below(12));
  Case made{Image(width, height, 3), {}};
  std::fill(made.query.pixels().begin(), made.query.pixels().end(),
            random.Chance(0.5) ? std::uint8_t{255} : std::uint8_t{0});
  const int asked = static_cast<int>(random.Below(static_cast<std::uint64_t>(across * down)));
  for (int cell = 0; cell < across * down; ++cell) {
    const int x1 = cell % across * width / across + gap, x2 = (cell % across + 1) * width / across - gap;
    const int y1 = cell / across * height / down + gap, y2 = (cell / across + 1) * height / down - gap;
    const Image& shown = *pictures[static_cast<std::size_t>(cell) % pictures.size()];
    Paste(&made.query, Cover(shown, x2 - x1, y2 - y1), x1, y1);
    made.truths.push_back({x1, y1, x2 - x1, y2 - y1});
  }
  std::swap(made.truths[0], made.truths[static_cast<std::size_t>(asked)]);
  made.query = Worn(made.query, random);
  return made;
}

/// Box of the pixels in which two pictures differ much.
std::optional<Rect> Difference(const Image& a, const Image& b) {
  if (a.width() != b.width() || a.height() != b.height()) return std::nullopt;
  int x1 = a.width(), y1 = a.height(), x2 = 0, y2 = 0;
  for (int y = 0; y < a.height(); ++y) {
    for (int x = 0; x < a.width(); ++x) {
      if (std::abs(a.row(y)[3 * x + 1] - b.row(y)[3 * x + 1]) < 60) continue;
      x1 = std::min(x1, x), x2 = std::max(x2, x + 1);
      y1 = std::min(y1, y), y2 = std::max(y2, y + 1);
    }
  }
  if (x2 <= x1 || y2 <= y1) return std::nullopt;
  return Rect{x1, y1, x2 - x1, y2 - y1};
}

Image Flat(const Image& like, std::uint8_t value) {
  Image out(like.width(), like.height(), 3);
  std::fill(out.pixels().begin(), out.pixels().end(), value);
  return out;
}

/// An edit of the engine; where it shows the picture is seen by doing the same to a black and to a white one.
std::optional<Case> Edited(const std::string& name, dataset::EditLevel level,
                           const std::vector<const Image*>& pictures, Random& random) {
  const dataset::EditInfo* edit = dataset::FindEdit(name);
  if (edit == nullptr) return std::nullopt;
  const std::uint64_t seed = random.Next();
  const std::vector<const Image*> others(pictures.begin() + 1, pictures.end());
  const auto apply = [&](const Image& picture, const std::vector<const Image*>& with) {
    Random same(seed);
    return dataset::ApplyEdit(*edit, picture, level, with, same);
  };
  Case made{apply(*pictures[0], others), {}};
  std::optional<Rect> place;
  if (name == "underlay") {
    std::vector<Image> blacks, whites;
    std::vector<const Image*> black, white;
    for (const Image* other : others) {
      blacks.push_back(Flat(*other, 0));
      whites.push_back(Flat(*other, 255));
    }
    for (std::size_t i = 0; i < others.size(); ++i) {
      black.push_back(&blacks[i]);
      white.push_back(&whites[i]);
    }
    place = Difference(apply(*pictures[0], black), apply(*pictures[0], white));
  } else {
    place = Difference(apply(Flat(*pictures[0], 0), others), apply(Flat(*pictures[0], 255), others));
  }
  if (!place) return std::nullopt;
  made.truths.push_back(*place);
  made.query = Worn(made.query, random);
  return made;
}

/// Of this process, so that others on the machine do not count; the search runs on one thread.
double ProcessorMilliseconds() {
  return 1000.0 * static_cast<double>(std::clock()) / CLOCKS_PER_SEC;
}

/// Thumbnails in rows of eight: truth green, answers red, the surer the thicker.
class Sheet {
 public:
  void Add(const Image& query, const std::vector<Rect>& truths,
           const std::vector<copy::PastedRectangle>& answers) {
    if (tiles_.size() >= kMost) return;
    Image tile = image::ResizeToFit(query, kTile);
    const float scale = static_cast<float>(tile.width()) / static_cast<float>(query.width());
    const auto polygon = [&](const Rect& r) {
      const float x1 = static_cast<float>(r.x) * scale, y1 = static_cast<float>(r.y) * scale;
      const float x2 = static_cast<float>(r.x + r.width) * scale,
                  y2 = static_cast<float>(r.y + r.height) * scale;
      return image::Polygon{{x1, y1}, {x2, y1}, {x2, y2}, {x1, y2}};
    };
    for (const auto& answer : answers)
      image::DrawPolygon(&tile, polygon(answer.region), {255, 30, 30},
                         static_cast<float>(1 + 3 * answer.confidence));
    if (!truths.empty()) image::DrawPolygon(&tile, polygon(truths[0]), {40, 255, 40}, 1);
    tiles_.push_back(std::move(tile));
  }
  Status Write(const std::string& path) const {
    constexpr int kAcross = 8, kStep = kTile + 4;
    const int down = (static_cast<int>(tiles_.size()) + kAcross - 1) / kAcross;
    Image out(kAcross * kStep, std::max(1, down) * kStep, 3);
    for (std::size_t i = 0; i < tiles_.size(); ++i)
      Paste(&out, tiles_[i], static_cast<int>(i) % kAcross * kStep, static_cast<int>(i) / kAcross * kStep);
    return image::WriteImage(path, out);
  }

 private:
  static constexpr std::size_t kMost = 64;
  static constexpr int kTile = 240;
  std::vector<Image> tiles_;
};

class Trial {
 public:
  explicit Trial(Arguments arguments) : arguments_(std::move(arguments)) {}
  int Run();

 private:
  void RunKind(const std::string& kind);
  std::optional<Case> Make(const std::string& kind, const std::vector<const Image*>& pictures,
                           Random& random) const;
  void WriteRows(const std::string& kind, std::size_t number, const Case& made);

  Arguments arguments_;
  std::vector<Image> pictures_;
  std::ofstream rows_;
  Sheet sheet_;
};

std::optional<Case> Trial::Make(const std::string& kind, const std::vector<const Image*>& pictures,
                                Random& random) const {
  if (kind == "unedited") return Case{*pictures[0], {}};
  if (kind == "pasted") return Pasted(*pictures[0], *pictures[1], false, random);
  if (kind == "resting") return Pasted(*pictures[0], *pictures[1], true, random);
  if (kind == "cells") return Collage(pictures, random);
  const auto level = kind.back() == '1'   ? dataset::EditLevel::kEasy
                     : kind.back() == '2' ? dataset::EditLevel::kMedium
                                          : dataset::EditLevel::kHard;
  return Edited(kind.substr(0, kind.size() - 1), level, pictures, random);
}

void Trial::WriteRows(const std::string& kind, std::size_t number, const Case& made) {
  for (const copy::MeasuredRectangle& r : copy::MeasureRectangles(made.query)) {
    double overlap = 0;
    for (const Rect& truth : made.truths)
      overlap = std::max(overlap, copy::IntersectionOverUnion(r.region, truth));
    rows_ << kind << '\t' << number << '\t' << overlap;
    for (const float value : r.measures) rows_ << '\t' << value;
    rows_ << '\n';
  }
}

void Trial::RunKind(const std::string& kind) {
  Random random(arguments_.seed);
  std::size_t cases = 0, first = 0, found = 0, weighed = 0, answers = 0, sure = 0;
  double milliseconds = 0;
  for (std::size_t i = 0; i < arguments_.count; ++i) {
    std::vector<const Image*> chosen;
    for (int k = 0; k < 9; ++k) chosen.push_back(&pictures_[random.Below(pictures_.size())]);
    Random own = random.Fork(i);
    const std::optional<Case> made = Make(kind, chosen, own);
    if (!made) continue;
    ++cases;
    const double start = ProcessorMilliseconds();
    const auto rectangles = copy::FindPastedRectangles(made->query, static_cast<int>(arguments_.answers));
    milliseconds += ProcessorMilliseconds() - start;
    answers += rectangles.size();
    bool hit = false;
    for (std::size_t k = 0; k < rectangles.size(); ++k) {
      if (rectangles[k].confidence >= 0.5) ++sure;
      if (made->truths.empty()) continue;
      if (copy::IntersectionOverUnion(rectangles[k].region, made->truths[0]) < kGoodOverlap) continue;
      if (k == 0) ++first;
      hit = true;
    }
    found += hit ? 1 : 0;
    if (!made->truths.empty()) {
      const auto all = copy::MeasureRectangles(made->query);
      weighed += std::any_of(all.begin(), all.end(), [&](const copy::MeasuredRectangle& r) {
        return copy::IntersectionOverUnion(r.region, made->truths[0]) >= kGoodOverlap;
      });
    }
    if (!arguments_.sheet.empty() && (made->truths.empty() || !hit || i % 4 == 0))
      sheet_.Add(made->query, made->truths, rectangles);
    if (rows_.is_open()) WriteRows(kind, i, *made);
  }
  const auto per = [&](double value) { return cases == 0 ? 0 : value / static_cast<double>(cases); };
  std::printf("%-12s %5zu  %6.3f %6.3f %7.3f   %5.2f %5.2f   %6.2f\n", kind.c_str(), cases,
              per(static_cast<double>(first)), per(static_cast<double>(found)),
              per(static_cast<double>(weighed)), per(static_cast<double>(answers)),
              per(static_cast<double>(sure)), per(milliseconds));
}

int Trial::Run() {
  std::ifstream list(arguments_.list);
  Random random(arguments_.seed + 1);
  std::vector<std::string> paths;
  for (std::string line; std::getline(list, line);) paths.push_back(line);
  for (std::size_t i = paths.size(); i > 1; --i) std::swap(paths[i - 1], paths[random.Below(i)]);
  const std::size_t wanted = std::max<std::size_t>(16, arguments_.count);
  for (std::size_t i = 0; i < paths.size() && pictures_.size() < wanted; ++i) {
    if (auto picture = Load(paths[i])) pictures_.push_back(std::move(*picture));
  }
  if (pictures_.size() < 9) {
    std::fprintf(stderr, "%s names fewer than 9 readable pictures of at least 120 px a side\n",
                 arguments_.list.c_str());
    return 1;
  }
  if (!arguments_.rows.empty()) {
    rows_.open(arguments_.rows);
    rows_ << "kind\tcase\toverlap";
    for (const auto name : copy::kRectangleMeasures) rows_ << '\t' << name;
    rows_ << '\n';
  }
  std::printf("%-12s %5s  %6s %6s %7s   %5s %5s   %6s\n", "disguise", "cases", "first", "among", "weighed",
              "found", "sure", "ms");
  for (const char* kind : {"unedited", "pasted",      "resting",     "cells",       "overlay1", "overlay2",
                           "overlay3", "underlay1",   "underlay2",   "underlay3",   "collage1", "collage2",
                           "collage3", "screenshot1", "screenshot2", "screenshot3", "meme1",    "meme2",
                           "meme3",    "border2",     "border3",     "pad2",        "pad3",     "page2"}) {
    if (arguments_.only.empty() || arguments_.only == kind) RunKind(kind);
  }
  if (!arguments_.sheet.empty()) {
    if (const Status written = sheet_.Write(arguments_.sheet); !written.ok()) {
      std::fprintf(stderr, "%s\n", written.error().message.c_str());
      return 1;
    }
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  Arguments arguments;
  for (int i = 1; i < argc; ++i) {
    const std::string name = argv[i];
    if (name.rfind("--", 0) != 0) {
      arguments.list = name;
      continue;
    }
    if (i + 1 == argc) {
      std::fprintf(stderr, "%s wants a value\n", name.c_str());
      return 2;
    }
    const std::string value = argv[++i];
    if (name == "--count")
      arguments.count = std::strtoul(value.c_str(), nullptr, 10);
    else if (name == "--seed")
      arguments.seed = std::strtoull(value.c_str(), nullptr, 10);
    else if (name == "--answers")
      arguments.answers = std::strtoul(value.c_str(), nullptr, 10);
    else if (name == "--only")
      arguments.only = value;
    else if (name == "--rows")
      arguments.rows = value;
    else if (name == "--sheet")
      arguments.sheet = value;
    else {
      std::fprintf(stderr, "unknown option %s; see the head of query_views_trial.cc\n", name.c_str());
      return 2;
    }
  }
  if (arguments.list.empty()) {
    std::fprintf(stderr, "name a file with picture paths, one a line\n");
    return 2;
  }
  return Trial(std::move(arguments)).Run();
}
