// Small networks for tests: the same modules as Stable Diffusion's with few channels. Includes torch.
#pragma once

#include <string>

#include "kantei/generate/diffusion_layers_net.h"
#include "kantei/generate/diffusion_model_net.h"

namespace kantei::generate {

struct TinyOptions {
  bool linear = false;      ///< as Stable Diffusion 2: linear projections, GELU, padded with the first word
  bool inpainting = false;  ///< nine channels
  bool controlnet = false;
};

/// Two levels of 32 and 64 channels, latents of four channels at half the side, prompts of 16 ids. Everything that the original
/// layout does not tell is as the reader assumes it.
inline DiffusionNets TinyNets(const TinyOptions& options = {}) {
  DiffusionNets nets;
  nets.tokenizer = ClipTokenizer::MakeBytes(16);
  ClipTextConfig text;
  text.vocab_size = static_cast<int>(nets.tokenizer->size());
  text.hidden_size = 64;
  text.intermediate_size = 96;
  text.num_hidden_layers = 2;
  text.num_attention_heads = 1;
  text.max_position_embeddings = 16;
  text.quick_gelu = !options.linear;
  UnetConfig unet;
  unet.in_channels = options.inpainting ? 9 : 4;
  unet.block_out_channels = {32, 64};
  unet.layers_per_block = 1;
  unet.down_attention = {true, false};
  unet.up_attention = {false, true};
  unet.cross_attention_dim = 64;
  unet.heads = {8, 8};
  if (options.linear) unet.heads = {1, 1};
  unet.use_linear_projection = options.linear;
  unet.sample_size = options.linear ? 96 : 64;
  AutoencoderKlConfig vae;
  vae.block_out_channels = {32, 32};
  vae.layers_per_block = 1;
  nets.text = ClipText(text);
  nets.unet = Unet(unet);
  nets.vae = AutoencoderKl(vae);
  BeginWeights(*nets.text, 1);
  BeginWeights(*nets.unet, 2);
  BeginWeights(*nets.vae, 3);
  if (options.controlnet) {
    ControlnetConfig control;
    control.unet = unet;
    control.unet.in_channels = 4;
    control.conditioning_embedding_out_channels = {8, 16};
    nets.controlnet = Controlnet(control);
    BeginWeights(*nets.controlnet, 4);
    // Ends that are zero would hide everything before them.
    const torch::NoGradGuard no_grad;
    for (torch::Tensor& parameter : nets.controlnet->parameters()) parameter.add_(0.01);
  }
  return nets;
}

/// What the UNet says to inputs that are always the same.
inline torch::Tensor UnetAnswer(const DiffusionNets& nets) {
  const torch::NoGradGuard no_grad;
  Unet unet = nets.unet;
  const auto values = [&](std::vector<int64_t> shape, double step) {
    int64_t count = 1;
    for (const int64_t length : shape) count *= length;
    return torch::sin(torch::arange(count, torch::kFloat32) * step).view(shape).to(unet->type());
  };
  return unet
      ->forward(values({1, unet->config().in_channels, 6, 8}, 0.7), torch::tensor({300}),
                values({1, 5, 64}, 1.3))
      .to(torch::kFloat32);
}

}  // namespace kantei::generate
