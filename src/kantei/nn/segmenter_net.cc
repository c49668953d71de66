#include <torch/torch.h>

#include <exception>
#include <new>
#include <system_error>
#include <utility>

#include "kantei/base/files.h"
#include "kantei/nn/label_map.h"
#include "kantei/nn/module_weights_net.h"
#include "kantei/nn/segformer_net.h"
#include "kantei/nn/segmenter.h"
#include "kantei/nn/torch_device_net.h"

namespace kantei::nn {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kMaxConfigBytes = 1 << 20;
/// Of one attention: 1 GiB of float32. Published sizes have at most 67 million.
constexpr std::int64_t kMostScores = std::int64_t{1} << 28;

Result<Json> ReadConfig(const fs::path& path) {
  KANTEI_TRY(const std::string text, ReadTextFile(path, kMaxConfigBytes));
  return ParseJson(text, DisplayPath(path));
}

Status CheckSize(const SegformerConfig& config, int width, int height) {
  const std::int64_t scores = config.MostScores(width, height);
  if (scores > 0 && scores <= kMostScores) return {};
  if (scores == 0)
    return Error{ErrorCode::kInvalidArgument, "an input of " + std::to_string(width) + " x " +
                                                  std::to_string(height) +
                                                  " pixels is too small for this network"};
  return Error{ErrorCode::kTooLarge, "an input of " + std::to_string(width) + " x " + std::to_string(height) +
                                         " pixels would need more than 1 GiB for one attention of this "
                                         "network; state a smaller size in preprocessor_config.json"};
}

class SegformerSegmenter : public Segmenter {
 public:
  SegformerSegmenter(Segformer module, SegformerConfig config, const SegformerInput& input,
                     torch::Device device, int threads)
      : module_(std::move(module)),
        config_(std::move(config)),
        input_(input),
        device_(device),
        threads_(threads) {}

  const std::vector<std::string>& names() const override { return config_.names; }
  bool reduced_labels() const override { return input_.reduced_labels; }

  Result<Segmentation> Segment(const image::Image& picture,
                               const CancellationToken& cancellation) const override {
    if (picture.empty()) return Error{ErrorCode::kInvalidArgument, "an empty picture cannot be segmented"};
    if (input_.width == 0) KANTEI_RETURN_IF_ERROR(CheckSize(config_, picture.width(), picture.height()));
    Segmentation result{picture.width(), picture.height(), {}, {}};
    try {
      const TorchThreads threads(threads_);
      const torch::InferenceMode inference;
      const torch::Tensor input = SegformerTensor(picture, input_).to(device_);
      // In evaluation it only reads.
      KANTEI_TRY(torch::Tensor logits, const_cast<Segformer&>(module_)->Logits(input, cancellation));
      logits = logits.to(torch::kCPU, torch::kFloat32).permute({0, 2, 3, 1}).contiguous();
      if (!torch::isfinite(logits).all().item<bool>())
        return Error{ErrorCode::kInternal, "the segmenter gave values that are not finite"};
      KANTEI_TRY(result.labels, LabelsOf(logits.data_ptr<float>(), static_cast<int>(logits.size(2)),
                                         static_cast<int>(logits.size(1)), static_cast<int>(logits.size(3)),
                                         result.width, result.height, threads_, cancellation));
    } catch (const std::bad_alloc&) {
      return Error{ErrorCode::kTooLarge, "there is not enough memory to segment the picture"};
    } catch (const std::exception& failure) {
      return TorchError("LibTorch could not segment the picture", failure);
    }
    result.shares.assign(config_.names.size(), 0);
    for (const std::uint16_t label : result.labels) ++result.shares[label];
    for (double& share : result.shares) share /= static_cast<double>(result.labels.size());
    return result;
  }

 private:
  Segformer module_;
  SegformerConfig config_;
  SegformerInput input_;
  torch::Device device_;
  int threads_;
};

}  // namespace

image::Image Segmentation::MaskOf(int label) const {
  image::Image mask(width, height, 1);
  for (std::size_t i = 0; i < labels.size(); ++i) mask.pixels()[i] = labels[i] == label ? 255 : 0;
  return mask;
}

Result<std::unique_ptr<Segmenter>> Segmenter::Open(const fs::path& folder, const SegmenterOptions& options) {
  if (options.threads < 1)
    return Error{ErrorCode::kInvalidArgument, "the number of threads must be at least 1"};
  KANTEI_TRY(const torch::Device device, DeviceOf(options.device));
  std::error_code error;
  const fs::path config_file = folder / "config.json", input_file = folder / "preprocessor_config.json";
  if (!fs::exists(config_file, error)) {
    KANTEI_RETURN_IF_ERROR(RefusePickle(folder));
    return Error{ErrorCode::kNotFound,
                 DisplayPath(folder) +
                     " has no config.json; name a folder with config.json and model.safetensors of a "
                     "SegformerForSemanticSegmentation"};
  }
  KANTEI_TRY(const Json config_json, ReadConfig(config_file));
  KANTEI_TRY(SegformerConfig config, ReadSegformerConfig(config_json, DisplayPath(config_file)));
  SegformerInput input;
  if (fs::exists(input_file, error)) {
    KANTEI_TRY(const Json input_json, ReadConfig(input_file));
    KANTEI_TRY(input, ReadSegformerInput(input_json, DisplayPath(input_file)));
  }
  if (input.width > 0) {
    if (const Status fits = CheckSize(config, input.width, input.height); !fits.ok())
      return Error{fits.error().code, DisplayPath(folder) + ": " + fits.error().message};
  }
  KANTEI_TRY(const WeightSource weights, OpenWeights(folder, "model"));
  try {
    Segformer module(config);
    KANTEI_RETURN_IF_ERROR(LoadForInference(weights, *module));
    module->to(device);
    module->FoldHead();
    return std::unique_ptr<Segmenter>(std::make_unique<SegformerSegmenter>(
        std::move(module), std::move(config), input, device, options.threads));
  } catch (const std::bad_alloc&) {
    return Error{ErrorCode::kTooLarge, DisplayPath(folder) + ": there is not enough memory for the network"};
  } catch (const std::exception& failure) {
    return TorchError(DisplayPath(folder) + ": the network could not be made ready", failure);
  }
}

}  // namespace kantei::nn
