#include "kantei/nn/weight_source.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <fstream>
#include <set>
#include <string_view>
#include <system_error>

#include "kantei/base/files.h"
#include "kantei/base/json.h"

namespace kantei::nn {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kMaxIndexBytes = 16 << 20;
constexpr std::size_t kMaxShards = 256;

std::string LowerExtension(const fs::path& path) {
  std::string extension = path.extension().string();
  std::transform(extension.begin(), extension.end(), extension.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return extension;
}

bool IsFile(const fs::path& path) {
  std::error_code error;
  return fs::is_regular_file(path, error);
}

Error PickleError(const fs::path& path) {
  return {
      ErrorCode::kUnsupported,
      DisplayPath(path) +
          " is a pickle, which can run any program when it is read, so it is not; save its tensors as "
          ".safetensors, in Python safetensors.torch.save_file(torch.load(file, weights_only=True), ...)"};
}

Result<WeightSource> OpenShards(const fs::path& index) {
  const auto corrupt = [&](const std::string& what) {
    return Error{ErrorCode::kCorrupt, DisplayPath(index) + " " + what + "; fetch the model again"};
  };
  KANTEI_TRY(const std::string text, ReadTextFile(index, kMaxIndexBytes));
  KANTEI_TRY(const Json json, ParseJson(text, DisplayPath(index)));
  const auto map = json.is_object() ? json.find("weight_map") : json.end();
  if (!json.is_object() || map == json.end() || !map->is_object() || map->empty())
    return corrupt("has no weight_map");
  std::map<std::string, std::set<std::string>> names_of_shard;
  for (const auto& [name, shard] : map->items()) {
    if (!shard.is_string()) return corrupt("names no file for the tensor " + name);
    const auto file = shard.get<std::string>();
    // A shard stands beside its index: nothing else on the disk may be named.
    if (file.empty() || file.find('/') != file.npos || file.find('\\') != file.npos ||
        !file.ends_with(".safetensors")) {
      return corrupt("names \"" + file.substr(0, 80) + "\", where a .safetensors file beside it is expected");
    }
    names_of_shard[file].insert(name);
  }
  if (names_of_shard.size() > kMaxShards)
    return corrupt("names more than " + std::to_string(kMaxShards) + " files");
  WeightSource source;
  source.name = DisplayPath(index);
  for (const auto& [file, names] : names_of_shard) {
    KANTEI_TRY(WeightSource shard, OpenWeightFile(index.parent_path() / file));
    for (const std::string& name : names) {
      if (!shard.tensors.contains(name))
        return corrupt("says that " + file + " has the tensor " + name + ", which it has not");
    }
    source.files.push_back(shard.files[0]);
    for (auto& [name, view] : shard.tensors) {
      if (!source.tensors.emplace(name, std::move(view)).second)
        return corrupt("names files that both have the tensor " + name);
    }
  }
  return source;
}

}  // namespace

Status RefusePickle(const fs::path& path) {
  static constexpr std::array<std::string_view, 5> kExtensions = {".ckpt", ".bin", ".pt", ".pth", ".pkl"};
  const std::string extension = LowerExtension(path);
  if (std::find(kExtensions.begin(), kExtensions.end(), extension) != kExtensions.end())
    return PickleError(path);
  std::array<char, 4> begin{};
  std::ifstream file(path, std::ios::binary);
  file.read(begin.data(), begin.size());
  const std::string_view read(begin.data(), static_cast<std::size_t>(file.gcount()));
  // A zip archive, or a pickle of protocol 2 and later.
  if (read == "PK\x03\x04" || (read.size() >= 2 && read[0] == '\x80' && read[1] >= 2 && read[1] <= 5 &&
                               extension != ".safetensors")) {
    return PickleError(path);
  }
  return {};
}

Result<WeightSource> OpenWeightFile(const fs::path& path) {
  KANTEI_RETURN_IF_ERROR(RefusePickle(path));
  KANTEI_TRY(SafetensorsFile file, SafetensorsFile::Open(path));
  WeightSource source;
  source.name = DisplayPath(path);
  source.tensors = file.tensors();
  source.files.push_back(std::make_shared<const SafetensorsFile>(std::move(file)));
  return source;
}

Result<WeightSource> OpenWeights(const fs::path& folder, const std::string& stem) {
  for (const char* end : {".safetensors", ".fp16.safetensors"}) {
    if (const fs::path path = folder / (stem + end); IsFile(path)) return OpenWeightFile(path);
  }
  // Both spellings of the index of a variant are in use.
  for (const char* end :
       {".safetensors.index.json", ".safetensors.index.fp16.json", ".fp16.safetensors.index.json"}) {
    if (const fs::path path = folder / (stem + end); IsFile(path)) return OpenShards(path);
  }
  for (const std::string& name : {stem + ".bin", stem + ".fp16.bin", std::string("pytorch_model.bin")}) {
    if (IsFile(folder / name)) return PickleError(folder / name);
  }
  return Error{ErrorCode::kNotFound, DisplayPath(folder) + " has no weights; expected " + stem +
                                         ".safetensors, " + stem + ".fp16.safetensors or " + stem +
                                         ".safetensors.index.json"};
}

}  // namespace kantei::nn
