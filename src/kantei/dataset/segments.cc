#include "kantei/dataset/segments.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>
#include <numeric>

namespace kantei::dataset {
namespace {

using image::Image;

/// 3 × 3 mean, twice: enough to hide noise and JPEG blocks from the edges.
Image Smooth(const Image& rgb) {
  Image in = rgb, out = rgb;
  for (int pass = 0; pass < 2; ++pass) {
    for (int y = 0; y < rgb.height(); ++y) {
      const std::uint8_t* rows[3] = {in.row(std::max(0, y - 1)), in.row(y),
                                     in.row(std::min(rgb.height() - 1, y + 1))};
      for (int x = 0; x < rgb.width(); ++x) {
        const int left = 3 * std::max(0, x - 1), here = 3 * x, right = 3 * std::min(rgb.width() - 1, x + 1);
        for (int c = 0; c < 3; ++c) {
          int sum = 4;
          for (const std::uint8_t* row : rows) sum += row[left + c] + row[here + c] + row[right + c];
          out.row(y)[here + c] = static_cast<std::uint8_t>(sum / 9);
        }
      }
    }
    std::swap(in, out);
  }
  return in;
}

struct Forest {
  std::vector<std::int32_t> parent, size;
  std::vector<float> threshold;

  Forest(std::size_t count, float scale) : parent(count), size(count, 1), threshold(count, scale) {
    std::iota(parent.begin(), parent.end(), 0);
  }
  std::int32_t Find(std::int32_t i) {
    while (parent[static_cast<std::size_t>(i)] != i) {
      auto& up = parent[static_cast<std::size_t>(i)];
      up = parent[static_cast<std::size_t>(up)];
      i = up;
    }
    return i;
  }
  std::int32_t Join(std::int32_t a, std::int32_t b) {
    if (size[static_cast<std::size_t>(a)] < size[static_cast<std::size_t>(b)]) std::swap(a, b);
    parent[static_cast<std::size_t>(b)] = a;
    size[static_cast<std::size_t>(a)] += size[static_cast<std::size_t>(b)];
    return a;
  }
};

struct Edge {
  std::int32_t a, b;
};

/// By how much two pixels differ, in quarters of a level.
constexpr std::size_t kBuckets = 4 * 442 + 1;

std::size_t Bucket(const std::uint8_t* p, const std::uint8_t* q) {
  int sum = 0;
  for (int c = 0; c < 3; ++c) sum += (p[c] - q[c]) * (p[c] - q[c]);
  return std::min(kBuckets - 1, static_cast<std::size_t>(std::sqrt(static_cast<double>(sum)) * 4));
}

/// Edges in the order of their weight; starts[w] is where those of bucket w begin.
std::vector<Edge> SortedEdges(const Image& picture, std::array<std::size_t, kBuckets + 1>* starts) {
  const int width = picture.width(), height = picture.height();
  starts->fill(0);
  const auto each = [&](auto&& use) {
    for (int y = 0; y < height; ++y) {
      for (int x = 0; x < width; ++x) {
        const std::int32_t at = y * width + x;
        const std::uint8_t* p = picture.row(y) + 3 * x;
        if (x + 1 < width) use(at, at + 1, Bucket(p, p + 3));
        if (y + 1 < height) use(at, at + width, Bucket(p, picture.row(y + 1) + 3 * x));
      }
    }
  };
  each([&](std::int32_t, std::int32_t, std::size_t bucket) { ++(*starts)[bucket + 1]; });
  for (std::size_t i = 1; i <= kBuckets; ++i) (*starts)[i] += (*starts)[i - 1];
  std::vector<Edge> edges((*starts)[kBuckets]);
  std::vector<std::size_t> next(starts->begin(), starts->end());
  each([&](std::int32_t a, std::int32_t b, std::size_t bucket) { edges[next[bucket]++] = {a, b}; });
  return edges;
}

}  // namespace

Segments SegmentPicture(const Image& rgb, double scale, int least) {
  const Image picture = Smooth(rgb);
  const std::size_t count = static_cast<std::size_t>(rgb.width()) * static_cast<std::size_t>(rgb.height());
  Forest forest(count, static_cast<float>(scale));
  std::array<std::size_t, kBuckets + 1> starts{};
  const std::vector<Edge> edges = SortedEdges(picture, &starts);
  for (std::size_t bucket = 0; bucket < kBuckets; ++bucket) {
    const float weight = static_cast<float>(bucket) / 4;
    for (std::size_t i = starts[bucket]; i < starts[bucket + 1]; ++i) {
      const std::int32_t a = forest.Find(edges[i].a), b = forest.Find(edges[i].b);
      if (a == b || weight > forest.threshold[static_cast<std::size_t>(a)] ||
          weight > forest.threshold[static_cast<std::size_t>(b)])
        continue;
      const std::int32_t joined = forest.Join(a, b);
      forest.threshold[static_cast<std::size_t>(joined)] =
          weight +
          static_cast<float>(scale) / static_cast<float>(forest.size[static_cast<std::size_t>(joined)]);
    }
  }
  for (const Edge& edge : edges) {
    const std::int32_t a = forest.Find(edge.a), b = forest.Find(edge.b);
    if (a != b &&
        std::min(forest.size[static_cast<std::size_t>(a)], forest.size[static_cast<std::size_t>(b)]) < least)
      forest.Join(a, b);
  }
  Segments segments{rgb.width(), rgb.height(), std::vector<std::int32_t>(count), {}};
  std::vector<std::int32_t> number(count, -1);
  for (std::size_t i = 0; i < count; ++i) {
    std::int32_t& label = number[static_cast<std::size_t>(forest.Find(static_cast<std::int32_t>(i)))];
    if (label < 0) {
      label = static_cast<std::int32_t>(segments.sizes.size());
      segments.sizes.push_back(0);
    }
    segments.label[i] = label;
    ++segments.sizes[static_cast<std::size_t>(label)];
  }
  return segments;
}

}  // namespace kantei::dataset
