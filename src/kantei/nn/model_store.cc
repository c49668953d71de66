#include "kantei/nn/model_store.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <map>
#include <optional>
#include <sstream>
#include <system_error>
#include <utility>

#include "kantei/base/files.h"
#include "kantei/base/sha256.h"
#include "kantei/nn/safetensors.h"
#include "kantei/nn/torchscript_list.h"
#include "kantei/nn/weights_check.h"

namespace kantei::nn {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kMaxCardBytes = 1 << 20;

const char* Environment(const char* name) {
  const char* value = std::getenv(name);
  return value != nullptr && value[0] != '\0' ? value : nullptr;
}

bool IsTorchScriptName(const fs::path& path) {
  const std::string extension = path.extension().string();
  return extension == ".pt" || extension == ".torchscript" || extension == ".ts";
}

NetworkInfo InfoOf(const TorchScriptEntry& entry) {
  return {entry.name, "torchscript", entry.sha256, entry.dimension, 0, entry.side, entry.mode, "", ""};
}

/// What networks are for that are no descriptors.
constexpr std::pair<std::string_view, std::string_view> kOtherPurposes[] = {
    {"forensic", "manipulation"}, {"anixplore", "manipulation"}, {"autoencoder", "autoencoder"}};

std::optional<NetworkInfo> DescribeOther(const SafetensorsFile& file) {
  const auto text = [&](const char* key) {
    const auto found = file.metadata().find(key);
    return found == file.metadata().end() ? std::string() : found->second;
  };
  for (const auto& [architecture, purpose] : kOtherPurposes) {
    if (text("kantei.architecture") != architecture) continue;
    NetworkInfo info;
    info.name = text("kantei.name");
    info.architecture = architecture;
    info.purpose = purpose;
    info.licence = text("kantei.licence");
    info.source = text("kantei.source");
    info.parameters = CountParameters(file);
    return info;
  }
  return std::nullopt;
}

Result<NetworkInfo> Describe(const SafetensorsFile& file, const std::string& name) {
  if (auto other = DescribeOther(file)) return *std::move(other);
  KANTEI_TRY(const NetworkDescription description, ReadDescription(file.metadata(), name));
  return DescribeNetwork(file, description, name);
}

// nullopt: not a network.
std::optional<ModelEntry> EntryOf(const fs::path& path, const std::vector<TorchScriptEntry>& listed) {
  ModelEntry entry{path, {}, {}};
  if (IsTorchScriptName(path)) {
    const auto sha256 = Sha256File(path);
    if (!sha256) return std::nullopt;
    for (const TorchScriptEntry& known : listed) {
      if (known.sha256 == *sha256) {
        entry.info = InfoOf(known);
        return entry;
      }
    }
    return std::nullopt;
  }
  if (path.extension() != ".safetensors") return std::nullopt;
  const std::string name = DisplayPath(path);
  entry.info.name = DisplayPath(path.stem());
  const auto file = SafetensorsFile::Open(path);
  if (!file) {
    entry.problem = file.error().message;
    return entry;
  }
  if (!file->metadata().contains("kantei.architecture")) return std::nullopt;
  auto info = Describe(*file, name);
  if (!info) {
    entry.problem = info.error().message;
    return entry;
  }
  if (info->name.empty()) info->name = entry.info.name;
  entry.info = *std::move(info);
  return entry;
}

// The first run of exactly 64 hexadecimal digits.
std::optional<std::string> FindHash(const std::string& text) {
  std::size_t run = 0;
  for (std::size_t i = 0; i <= text.size(); ++i) {
    const char c = i < text.size() ? text[i] : ' ';
    if ((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f')) {
      ++run;
      continue;
    }
    if (run == 64) return text.substr(i - run, run);
    run = 0;
  }
  return std::nullopt;
}

ModelCheck CheckHash(const fs::path& path, const std::string& sha256) {
  using enum ModelCheck::Outcome;
  fs::path beside = path;
  for (const char* extension : {".sha256", ".md"}) {
    beside.replace_extension(extension);
    const auto text = ReadTextFile(beside, kMaxCardBytes);
    if (!text) continue;
    const auto stated = FindHash(*text);
    if (!stated) continue;
    if (*stated == sha256)
      return {"sha256", kPassed, sha256 + ", as " + DisplayPath(beside.filename()) + " states"};
    return {"sha256", kFailed,
            "the file has " + sha256 + " where " + DisplayPath(beside.filename()) + " states " + *stated};
  }
  return {"sha256", kSkipped, sha256 + "; no .sha256 or card beside the file states one"};
}

ModelCheck CheckAllTensors(const SafetensorsFile& file, const NetworkDescription& description,
                           const std::string& name) {
  const auto weights = LoadNetworkWeights(file, description, name);
  if (!weights) return {"tensors", ModelCheck::Outcome::kFailed, weights.error().message};
  return {"tensors", ModelCheck::Outcome::kPassed,
          std::to_string(file.tensors().size()) + " tensors, all named, shaped and finite as they should be"};
}

// A disc over a gradient: every channel and both directions vary.
image::Image MadePicture() {
  constexpr int kWidth = 320, kHeight = 240;
  image::Image picture(kWidth, kHeight, 3);
  for (int y = 0; y < kHeight; ++y) {
    for (int x = 0; x < kWidth; ++x) {
      const bool disc = (x - 160) * (x - 160) + (y - 120) * (y - 120) < 80 * 80;
      std::uint8_t* pixel = picture.row(y) + 3 * x;
      pixel[0] = static_cast<std::uint8_t>(disc ? 220 : x * 255 / kWidth);
      pixel[1] = static_cast<std::uint8_t>(disc ? 60 : y * 255 / kHeight);
      pixel[2] = static_cast<std::uint8_t>((x * 7 + y * 3) & 0xff);
    }
  }
  return picture;
}

ModelCheck CheckForward(const fs::path& path, const NetworkOptions& options) {
  const auto network = EmbeddingNetwork::Open(path, options);
  if (!network) return {"forward", ModelCheck::Outcome::kFailed, network.error().message};
  const image::Image picture = MadePicture();
  const auto rows = (*network)->Embed(std::span(&picture, 1));
  if (!rows) return {"forward", ModelCheck::Outcome::kFailed, rows.error().message};
  return {"forward", ModelCheck::Outcome::kPassed,
          "a made picture gives " + std::to_string(rows->dimension) + " finite values of unit length"};
}

}  // namespace

fs::path UserModelDirectory() {
  if (const char* home = Environment("KANTEI_HOME")) return fs::path(home) / "models";
  return DataHome() / "models";
}

std::vector<fs::path> ModelDirectories() {
  std::vector<fs::path> wanted = {UserModelDirectory()};
  if (const char* shipped = Environment("KANTEI_MODEL_DIR")) {
    wanted.emplace_back(shipped);
  } else if (const auto vocabulary = FindModel("local-vocabulary.safetensors")) {
    wanted.push_back(vocabulary->parent_path());  // shipped files lie together
  }
  std::vector<fs::path> there;
  for (const fs::path& directory : wanted) {
    std::error_code error;
    if (fs::is_directory(directory, error) && std::ranges::find(there, directory) == there.end())
      there.push_back(directory);
  }
  return there;
}

Result<std::vector<ModelEntry>> ListModels() {
  KANTEI_TRY(const auto listed, ReadTorchScriptList());
  std::vector<ModelEntry> models;
  for (const fs::path& directory : ModelDirectories()) {
    std::error_code error;
    for (fs::directory_iterator it(directory, error), end; !error && it != end; it.increment(error)) {
      std::error_code kind_error;
      if (!it->is_regular_file(kind_error)) continue;
      if (auto entry = EntryOf(it->path(), listed)) models.push_back(*std::move(entry));
    }
    if (error) {
      return Error{ErrorCode::kUnavailable, DisplayPath(directory) + " cannot be listed: " + error.message()};
    }
  }
  std::ranges::stable_sort(models, {}, [](const ModelEntry& entry) { return entry.info.name; });
  return models;
}

Result<fs::path> FindNetwork(std::string_view name_or_path) {
  const fs::path given(name_or_path);
  std::error_code error;
  if (fs::is_regular_file(given, error)) return given;
  KANTEI_TRY(const auto models, ListModels());
  for (const ModelEntry& entry : models) {
    if (entry.info.name == name_or_path || entry.path.filename() == given || entry.path.stem() == given)
      return entry.path;
  }
  std::string names;
  for (const ModelEntry& entry : models) names += (names.empty() ? "" : ", ") + entry.info.name;
  return Error{ErrorCode::kNotFound, "there is no network " + DisplayPath(given) +
                                         ", neither as a file nor among the models (" +
                                         (names.empty() ? "none" : names) + "); see kantei models list"};
}

Result<NetworkInfo> InspectModel(const fs::path& path) {
  KANTEI_TRY(const WeightsKind kind, SniffWeights(path));
  KANTEI_TRY(const std::string sha256, Sha256File(path));
  if (kind == WeightsKind::kTorchScript) {
    KANTEI_TRY(const TorchScriptEntry entry, FindTorchScript(path, sha256));
    return InfoOf(entry);
  }
  const std::string name = DisplayPath(path);
  KANTEI_TRY(const SafetensorsFile file, SafetensorsFile::Open(path));
  KANTEI_TRY(NetworkInfo info, Describe(file, name));
  if (info.name.empty()) info.name = DisplayPath(path.stem());
  info.sha256 = sha256;
  return info;
}

Result<std::vector<ModelCheck>> VerifyModel(const fs::path& path, const NetworkOptions& options) {
  KANTEI_TRY(const std::string sha256, Sha256File(path));
  std::vector<ModelCheck> checks = {CheckHash(path, sha256)};
  const std::string name = DisplayPath(path);
  const auto failed = [&](const Error& error) {
    checks.push_back({"tensors", ModelCheck::Outcome::kFailed, error.message});
    return checks;
  };
  const auto kind = SniffWeights(path);
  if (!kind) return failed(kind.error());
  if (*kind == WeightsKind::kSafetensors) {
    const auto file = SafetensorsFile::Open(path);
    if (!file) return failed(file.error());
    if (const auto other = DescribeOther(*file)) {
      checks.push_back(
          {"tensors", ModelCheck::Outcome::kSkipped,
           "no descriptor: its tensors are looked at where it is used (" + other->purpose + ")"});
      return checks;
    }
    const auto description = ReadDescription(file->metadata(), name);
    if (!description) return failed(description.error());
    checks.push_back(CheckAllTensors(*file, *description, name));
    if (checks.back().outcome == ModelCheck::Outcome::kFailed) return checks;
  } else {
    checks.push_back({"tensors", ModelCheck::Outcome::kSkipped, "TorchScript states no list of its tensors"});
  }
  checks.push_back(CheckForward(path, options));
  return checks;
}

Result<NetworkInfo> ImportModel(const ModelImport& import, const fs::path& out) {
  NetworkDescription description = import.description;
  const std::string name = DisplayPath(import.backbone);
  KANTEI_TRY(const WeightsKind kind, SniffWeights(import.backbone));
  if (kind != WeightsKind::kSafetensors) {
    return Error{ErrorCode::kUnsupported,
                 name + " is TorchScript; give it a name with --i-trust-this-file instead"};
  }
  KANTEI_TRY(const BackboneSpec spec, SpecOf(description));
  KANTEI_TRY(const SafetensorsFile backbone, SafetensorsFile::Open(import.backbone));
  std::vector<ExpectedTensor> expected;
  for (const ConvSpec* unit : UnitsOf(spec)) {
    expected.push_back(
        {unit->conv + ".weight", {unit->out, unit->in / unit->groups, unit->kernel, unit->kernel}});
    for (const char* part : {".weight", ".bias", ".running_mean", ".running_var"})
      expected.push_back({unit->norm + part, {unit->out}});
    expected.push_back({unit->norm + ".num_batches_tracked", {}, true});
  }
  KANTEI_RETURN_IF_ERROR(CheckTensors(backbone, name, expected, "", {"fc.weight", "fc.bias"}));
  std::vector<TensorToWrite> tensors;
  const auto add = [&](const std::string& as, const TensorView& view) {
    tensors.push_back({as, view.dtype, view.shape, view.bytes});
  };
  for (const ExpectedTensor& tensor : expected) {
    const auto found = backbone.tensors().find(tensor.name);
    if (found != backbone.tensors().end() && !tensor.optional) add("backbone." + tensor.name, found->second);
  }
  description.head = "none";
  SafetensorsFile head;  // its bytes must live until they are written
  if (!import.head.empty()) {
    KANTEI_TRY(head, SafetensorsFile::Open(import.head));
    const std::string prefix = head.tensors().contains("head.weight") ? "head." : "";
    const std::vector<ExpectedTensor> parts = {
        {prefix + "weight", {-1, spec.channels()}}, {prefix + "bias", {-1}, true}, {"gem.p", {1}, true}};
    KANTEI_RETURN_IF_ERROR(CheckTensors(head, DisplayPath(import.head), parts));
    for (const auto& [tensor_name, view] : head.tensors())
      add(tensor_name == "gem.p" ? tensor_name : "head." + tensor_name.substr(prefix.size()), view);
    description.head = "linear";
  }
  KANTEI_RETURN_IF_ERROR(WriteSafetensors(out, tensors, ToMetadata(description)));
  // What was written must open, so that a bad number is found now and not at the first query.
  const auto checked = [&]() -> Result<NetworkInfo> {
    KANTEI_TRY(const SafetensorsFile written, SafetensorsFile::Open(out));
    KANTEI_TRY(const NetworkDescription reread, ReadDescription(written.metadata(), DisplayPath(out)));
    KANTEI_RETURN_IF_ERROR(LoadNetworkWeights(written, reread, name));
    return InspectModel(out);
  }();
  if (!checked) {
    std::error_code error;
    fs::remove(out, error);
  }
  return checked;
}

}  // namespace kantei::nn
