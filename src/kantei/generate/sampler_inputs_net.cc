#include "kantei/generate/sampler_inputs_net.h"

#include <algorithm>
#include <fstream>

#include "kantei/base/random.h"
#include "kantei/image/transform.h"

namespace kantei::generate {
namespace {

constexpr std::int64_t kMaxPixels = 64 << 20;
constexpr int kMostChunks = 8;

/// Bytes that can be had without swapping; 0: not known.
double AvailableBytes() {
  std::ifstream file("/proc/meminfo");
  std::string name;
  double kilobytes = 0;
  for (std::string line; std::getline(file, line);)
    if (std::sscanf(line.c_str(), "MemAvailable: %lf kB", &kilobytes) == 1) return kilobytes * 1024;
  return 0;
}

/// A little more than what was seen: skips, and a handful of maps at the finest level.
double EstimatedBytes(const DiffusionNets& nets, const SampleOptions& options, const SampleSize& size) {
  const double places = static_cast<double>(size.latent_width()) * static_cast<double>(size.latent_height());
  const int batch = std::min(options.batch, options.count);
  const double passes = batch * (options.guidance > 1 ? 2.0 : 1.0);
  const double width = nets.unet->config().block_out_channels.front();
  return passes * places * width * 64 * static_cast<double>(torch::elementSize(nets.unet->type())) +
         3.0 * size.width * size.height * 4 * batch;
}

image::Image Fitted(const image::Image& picture, const SampleSize& size) {
  return picture.width() == size.width && picture.height() == size.height
             ? picture
             : image::Resize(picture, size.width, size.height);
}

torch::Tensor BytesOf(const image::Image& picture) {
  // from_blob wants a pointer to what may change; nothing here writes to it, and `to` copies.
  return torch::from_blob(const_cast<std::uint8_t*>(picture.pixels().data()),
                          {1, picture.height(), picture.width(), picture.channels()}, torch::kUInt8)
      .permute({0, 3, 1, 2})
      .to(torch::kFloat32);
}

torch::Tensor Padded(const torch::Tensor& pictures, int factor) {
  const auto missing = [factor](std::int64_t length) { return (factor - length % factor) % factor; };
  return torch::replication_pad2d(pictures, {0, missing(pictures.size(3)), 0, missing(pictures.size(2))});
}

torch::Tensor LatentsOf(const DiffusionNets& nets, const torch::Tensor& pictures) {
  AutoencoderKl vae = nets.vae;
  return vae->Scale(vae->Encode(pictures.to(vae->device(), vae->type())).mean.to(torch::kFloat32));
}

torch::Tensor Encoded(const DiffusionNets& nets, const std::vector<std::vector<std::int64_t>>& chunks) {
  ClipText text = nets.text;
  const torch::Device device = text->parameters().front().device();
  std::vector<torch::Tensor> encoded;
  for (const std::vector<std::int64_t>& chunk : chunks)
    encoded.push_back(text->forward(torch::tensor(chunk, torch::kInt64).unsqueeze(0).to(device)));
  return torch::cat(encoded, 1);
}

}  // namespace

torch::Tensor SeededNoise(std::uint64_t seed, NoiseStream stream, int step, std::int64_t channels,
                          std::int64_t height, std::int64_t width) {
  torch::Tensor noise = torch::empty({channels, height, width}, torch::kFloat32);
  Random random =
      Random(seed).Fork(static_cast<std::uint64_t>(stream)).Fork(static_cast<std::uint64_t>(step));
  float* values = noise.data_ptr<float>();
  for (std::int64_t i = 0; i < noise.numel(); ++i) values[i] = static_cast<float>(random.Normal());
  return noise;
}

Result<EncodedPrompts> EncodePrompts(const DiffusionNets& nets, const std::string& prompt,
                                     const std::string& negative, std::vector<std::string>* notes) {
  KANTEI_TRY(const std::vector<std::int64_t> ids, nets.tokenizer->Tokens(prompt));
  KANTEI_TRY(const PromptChunks chunks, ChunkPrompts(nets, ids, negative, notes));
  return EncodeChunks(nets, chunks);
}

Result<PromptChunks> ChunkPrompts(const DiffusionNets& nets, const std::vector<std::int64_t>& prompt,
                                  const std::string& negative, std::vector<std::string>* notes) {
  EncodedPrompt with = nets.tokenizer->EncodeTokens(prompt, kMostChunks);
  KANTEI_TRY(EncodedPrompt without, nets.tokenizer->Encode(negative, kMostChunks));
  const std::size_t most = std::max(with.chunks.size(), without.chunks.size());
  for (const auto& [name, encoded] : {std::pair("prompt", &with), std::pair("negative prompt", &without)}) {
    const std::string length = "the " + std::string(name) + " has " + std::to_string(encoded->tokens) +
                               " tokens and the model's encoder takes " +
                               std::to_string(nets.tokenizer->length() - 2) + " at once; it was encoded in " +
                               std::to_string(encoded->chunks.size()) + " parts";
    if (encoded->shortened)
      notes->push_back(length + ", and its end was left out");
    else if (encoded->chunks.size() > 1)
      notes->push_back(length);
  }
  if (most > 1) {
    // Both go through the network in one batch, so the shorter one is filled up with empty parts.
    KANTEI_TRY(const EncodedPrompt empty, nets.tokenizer->Encode(""));
    with.chunks.resize(most, empty.chunks.front());
    without.chunks.resize(most, empty.chunks.front());
  }
  return PromptChunks{std::move(with.chunks), std::move(without.chunks)};
}

EncodedPrompts EncodeChunks(const DiffusionNets& nets, const PromptChunks& chunks) {
  return {Encoded(nets, chunks.with), Encoded(nets, chunks.without)};
}

torch::Tensor PictureTensor(const image::Image& picture, int factor) {
  return Padded(BytesOf(picture) / 127.5 - 1, factor);
}

image::Image PictureOf(const torch::Tensor& pictures, int index, int width, int height) {
  const torch::Tensor bytes = pictures.select(0, index)
                                  .slice(1, 0, height)
                                  .slice(2, 0, width)
                                  .to(torch::kFloat32)
                                  .add(1)
                                  .mul(127.5)
                                  .round()
                                  .clamp(0, 255)
                                  .to(torch::kUInt8)
                                  .cpu()
                                  .permute({1, 2, 0})
                                  .contiguous();
  const std::uint8_t* data = bytes.data_ptr<std::uint8_t>();
  return image::Image(width, height, 3, std::vector<std::uint8_t>(data, data + bytes.numel()));
}

Result<SampleSize> SizeOf(const DiffusionNets& nets, const SampleOptions& options) {
  SampleSize size{options.width, options.height, nets.vae->config().factor()};
  if (size.width == 0) {
    const int trained = nets.unet->config().sample_size * size.factor;
    size.width = options.init.empty() ? trained : options.init.width();
    size.height = options.init.empty() ? trained : options.init.height();
  } else if (size.width % size.factor != 0 || size.height % size.factor != 0) {
    return Error{ErrorCode::kInvalidArgument,
                 "the size " + std::to_string(size.width) + "x" + std::to_string(size.height) +
                     " is unsafe for this model: width and height must be multiples of " +
                     std::to_string(size.factor)};
  }
  const double bytes = EstimatedBytes(nets, options, size), available = AvailableBytes();
  if (std::int64_t{size.width} * size.height > kMaxPixels ||
      (nets.unet->device().is_cpu() && available > 0 && bytes > available)) {
    return Error{ErrorCode::kTooLarge,
                 "pictures of " + std::to_string(size.width) + "x" + std::to_string(size.height) +
                     " pixels need about " + std::to_string(std::int64_t(bytes / 1e6) + 1) + " MB and " +
                     std::to_string(std::int64_t(available / 1e6)) +
                     " MB can be had; choose a smaller size, or fewer pictures at once"};
  }
  return size;
}

Result<SourceTensors> MakeSource(const DiffusionNets& nets, const SampleOptions& options,
                                 const SampleSize& size) {
  SourceTensors source;
  const bool inpainting = nets.unet->config().inpainting();
  if (!options.control.empty()) {
    if (!nets.controlnet)
      return Error{ErrorCode::kInvalidArgument,
                   "a control picture was given, and this model has no ControlNet; name one"};
    source.control = Padded(BytesOf(image::ToRgb(Fitted(options.control, size))) / 255, size.factor);
  }
  torch::Tensor pixels, hole;
  if (!options.init.empty()) {
    source.picture = Fitted(image::ToRgb(options.init), size);
    pixels = PictureTensor(source.picture, size.factor);
  }
  if (!options.mask.empty()) {
    source.mask = Fitted(options.mask, size);
    for (std::uint8_t& value : source.mask.pixels()) value = value >= 128 ? 255 : 0;
    hole = Padded(BytesOf(source.mask) / 255, size.factor);
  }
  const std::int64_t height = size.latent_height(), width = size.latent_width();
  if (inpainting) {
    // Without a mask all of the picture is the hole.
    if (!hole.defined()) hole = torch::ones({1, 1, height * size.factor, width * size.factor});
    const torch::Tensor rest =
        pixels.defined() ? pixels * (1 - hole) : torch::zeros({1, 3, hole.size(2), hole.size(3)});
    const torch::Tensor coarse =
        hole.slice(2, 0, hole.size(2), size.factor).slice(3, 0, hole.size(3), size.factor);
    source.extra = torch::cat({coarse.to(nets.unet->device()), LatentsOf(nets, rest)}, 1);
  }
  if (pixels.defined()) source.latents = LatentsOf(nets, pixels);
  if (!source.mask.empty()) source.blend = torch::max_pool2d(hole, size.factor).to(nets.unet->device());
  return source;
}

}  // namespace kantei::generate
