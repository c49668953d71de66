#include <torch/torch.h>

#include <algorithm>
#include <cmath>
#include <exception>
#include <map>
#include <new>
#include <string>
#include <utility>
#include <vector>

#include "kantei/base/files.h"
#include "kantei/base/sha256.h"
#include "kantei/image/transform.h"
#include "kantei/nn/lpips.h"
#include "kantei/nn/torch_device_net.h"
#include "kantei/nn/weight_source.h"
#include "kantei/nn/weights_check.h"
#include "kantei/nn/weights_net.h"

namespace kantei::nn {
namespace {

constexpr int kLeastSide = 32;
constexpr std::int64_t kMostPixels = std::int64_t{4} << 20;
constexpr std::size_t kMostFiles = 8;
constexpr double kNormEps = 1e-10;

/// One convolution with ReLU; torchvision's number within "features".
struct Layer {
  int number, in, out, kernel, stride = 1, padding = 1;
  bool pool_before = false;  ///< of 3 by 2 (AlexNet) or 2 by 2 (VGG)
  bool compared = false;     ///< its map takes part in the distance
};

struct Architecture {
  std::string name;
  int pool = 2;  ///< its kernel; the stride is 2
  std::vector<Layer> layers;
};

Architecture Alex() {
  return {"alex",
          3,
          {{0, 3, 64, 11, 4, 2, false, true},
           {3, 64, 192, 5, 1, 2, true, true},
           {6, 192, 384, 3, 1, 1, true, true},
           {8, 384, 256, 3, 1, 1, false, true},
           {10, 256, 256, 3, 1, 1, false, true}}};
}

Architecture Vgg() {
  Architecture vgg{"vgg", 2, {}};
  const std::pair<int, int> stages[] = {{2, 64}, {2, 128}, {3, 256}, {3, 512}, {3, 512}};
  int number = 0, before = 3;
  for (const auto& [count, channels] : stages) {
    for (int i = 0; i < count; ++i, number += 2, before = channels)
      vgg.layers.push_back({number, before, channels, 3, 1, 1, i == 0 && number > 0, i + 1 == count});
    ++number;  // the pooling
  }
  return vgg;
}

std::string FeatureName(const Layer& layer, const char* part) {
  return "features." + std::to_string(layer.number) + part;
}

std::string LinearName(std::size_t i) {
  return "lin" + std::to_string(i) + ".model.1.weight";
}

/// All files' tensors under torchvision's names: the lpips package says "net.slice2.3.weight" for "features.3.weight".
Result<WeightSource> Gather(std::span<const std::filesystem::path> files) {
  if (files.empty() || files.size() > kMostFiles)
    return Error{ErrorCode::kInvalidArgument, "LPIPS needs one to eight files of weights"};
  WeightSource all;
  for (const auto& path : files) {
    KANTEI_TRY(WeightSource one, OpenWeightFile(path));
    all.name += (all.name.empty() ? "" : " and ") + one.name;
    all.files.push_back(one.files[0]);
    for (auto& [name, view] : one.tensors) {
      std::string ours = name;
      if (const std::size_t behind = name.find('.', 4); name.starts_with("net.slice") && behind != name.npos)
        ours = "features" + name.substr(behind);
      // Copies of lin0 ... and constants.
      if (ours.starts_with("lins.") || ours.starts_with("scaling_layer.") || ours.starts_with("classifier."))
        continue;
      if (!all.tensors.emplace(std::move(ours), std::move(view)).second)
        return Error{ErrorCode::kCorrupt,
                     all.name + ": the tensor " + name + " is there twice; leave out a file"};
    }
  }
  return all;
}

Result<Architecture> ArchitectureOf(const WeightSource& source) {
  const auto first = source.tensors.find("features.0.weight");
  for (Architecture& known : std::vector<Architecture>{Alex(), Vgg()}) {
    const Layer& layer = known.layers.front();
    if (first != source.tensors.end() &&
        first->second.shape == std::vector<std::int64_t>{layer.out, layer.in, layer.kernel, layer.kernel})
      return std::move(known);
  }
  return Error{
      ErrorCode::kUnsupported,
      source.name +
          " has no features.0.weight of AlexNet (64 x 3 x 11 x 11) or VGG-16 (64 x 3 x 3 x 3); expected "
          "torchvision's features and lin0.model.1.weight to lin4.model.1.weight"};
}

class LpipsDistance : public Lpips {
 public:
  LpipsDistance(Architecture architecture, std::string sha256, torch::Device device, int threads)
      : architecture_(std::move(architecture)),
        sha256_(std::move(sha256)),
        device_(device),
        threads_(threads) {}

