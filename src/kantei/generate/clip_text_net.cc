#include "kantei/generate/clip_text_net.h"

#include <string>

#include "kantei/generate/attention_net.h"
#include "kantei/nn/module_tree_net.h"

namespace kantei::generate {

ClipTextImpl::ClipTextImpl(const ClipTextConfig& config) : config_(config) {
  KANTEI_CHECK(config.Validate().ok());
  const int64_t width = config.hidden_size, wide = config.intermediate_size;
  const std::string text = "text_model.";
  words_ =
      nn::PutModule(*this, text + "embeddings.token_embedding", EmbeddingLayer(config.vocab_size, width));
  places_ = nn::PutModule(*this, text + "embeddings.position_embedding",
                          EmbeddingLayer(config.max_position_embeddings, width));
  const auto norm = [&](const std::string& name) {
    return nn::PutModule(*this, name, LayerNormLayer(width, config.layer_norm_eps));
  };
  const auto linear = [&](const std::string& name, int64_t in, int64_t out) {
    return nn::PutModule(*this, name, LinearLayer(in, out));
  };
  for (int i = 0; i < config.num_hidden_layers; ++i) {
    const std::string name = text + "encoder.layers." + std::to_string(i) + ".";
    Layer layer;
    layer.norm_1 = norm(name + "layer_norm1");
    layer.query = linear(name + "self_attn.q_proj", width, width);
    layer.key = linear(name + "self_attn.k_proj", width, width);
    layer.value = linear(name + "self_attn.v_proj", width, width);
    layer.output = linear(name + "self_attn.out_proj", width, width);
    layer.norm_2 = norm(name + "layer_norm2");
    layer.widen = linear(name + "mlp.fc1", width, wide);
    layer.narrow = linear(name + "mlp.fc2", wide, width);
    layers_.push_back(std::move(layer));
  }
  final_norm_ = norm(text + "final_layer_norm");
}

torch::Tensor ClipTextImpl::forward(const torch::Tensor& ids, int skipped_layers) {
  KANTEI_CHECK(ids.dim() == 2 && ids.size(1) <= config_.max_position_embeddings);
  KANTEI_CHECK(skipped_layers >= 0 && skipped_layers < config_.num_hidden_layers);
  const int64_t count = ids.size(0), length = ids.size(1), heads = config_.num_attention_heads;
  const auto split = [&](const torch::Tensor& x) {
    return x.view({count, length, heads, -1}).transpose(1, 2);
  };
  AttentionOptions attention;
  attention.causal = true;
  torch::Tensor x = words_(ids) + places_->weight.narrow(0, 0, length);
  for (int i = 0; i < config_.num_hidden_layers - skipped_layers; ++i) {
    Layer& layer = layers_[static_cast<std::size_t>(i)];
    const torch::Tensor y = layer.norm_1(x);
    const torch::Tensor seen =
        Attend(split(layer.query(y)), split(layer.key(y)), split(layer.value(y)), attention);
    x = x + layer.output(seen.transpose(1, 2).reshape({count, length, -1}));
    const torch::Tensor wide = layer.widen(layer.norm_2(x));
    x = x + layer.narrow(config_.quick_gelu ? wide * torch::sigmoid(1.702 * wide) : torch::gelu(wide));
  }
  return final_norm_(x);
}

}  // namespace kantei::generate
