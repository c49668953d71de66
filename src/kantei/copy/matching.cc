#include "kantei/copy/matching.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#include "kantei/base/cpu.h"
#include "kantei/copy/matching_kernels.h"

namespace kantei::copy {
namespace {

constexpr float kSamePlace = 0.01f;  // of the longer side of the known picture
constexpr std::int32_t kFar = std::numeric_limits<std::int32_t>::max();

KANTEI_MULTIARCH std::uint32_t SquaredDistance(const std::uint8_t* __restrict__ a,
                                               const std::uint8_t* __restrict__ b) {
  std::int32_t sum = 0;
  for (int i = 0; i < kDescriptorSize; ++i) {
    const auto gap = static_cast<std::int16_t>(a[i] - b[i]);
    sum += gap * gap;
  }
  return static_cast<std::uint32_t>(sum);
}

// row[k] = known_norm[k] + query_norm - 2·row[k]; returns the least.
KANTEI_MULTIARCH std::int32_t DotsToDistances(std::int32_t* __restrict__ row,
                                              const std::int32_t* __restrict__ known_norm,
                                              std::int32_t query_norm, std::size_t n) {
  std::int32_t least = kFar;
  for (std::size_t k = 0; k < n; ++k) {
    row[k] = known_norm[k] + query_norm - 2 * row[k];
    least = std::min(least, row[k]);
  }
  return least;
}

// Least distance among features at least `reach` (squared) from (x, y).
KANTEI_MULTIARCH std::int32_t LeastElsewhere(const std::int32_t* __restrict__ row,
                                             const float* __restrict__ xs, const float* __restrict__ ys,
                                             float x, float y, float reach, std::size_t n) {
  std::int32_t least = kFar;
  for (std::size_t k = 0; k < n; ++k) {
    const float dx = xs[k] - x, dy = ys[k] - y;
    const std::int32_t value = dx * dx + dy * dy < reach ? kFar : row[k];
    least = std::min(least, value);
  }
  return least;
}

// Keeps for each known feature the nearest query feature so far, the earlier one on a tie.
KANTEI_MULTIARCH void UpdateNearest(const std::int32_t* __restrict__ row, std::int32_t query,
                                    std::int32_t* __restrict__ distance, std::int32_t* __restrict__ nearest,
                                    std::size_t n) {
  for (std::size_t k = 0; k < n; ++k) {
    const bool closer = row[k] < distance[k];
    nearest[k] = closer ? query : nearest[k];
    distance[k] = closer ? row[k] : distance[k];
  }
}

}  // namespace

std::uint32_t DescriptorDistance(const std::uint8_t* a, const std::uint8_t* b) {
  return SquaredDistance(a, b);
}

std::vector<Match> MatchMutualRatio(const LocalFeatures& query, const LocalFeatures& known, float max_ratio,
                                    bool mutual) {
  std::vector<Match> matches;
  const std::size_t known_count = known.size();
  if (query.size() == 0 || known_count < 2) return matches;
  const match::PackedDescriptors packed(known.descriptors.data(), known_count);
  const std::size_t padded = packed.padded_count();
  std::vector<float> xs(padded, 0.0f), ys(padded, 0.0f);
  for (std::size_t k = 0; k < known_count; ++k) {
    xs[k] = known.keypoints[k].x;
    ys[k] = known.keypoints[k].y;
  }
  const float side = kSamePlace * static_cast<float>(std::max(known.width, known.height));
  const float reach = side * side;
  std::vector<std::int32_t> rows(match::kQueriesAtOnce * padded);
  std::vector<std::int32_t> distance(padded, kFar), nearest(padded, -1);
  for (std::size_t first = 0; first < query.size(); first += match::kQueriesAtOnce) {
    const std::size_t count = std::min(match::kQueriesAtOnce, query.size() - first);
    packed.Dots(query.descriptor(first), count, rows.data());
    for (std::size_t i = 0; i < count; ++i) {
      std::int32_t* row = rows.data() + i * padded;
      const std::size_t q = first + i;
      const std::int32_t least =
          DotsToDistances(row, packed.norms(), match::SquaredNorm(query.descriptor(q)), known_count);
      if (mutual)
        UpdateNearest(row, static_cast<std::int32_t>(q), distance.data(), nearest.data(), known_count);
      const std::size_t best = static_cast<std::size_t>(std::find(row, row + known_count, least) - row);
      const std::int32_t second =
          LeastElsewhere(row, xs.data(), ys.data(), xs[best], ys[best], reach, known_count);
      if (second == kFar || second <= 0) continue;
      const float ratio = std::sqrt(static_cast<float>(least) / static_cast<float>(second));
      if (ratio >= max_ratio) continue;
      matches.push_back({static_cast<std::uint32_t>(q), static_cast<std::uint32_t>(best), ratio,
                         static_cast<std::uint32_t>(least)});
    }
  }
  if (mutual) {
    std::erase_if(matches,
                  [&](const Match& m) { return nearest[m.known] != static_cast<std::int32_t>(m.query); });
  }
  return matches;
}

}  // namespace kantei::copy
