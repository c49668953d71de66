#include "kantei/nn/anixplore_cpu.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <utility>

#include "kantei/base/result.h"
#include "kantei/nn/token_kernels.h"

namespace kantei::nn {
namespace {

constexpr int kStages = 3, kLevelChannels = 256, kInputChannels = 6, kDepth = 64;
constexpr std::array<int, kStages> kTextureWidths{96, 192, 384}, kTextureDepths{3, 3, 9};
constexpr std::array<int, kStages> kMeaningWidths{64, 128, 320}, kMeaningDepths{3, 4, 18}, kHeads{1, 2, 5},
    kReductions{8, 4, 2};
constexpr float kNormEps = 1e-6f, kEmbedEps = 1e-5f, kBatchNormEps = 1e-5f;

enum Slot {
  kHigh,
  kLow,
  kTexture,
  kMeaning,
  kMeaningMap,
  kFused,
  kNormed,
  kHidden,
  kHidden2,
  kSpatial,
  kPatches,
  kQuery,
  kReduced,
  kReducedNormed,
  kKeysValues,
  kAnswers,
  kScratch,
  kPlanes = kScratch + 4
};

}  // namespace

// Adds the steps in the order in which they run.
struct AniXploreCpu::Builder {
  const NamedFloats& weights;
  AniXploreCpu& network;
  TokenGraph& graph;

  const std::vector<float>& W(const std::string& name) const {
    const auto found = weights.find(name);
    KANTEI_CHECK(found != weights.end());
    return found->second;
  }
  NormWeights NormOf(const std::string& name, float eps) const {
    return {W(name + ".weight"), W(name + ".bias"), eps};
  }
  LinearLayer LinearOf(const std::string& name) const { return {W(name + ".weight"), W(name + ".bias")}; }

  // A convolution whose kernel is its stride, as a product of patches: out x in x k x k -> out x (k x k x in).
  LinearLayer PatchLayer(const std::string& name, int in, int kernel, bool bias) const {
    const auto& weight = W(name + ".weight");
    const auto squares = static_cast<std::size_t>(kernel * kernel), inputs = static_cast<std::size_t>(in);
    LinearLayer layer{std::vector<float>(weight.size()), bias ? W(name + ".bias") : std::vector<float>()};
    for (std::size_t i = 0; i < weight.size(); ++i) {
      const std::size_t square = i % squares, c = i / squares % inputs, o = i / squares / inputs;
      layer.weight[(o * squares + square) * inputs + c] = weight[i];
    }
    return layer;
  }

  // A transposed convolution with kernel and stride 2: each row becomes four, (y, x) = (0, 0), (0, 1), (1, 0), (1, 1).
  LinearLayer DoublingLayer(const std::string& name, int in, int out) const {
    const auto& weight = W(name + ".weight");  // in x out x 2 x 2
    const auto& bias = W(name + ".bias");
    const auto inputs = static_cast<std::size_t>(in), outputs = static_cast<std::size_t>(out);
    LinearLayer layer{std::vector<float>(weight.size()), std::vector<float>(4 * outputs)};
    for (std::size_t k = 0; k < inputs; ++k) {
      for (std::size_t c = 0; c < outputs; ++c) {
        for (std::size_t q = 0; q < 4; ++q)
          layer.weight[(q * outputs + c) * inputs + k] = weight[(k * outputs + c) * 4 + q];
      }
    }
    for (std::size_t i = 0; i < layer.bias.size(); ++i) layer.bias[i] = bias[i % outputs];
    return layer;
  }

  static Rows Map(int slot, int side, int channels, bool wide) { return {slot, side, side, channels, wide}; }

  // Returns the stage's map, float32.
  Rows TextureStage(int stage, int side, const Rows& before) {
    const auto s = static_cast<std::size_t>(stage);
    const int channels = kTextureWidths[s];
    const Rows x = Map(kTexture, side, channels, true), spatial = Map(kSpatial, side, channels, true);
    if (stage == 0) {
      const Rows patches = Map(kPatches, side, 16 * kInputChannels, false);
      graph.Patches(before, 4, patches);
      graph.Linear(patches, PatchLayer("convnext.features.0.0", kInputChannels, 4, false), spatial);
      graph.Norm(spatial, NormOf("convnext.features.0.1", kNormEps), x);
    } else {
      const std::string name = "convnext.features." + std::to_string(2 * stage);
      const Rows normed = Map(kNormed, 2 * side, before.channels, false);
      const Rows patches = Map(kPatches, side, 4 * before.channels, false);
      graph.Norm(before, NormOf(name + ".0", kNormEps), normed);
      graph.Patches(normed, 2, patches);
      graph.Linear(patches, PatchLayer(name + ".1", before.channels, 2, true), x);
    }
    for (int b = 0; b < kTextureDepths[s]; ++b) {
      const std::string name = "convnext.features." + std::to_string(2 * stage + 1) + "." + std::to_string(b);
      graph.Conv(x, {W(name + ".block.0.weight"), W(name + ".block.0.bias"), 7, 1, 3, channels}, spatial);
      LinearLayer narrow = LinearOf(name + ".block.5");
      const auto& scale = W(name + ".layer_scale");
      for (std::size_t i = 0; i < narrow.weight.size(); ++i)
        narrow.weight[i] *= scale[i / (4 * static_cast<std::size_t>(channels))];
      for (std::size_t i = 0; i < narrow.bias.size(); ++i) narrow.bias[i] *= scale[i];
      graph.Mlp(spatial, NormOf(name + ".block.2", kNormEps), LinearOf(name + ".block.3"), narrow, x, kNormed,
                kHidden);
    }
    return x;
  }

