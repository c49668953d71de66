#include "kantei/authenticity/trace_noise.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

#include "kantei/authenticity/trace_dct.h"
#include "kantei/authenticity/trace_maps.h"
#include "kantei/base/cpu.h"
#include "kantei/base/parallel.h"

namespace kantei::authenticity::trace {
namespace {

constexpr int kCell = 16, kSub = 4;
constexpr std::size_t kFeatures = 5, kTerms = 6;

struct Cell {
  std::array<float, kFeatures> features{};
  float brightness = 0, texture = 0;
  bool valid = false;
};

// Second differences both ways: the kernel of Immerkær 1996, a quarter of it.
KANTEI_MULTIARCH void HighPassRow(const float* __restrict above, const float* __restrict row,
                                  const float* __restrict below, float* __restrict out, int count) {
  for (int x = 0; x < count; ++x) {
    out[x] = row[x + 1] - 0.5f * (above[x + 1] + below[x + 1] + row[x] + row[x + 2]) +
             0.25f * (above[x] + above[x + 2] + below[x] + below[x + 2]);
  }
}

image::Plane HighPass(const image::Plane& with_border) {
  image::Plane out(with_border.width - 2, with_border.height - 2);
  for (int y = 0; y < out.height; ++y)
    HighPassRow(with_border.row(y), with_border.row(y + 1), with_border.row(y + 2), out.row(y), out.width);
  return out;
}

image::Plane Halved(const image::Plane& plane) {
  image::Plane out(plane.width / 2, plane.height / 2);
  for (int y = 0; y < out.height; ++y) {
    const float *a = plane.row(2 * y), *b = plane.row(2 * y + 1);
    for (int x = 0; x < out.width; ++x)
      out.row(y)[x] = 0.25f * (a[2 * x] + a[2 * x + 1] + b[2 * x] + b[2 * x + 1]);
  }
  return out;
}

/// R - G or B - G with a border of one.
image::Plane ColourTile(const image::Image& picture, int x, int y, int width, int height, int channel) {
  image::Plane out(width, height);
  for (int row = 0; row < height; ++row) {
    const std::uint8_t* in = picture.row(std::clamp(y + row, 0, picture.height() - 1));
    for (int i = 0; i < width; ++i) {
      const int at = 3 * std::clamp(x + i, 0, picture.width() - 1);
      out.row(row)[i] = static_cast<float>(in[at + channel]) - static_cast<float>(in[at + 1]);
    }
  }
  return out;
}

/// The mean size over the calmer half of the sub-cells of side × side at (x, y).
float CalmLevel(const image::Plane& plane, int x, int y, int side, int sub) {
  std::array<float, 16> levels{};
  std::size_t count = 0;
  for (int sy = y; sy < y + side; sy += sub) {
    for (int sx = x; sx < x + side; sx += sub) {
      float sum = 0;
      for (int j = 0; j < sub; ++j) {
        const float* row = plane.row(sy + j) + sx;
        for (int i = 0; i < sub; ++i) sum += std::abs(row[i]);
      }
      levels[count++] = sum;
    }
  }
  std::sort(levels.begin(), levels.begin() + static_cast<std::ptrdiff_t>(count));
  float sum = 0;
  for (std::size_t i = 0; i < count / 2; ++i) sum += levels[i];
  return sum / static_cast<float>(count / 2 * static_cast<std::size_t>(sub * sub));
}

struct Correlations {
  float next = 0, second = 0;
};
Correlations Correlate(const image::Plane& plane, int x, int y) {
  float power = 1e-3f, next = 0, second = 0;
  const auto limit = [](float value) { return std::clamp(value, -4.0f, 4.0f); };
  for (int j = 0; j < kCell - 2; ++j) {
    const float *a = plane.row(y + j) + x, *b = plane.row(y + j + 1) + x, *c = plane.row(y + j + 2) + x;
    for (int i = 0; i < kCell - 2; ++i) {
      const float here = limit(a[i]);
      power += here * here;
      next += here * (limit(a[i + 1]) + limit(b[i]));
      second += here * (limit(a[i + 2]) + limit(c[i]));
    }
  }
  return {next / (2 * power), second / (2 * power)};
}

void MeasureRow(const image::Image& picture, int cell_row, int across, Cell* cells) {
  const int width = across * kCell, y = cell_row * kCell;
  const image::Plane luma = LumaTile(picture, -2, y - 2, width + 4, kCell + 4);
  const image::Plane fine = HighPass(luma);  // begins at (-1, y - 1)
  const image::Plane coarse =
      HighPass(Halved(luma));  // halved begins at (-2, y - 2); its high-pass at (0, y) / 2
  image::Plane red, blue;
  if (picture.channels() == 3) {
    red = HighPass(ColourTile(picture, -1, y - 1, width + 2, kCell + 2, 0));
    blue = HighPass(ColourTile(picture, -1, y - 1, width + 2, kCell + 2, 2));
  }
  for (int c = 0; c < across; ++c) {
    Cell& cell = cells[c];
    const int x = c * kCell;
    double sum = 0, squares = 0;
    int clipped = 0;
    std::array<float, 16> means{};
    for (int j = 0; j < kCell; ++j) {
      const float* row = luma.row(j + 2) + x + 2;
      for (int i = 0; i < kCell; ++i) {
        sum += row[i];
        clipped += row[i] > 250 || row[i] < 5;
        means[static_cast<std::size_t>(j / kSub * 4 + i / kSub)] += row[i] / (kSub * kSub);
      }
    }
    const double mean = sum / (kCell * kCell);
    for (const float value : means) squares += (value - mean) * (value - mean);
    cell.brightness = static_cast<float>(mean / 255);
    cell.texture = static_cast<float>(std::log(0.5 + std::sqrt(squares / 16)));
    const float level = CalmLevel(fine, x + 1, 1, kCell, kSub);
    // Flat fills of drawings have no noise that could be compared.
    cell.valid = clipped < kCell * kCell / 4 && level > 0.02f;
    if (!cell.valid) continue;
    const float log_level = std::log(level + 0.05f);
    const Correlations correlations = Correlate(fine, x + 1, 1);
    cell.features = {log_level, std::log(CalmLevel(coarse, x / 2, 0, kCell / 2, 2) + 0.05f) - log_level, 0,
                     correlations.next, correlations.second};
    if (picture.channels() == 3)
      cell.features[2] =
          std::log(0.5f * (CalmLevel(red, x, 0, kCell, kSub) + CalmLevel(blue, x, 0, kCell, kSub)) + 0.05f) -
          log_level;
  }
}

std::array<double, kTerms> Terms(const Cell& cell) {
  const double b = cell.brightness - 0.5, t = cell.texture - 1;
  return {1, b, b * b, t, t * t, b * t};
}

/// Solves the normal equations by elimination with a small ridge.
std::array<double, kTerms> Solve(std::array<std::array<double, kTerms + 1>, kTerms> m) {
  for (std::size_t i = 0; i < kTerms; ++i) m[i][i] += 1e-3 * (1 + m[0][0] * 1e-3);
  for (std::size_t i = 0; i < kTerms; ++i) {
    for (std::size_t r = i + 1; r < kTerms; ++r) {
      const double factor = m[r][i] / m[i][i];
      for (std::size_t c = i; c <= kTerms; ++c) m[r][c] -= factor * m[i][c];
    }
  }
  std::array<double, kTerms> x{};
  for (std::size_t i = kTerms; i-- > 0;) {
    double sum = m[i][kTerms];
    for (std::size_t c = i + 1; c < kTerms; ++c) sum -= m[i][c] * x[c];
    x[i] = sum / m[i][i];
  }
  return x;
}

/// Takes the part off that brightness and texture explain (Huber weights, six rounds), and divides by the robust spread.
void Explain(std::vector<Cell>* cells, std::size_t feature) {
  std::vector<std::size_t> sample;
  for (std::size_t i = 0; i < cells->size(); ++i) {
    if ((*cells)[i].valid) sample.push_back(i);
  }
  constexpr std::size_t kMost = 20'000;
  const std::size_t every = sample.size() / kMost + 1;
  std::array<double, kTerms> fit{};
  double scale = 1e9;
  for (int round = 0; round < 6; ++round) {
    std::array<std::array<double, kTerms + 1>, kTerms> normal{};
    std::vector<float> sizes;
    const auto rest = [&](const Cell& cell, const std::array<double, kTerms>& terms) {
      double value = cell.features[feature];
      for (std::size_t k = 0; k < kTerms; ++k) value -= fit[k] * terms[k];
      return value;
    };
    for (std::size_t i = 0; i < sample.size(); i += every) {
      const Cell& cell = (*cells)[sample[i]];
      const std::array<double, kTerms> terms = Terms(cell);
      const double error = std::abs(rest(cell, terms));
      sizes.push_back(static_cast<float>(error));
      const double weight = error <= 1.5 * scale ? 1 : 1.5 * scale / error;
      for (std::size_t a = 0; a < kTerms; ++a) {
        for (std::size_t b = 0; b < kTerms; ++b) normal[a][b] += weight * terms[a] * terms[b];
        normal[a][kTerms] += weight * terms[a] * cell.features[feature];
      }
    }
    if (round > 0) scale = std::max(1e-3, 1.4826 * Quantile(&sizes, 0.5));
    fit = Solve(normal);
  }
  for (const std::size_t i : sample) {
    Cell& cell = (*cells)[i];
    const std::array<double, kTerms> terms = Terms(cell);
    double value = cell.features[feature];
    for (std::size_t k = 0; k < kTerms; ++k) value -= fit[k] * terms[k];
    cell.features[feature] = static_cast<float>(std::clamp(value / scale, -6.0, 6.0));
  }
}

}  // namespace

Status FindNoise(const image::Image& picture, int threads, const CancellationToken& cancellation,
                 Trace* trace) {
  const int across = picture.width() / kCell, down = picture.height() / kCell;
  constexpr int kLeastCells = 8;
  if (across < kLeastCells || down < kLeastCells) {
    trace->obstacle = TraceObstacle::kTooSmall;
    trace->reason =
        "the picture is too small to compare the noise of its parts; 128 pixels a side are needed";
    return {};
  }
  std::vector<Cell> cells(static_cast<std::size_t>(across) * static_cast<std::size_t>(down));
  ParallelFor(static_cast<std::size_t>(down), threads, cancellation, [&](std::size_t row) {
    MeasureRow(picture, static_cast<int>(row), across, cells.data() + row * static_cast<std::size_t>(across));
  });
  KANTEI_RETURN_IF_ERROR(cancellation.Check());
  std::size_t valid = 0;
  for (const Cell& cell : cells) valid += cell.valid;
  if (valid < 60 || valid * 5 < cells.size()) {
    trace->obstacle = TraceObstacle::kFlat;
    trace->reason = "most of the picture is flat or clipped and has no noise to compare";
    return {};
  }
  trace->applicable = true;
  const std::size_t features = picture.channels() == 3 ? kFeatures : kFeatures - 1;
  image::Plane present(across, down);
  for (std::size_t i = 0; i < cells.size(); ++i) present.values[i] = cells[i].valid ? 1.0f : 0.0f;
  const Integral counts(present);
  std::vector<Integral> sums;
  for (std::size_t f = 0; f < kFeatures; ++f) {
    if (f == 2 && picture.channels() != 3) continue;
    Explain(&cells, f);
    image::Plane plane(across, down);
    for (std::size_t i = 0; i < cells.size(); ++i)
      plane.values[i] = cells[i].valid ? cells[i].features[f] : 0.0f;
    sums.emplace_back(plane);
  }
  image::Plane map(across, down);
  double best = 0;
  for (const int side : {3, 5, 8}) {
    if (2 * side > std::min(across, down)) continue;
    image::Plane windows(across - side + 1, down - side + 1);
    std::vector<std::uint8_t> used(windows.values.size());
    for (const Integral& sum : sums) {
      image::Plane means(windows.width, windows.height);
      std::vector<float> all;
      for (int y = 0; y < windows.height; ++y) {
        for (int x = 0; x < windows.width; ++x) {
          const double n = counts.Sum(x, y, x + side, y + side);
          const bool use = n >= 0.6 * side * side;
          used[static_cast<std::size_t>(y) * static_cast<std::size_t>(windows.width) +
               static_cast<std::size_t>(x)] = use;
          if (!use) continue;
          means.row(y)[x] = static_cast<float>(sum.Sum(x, y, x + side, y + side) / n);
          all.push_back(means.row(y)[x]);
        }
      }
      if (all.size() < 20) {
        std::fill(used.begin(), used.end(), std::uint8_t{0});
        break;
      }
      const Spread spread = RobustSpread(std::move(all));
      for (std::size_t i = 0; i < windows.values.size(); ++i) {
        const double z = (means.values[i] - spread.middle) / std::max(0.02, spread.deviation);
        windows.values[i] += static_cast<float>(z * z);
      }
    }
    for (std::size_t i = 0; i < windows.values.size(); ++i) {
      windows.values[i] = used[i] ? std::sqrt(windows.values[i] / static_cast<float>(features)) : 0.0f;
      best = std::max<double>(best, windows.values[i]);
    }
    SpreadWindows(windows, side, &map);
  }
  trace->score = best;
  for (float& value : map.values) value = value > 0 ? Soft(value, 5.5, 0.7) : 0.0f;
  trace->map = std::move(map);
  trace->map_scale = kCell;
  trace->regions = FindRegions(trace->map, kCell, picture.width(), picture.height(), 4);
  return {};
}

}  // namespace kantei::authenticity::trace
