#include "kantei/cli/generator_models.h"

#include <algorithm>

#include "kantei/base/files.h"
#include "kantei/generate/diffusion_model.h"
#include "kantei/generate/generation_record.h"
#include "kantei/generate/sampler.h"

namespace kantei::cli {
namespace {

namespace fs = std::filesystem;
using Outcome = nn::ModelCheck::Outcome;

constexpr const char* kIndex = "model_index.json";
constexpr std::size_t kMostCard = 1 << 20;

nn::ModelCheck CheckHash(const fs::path& path) {
  fs::path card_path = path;
  card_path += ".md";
  const auto card = ReadTextFile(card_path, kMostCard);
  if (!card.ok()) return {"sha256", Outcome::kSkipped, "no card beside the folder states one"};
  const auto hash = generate::ModelHash(path);
  if (!hash.ok()) return {"sha256", Outcome::kFailed, hash.error().message};
  if (card->find(*hash) != std::string::npos) return {"sha256", Outcome::kPassed, *hash};
  return {"sha256", Outcome::kFailed,
          "the folder's is " + *hash + ", which " + DisplayPath(card_path) + " does not state"};
}

nn::ModelCheck CheckStep(const generate::DiffusionModel& model) {
  generate::SampleOptions options;
  options.prompt = "a picture";
  options.scheduler.steps = 1;
  const auto made = generate::SamplePictures(model, options, {}, {});
  if (!made.ok()) return {"forward", Outcome::kFailed, made.error().message};
  return {"forward", Outcome::kPassed, "one step gives a picture"};
}

}  // namespace

std::vector<fs::path> ListGenerators() {
  std::vector<fs::path> found;
  for (const fs::path& directory : nn::ModelDirectories()) {
    std::error_code failed;
    std::vector<fs::path> here;
    for (const auto& entry : fs::directory_iterator(directory, failed)) {
      if (fs::exists(entry.path() / kIndex, failed)) here.push_back(entry.path());
    }
    std::sort(here.begin(), here.end());
    for (const fs::path& path : here) {
      const auto same = [&](const fs::path& other) { return other.filename() == path.filename(); };
      if (std::none_of(found.begin(), found.end(), same)) found.push_back(path);
    }
  }
  return found;
}

Result<fs::path> FindGenerator(const std::string& named) {
  std::error_code failed;
  if (named.empty()) {
    auto shipped = FindModel(std::string("generator/") + kIndex);
    if (shipped.ok()) return shipped->parent_path();
    return Error{ErrorCode::kNotFound,
                 "no diffusion model is installed; name one with --model DIR (diffusers' folder layout, e.g. "
                 "made by kantei train diffusion)"};
  }
  if (fs::exists(named, failed)) return fs::path(named);
  for (const fs::path& path : ListGenerators()) {
    if (path.filename() == named) return path;
  }
  return fs::path(named);  // whoever reads it says what is missing
}

Json GeneratorJson(const fs::path& path) {
  return Json{{"name", path.filename().string()},
              {"path", DisplayPath(path)},
              {"architecture", "latent diffusion"},
              {"purpose", "generation"}};
}

Result<Json> DescribeGenerator(const fs::path& path) {
  KANTEI_TRY(const generate::DiffusionModel model, generate::DiffusionModel::Load(path));
  KANTEI_TRY(const std::string hash, generate::ModelHash(path));
  const generate::DiffusionModelInfo& info = model.info();
  Json json = GeneratorJson(path);
  json["architecture"] = info.kind;
  json["layout"] = info.layout;
  json["side"] = info.sample_side;
  json["latent_channels"] = info.latent_channels;
  json["factor"] = info.factor;
  json["context_length"] = info.context_length;
  json["inpainting"] = info.inpainting;
  json["parameters"] = {{"unet", info.unet_parameters},
                        {"autoencoder", info.autoencoder_parameters},
                        {"text_encoder", info.text_parameters}};
  json["sha256"] = hash;
  json["remarks"] = info.remarks;
  return json;
}

std::vector<nn::ModelCheck> CheckGenerator(const fs::path& path) {
  std::vector<nn::ModelCheck> checks{CheckHash(path)};
  const auto model = generate::DiffusionModel::Load(path);
  if (!model.ok()) {
    checks.push_back({"tensors", Outcome::kFailed, model.error().message});
    return checks;
  }
  checks.push_back({"tensors", Outcome::kPassed, "all named and shaped as they should be"});
  checks.push_back(CheckStep(*model));
  return checks;
}

}  // namespace kantei::cli