  void MeaningBlock(const std::string& name, int stage, const Rows& y) {
    const auto s = static_cast<std::size_t>(stage);
    const int channels = kMeaningWidths[s], reduction = kReductions[s], few = y.width / reduction;
    const std::string self = name + "attention.self.";
    const Rows normed = Map(kNormed, y.width, channels, false), query = Map(kQuery, y.width, channels, false);
    const Rows patches = Map(kPatches, few, reduction * reduction * channels, false);
    const Rows reduced = Map(kReduced, few, channels, true),
               reduced_normed = Map(kReducedNormed, few, channels, false);
    const Rows keys_values = Map(kKeysValues, few, 2 * channels, false),
               answers = Map(kAnswers, y.width, channels, false);
    graph.Norm(y, NormOf(name + "layer_norm_1", kNormEps), normed);
    LinearLayer query_layer = LinearOf(self + "query");
    const float scale = 1.0f / std::sqrt(static_cast<float>(kDepth));
    for (float& value : query_layer.weight) value *= scale;
    for (float& value : query_layer.bias) value *= scale;
    graph.Linear(normed, query_layer, query);
    graph.Patches(normed, reduction, patches);
    graph.Linear(patches, PatchLayer(self + "sr", channels, reduction, true), reduced);
    graph.Norm(reduced, NormOf(self + "layer_norm", kEmbedEps), reduced_normed);
    LinearLayer both = LinearOf(self + "key");
    const LinearLayer value = LinearOf(self + "value");
    both.weight.insert(both.weight.end(), value.weight.begin(), value.weight.end());
    both.bias.insert(both.bias.end(), value.bias.begin(), value.bias.end());
    graph.Linear(reduced_normed, both, keys_values);
    graph.Attention(query, keys_values, kHeads[s], answers,
                    {kScratch, kScratch + 1, kScratch + 2, kScratch + 3});
    graph.Linear(answers, LinearOf(name + "attention.output.dense"), y, After::kAdd);

    const Rows hidden = Map(kHidden, y.width, 4 * channels, false),
               filtered = Map(kHidden2, y.width, 4 * channels, false);
    graph.Norm(y, NormOf(name + "layer_norm_2", kNormEps), normed);
    graph.Linear(normed, LinearOf(name + "mlp.dense1"), hidden);
    const std::string spatial = name + "mlp.dwconv.dwconv";
    graph.Conv(hidden, {W(spatial + ".weight"), W(spatial + ".bias"), 3, 1, 1, 4 * channels}, filtered,
               After::kGelu);
    graph.Linear(filtered, LinearOf(name + "mlp.dense2"), y, After::kAdd);
  }

  // Returns the stage's normed map.
  Rows MeaningStage(int stage, int side, const Rows& before) {
    const auto s = static_cast<std::size_t>(stage);
    const int channels = kMeaningWidths[s];
    const std::string at = std::to_string(stage), embed = "mit.encoder.patch_embeddings." + at;
    const Rows y = Map(kMeaning, side, channels, true), spatial = Map(kSpatial, side, channels, true);
    ConvLayer conv{W(embed + ".proj.weight"), {}, 7, 4, 3, 1};
    if (stage > 0) conv = {W(embed + ".proj.weight"), W(embed + ".proj.bias"), 3, 2, 1, 1};
    graph.Conv(before, conv, spatial);
    graph.Norm(spatial, NormOf(embed + ".layer_norm", kEmbedEps), y);
    for (int b = 0; b < kMeaningDepths[s]; ++b)
      MeaningBlock("mit.encoder.block." + at + "." + std::to_string(b) + ".", stage, y);
    const Rows map = Map(kMeaningMap, side, channels, false);
    graph.Norm(y, NormOf("mit.encoder.layer_norm." + at, kNormEps), map);
    return map;
  }