  Status Load(const WeightSource& source) {
    std::vector<ExpectedTensor> expected;
    std::size_t compared = 0;
    for (const Layer& layer : architecture_.layers) {
      expected.push_back({FeatureName(layer, ".weight"), {layer.out, layer.in, layer.kernel, layer.kernel}});
      expected.push_back({FeatureName(layer, ".bias"), {layer.out}});
      if (layer.compared) expected.push_back({LinearName(compared++), {1, layer.out, 1, 1}});
    }
    KANTEI_RETURN_IF_ERROR(CheckTensors(source.tensors, source.name, expected));
    std::map<std::string, torch::Tensor> values;
    for (const ExpectedTensor& tensor : expected) {
      KANTEI_TRY(const torch::Tensor value,
                 ReadTensor(source.tensors.at(tensor.name), tensor.name, source.name));
      values[tensor.name] = value.to(device_, torch::kFloat32);
    }
    for (const Layer& layer : architecture_.layers) {
      weights_.push_back(values.at(FeatureName(layer, ".weight")));
      biases_.push_back(values.at(FeatureName(layer, ".bias")));
    }
    for (std::size_t i = 0; i < compared; ++i) linear_.push_back(values.at(LinearName(i)));
    return {};
  }

  const std::string& network() const override { return architecture_.name; }
  const std::string& sha256() const override { return sha256_; }

  Result<double> Distance(const image::Image& a, const image::Image& b) const override {
    if (a.width() != b.width() || a.height() != b.height() || std::min(a.width(), a.height()) < kLeastSide)
      return Error{ErrorCode::kInvalidArgument,
                   "LPIPS compares two pictures of one size, at least 32 pixels a side"};
    if (std::int64_t{a.width()} * a.height() > kMostPixels)
      return Error{ErrorCode::kTooLarge, "LPIPS compares pictures of at most 4 million pixels; shrink both"};
    try {
      const TorchThreads threads(threads_);
      const torch::InferenceMode inference;
      const double distance = Between(torch::cat({Scaled(a), Scaled(b)}).to(device_));
      if (!std::isfinite(distance))
        return Error{ErrorCode::kInternal, "LPIPS gave a value that is not finite"};
      return distance;
    } catch (const std::bad_alloc&) {
      return Error{ErrorCode::kTooLarge, "there is not enough memory for LPIPS; shrink both pictures"};
    } catch (const std::exception& failure) {
      return TorchError("LibTorch could not compare the pictures", failure);
    }
  }

 private:
  /// (1, 3, h, w), from -1..1 by the constants of the package's scaling layer.
  static torch::Tensor Scaled(const image::Image& picture) {
    const image::Image rgb = image::ToRgb(picture);
    const torch::Tensor pixels = torch::from_blob(const_cast<std::uint8_t*>(rgb.pixels().data()),
                                                  {1, rgb.height(), rgb.width(), 3}, torch::kUInt8)
                                     .permute({0, 3, 1, 2})
                                     .to(torch::kFloat32);
    const auto each = [](std::vector<float> values) { return torch::tensor(values).view({1, 3, 1, 1}); };
    return (pixels / 127.5f - 1 - each({-.030f, -.088f, -.188f})) / each({.458f, .448f, .450f});
  }

  /// x: both pictures.
  double Between(torch::Tensor x) const {
    double sum = 0;
    std::size_t compared = 0;
    for (std::size_t i = 0; i < architecture_.layers.size(); ++i) {
      const Layer& layer = architecture_.layers[i];
      if (layer.pool_before) x = torch::max_pool2d(x, architecture_.pool, 2);
      x = torch::relu(torch::conv2d(x, weights_[i], biases_[i], layer.stride, layer.padding));
      if (!layer.compared) continue;
      const torch::Tensor unit = x / (x.square().sum(1, true).sqrt() + kNormEps);
      const torch::Tensor apart = (unit.narrow(0, 0, 1) - unit.narrow(0, 1, 1)).square();
      sum += torch::conv2d(apart, linear_[compared++]).to(torch::kFloat64).mean().item<double>();
    }
    return sum;
  }

  Architecture architecture_;
  std::string sha256_;
  torch::Device device_;
  int threads_;
  std::vector<torch::Tensor> weights_, biases_, linear_;
};

}  // namespace

Result<std::unique_ptr<Lpips>> Lpips::Open(std::span<const std::filesystem::path> files,
                                           const LpipsOptions& options) {
  if (options.threads < 1)
    return Error{ErrorCode::kInvalidArgument, "the number of threads must be at least 1"};
  KANTEI_TRY(const torch::Device device, DeviceOf(options.device));
  KANTEI_TRY(const WeightSource source, Gather(files));
  KANTEI_TRY(Architecture architecture, ArchitectureOf(source));
  std::string digests;
  for (const auto& path : files) {
    KANTEI_TRY(const std::string digest, Sha256File(path));
    digests += digest;
  }
  try {
    auto lpips = std::make_unique<LpipsDistance>(
        std::move(architecture), files.size() == 1 ? digests : Sha256Hex(digests), device, options.threads);
    KANTEI_RETURN_IF_ERROR(lpips->Load(source));
    return std::unique_ptr<Lpips>(std::move(lpips));
  } catch (const std::bad_alloc&) {
    return Error{ErrorCode::kTooLarge, source.name + ": there is not enough memory for the network"};
  } catch (const std::exception& failure) {
    return TorchError(source.name + ": the network could not be made ready", failure);
  }
}

}  // namespace kantei::nn
