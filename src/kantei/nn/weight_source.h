// Where the tensors of a network are: in one file or in several, under their own names or translated ones.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "kantei/base/result.h"
#include "kantei/nn/safetensors.h"

namespace kantei::nn {

/// Views into files that are kept open; nothing is copied.
struct WeightSource {
  std::string name;  ///< for messages
  std::vector<std::shared_ptr<const SafetensorsFile>> files;
  std::map<std::string, TensorView> tensors;
};

/// The weights in a folder of Diffusers or transformers: STEM.safetensors, its shards (STEM.safetensors.index.json), or the same in
/// float16 (STEM.fp16...). kNotFound names what was looked for, kUnsupported when only pickles are there, kCorrupt when the index
/// and its shards do not agree.
Result<WeightSource> OpenWeights(const std::filesystem::path& folder, const std::string& stem);
Result<WeightSource> OpenWeightFile(const std::filesystem::path& file);

/// kUnsupported, with the way to convert it, when `path` is a pickle by its name or its first bytes.
Status RefusePickle(const std::filesystem::path& path);

}  // namespace kantei::nn