  // The 1x1 convolution of both maps beside each other is the sum of two products.
  Rows Fuse(int stage, const Rows& texture, const Rows& meaning) {
    const std::string name = "fusion." + std::to_string(stage);
    const auto& weight = W(name + ".weight");
    const auto a = static_cast<std::size_t>(texture.channels), b = static_cast<std::size_t>(meaning.channels);
    LinearLayer first{{}, W(name + ".bias")}, second;
    for (auto row = weight.begin(); row != weight.end(); row += static_cast<std::ptrdiff_t>(a + b)) {
      const auto middle = row + static_cast<std::ptrdiff_t>(a);
      first.weight.insert(first.weight.end(), row, middle);
      second.weight.insert(second.weight.end(), middle, middle + static_cast<std::ptrdiff_t>(b));
    }
    const Rows fused = Map(kFused, texture.width, texture.channels, true);
    graph.Linear(graph.Narrowed(texture, kNormed), first, fused);
    graph.Linear(meaning, second, fused, After::kAdd);
    return fused;
  }

  // Where the rows go that doubling a square of this side so many times has put next to each other.
  static std::vector<std::uint32_t> DoubledOrder(int side, int times) {
    std::vector<std::uint32_t> order;
    const int below = 1 << (2 * times);
    for (int p = 0; p < side * side; ++p) {
      for (int i = 0; i < below; ++i) {
        int y = p / side, x = p % side;
        for (int t = times - 1; t >= 0; --t) {
          const int quarter = i >> (2 * t) & 3;
          y = 2 * y + quarter / 2;
          x = 2 * x + quarter % 2;
        }
        order.push_back(static_cast<std::uint32_t>(y * (side << times) + x));
      }
    }
    return order;
  }

  // What of the mask's head applies to the maps of one level: predict(norm(fuse(...))) has nothing between its products, so it
  // is one vector for each level and a constant, and enlarging the result is enlarging the maps.
  std::vector<float> Direction(int level) const {
    const auto &fuse = W("mask_head.linear_fuse.weight"), &predict = W("mask_head.linear_predict.weight");
    const auto &gain = W("mask_head.norm.weight"), &variance = W("mask_head.norm.running_var");
    const std::size_t n = kLevelChannels;
    std::vector<double> sum(n);
    for (std::size_t o = 0; o < n; ++o) {
      const double factor =
          predict[o] * gain[o] / std::sqrt(static_cast<double>(variance[o]) + kBatchNormEps);
      for (std::size_t c = 0; c < n; ++c)
        sum[c] += factor * fuse[(o * 5 + static_cast<std::size_t>(level)) * n + c];
    }
    return {sum.begin(), sum.end()};
  }

  double MaskConstant() const {
    const auto &predict = W("mask_head.linear_predict.weight"), &bias = W("mask_head.linear_fuse.bias");
    const auto &gain = W("mask_head.norm.weight"), &shift = W("mask_head.norm.bias"),
               &mean = W("mask_head.norm.running_mean"), &variance = W("mask_head.norm.running_var");
    double sum = W("mask_head.linear_predict.bias").at(0);
    for (std::size_t o = 0; o < predict.size(); ++o) {
      const double scale = gain[o] / std::sqrt(static_cast<double>(variance[o]) + kBatchNormEps);
      sum += predict[o] * (scale * (static_cast<double>(bias[o]) - mean[o]) + shift[o]);
    }
    return sum;
  }

  void Level(int level, const Rows& fused, const Rows& narrow) {
    const std::string name = "pyramid.stages." + std::to_string(level) + ".";
    const int side = fused.width, channels = fused.channels, half = channels / 2, quarter = channels / 4;
    Rows in = narrow;
    int at = 0, times = 0;
    if (level <= 1) {
      times = level == 0 ? 2 : 1;
      const Rows four = Map(level == 0 ? kSpatial : kHidden, side, 4 * half, level == 0);
      graph.Linear(narrow, DoublingLayer(name + "0", channels, half), four);
      in = Map(four.slot, 2 * side, half, four.wide);
      at = 1;
      if (level == 0) {
        const Rows normed = Map(kHidden2, 2 * side, half, false),
                   sixteen = Map(kHidden, 2 * side, 4 * quarter, false);
        graph.Norm(in, NormOf(name + "1", kNormEps), normed);
        graph.Gelu(normed);
        graph.Linear(normed, DoublingLayer(name + "3", half, quarter), sixteen);
        in = Map(kHidden, 4 * side, quarter, false);
        at = 4;
      }
    } else if (level == 3) {
      in = Map(kHidden, side / 2, channels, false);
      graph.MaxPool(fused, in);
      at = 1;
    }
    const Rows wide = Map(kSpatial, in.width, kLevelChannels, true),
               map = Map(kHidden2, in.width, kLevelChannels, false);
    graph.Linear(in, {W(name + std::to_string(at) + ".weight"), {}}, wide);
    graph.Norm(wide, NormOf(name + std::to_string(at + 1), kNormEps), map,
               times > 0 ? DoubledOrder(side, times) : std::vector<std::uint32_t>());
    graph.Conv(map, {W(name + std::to_string(at + 2) + ".weight"), {}, 3, 1, 1, 1}, wide);
    const auto project = [&](int which) {
      const Rows plane = Map(kPlanes + which, in.width, 1, true);
      graph.NormDot(wide, NormOf(name + std::to_string(at + 3), kNormEps), Direction(which), 0, plane);
      network.planes_.push_back(plane);
    };
    project(level);
    if (level == 0) project(4);  // the fifth map is every other row and column of the first
  }

