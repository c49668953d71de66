// The whole state of a training run in one safetensors file. Private: includes torch.
#pragma once

#include <torch/torch.h>

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>

#include "kantei/base/result.h"

namespace kantei::train {

/// What a run consists of; the caller owns the modules.
struct RunState {
  torch::nn::Module* model = nullptr;
  torch::nn::Module* average = nullptr;  ///< same structure as model: the exponential moving average
  torch::optim::AdamW* optimiser = nullptr;
};

/// `facts` are kept in the metadata (step, options, fingerprint of the pictures). Atomic.
Status SaveCheckpoint(const std::filesystem::path& path, const RunState& run,
                      const std::map<std::string, std::string>& facts);

/// The facts alone.
Result<std::map<std::string, std::string>> ReadCheckpointFacts(const std::filesystem::path& path);

/// kCorrupt when tensors are missing or of other shapes.
Status LoadCheckpoint(const std::filesystem::path& path, const RunState& run);

}  // namespace kantei::train
