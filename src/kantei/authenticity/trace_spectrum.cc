#include "kantei/authenticity/trace_spectrum.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <memory>
#include <mutex>

#include "kantei/authenticity/trace_dct.h"
#include "kantei/authenticity/trace_maps.h"
#include "kantei/base/cpu.h"
#include "kantei/base/parallel.h"

namespace kantei::authenticity::trace {
namespace {

constexpr int kHop = 32, kSide = kSpectrumSide;
constexpr std::size_t kWindowPixels = static_cast<std::size_t>(kSide) * kSide;
constexpr int kTileWindows = 16;

/// What is transformed: how well a pixel is foretold by its neighbours (1: fully), or what is left over.
struct Residuals {
  image::Plane predictability, rest;
};

// The predictor of Kirchner 2008 for all resampling factors; exp(-e²) approximated by 1 / (1 + e²).
KANTEI_MULTIARCH void PredictRow(const float* __restrict above, const float* __restrict row,
                                 const float* __restrict below, float* __restrict predictability,
                                 float* __restrict rest, int count) {
  for (int x = 0; x < count; ++x) {
    const float e = row[x + 1] - 0.5f * (above[x + 1] + below[x + 1] + row[x] + row[x + 2]) +
                    0.25f * (above[x] + above[x + 2] + below[x] + below[x + 2]);
    predictability[x] = 1 / (1 + e * e);
    // Edges would outweigh everything: soft limit at about 4.
    rest[x] = e / (1 + 0.0625f * e * e);
  }
}

Residuals Predict(const image::Image& picture, int x, int y, int width, int height) {
  const image::Plane luma = LumaTile(picture, x - 1, y - 1, width + 2, height + 2);
  Residuals residuals{image::Plane(width, height), image::Plane(width, height)};
  for (int row = 0; row < height; ++row)
    PredictRow(luma.row(row), luma.row(row + 1), luma.row(row + 2), residuals.predictability.row(row),
               residuals.rest.row(row), width);
  return residuals;
}

void CopyWindow(const image::Plane& plane, int x, int y, float* out) {
  for (int row = 0; row < kSide; ++row) std::copy_n(plane.row(y + row) + x, kSide, out + row * kSide);
}

std::size_t Bin(int v, int u) {
  return static_cast<std::size_t>(v) * kSpectrumColumns + static_cast<std::size_t>(u);
}

/// Bins in which resampling is looked for: not the low ones, where content lives, and not those of JPEG's 8×8 grid.
const std::vector<std::uint16_t>& SearchedBins() {
  static const std::vector<std::uint16_t> kBins = [] {
    std::vector<std::uint16_t> bins;
    for (int v = 0; v < kSide; ++v) {
      const int fv = v <= kSide / 2 ? v : v - kSide;
      for (int u = 0; u < kSpectrumColumns; ++u) {
        const auto near_grid = [](int f) { return (f + 64 + 1) % 8 <= 2; };
        if (fv * fv + u * u < 9 * 9 || (near_grid(fv) && near_grid(u))) continue;
        // Column 0 and column 32 hold every value twice.
        if ((u == 0 || u == kSide / 2) && fv < 0) continue;
        bins.push_back(static_cast<std::uint16_t>(Bin(v, u)));
      }
    }
    return bins;
  }();
  return kBins;
}

struct Averages {
  Spectrum predictability{}, rest{};  ///< means
  Spectrum usual{};  ///< of the predictability: median over ln 2, which a resampled part does not move
  int windows = 0;
};
struct WindowRow {
  Averages sums;
  std::vector<Spectrum> single;
};

/// Spectra of up to 400 windows spread evenly over the picture.
Averages AverageSpectra(const image::Image& picture, int threads, const CancellationToken& cancellation) {
  constexpr int kMost = 20;
  const int across = std::min(kMost, std::max(1, (picture.width() - kSide) / kHop + 1)),
            down = std::min(kMost, std::max(1, (picture.height() - kSide) / kHop + 1));
  std::vector<std::unique_ptr<WindowRow>> rows(static_cast<std::size_t>(down));
  ParallelFor(rows.size(), threads, cancellation, [&](std::size_t wy) {
    auto made = std::make_unique<WindowRow>();
    Averages* const sums = &made->sums;
    std::vector<float> first(kWindowPixels), second(kWindowPixels);
    Spectrum a, b;
    const auto place = [](int size, int i, int count) {
      return count < 2 ? 0 : static_cast<int>(static_cast<std::int64_t>(size - kSide) * i / (count - 1));
    };
    for (int wx = 0; wx < across; ++wx) {
      const Residuals residuals = Predict(picture, place(picture.width(), wx, across),
                                          place(picture.height(), static_cast<int>(wy), down), kSide, kSide);
      CopyWindow(residuals.predictability, 0, 0, first.data());
      CopyWindow(residuals.rest, 0, 0, second.data());
      // Flat windows have no spectrum.
      const auto [least, most] = std::minmax_element(first.begin(), first.end());
      if (*most - *least < 0.05f) continue;
      RelativePower(first.data(), second.data(), &a, &b);
      for (std::size_t i = 0; i < a.size(); ++i) {
        sums->predictability[i] += a[i];
        sums->rest[i] += b[i];
      }
      ++sums->windows;
      made->single.push_back(a);
    }
    rows[wy] = std::move(made);
  });
  Averages mean;
  std::vector<const Spectrum*> single;
  for (const auto& row : rows) {
    if (row == nullptr) continue;
    for (std::size_t i = 0; i < mean.rest.size(); ++i) {
      mean.predictability[i] += row->sums.predictability[i];
      mean.rest[i] += row->sums.rest[i];
    }
    mean.windows += row->sums.windows;
    for (const Spectrum& one : row->single) single.push_back(&one);
  }
  std::vector<float> values(single.size());
  for (std::size_t i = 0; i < mean.rest.size(); ++i) {
    mean.predictability[i] /= static_cast<float>(std::max(1, mean.windows));
    mean.rest[i] /= static_cast<float>(std::max(1, mean.windows));
    for (std::size_t k = 0; k < single.size(); ++k) values[k] = (*single[k])[i];
    mean.usual[i] = static_cast<float>(Quantile(&values, 0.5) / std::log(2.0));
  }
  return mean;
}

/// Windows [wx0, wx1) × [wy0, wy1) and a border of one: the strongest peak of the mean over 3 × 3 windows, as a ratio to
/// `usual`.
void SearchTile(const image::Image& picture, int wx0, int wy0, int windows_across, int windows_down,
                const Spectrum& usual, image::Plane* scores, std::vector<std::uint16_t>* bins) {
  const int wx1 = std::min(wx0 + kTileWindows, windows_across),
            wy1 = std::min(wy0 + kTileWindows, windows_down);
  const int left = std::max(0, wx0 - 1), top = std::max(0, wy0 - 1);
  const int right = std::min(windows_across, wx1 + 1), bottom = std::min(windows_down, wy1 + 1);
  const int across = right - left, down = bottom - top;
  const image::Plane plane =
      Predict(picture, left * kHop, top * kHop, (across - 1) * kHop + kSide, (down - 1) * kHop + kSide)
          .predictability;
  const std::vector<std::uint16_t>& searched = SearchedBins();
  const std::size_t count = searched.size();
  std::vector<float> all(static_cast<std::size_t>(across) * static_cast<std::size_t>(down) * count);
  std::vector<float> first(kWindowPixels), second(kWindowPixels);
  Spectrum a, b;
  const int total = across * down;
  for (int i = 0; i < total; i += 2) {
    CopyWindow(plane, i % across * kHop, i / across * kHop, first.data());
    const bool pair = i + 1 < total;
    if (pair) CopyWindow(plane, (i + 1) % across * kHop, (i + 1) / across * kHop, second.data());
    const auto flat = [](const std::vector<float>& values) {
      const auto [least, most] = std::minmax_element(values.begin(), values.end());
      return *most - *least < 0.05f;
    };
    const bool first_flat = flat(first), second_flat = pair && flat(second);
    RelativePower(first.data(), pair ? second.data() : nullptr, &a, &b);
    for (std::size_t k = 0; k < count; ++k) {
      const float inverse = 1 / std::max(1.0f, usual[searched[k]]);
      all[static_cast<std::size_t>(i) * count + k] =
          first_flat ? 1 : std::min(a[searched[k]] * inverse, 60.0f);
      if (pair)
        all[static_cast<std::size_t>(i + 1) * count + k] =
            second_flat ? 1 : std::min(b[searched[k]] * inverse, 60.0f);
    }
  }
  std::vector<float> sum(count);
  for (int wy = wy0; wy < wy1; ++wy) {
    for (int wx = wx0; wx < wx1; ++wx) {
      std::fill(sum.begin(), sum.end(), 0.0f);
      int windows = 0;
      for (int ny = std::max(top, wy - 1); ny <= std::min(bottom - 1, wy + 1); ++ny) {
        for (int nx = std::max(left, wx - 1); nx <= std::min(right - 1, wx + 1); ++nx) {
          const float* row = all.data() + static_cast<std::size_t>((ny - top) * across + nx - left) * count;
          for (std::size_t k = 0; k < count; ++k) sum[k] += row[k];
          ++windows;
        }
      }
      const auto best = std::max_element(sum.begin(), sum.end());
      scores->row(wy)[wx] = *best / static_cast<float>(windows);
      (*bins)[static_cast<std::size_t>(wy) * static_cast<std::size_t>(windows_across) +
              static_cast<std::size_t>(wx)] = searched[static_cast<std::size_t>(best - sum.begin())];
    }
  }
}

void NameFrequency(std::size_t bin, Trace* trace) {
  const int v = static_cast<int>(bin) / kSpectrumColumns, u = static_cast<int>(bin) % kSpectrumColumns;
  trace->numbers.emplace_back("cycles_x", u / double{kSide});
  trace->numbers.emplace_back("cycles_y", (v <= kSide / 2 ? v : v - kSide) / double{kSide});
}

void FindWhole(const Averages& averages, Trace* trace) {
  trace->applicable = true;
  std::size_t best = SearchedBins().front();
  for (const std::uint16_t bin : SearchedBins()) {
    if (averages.predictability[bin] > averages.predictability[best]) best = bin;
  }
  trace->score = averages.predictability[best];
  NameFrequency(best, trace);
}

/// Off the axes, since the edges of 8×8 JPEG blocks peak on the axes.
void FindUpsampling(const Averages& averages, Trace* trace) {
  trace->applicable = true;
  double half = 0, quarter = 0, eighth = 0;
  int half_count = 0, quarter_count = 0, eighth_count = 0;
  for (int v = 8; v <= kSide - 8; v += 8) {
    for (int u = 8; u <= kSide / 2; u += 8) {
      if (u == kSide / 2 && v > kSide / 2) continue;
      const double power = std::log(std::max(1e-3f, averages.rest[Bin(v, u)]));
      if (v % 32 == 0 && u % 32 == 0) {
        half += power, ++half_count;
      } else if (v % 16 == 0 && u % 16 == 0) {
        quarter += power, ++quarter_count;
      } else {
        eighth += power, ++eighth_count;
      }
    }
  }
  // ln of a mean over n windows wanders by 1 / √n; the eighths are left out, being where JPEG shows most.
  const double finer = 0.5 * (half / half_count + quarter / quarter_count);
  trace->score = std::max(0.0, finer * std::sqrt(static_cast<double>(averages.windows)));
  trace->numbers.emplace_back("half", half / half_count);
  trace->numbers.emplace_back("quarter", quarter / quarter_count);
  trace->numbers.emplace_back("eighth", eighth / eighth_count);
}

}  // namespace

Status FindSpectralTraces(const image::Image& picture, int threads, const CancellationToken& cancellation,
                          Trace* part, Trace* whole, Trace* upsampling) {
  constexpr int kLeast = 2 * kSide;
  if (std::min(picture.width(), picture.height()) < kLeast) {
    for (Trace* trace : {part, whole, upsampling}) {
      if (trace != nullptr) {
        trace->obstacle = TraceObstacle::kTooSmall;
        trace->reason = "the picture is too small for its spectrum; 128 pixels a side are needed";
      }
    }
    return {};
  }
  const Averages averages = AverageSpectra(picture, threads, cancellation);
  KANTEI_RETURN_IF_ERROR(cancellation.Check());
  if (averages.windows < 4) {
    for (Trace* trace : {part, whole, upsampling}) {
      if (trace != nullptr) {
        trace->obstacle = TraceObstacle::kFlat;
        trace->reason = "the picture is flat nearly everywhere and has no spectrum to look at";
      }
    }
    return {};
  }
  if (whole != nullptr) FindWhole(averages, whole);
  if (upsampling != nullptr) FindUpsampling(averages, upsampling);
  if (part == nullptr) return {};
  part->applicable = true;
  const int across = (picture.width() - kSide) / kHop + 1, down = (picture.height() - kSide) / kHop + 1;
  image::Plane scores(across, down);
  std::vector<std::uint16_t> bins(scores.values.size());
  const int tiles_across = (across + kTileWindows - 1) / kTileWindows,
            tiles_down = (down + kTileWindows - 1) / kTileWindows;
  ParallelFor(static_cast<std::size_t>(tiles_across) * static_cast<std::size_t>(tiles_down), threads,
              cancellation, [&](std::size_t tile) {
                SearchTile(picture, static_cast<int>(tile) % tiles_across * kTileWindows,
                           static_cast<int>(tile) / tiles_across * kTileWindows, across, down, averages.usual,
                           &scores, &bins);
              });
  KANTEI_RETURN_IF_ERROR(cancellation.Check());
  const auto best = std::max_element(scores.values.begin(), scores.values.end());
  part->score = *best;
  NameFrequency(bins[static_cast<std::size_t>(best - scores.values.begin())], part);
  image::Plane map((picture.width() + kHop - 1) / kHop, (picture.height() + kHop - 1) / kHop);
  SpreadWindows(scores, kSide / kHop, &map);
  for (float& value : map.values) value = value > 0 ? Soft(value, 9, 1) : 0.0f;
  part->map = std::move(map);
  part->map_scale = kHop;
  part->regions = FindRegions(part->map, kHop, picture.width(), picture.height(), 2);
  return {};
}

}  // namespace kantei::authenticity::trace