  void Build() {
    const int side = network.options_.side;
    network.high_ = Map(kHigh, side, kInputChannels, false);
    network.low_ = Map(kLow, side, kInputChannels, false);
    Rows fused = network.high_, meaning = network.low_;
    for (int s = 0; s < kStages; ++s) {
      const int stage_side = side / (4 << s);
      const Rows texture = TextureStage(s, stage_side, fused);
      meaning = MeaningStage(s, stage_side, meaning);
      fused = Fuse(s, texture, meaning);
    }
    network.fused_ = fused;
    const Rows narrow = graph.Narrowed(fused, kNormed);
    for (int level = 0; level < 4; ++level) Level(level, fused, narrow);
    network.label_weight_ = W("label_head.weight");
    network.label_bias_ = W("label_head.bias").at(0);
    network.mask_constant_ = MaskConstant();
  }
};

AniXploreCpu::AniXploreCpu(const NamedFloats& weights, const AniXploreCpuOptions& options)
    : options_(options), graph_(options.bfloat16, options.threads) {
  KANTEI_CHECK(options.side >= 64 && options.side % 32 == 0);
  Builder{weights, *this, graph_}.Build();
}

AniXploreValues AniXploreCpu::Run(const std::vector<float>& high, const std::vector<float>& low) const {
  std::unique_ptr<TokenGraph::Arena> arena;
  {
    const std::lock_guard lock(mutex_);
    if (!arenas_.empty()) {
      arena = std::move(arenas_.back());
      arenas_.pop_back();
    }
  }
  if (arena == nullptr) arena = graph_.NewArena();
  graph_.Write(high, high_, *arena);
  graph_.Write(low, low_, *arena);
  graph_.Run(*arena);

  AniXploreValues values;
  const int quarter = options_.side / 4;
  std::vector<float> mask(static_cast<std::size_t>(quarter) * static_cast<std::size_t>(quarter),
                          static_cast<float>(mask_constant_));
  for (std::size_t i = 0; i < planes_.size(); ++i) {
    const Rows& plane = planes_[i];
    const float* from = reinterpret_cast<const float*>(arena->slot(plane.slot));
    std::vector<float> part(from, from + plane.values());
    int side = plane.width;
    if (i == 1) {  // the fifth
      side /= 2;
      const auto width = static_cast<std::size_t>(plane.width);
      for (std::size_t y = 0; y < width / 2; ++y) {
        for (std::size_t x = 0; x < width / 2; ++x) part[y * (width / 2) + x] = part[2 * y * width + 2 * x];
      }
      part.resize(width / 2 * (width / 2));
    }
    AddBilinear(part, side, side, false, quarter, quarter, mask.data());
  }
  values.mask.resize(static_cast<std::size_t>(options_.side) * static_cast<std::size_t>(options_.side));
  AddBilinear(mask, quarter, quarter, true, options_.side, options_.side, values.mask.data());

  const float* fused = reinterpret_cast<const float*>(arena->slot(fused_.slot));
  const auto channels = static_cast<std::size_t>(fused_.channels);
  const bool average = options_.released_quirks;
  std::vector<double> pooled(channels, average ? 0.0 : -std::numeric_limits<double>::infinity());
  for (std::size_t i = 0; i < fused_.values(); ++i) {
    double& at = pooled[i % channels];
    at = average ? at + fused[i] / static_cast<double>(fused_.rows())
                 : std::max(at, static_cast<double>(fused[i]));
  }
  values.label = label_bias_;
  for (std::size_t c = 0; c < channels; ++c) values.label += pooled[c] * label_weight_[c];

  const std::lock_guard lock(mutex_);
  arenas_.push_back(std::move(arena));
  return values;
}

}  // namespace kantei::nn
