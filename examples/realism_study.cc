// How well do the realism scores tell real photos from generated pictures, and what do edits do to them?
//   realism_study REAL_DIR GENERATED_DIR [SIDE [CUT]]
// Prints, for the pictures as they are and again after the same size and encoding law for both kinds, the AUC
// of the scores and of each measure under five edits. docs/realism.md describes the procedure and quotes its
// tables.
#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <string>
#include <vector>

#include "kantei/authenticity/realism.h"
#include "kantei/base/files.h"
#include "kantei/base/parallel.h"
#include "kantei/base/random.h"
#include "kantei/image/decode.h"
#include "kantei/image/encode.h"
#include "kantei/image/transform.h"

namespace {

using namespace kantei;
using authenticity::RealismMeasures;
using authenticity::RealismReference;
using authenticity::RealismScore;
using image::Image;

constexpr std::array<const char*, 5> kEdits = {"none", "JPEG 75", "blur s=1", "half x2", "noise s=5"};

/// Encodes and decodes a grey picture.
Result<Image> ThroughJpeg(const Image& grey, int quality) {
  KANTEI_TRY(const Bytes bytes, image::EncodeJpeg(image::ToRgb(grey), quality));
  KANTEI_TRY(image::DecodedImage decoded, image::DecodeImage(bytes, "re-encoded picture"));
  return image::ToGrey(decoded.pixels);
}

/// Gaussian of standard deviation 1, seven taps, border pixels repeated.
Image Blurred(const Image& grey) {
  constexpr int kRadius = 3;
  std::array<float, 2 * kRadius + 1> kernel;
  float sum = 0;
  for (int i = -kRadius; i <= kRadius; ++i) {
    sum += kernel[static_cast<std::size_t>(i + kRadius)] = std::exp(-0.5f * static_cast<float>(i * i));
  }
  const int width = grey.width(), height = grey.height();
  image::Plane half(width, height);
  Image out(width, height, 1);
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      for (int i = -kRadius; i <= kRadius; ++i) {
        half.row(y)[x] += kernel[static_cast<std::size_t>(i + kRadius)] / sum *
                          static_cast<float>(grey.row(y)[std::clamp(x + i, 0, width - 1)]);
      }
    }
  }
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      float value = 0;
      for (int i = -kRadius; i <= kRadius; ++i) {
        value += kernel[static_cast<std::size_t>(i + kRadius)] / sum *
                 half.row(std::clamp(y + i, 0, height - 1))[x];
      }
      out.row(y)[x] = static_cast<std::uint8_t>(std::lround(value));
    }
  }
  return out;
}

Result<Image> Edited(const Image& square, std::size_t edit, std::uint64_t seed) {
  switch (edit) {
    case 1:
      return ThroughJpeg(square, 75);
    case 2:
      return Blurred(square);
    case 3:
      return image::Resize(image::Resize(square, square.width() / 2, square.height() / 2), square.width(),
                           square.height());
    case 4: {
      Image out = square;
      Random random(seed);
      for (std::uint8_t& value : out.pixels()) {
        value = static_cast<std::uint8_t>(std::clamp(std::lround(value + 5 * random.Normal()), 0l, 255l));
      }
      return out;
    }
    default:
      return square;
  }
}

/// Centre square at `side`, JPEG 90: what both kinds go through before they are compared.
Result<Image> Equalised(const Image& picture, int side) {
  Image grey = image::ToGrey(picture);
  const int edge = std::min(grey.width(), grey.height());
  grey = image::Crop(grey, {(grey.width() - edge) / 2, (grey.height() - edge) / 2, edge, edge});
  KANTEI_TRY(const Image small, ThroughJpeg(image::Resize(grey, side, side), 90));
  return authenticity::RealismSquare(small);
}

/// measures[law][edit]: law 0 = as it is, 1 = equalised.
using Row = std::array<std::array<RealismMeasures, kEdits.size()>, 2>;

Result<Row> MeasureAll(const Image& picture, int side, std::uint64_t seed) {
  Row row;
  KANTEI_TRY(const Image equal, Equalised(picture, side));
  const std::array<Image, 2> squares = {authenticity::RealismSquare(picture), equal};
  for (std::size_t law = 0; law < squares.size(); ++law) {
    for (std::size_t edit = 0; edit < kEdits.size(); ++edit) {
      KANTEI_TRY(const Image edited, Edited(squares[law], edit, seed));
      row[law][edit] = authenticity::MeasureRealismSquare(edited);
    }
  }
  return row;
}

