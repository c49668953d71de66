#include "kantei/generate/attention_net.h"

#include <torch/version.h>

#include <algorithm>
#include <cmath>

#include "kantei/base/result.h"
#include "kantei/nn/module_tree_net.h"

namespace kantei::generate {
namespace {

constexpr double kLayerNormEps = 1e-5;
constexpr double kGroupNormEps = 1e-6;
/// A bias is in units of the largest score, and of this where scores are smaller: else a network that hardly tells words apart could
/// not be steered.
constexpr double kLeastBiasUnit = 4;

// (N, L, heads x depth) -> (N, heads, L, depth)
torch::Tensor SplitHeads(const torch::Tensor& x, int64_t heads) {
  return x.view({x.size(0), x.size(1), heads, -1}).transpose(1, 2);
}

torch::Tensor MergeHeads(const torch::Tensor& x) {
  return x.transpose(1, 2).reshape({x.size(0), x.size(2), -1});
}

// The scores of rows [row, row + q.size(1)) of a causal attention that look at later places.
void HideLater(torch::Tensor& scores, int64_t row) {
  scores.masked_fill_(
      torch::ones({scores.size(1), scores.size(2)}, scores.options().dtype(torch::kBool)).triu(row + 1),
      -std::numeric_limits<float>::infinity());
}

}  // namespace

torch::Tensor Attend(const torch::Tensor& q, const torch::Tensor& k, const torch::Tensor& v,
                     const AttentionOptions& options) {
#if TORCH_VERSION_MAJOR > 2 || (TORCH_VERSION_MAJOR == 2 && TORCH_VERSION_MINOR >= 2)
  return at::scaled_dot_product_attention(q, k, v, {}, 0.0, options.causal);
#else
  const int64_t count = q.size(0), heads = q.size(1), rows = q.size(2), keys = k.size(2), depth = q.size(3);
  const double scale = 1 / std::sqrt(static_cast<double>(depth));
  const torch::Tensor queries = (q * scale).reshape({count * heads, rows, depth});
  const torch::Tensor turned = k.reshape({count * heads, keys, depth}).transpose(1, 2);
  const torch::Tensor values = v.reshape({count * heads, keys, v.size(3)});
  const int64_t groups = count * heads;
  // Whole heads together while they fit, else one head in slices of rows.
  const int64_t group_step = std::clamp<int64_t>(options.max_scores / (rows * keys), 1, groups);
  const int64_t row_step = group_step > 1 ? rows : std::clamp<int64_t>(options.max_scores / keys, 1, rows);
  std::vector<torch::Tensor> of_groups;
  for (int64_t g = 0; g < groups; g += group_step) {
    const int64_t g_count = std::min(group_step, groups - g);
    const torch::Tensor group_q = queries.narrow(0, g, g_count), group_k = turned.narrow(0, g, g_count),
                        group_v = values.narrow(0, g, g_count);
    std::vector<torch::Tensor> of_rows;
    for (int64_t r = 0; r < rows; r += row_step) {
      torch::Tensor scores = torch::bmm(group_q.narrow(1, r, std::min(row_step, rows - r)), group_k);
      if (options.causal) HideLater(scores, r);
      const torch::Tensor weights = torch::softmax(scores, -1);
      of_rows.push_back(torch::bmm(weights, group_v));
    }
    of_groups.push_back(of_rows.size() == 1 ? of_rows[0] : torch::cat(of_rows, 1));
  }
  const torch::Tensor all = of_groups.size() == 1 ? of_groups[0] : torch::cat(of_groups, 0);
  return all.view({count, heads, rows, v.size(3)});
#endif
}

AttentionBlockImpl::AttentionBlockImpl(int64_t channels, int64_t context_channels, int64_t heads_)
    : heads(heads_) {
  KANTEI_CHECK(heads >= 1 && channels % heads == 0);
  to_q = register_module("to_q", LinearLayer(channels, channels, false));
  to_k = register_module("to_k", LinearLayer(context_channels, channels, false));
  to_v = register_module("to_v", LinearLayer(context_channels, channels, false));
  to_out = nn::PutModule(*this, "to_out.0", LinearLayer(channels, channels));
}

torch::Tensor AttentionBlockImpl::forward(const torch::Tensor& x, const torch::Tensor& source,
                                          int64_t max_scores, torch::Tensor* maps,
                                          const torch::Tensor& bias) {
  const torch::Tensor q = SplitHeads(to_q(x), heads), k = SplitHeads(to_k(source), heads),
                      v = SplitHeads(to_v(source), heads);
  if (maps == nullptr && !bias.defined()) return to_out(MergeHeads(Attend(q, k, v, {max_scores, false})));
  // Head by head: the whole of what every head looks at is never there.
  const double scale = 1 / std::sqrt(static_cast<double>(q.size(3)));
  std::vector<torch::Tensor> outputs;
  torch::Tensor sum;
  for (int64_t head = 0; head < heads; ++head) {
    const torch::Tensor scores = torch::bmm(q.select(1, head) * scale, k.select(1, head).transpose(1, 2));
    torch::Tensor weights;
    if (maps != nullptr) {
      weights = torch::softmax(scores, -1, torch::kFloat32);
      sum = sum.defined() ? sum + weights : weights;
    }
    if (bias.defined()) {
      const torch::Tensor wide = scores.to(torch::kFloat32);
      const torch::Tensor unit = wide.abs().amax({1, 2}, true).clamp_min(kLeastBiasUnit);
      weights = torch::softmax(wide + bias * unit, -1);
    }
    outputs.push_back(torch::bmm(weights.to(v.scalar_type()), v.select(1, head)));
  }
  if (maps != nullptr) *maps = (sum / static_cast<double>(heads)).detach();
  return to_out(torch::cat(outputs, -1));
}

TransformerBlockImpl::TransformerBlockImpl(int64_t channels, int64_t context_channels, int64_t heads) {
  norm1 = register_module("norm1", LayerNormLayer(channels, kLayerNormEps));
  attn1 = register_module("attn1", AttentionBlock(channels, channels, heads));
  norm2 = register_module("norm2", LayerNormLayer(channels, kLayerNormEps));
  attn2 = register_module("attn2", AttentionBlock(channels, context_channels, heads));
  norm3 = register_module("norm3", LayerNormLayer(channels, kLayerNormEps));
  widen = nn::PutModule(*this, "ff.net.0.proj", LinearLayer(channels, 8 * channels));
  narrow = nn::PutModule(*this, "ff.net.2", LinearLayer(4 * channels, channels));
}

torch::Tensor TransformerBlockImpl::forward(torch::Tensor x, const AttentionContext& context,
                                            torch::Tensor* maps, const torch::Tensor& bias) {
  const torch::Tensor self = norm1(x);
  x = x + attn1(self, self, context.max_scores, nullptr);
  x = x + attn2(norm2(x), context.words, context.max_scores, maps, bias);
  const auto halves = widen(norm3(x)).chunk(2, -1);
  return x + narrow(halves[0] * torch::gelu(halves[1]));
}

SpatialTransformerImpl::SpatialTransformerImpl(const TransformerOptions& options) {
  norm = register_module("norm", GroupNormLayer(options.groups, options.channels, kGroupNormEps));
  if (options.linear_projection) {
    linear_in = register_module("proj_in", LinearLayer(options.channels, options.channels));
  } else {
    conv_in = register_module("proj_in", ConvLayer(options.channels, options.channels, 1));
  }
  for (int64_t i = 0; i < options.layers; ++i) {
    blocks.push_back(
        nn::PutModule(*this, "transformer_blocks." + std::to_string(i),
                      TransformerBlock(options.channels, options.context_channels, options.heads)));
  }
  if (options.linear_projection) {
    linear_out = register_module("proj_out", LinearLayer(options.channels, options.channels));
  } else {
    conv_out = register_module("proj_out", ConvLayer(options.channels, options.channels, 1));
  }
}

torch::Tensor SpatialTransformerImpl::forward(const torch::Tensor& x, const AttentionContext& context) {
  const int64_t height = x.size(2), width = x.size(3);
  torch::Tensor map = norm(x);
  if (conv_in) map = conv_in(map);
  // Of a map in channels-last order this is a view.
  torch::Tensor tokens = map.permute({0, 2, 3, 1}).reshape({x.size(0), height * width, x.size(1)});
  if (linear_in) tokens = linear_in(tokens);
  torch::Tensor bias;
  if (context.bias.defined())
    bias = torch::adaptive_avg_pool2d(context.bias, {height, width}).flatten(2).transpose(1, 2);
  for (std::size_t i = 0; i < blocks.size(); ++i) {
    if (context.sink == nullptr || !*context.sink) {
      tokens = blocks[i](tokens, context, nullptr, bias);
      continue;
    }
    torch::Tensor maps;
    tokens = blocks[i](tokens, context, &maps, bias);
    (*context.sink)(path + ".transformer_blocks." + std::to_string(i),
                    maps.transpose(1, 2).reshape({maps.size(0), maps.size(2), height, width}));
  }
  if (linear_out) tokens = linear_out(tokens);
  map = tokens.view({x.size(0), height, width, x.size(1)}).permute({0, 3, 1, 2});
  if (conv_out) map = conv_out(map);
  return map + x;
}

}  // namespace kantei::generate
