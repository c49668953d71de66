#include "kantei/nn/label_map.h"

#include <algorithm>

#include "kantei/base/cpu.h"
#include "kantei/base/parallel.h"

namespace kantei::nn {
namespace {

/// Both neighbours of a place and the weight of the second, as LibTorch's bilinear interpolation without aligned corners.
struct Between {
  int first = 0, second = 0;
  float weight = 0;
};

Between PlaceOf(int at, int size, int out_size) {
  const float scale = static_cast<float>(size) / static_cast<float>(out_size);
  const float from = std::max(0.0f, (static_cast<float>(at) + 0.5f) * scale - 0.5f);
  const int first = std::min(static_cast<int>(from), size - 1);
  return {first, std::min(first + 1, size - 1), from - static_cast<float>(first)};
}

KANTEI_MULTIARCH void Mix(const float* __restrict__ a, const float* __restrict__ b, float weight,
                          std::size_t count, float* __restrict__ out) {
  for (std::size_t i = 0; i < count; ++i) out[i] = (1 - weight) * a[i] + weight * b[i];
}

}  // namespace

Result<std::vector<std::uint16_t>> LabelsOf(const float* logits, int width, int height, int classes,
                                            int out_width, int out_height, int threads,
                                            const CancellationToken& cancellation) {
  const auto depth = static_cast<std::size_t>(classes), row = static_cast<std::size_t>(width) * depth;
  std::vector<std::uint16_t> labels(static_cast<std::size_t>(out_width) *
                                    static_cast<std::size_t>(out_height));
  std::vector<Between> across;
  for (int x = 0; x < out_width; ++x) across.push_back(PlaceOf(x, width, out_width));
  ParallelFor(static_cast<std::size_t>(out_height), threads, cancellation, [&](std::size_t y) {
    const Between down = PlaceOf(static_cast<int>(y), height, out_height);
    std::vector<float> line(row), pixel(depth);
    Mix(logits + static_cast<std::size_t>(down.first) * row,
        logits + static_cast<std::size_t>(down.second) * row, down.weight, row, line.data());
    for (std::size_t x = 0; x < across.size(); ++x) {
      Mix(line.data() + static_cast<std::size_t>(across[x].first) * depth,
          line.data() + static_cast<std::size_t>(across[x].second) * depth, across[x].weight, depth,
          pixel.data());
      labels[y * across.size() + x] =
          static_cast<std::uint16_t>(std::max_element(pixel.begin(), pixel.end()) - pixel.begin());
    }
  });
  KANTEI_RETURN_IF_ERROR(cancellation.Check());
  return labels;
}

}  // namespace kantei::nn