/// Pictures whose short side is below `side` are left out. cut > 0: sheets are cut into tiles of that side.
std::vector<Row> MeasureFolder(const std::filesystem::path& folder, int side, int cut) {
  const std::array<std::filesystem::path, 1> roots = {folder};
  const auto listed = ListFiles(roots);
  if (!listed.ok()) {
    std::fprintf(stderr, "%s\n", listed.error().message.c_str());
    return {};
  }
  std::vector<std::vector<Row>> per_file(listed->size());
  ParallelFor(listed->size(), ThreadCount(0), CancellationToken(), [&](std::size_t i) {
    const std::filesystem::path& path = (*listed)[i];
    if (!HasImageExtension(path)) return;
    image::DecodeOptions options;
    if (cut == 0) options.max_longer_side = authenticity::kRealismWorkingSide;
    auto decoded = image::DecodeImageFile(path, options);
    if (!decoded.ok()) {
      std::fprintf(stderr, "%s\n", decoded.error().message.c_str());
      return;
    }
    const Image& picture = decoded->pixels;
    std::vector<Image> parts;
    if (cut > 0 && picture.width() >= cut && picture.height() >= cut) {
      for (int y = 0; y + cut <= picture.height(); y += cut) {
        for (int x = 0; x + cut <= picture.width(); x += cut)
          parts.push_back(image::Crop(picture, {x, y, cut, cut}));
      }
    } else {
      parts.push_back(picture);
    }
    for (const Image& part : parts) {
      if (std::min(part.width(), part.height()) < side) continue;
      if (auto row = MeasureAll(part, side, i + 1); row.ok()) per_file[i].push_back(*row);
    }
  });
  std::vector<Row> rows;
  for (const auto& part : per_file) rows.insert(rows.end(), part.begin(), part.end());
  return rows;
}

/// P(real > generated) + ½ P(equal).
double Auc(const std::vector<double>& real, const std::vector<double>& generated) {
  std::vector<double> sorted = generated;
  std::sort(sorted.begin(), sorted.end());
  double wins = 0;
  for (const double value : real) {
    const auto [low, high] = std::equal_range(sorted.begin(), sorted.end(), value);
    wins += static_cast<double>(low - sorted.begin()) + 0.5 * static_cast<double>(high - low);
  }
  return wins / (static_cast<double>(real.size()) * static_cast<double>(generated.size()));
}

double Median(std::vector<double> values) {
  std::nth_element(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2),
                   values.end());
  return values[values.size() / 2];
}

void PrintTable(const std::vector<Row>& reals, const std::vector<Row>& fakes, std::size_t law,
                const RealismReference& shipped) {
  // The real pictures at even places make a reference of the same source and law; those at odd places are
  // judged.
  std::vector<RealismMeasures> even;
  for (std::size_t i = 0; i < reals.size(); i += 2) even.push_back(reals[i][law][0]);
  const auto own = authenticity::FitRealismReference("own", "every second real picture", even);
  if (!own.ok()) {
    std::fprintf(stderr, "%s\n", own.error().message.c_str());
    return;
  }
  std::printf(
      "| edit | IRS | robust | IRS, own ref. | robust, own ref. | CED | GLCMC | GLCME | VBM | MS | median "
      "IRS real / gen. | "
      "median robust real / gen. | own ref. |\n|---|---|---|---|---|---|---|---|---|---|---|---|---|\n");
  for (std::size_t edit = 0; edit < kEdits.size(); ++edit) {
    // Columns: IRS, robust, the two with the own reference, five measures.
    std::array<std::vector<double>, 9> real, fake;
    const auto add = [&](const RealismMeasures& measures, std::array<std::vector<double>, 9>* columns) {
      const RealismScore a = authenticity::ScoreRealism(measures, shipped),
                         b = authenticity::ScoreRealism(measures, *own);
      const std::array<double, 4> scores = {a.irs, a.robust, b.irs, b.robust};
      for (std::size_t c = 0; c < 4; ++c) (*columns)[c].push_back(scores[c]);
      for (std::size_t k = 0; k < measures.size(); ++k) (*columns)[4 + k].push_back(measures[k]);
    };
    for (std::size_t i = 1; i < reals.size(); i += 2) add(reals[i][law][edit], &real);
    for (const Row& row : fakes) add(row[law][edit], &fake);
    std::printf("| %s", kEdits[edit]);
    for (std::size_t c = 0; c < real.size(); ++c) std::printf(" | %.3f", Auc(real[c], fake[c]));
    std::printf(" | %.2f / %.2f | %.3f / %.3f | %.3f / %.3f |\n", Median(real[0]), Median(fake[0]),
                Median(real[1]), Median(fake[1]), Median(real[3]), Median(fake[3]));
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) {
    std::fprintf(stderr, "usage: realism_study REAL_DIR GENERATED_DIR [SIDE=256 [CUT=512]]\n");
    return 2;
  }
  const int side = argc > 3 ? std::atoi(argv[3]) : 256, cut = argc > 4 ? std::atoi(argv[4]) : 512;
  if (side < 64 || side > 1024 || cut < 0 || cut > 4096) {
    std::fprintf(stderr, "SIDE must be 64..1024 and CUT 0 (no cutting) to 4096\n");
    return 2;
  }
  const auto shipped = authenticity::FindRealismReference("photo");
  if (!shipped.ok()) {
    std::fprintf(stderr, "%s\n", shipped.error().message.c_str());
    return 1;
  }
  const std::vector<Row> reals = MeasureFolder(argv[1], side, 0), fakes = MeasureFolder(argv[2], side, cut);
  if (reals.size() < 40 || fakes.empty()) {
    std::fprintf(stderr, "at least 40 real pictures and one generated one of %d pixels or more are needed\n",
                 side);
    return 1;
  }
  std::printf("%zu real (%zu judged), %zu generated; AUC = P(real > generated)\n", reals.size(),
              reals.size() / 2, fakes.size());
  std::printf("\nAs they are\n\n");
  PrintTable(reals, fakes, 0, *shipped);
  std::printf("\nSame law for both: centre square at %d pixels, JPEG 90\n\n", side);
  PrintTable(reals, fakes, 1, *shipped);
  return 0;
}
