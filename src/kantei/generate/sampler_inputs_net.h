// What goes into a sampling run besides numbers: words, pictures and masks as tensors, noise. Private: includes torch.
#pragma once

#include <torch/torch.h>

#include <string>
#include <vector>

#include "kantei/generate/diffusion_model_net.h"
#include "kantei/generate/sampler.h"

namespace kantei::generate {

/// Which of a picture's streams of noise.
enum class NoiseStream : std::uint64_t {
  kStart = 0,
  kSteps = 1,
  kOtherStarts = 2,  ///< best-of-noise
  kEmbedding = 3,    ///< embedding-noise
  kWords = 4         ///< which words random-tokens and word-repetition put where
};

/// Standard normal, float32 (channels, height, width), on the CPU. Depends on the arguments alone.
torch::Tensor SeededNoise(std::uint64_t seed, NoiseStream stream, int step, std::int64_t channels,
                          std::int64_t height, std::int64_t width);

/// Words as the UNet takes them: (1, T, D) each, of one length. A prompt longer than the encoder is encoded in parts, which stand
/// one after the other; `notes` then says so.
struct EncodedPrompts {
  torch::Tensor with, without;
};
Result<EncodedPrompts> EncodePrompts(const DiffusionNets& nets, const std::string& prompt,
                                     const std::string& negative, std::vector<std::string>* notes);
/// Its two halves: ids in as many parts for both prompts, and what the text encoder says to them.
struct PromptChunks {
  std::vector<std::vector<std::int64_t>> with, without;
};
Result<PromptChunks> ChunkPrompts(const DiffusionNets& nets, const std::vector<std::int64_t>& prompt,
                                  const std::string& negative, std::vector<std::string>* notes);
EncodedPrompts EncodeChunks(const DiffusionNets& nets, const PromptChunks& chunks);

/// (1, 3, H, W) in -1..1; the edge is repeated to the right and below up to the next multiples of `factor`.
torch::Tensor PictureTensor(const image::Image& picture, int factor);
/// The first picture of (N, 3, H, W) in -1..1, cut to the size.
image::Image PictureOf(const torch::Tensor& pictures, int index, int width, int height);

/// What a run starts from, or fills a hole of. Undefined tensors: not needed.
struct SourceTensors {
  image::Image picture;   ///< in the size of the result; empty: none
  image::Image mask;      ///< of the same size, 0 and 255; empty: none
  torch::Tensor latents;  ///< (1, C, h, w) of the picture
  torch::Tensor blend;    ///< (1, 1, h, w): 1 where any pixel below is made anew
  torch::Tensor
      extra;  ///< (1, C + 1, h, w): mask and latents of the picture without its hole, for inpainting networks
  torch::Tensor control;  ///< (1, 3, H, W) in 0..1
};

/// Size of the result in pixels, and of its latents.
struct SampleSize {
  int width = 0, height = 0, factor = 8;
  std::int64_t latent_height() const { return (height + factor - 1) / factor; }
  std::int64_t latent_width() const { return (width + factor - 1) / factor; }
};
/// kInvalidArgument when sizes do not fit the model, kTooLarge when they do not fit the memory.
Result<SampleSize> SizeOf(const DiffusionNets& nets, const SampleOptions& options);
Result<SourceTensors> MakeSource(const DiffusionNets& nets, const SampleOptions& options,
                                 const SampleSize& size);

}  // namespace kantei::generate
