// Where the tensors of a network are: in one file or in several, under their own names or translated ones.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "kantei/base/result.h"
#include "kantei/nn/safetensors.h"

namespace kantei::generate {

/// Views into files that are kept open; nothing is copied.
struct WeightSource {
  std::string name;  ///< for messages
  std::vector<std::shared_ptr<const nn::SafetensorsFile>> files;
  std::map<std::string, nn::TensorView> tensors;
};

/// The weights of one component of a Diffusers folder: STEM.safetensors, its shards (STEM.safetensors.index.json), or the same in
/// float16 (STEM.fp16...). kNotFound names what was looked for, kUnsupported when only pickles are there, kCorrupt when the index
/// and its shards do not agree.
Result<WeightSource> OpenWeights(const std::filesystem::path& folder, const std::string& stem);
Result<WeightSource> OpenWeightFile(const std::filesystem::path& file);

/// kUnsupported, with the way to convert it, when `path` is a pickle by its name or its first bytes.
Status RefusePickle(const std::filesystem::path& path);

/// Beginnings of names, ours behind the file's. A whole name is a beginning too.
using NamePairs = std::vector<std::pair<std::string, std::string>>;

/// The tensors below `prefix` with the beginnings of their names replaced: the longest that fits counts. Names that none fits stay
/// as they are.
WeightSource Renamed(const WeightSource& source, const std::string& prefix, const NamePairs& pairs);

}  // namespace kantei::generate
