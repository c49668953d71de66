#include "kantei/nn/embedding_network.h"

#include <algorithm>
#include <map>
#include <utility>

#include "kantei/base/files.h"
#include "kantei/base/parallel.h"
#include "kantei/base/sha256.h"
#include "kantei/nn/cpu_network.h"
#include "kantei/nn/image_tensor.h"
#include "kantei/nn/network_file.h"
#include "kantei/nn/pooling.h"
#include "kantei/nn/safetensors.h"
#include "kantei/nn/torch_backend.h"
#include "kantei/nn/torchscript_list.h"

namespace kantei::nn {
namespace {

constexpr std::size_t kBatch =
    16;  // pictures in one forward pass: more gains nothing on a CPU and costs memory
constexpr int kMaxSide = 2048;

// Pictures -> batches of one size -> what the backend gives -> unit length, in the order of the pictures.
class BatchingNetwork : public EmbeddingNetwork {
 public:
  BatchingNetwork(NetworkInfo info, InputFormat format, int threads, std::unique_ptr<ForwardPass> backend)
      : info_(std::move(info)), format_(std::move(format)), threads_(threads), backend_(std::move(backend)) {}

  const NetworkInfo& info() const override { return info_; }

  Result<Descriptors> Embed(std::span<const image::Image> pictures, int side) const override {
    if (side < 0 || side > kMaxSide) {
      return Error{ErrorCode::kInvalidArgument, "the input side is " + std::to_string(side) +
                                                    "; expected 1 to " + std::to_string(kMaxSide)};
    }
    if (side == 0) side = info_.side;
    std::map<std::pair<int, int>, std::vector<std::size_t>> by_size;
    for (std::size_t i = 0; i < pictures.size(); ++i) {
      if (pictures[i].empty()) {
        return Error{ErrorCode::kInvalidArgument,
                     "picture " + std::to_string(i) + " of the batch has no pixels"};
      }
      by_size[InputSize(pictures[i], info_.mode, side)].push_back(i);
    }
    Descriptors all{info_.dimension,
                    std::vector<float>(pictures.size() * static_cast<std::size_t>(info_.dimension))};
    for (const auto& [size, indices] : by_size) {
      for (std::size_t begin = 0; begin < indices.size(); begin += kBatch) {
        const auto batch = std::span(indices).subspan(begin, std::min(kBatch, indices.size() - begin));
        KANTEI_RETURN_IF_ERROR(EmbedBatch(pictures, batch, size.first, size.second, &all));
      }
    }
    return all;
  }

 private:
  Status EmbedBatch(std::span<const image::Image> pictures, std::span<const std::size_t> batch, int width,
                    int height, Descriptors* all) const {
    const std::size_t picture_floats = static_cast<std::size_t>(width) * static_cast<std::size_t>(height) * 3;
    std::vector<float> input(picture_floats * batch.size());
    ParallelFor(batch.size(), std::min(threads_, static_cast<int>(batch.size())), {}, [&](std::size_t i) {
      FillInput(pictures[batch[i]], width, height, format_, input.data() + i * picture_floats);
    });
    KANTEI_TRY(const std::vector<float> rows,
               backend_->Run(input.data(), static_cast<int>(batch.size()), width, height, threads_));
    const auto dimension = static_cast<std::size_t>(info_.dimension);
    for (std::size_t i = 0; i < batch.size(); ++i) {
      const std::span<float> row(all->values.data() + batch[i] * dimension, dimension);
      std::copy_n(rows.begin() + static_cast<std::ptrdiff_t>(i * dimension), dimension, row.begin());
      if (!NormaliseLength(row)) {
        return Error{ErrorCode::kInternal,
                     "the network " + info_.name +
                         " gave a descriptor that is not finite or all zero; check its weights with "
                         "kantei models verify"};
      }
    }
    return {};
  }

  NetworkInfo info_;
  InputFormat format_;
  int threads_;
  std::unique_ptr<ForwardPass> backend_;
};

class CpuPass : public ForwardPass {
 public:
  explicit CpuPass(std::unique_ptr<CpuNetwork> network) : network_(std::move(network)) {}
  Result<std::vector<float>> Run(const float* input, int count, int width, int height,
                                 int threads) const override {
    return network_->Run(input, count, width, height, threads);
  }

 private:
  std::unique_ptr<CpuNetwork> network_;
};

Result<std::unique_ptr<EmbeddingNetwork>> OpenOurs(const std::filesystem::path& path,
                                                   const NetworkOptions& options) {
  const std::string name = DisplayPath(path);
  KANTEI_TRY(const SafetensorsFile file, SafetensorsFile::Open(path));
  KANTEI_TRY(const NetworkDescription description, ReadDescription(file.metadata(), name));
  KANTEI_TRY(NetworkInfo info, DescribeNetwork(file, description, name));
  KANTEI_TRY(NetworkWeights weights, LoadNetworkWeights(file, description, name));
  KANTEI_TRY(info.sha256, Sha256File(path));
  const InputFormat format{description.side, description.mode, description.mean, description.std};
  std::unique_ptr<ForwardPass> backend;
  if (options.device == "cpu") {
    KANTEI_TRY(auto network,
               CpuNetwork::Make(std::move(weights), options.bfloat16 && CpuNetwork::HasBfloat16()));
    backend = std::make_unique<CpuPass>(std::move(network));
  } else {
    KANTEI_TRY(backend, OpenOnTorchDevice(weights, options));
  }
  if (info.name.empty()) info.name = DisplayPath(path.stem());
  return std::unique_ptr<EmbeddingNetwork>(
      std::make_unique<BatchingNetwork>(std::move(info), format, options.threads, std::move(backend)));
}

Result<std::unique_ptr<EmbeddingNetwork>> OpenTorchScript(const std::filesystem::path& path,
                                                          const NetworkOptions& options) {
  KANTEI_TRY(const std::string sha256, Sha256File(path));
  KANTEI_TRY(const TorchScriptEntry entry, FindTorchScript(path, sha256));
  NetworkInfo info{entry.name, "torchscript", sha256, entry.dimension, 0, entry.side, entry.mode, "", ""};
  KANTEI_TRY(auto backend, OpenTorchScriptFile(path, entry.dimension, options, &info.parameters));
  const NetworkDescription usual;
  const InputFormat format{entry.side, entry.mode, usual.mean, usual.std};
  return std::unique_ptr<EmbeddingNetwork>(
      std::make_unique<BatchingNetwork>(std::move(info), format, options.threads, std::move(backend)));
}

}  // namespace

Result<std::unique_ptr<EmbeddingNetwork>> EmbeddingNetwork::Open(const std::filesystem::path& weights,
                                                                 const NetworkOptions& options) {
  if (options.threads < 1) {
    return Error{ErrorCode::kInvalidArgument,
                 "a network needs at least one thread, not " + std::to_string(options.threads)};
  }
  KANTEI_TRY(const WeightsKind kind, SniffWeights(weights));
  return kind == WeightsKind::kSafetensors ? OpenOurs(weights, options) : OpenTorchScript(weights, options);
}

}  // namespace kantei::nn
