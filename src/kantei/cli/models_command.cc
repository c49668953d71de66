#include <algorithm>
#include <array>
#include <cstdio>
#include <memory>
#include <optional>

#include "kantei/authenticity/detector_factory.h"
#include "kantei/base/files.h"
#include "kantei/base/json.h"
#include "kantei/base/sha256.h"
#include "kantei/cli/exit_code.h"
#include "kantei/cli/generator_models.h"
#include "kantei/cli/model_verbs.h"
#include "kantei/cli/text_format.h"
#include "kantei/cli/verbs.h"
#include "kantei/copy/descriptor_profile.h"
#include "kantei/evaluate/copy_calibration.h"
#include "kantei/nn/model_store.h"
#include "kantei/nn/torchscript_list.h"

namespace kantei::cli {
namespace {

namespace fs = std::filesystem;

std::string_view ModeName(nn::InputMode mode) {
  return mode == nn::InputMode::kSquash ? "squash" : "short-side";
}

Json InfoJson(const nn::NetworkInfo& info, const fs::path& path) {
  std::error_code ignored;
  return Json{{"name", info.name},
              {"path", DisplayPath(path)},
              {"architecture", info.architecture},
              {"purpose", info.purpose},
              {"dimension", info.dimension},
              {"parameters", info.parameters},
              {"side", info.side},
              {"input_mode", ModeName(info.mode)},
              {"sha256", info.sha256},
              {"licence", info.licence},
              {"source", info.source},
              {"profile", fs::exists(copy::ProfilePath(path), ignored)}};
}

Result<int> RunList(Session* session) {
  KANTEI_TRY(const std::vector<nn::ModelEntry> models, nn::ListModels());
  Json all = Json::array();
  for (const nn::ModelEntry& model : models) {
    Json json = InfoJson(model.info, model.path);
    if (!model.problem.empty()) json["problem"] = model.problem;
    all.push_back(std::move(json));
  }
  const std::vector<fs::path> generators = ListGenerators();
  for (const fs::path& path : generators) all.push_back(GeneratorJson(path));
  if (session->json) {
    session->out.WriteLine(DumpJson(all));
    return kExitOk;
  }
  for (const nn::ModelEntry& model : models) {
    char line[256];
    const bool describes = model.info.purpose == "descriptor";
    const std::string what = describes ? std::to_string(model.info.dimension) + "-D  " +
                                             std::to_string(model.info.side) + " px " +
                                             std::string(ModeName(model.info.mode))
                                       : model.info.purpose;
    std::snprintf(line, sizeof line, "%-28s %-18s %6.2f M parameters  %-24s",
                  TerminalText(model.info.name).c_str(), TerminalText(model.info.architecture).c_str(),
                  static_cast<double>(model.info.parameters) / 1e6, what.c_str());
    session->out.WriteLine(std::string(line) + "  " + TerminalPath(model.path) +
                           (model.problem.empty() ? "" : "  UNUSABLE: " + TerminalText(model.problem)));
  }
  for (const fs::path& path : generators)
    session->out.WriteLine(TerminalText(path.filename().string()) + "  latent diffusion  generation  " +
                           TerminalPath(path));
  if (models.empty() && generators.empty())
    session->Say("No networks in " + TerminalPath(nn::UserModelDirectory()) + " nor beside the program.");
  return kExitOk;
}

/// Does the name mean a folder of a diffusion model?
std::optional<fs::path> GeneratorNamed(const std::string& name) {
  const auto path = FindGenerator(name);
  std::error_code failed;
  if (name.empty() || !path.ok() || !fs::is_directory(*path, failed)) return std::nullopt;
  return *path;
}

Result<int> RunInfo(Session* session, const std::string& name) {
  if (const auto generator = GeneratorNamed(name)) {
    KANTEI_TRY(const Json json, DescribeGenerator(*generator));
    session->out.WriteLine(DumpJson(json, session->json ? -1 : 2));
    return kExitOk;
  }
  KANTEI_TRY(const fs::path path, nn::FindNetwork(name));
  KANTEI_TRY(const nn::NetworkInfo info, nn::InspectModel(path));
  Json json = InfoJson(info, path);
  std::error_code ignored;
  if (const fs::path profile_path = copy::ProfilePath(path); fs::exists(profile_path, ignored)) {
    KANTEI_TRY(const copy::DescriptorProfile profile, copy::LoadDescriptorProfile(profile_path));
    Json calibrations = Json::object();
    for (const auto& [normalisation, calibration] : profile.calibrations)
      calibrations[std::string(copy::NormalisationName(normalisation))] = {
          {"threshold_of_90_percent_precision", calibration.threshold},
          {"slope", calibration.slope},
          {"intercept", calibration.intercept},
          {"source", calibration.source}};
    json["profile"] = {
        {"background", profile.background.size() / static_cast<std::size_t>(profile.dimension)},
        {"background_source", profile.background_source},
        {"scales", profile.scales},
        {"normalisation", copy::NormalisationName(profile.normalisation)},
        {"calibrations", std::move(calibrations)}};
  }
  session->out.WriteLine(DumpJson(json, session->json ? -1 : 2));
  return kExitOk;
}

/// A detector of manipulations answers about a made picture; other networks are left as they are.
void CheckDetector(const fs::path& path, std::vector<nn::ModelCheck>* checks) {
  const auto info = nn::InspectModel(path);
  if (!info.ok() || info->purpose != "manipulation") return;
  const auto detector = authenticity::OpenDetector(path, {});
  if (!detector.ok()) {
    checks->back() = {"tensors", nn::ModelCheck::Outcome::kFailed, detector.error().message};
    return;
  }
  checks->back() = {"tensors", nn::ModelCheck::Outcome::kPassed,
                    "all named, shaped and finite as they should be"};
  image::Image picture(256, 256, 3);
  for (std::size_t i = 0; i < picture.pixels().size(); ++i)
    picture.pixels()[i] = static_cast<std::uint8_t>((i * 7 + i / 768 * 13) & 0xff);
  const auto found = (*detector)->Analyse(picture, {});
  checks->push_back(
      found.ok() ? nn::ModelCheck{"forward", nn::ModelCheck::Outcome::kPassed, "a made picture gives a map"}
                 : nn::ModelCheck{"forward", nn::ModelCheck::Outcome::kFailed, found.error().message});
}

Result<std::vector<nn::ModelCheck>> CheckModel(const fs::path& path) {
  std::error_code unknown;
  if (fs::is_directory(path, unknown)) return CheckGenerator(path);
  KANTEI_TRY(std::vector<nn::ModelCheck> checks, nn::VerifyModel(path));
  if (checks.back().outcome == nn::ModelCheck::Outcome::kSkipped) CheckDetector(path, &checks);
  return checks;
}

Result<int> RunVerify(Session* session, const std::vector<std::string>& names) {
  std::vector<fs::path> paths;
  for (const std::string& name : names) {
    if (auto generator = GeneratorNamed(name)) {
      paths.push_back(std::move(*generator));
      continue;
    }
    KANTEI_TRY(paths.emplace_back(), nn::FindNetwork(name));
  }
  if (names.empty()) {
    KANTEI_TRY(const auto models, nn::ListModels());
    for (const nn::ModelEntry& model : models) paths.push_back(model.path);
    for (fs::path& path : ListGenerators()) paths.push_back(std::move(path));
  }
  bool failed = false;
  Json all = Json::array();
  for (const fs::path& path : paths) {
    KANTEI_TRY(const std::vector<nn::ModelCheck> checks, CheckModel(path));
    Json json{{"path", DisplayPath(path)}, {"checks", Json::array()}};
    for (const nn::ModelCheck& check : checks) {
      const char* outcome = check.outcome == nn::ModelCheck::Outcome::kPassed   ? "passed"
                            : check.outcome == nn::ModelCheck::Outcome::kFailed ? "FAILED"
                                                                                : "skipped";
      failed |= check.outcome == nn::ModelCheck::Outcome::kFailed;
      json["checks"].push_back({{"what", check.what}, {"outcome", outcome}, {"detail", check.detail}});
      if (!session->json)
        session->out.WriteLine(TerminalPath(path) + "  " + check.what + "  " + outcome +
                               (check.detail.empty() ? "" : "  " + TerminalText(check.detail)));
    }
    all.push_back(std::move(json));
  }
  if (session->json) session->out.WriteLine(DumpJson(all));
  return failed ? kExitSomeFailed : kExitOk;
}

struct ImportArguments {
  std::string file, head, name, architecture, out, licence, source, mode = "squash";
  int side = 0, dimension = 512;
  bool trust = false, last_stride_1 = false;
};

Result<int> RunImport(Session* session, const ImportArguments& arguments) {
  KANTEI_TRY(const nn::WeightsKind kind, nn::SniffWeights(arguments.file));
  const fs::path directory = nn::UserModelDirectory();
  std::error_code failed;
  fs::create_directories(directory, failed);
  if (failed)
    return Error{ErrorCode::kUnavailable, "cannot make " + DisplayPath(directory) + ": " + failed.message()};
  const std::string name = arguments.name.empty() ? fs::path(arguments.file).stem().string() : arguments.name;
  const nn::InputMode mode = arguments.mode == "squash" ? nn::InputMode::kSquash : nn::InputMode::kShortSide;
  if (kind == nn::WeightsKind::kTorchScript) {
    KANTEI_TRY(const std::string sha256, Sha256File(arguments.file));
    if (!arguments.trust)
      return Error{ErrorCode::kInvalidArgument,
                   arguments.file + " is TorchScript, a program that would run with your rights (SHA-256 " +
                       sha256 +
                       "). Compare the digest with its publisher's, then repeat with --i-trust-this-file"};
    const fs::path target = directory / (name + ".pt");
    if (!fs::exists(target, failed) && !fs::copy_file(arguments.file, target, failed))
      return Error{ErrorCode::kUnavailable, "cannot write " + DisplayPath(target) + ": " + failed.message()};
    KANTEI_RETURN_IF_ERROR(nn::AddTorchScript(
        {sha256, name, arguments.dimension, arguments.side > 0 ? arguments.side : 288, mode}));
    KANTEI_TRY(const nn::NetworkInfo info, nn::InspectModel(target));
    session->out.WriteLine(session->json ? DumpJson(InfoJson(info, target))
                                         : "imported " + TerminalPath(target));
    return kExitOk;
  }
  if (arguments.architecture.empty())
    return Error{ErrorCode::kInvalidArgument,
                 "a safetensors backbone needs --architecture resnet50, resnet101, resnext101_32x4d or "
                 "resnext101_32x8d"};
  nn::ModelImport import;
  import.backbone = arguments.file;
  import.head = arguments.head;
  import.description.architecture = arguments.architecture;
  import.description.name = name;
  import.description.side = arguments.side > 0 ? arguments.side : 224;
  import.description.mode = mode;
  import.description.last_stride_1 = arguments.last_stride_1;
  import.description.licence = arguments.licence;
  import.description.source = arguments.source;
  const fs::path out = arguments.out.empty() ? directory / (name + ".safetensors") : fs::path(arguments.out);
  KANTEI_TRY(const nn::NetworkInfo info, nn::ImportModel(import, out));
  session->out.WriteLine(session->json ? DumpJson(InfoJson(info, out)) : "imported " + TerminalPath(out));
  return kExitOk;
}

struct ProfileArguments {
  std::string model, benchmark, background_source;
  std::vector<std::string> background;
  evaluate::CopyCalibrationOptions options;
  bool whole_only = false;
};

Result<int> RunProfile(Session* session, ProfileArguments* arguments) {
  arguments->options.threads = session->jobs;
  arguments->options.search.only_whole = arguments->whole_only;
  fs::path weights;
  if (arguments->model.empty()) {
    KANTEI_TRY(weights, FindModel(copy::kShippedDescriptor));
  } else {
    KANTEI_TRY(weights, nn::FindNetwork(arguments->model));
  }
  copy::DescriptorModelOptions model_options;
  model_options.model = weights.string();
  model_options.profile = false;
  KANTEI_TRY(const auto model, copy::DescriptorModel::Open(model_options));
  KANTEI_TRY(const auto background, CollectPictures(arguments->background));
  KANTEI_TRY(const dataset::CopyBenchmark benchmark, dataset::OpenCopyFolder(arguments->benchmark, {}));
  KANTEI_TRY(
      evaluate::CopyCalibration made,
      evaluate::CalibrateDescriptor(model, background, benchmark, arguments->options, session->cancellation));
  made.profile.background_source = arguments->background_source;
  KANTEI_RETURN_IF_ERROR(copy::SaveDescriptorProfile(copy::ProfilePath(weights), made.profile));
  Json all = Json::array();
  for (const evaluate::CopyCalibrationFigures& figures : made.figures) {
    all.push_back({{"normalisation", figures.normalisation},
                   {"queries_with_source", figures.queries_with_source},
                   {"queries_without", figures.queries_without},
                   {"recall_at_threshold", figures.recall_at_threshold},
                   {"expected_calibration_error", figures.expected_error}});
    char line[160];
    std::snprintf(line, sizeof line, "%-12s recall at 90 %% precision %.3f   expected calibration error %.3f",
                  figures.normalisation.c_str(), figures.recall_at_threshold, figures.expected_error);
    if (!session->json) session->out.WriteLine(line);
  }
  if (session->json) session->out.WriteLine(DumpJson(all));
  session->Say("Wrote " + TerminalPath(copy::ProfilePath(weights)) + "; normalisation " +
               std::string(copy::NormalisationName(made.profile.normalisation)) + ".");
  return kExitOk;
}

CLI::App* AddVerb(CLI::App* models, Session* session, const char* name, const char* text,
                  const char* example) {
  CLI::App* verb = models->add_subcommand(name, text);
  AddJsonOption(verb, session);
  AddQuietOption(verb, session);
  SetExample(verb, example);
  return verb;
}

}  // namespace

void AddModelsCommand(CLI::App* root, Session* session) {
  CLI::App* models =
      root->add_subcommand("models", "The networks that describe pictures: shipped ones and your own");
  models->require_subcommand(1);
  SetExample(models, "kantei models list");

  CLI::App* list = AddVerb(models, session, "list", "Networks on this machine", "kantei models list");
  SetAction(list, session, [session] { return RunList(session); });

  CLI::App* info =
      AddVerb(models, session, "info", "What a network is, and what its scores were calibrated with",
              "kantei models info copy-descriptor");
  auto name = std::make_shared<std::string>();
  info->add_option("NAME", *name, "Name or file of a network")->required()->type_name("");
  SetAction(info, session, [session, name] { return RunInfo(session, *name); });

  CLI::App* verify = AddVerb(models, session, "verify", "Digest, tensors and a forward pass of networks",
                             "kantei models verify");
  auto names = std::make_shared<std::vector<std::string>>();
  verify->add_option("NAME", *names, "Names or files; all of them by default")->type_name("");
  SetAction(verify, session, [session, names] { return RunVerify(session, *names); });

  CLI::App* import =
      AddVerb(models, session, "import",
              "Make a network of your own usable: torchvision-named safetensors, or trusted TorchScript",
              "kantei models import sscd_disc_mixup.torchscript.pt --name sscd_disc_mixup --dimension 512 "
              "--side 288 --mode short-side --i-trust-this-file");
  auto in = std::make_shared<ImportArguments>();
  import->add_option("FILE", in->file, "Weights")->required()->type_name("");
  import->add_option("--head", in->head, "Safetensors with the weight and bias of a linear head")
      ->type_name("FILE");
  import->add_option("--name", in->name, "Name to use it by (default: the file's)")->type_name("NAME");
  import->add_option("--architecture", in->architecture, "Backbone of a safetensors file")
      ->check(CLI::IsMember({"resnet50", "resnet101", "resnext101_32x4d", "resnext101_32x8d"}))
      ->type_name("NAME");
  import->add_option("--side", in->side, "Side of the input in pixels (default: 224, TorchScript 288)")
      ->type_name("N");
  import->add_option("--mode", in->mode, "squash to a square, or keep the aspect with the shorter side given")
      ->check(CLI::IsMember({"squash", "short-side"}))
      ->type_name("MODE")
      ->capture_default_str();
  import->add_option("--dimension", in->dimension, "Length of a TorchScript network's descriptor")
      ->type_name("N")
      ->capture_default_str();
  import->add_flag("--last-stride-1", in->last_stride_1, "ResNet whose last stage has stride 1 (BoT)");
  import->add_option("--licence", in->licence, "Licence of the weights")->type_name("TEXT");
  import->add_option("--source", in->source, "Where the weights come from")->type_name("TEXT");
  import->add_option("--out", in->out, "File to write (default: in your model directory)")->type_name("FILE");
  import->add_flag("--i-trust-this-file", in->trust, "Run this TorchScript file");
  SetAction(import, session, [session, in] { return RunImport(session, *in); });

  CLI::App* profile =
      AddVerb(models, session, "profile",
              "Make a network's scores comparable and calibrated: background, probability, threshold",
              "kantei models profile mine --background negatives/ --benchmark validation/");
  auto to = std::make_shared<ProfileArguments>();
  profile->add_option("NAME", to->model, "Name or file of a network (default: the shipped one)")
      ->type_name("");
  profile->add_option("--background", to->background, "Pictures that are copies of nothing known")
      ->required()
      ->type_name("DIR");
  profile
      ->add_option("--benchmark", to->benchmark,
                   "Made by kantei dataset copy-benchmark, of pictures that trained nothing")
      ->required()
      ->type_name("DIR");
  profile->add_option("--background-source", to->background_source, "What the background is, for the record")
      ->type_name("TEXT");
  profile->add_option("--count", to->options.background, "Background pictures to take")
      ->check(CLI::Range(20, 1'000'000))
      ->type_name("N")
      ->capture_default_str();
  profile
      ->add_option("--scales", to->options.scales,
                   "Input sides that are averaged (default: the network's own)")
      ->delimiter(',')
      ->type_name("N,...");
  profile->add_flag("--whole-only", to->whole_only, "Calibrate for queries without views");
  AddJobsOption(profile, session);
  SetAction(profile, session, [session, to] { return RunProfile(session, to.get()); });

  AddModelsMemorisation(models, session);
}

}  // namespace kantei::cli
