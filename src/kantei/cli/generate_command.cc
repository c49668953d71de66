#include <algorithm>
#include <charconv>
#include <filesystem>
#include <memory>
#include <optional>
#include <utility>

#include "kantei/authenticity/generated_mark.h"
#include "kantei/base/clock.h"
#include "kantei/base/files.h"
#include "kantei/base/json.h"
#include "kantei/base/progress.h"
#include "kantei/cli/exit_code.h"
#include "kantei/cli/generate_avoid.h"
#include "kantei/cli/generate_guard.h"
#include "kantei/cli/generate_memorisation.h"
#include "kantei/cli/generation_record_reader.h"
#include "kantei/cli/generator_models.h"
#include "kantei/cli/text_format.h"
#include "kantei/cli/verbs.h"
#include "kantei/generate/control_picture.h"
#include "kantei/generate/generation_record.h"
#include "kantei/generate/sampler.h"
#include "kantei/image/decode.h"
#include "kantei/image/encode.h"
#include "kantei/image/transform.h"

namespace kantei::cli {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kProgram = "kantei " KANTEI_VERSION;
constexpr int kJpegQuality = 95;
constexpr double kRaise = 0.5;  // how much harder each further attempt of the guard avoids a shape

struct GenerateArguments {
  std::string model, out, size, scheduler, init, mask, control;
  double strength = -1;
  bool whole = false;
  int preview_every = 0;
  generate::DiffusionModelOptions loading;
  std::string precision = "float32", control_model;
  bool control_edges = false;
  generate::SampleOptions sampling;
  AvoidArguments avoid;
  GuardArguments guard;
  MemorisationArguments memorisation;
};

Status ParseSize(const std::string& text, generate::SampleOptions* options) {
  const auto number = [](std::string_view part, int* value) {
    const auto [end, error] = std::from_chars(part.data(), part.data() + part.size(), *value);
    return error == std::errc() && end == part.data() + part.size() && *value > 0;
  };
  const std::size_t x = text.find('x');
  if (x == std::string::npos || !number(std::string_view(text).substr(0, x), &options->width) ||
      !number(std::string_view(text).substr(x + 1), &options->height))
    return Error{ErrorCode::kInvalidArgument,
                 "--size " + text + " is no size; write width x height in pixels, like 512x384"};
  return {};
}

Status ReadPicture(const std::string& path, bool grey, image::Image* picture) {
  if (path.empty()) return {};
  KANTEI_TRY(image::DecodedImage decoded, image::DecodeImageFile(path, {}));
  *picture = grey ? image::ToGrey(decoded.pixels) : image::ToRgb(decoded.pixels);
  return {};
}

bool NamesPicture(const fs::path& path) {
  const std::string extension = path.extension().string();
  return extension == ".png" || extension == ".jpg" || extension == ".jpeg";
}

/// Where pictures go: the file that was named, or files by their seed in the folder that was named.
class Target {
 public:
  Target(const std::string& out, int count)
      : out_(out), is_file_(NamesPicture(out) && !fs::is_directory(out)), count_(count) {}

  Status Prepare() const {
    const fs::path folder = is_file_ ? out_.parent_path() : out_;
    if (folder.empty()) return {};
    std::error_code failed;
    fs::create_directories(folder, failed);
    if (failed)
      return Error{ErrorCode::kUnavailable,
                   "cannot make the directory " + DisplayPath(folder) + ": " + failed.message()};
    return {};
  }
  fs::path Picture(std::uint64_t seed) const {
    if (!is_file_) return out_ / (std::to_string(seed) + ".png");
    if (count_ == 1) return out_;
    return out_.parent_path() /
           (out_.stem().string() + "-" + std::to_string(seed) + out_.extension().string());
  }
  fs::path Preview(std::uint64_t seed, int step) const {
    const fs::path picture = Picture(seed);
    return picture.parent_path() / (picture.stem().string() + ".step-" + std::to_string(step) + ".jpg");
  }

 private:
  fs::path out_;
  bool is_file_;
  int count_;
};

/// The picture with its mark, and the record beside it.
Result<Json> WriteWithRecord(const fs::path& path, const image::Image& pixels, const Json& claim,
                             bool composite) {
  Result<Bytes> encoded =
      path.extension() == ".png" ? image::EncodePng(pixels) : image::EncodeJpeg(pixels, kJpegQuality);
  KANTEI_TRY(const Bytes plain, std::move(encoded));
  KANTEI_TRY(const Bytes marked, authenticity::MarkAsGenerated(
                                     plain, {composite, std::string(kProgram), generate::ClaimHash(claim)}));
  const Json record = generate::GenerationRecord(claim, DisplayPath(path.filename()), marked, UtcNow());
  KANTEI_RETURN_IF_ERROR(WriteFileAtomic(path, marked));
  fs::path beside = path;
  beside += ".json";
  KANTEI_RETURN_IF_ERROR(WriteFileAtomic(beside, DumpJson(record, 2) + "\n"));
  return record;
}

Result<int> RunGenerate(Session* session, GenerateArguments* arguments) {
  generate::SampleOptions& options = arguments->sampling;
  KANTEI_TRY(options.scheduler.kind, generate::ParseScheduler(arguments->scheduler));
  if (!arguments->size.empty()) KANTEI_RETURN_IF_ERROR(ParseSize(arguments->size, &options));
  if (arguments->strength >= 0) options.strength = arguments->strength;
  options.paste_back = !arguments->whole;
  KANTEI_RETURN_IF_ERROR(ReadPicture(arguments->init, false, &options.init));
  KANTEI_RETURN_IF_ERROR(ReadPicture(arguments->mask, true, &options.mask));
  KANTEI_RETURN_IF_ERROR(ReadPicture(arguments->control, false, &options.control));
  if (arguments->control_edges) {
    KANTEI_TRY(options.control, generate::EdgePicture(options.control));
  }
  KANTEI_RETURN_IF_ERROR(options.Validate());
  KANTEI_RETURN_IF_ERROR(CheckAvoidance(arguments->avoid, options));
  if (arguments->precision == "bfloat16")
    arguments->loading.precision = generate::DiffusionPrecision::kBfloat16;
  if (!arguments->control_model.empty()) arguments->loading.controlnet = arguments->control_model;
  const Target target(arguments->out, options.count);
  KANTEI_RETURN_IF_ERROR(target.Prepare());
  KANTEI_TRY(const fs::path path, FindGenerator(arguments->model));
  generate::GenerationContext context{std::string(kProgram), DisplayPath(path), "", arguments->precision,
                                      arguments->loading.device};
  KANTEI_TRY(context.model_sha256, generate::ModelHash(path));
  if (!arguments->avoid.mode.empty()) arguments->guard.raise = kRaise;
  KANTEI_TRY(const std::unique_ptr<GenerateGuard> guard, GenerateGuard::Open(*session, arguments->guard));
  if (guard != nullptr) {
    if (options.batch > 1)
      return Error{ErrorCode::kInvalidArgument,
                   "with --library each picture is compared before the next is begun; leave out --batch"};
    context.guard = guard->asked();
  }
  KANTEI_TRY(PromptWatch words,
             PromptWatch::Open(arguments->memorisation, path, context.model_sha256, &options));
  std::optional<generate::DiffusionModel> model;
  const auto load = [&]() -> Result<bool> {
    if (!model) {
      KANTEI_TRY(model, generate::DiffusionModel::Load(path, arguments->loading));
    }
    KANTEI_TRY(const bool may_go_on, words.Check(*session, *model, &options));
    context.memorisation = words.outcome();
    return may_go_on;
  };
  if (words.ComesFirst()) {
    KANTEI_TRY(const bool may_begin, load());
    if (!may_begin) return kExitSomeFailed;
  }

  if (!arguments->avoid.mode.empty()) {
    const auto write = [](const fs::path& file, const image::Image& pixels, const Json& claim) {
      return WriteWithRecord(file, pixels, claim, false);
    };
    const auto loaded = [&](generate::SampleOptions* checked,
                            generate::GenerationContext* told) -> Result<const generate::DiffusionModel*> {
      KANTEI_TRY(const bool may_begin, load());
      *told = context;
      checked->mitigations = options.mitigations;
      return may_begin ? &*model : nullptr;
    };
    return RunAvoidShape(session, arguments->avoid, guard.get(),
                         {loaded, context, options, arguments->loading.device, arguments->preview_every,
                          [&](std::uint64_t seed) { return target.Picture(seed); },
                          [&](std::uint64_t seed, int step) { return target.Preview(seed, step); }, write});
  }
  bool all_met = true;  // what the guard asked
  const auto say = [&](Json record, const fs::path& file) {
    if (guard != nullptr) all_met = all_met && record["claim"]["guard"].value("met", false);
    record["picture"]["path"] = DisplayPath(file);
    session->out.WriteLine(session->json ? DumpJson(record) : TerminalPath(file));
  };
  const auto finished = [&](const fs::path& picture, std::uint64_t seed) {
    return FinishedRecord(
        picture, [&](const Json& record) { return generate::IsRecordOf(record, context, options, seed); });
  };
  // What a stopped run has finished is not made again.
  int there = 0;
  for (; there < options.count; ++there) {
    const std::uint64_t seed = options.seed + static_cast<std::uint64_t>(there);
    const std::optional<Json> record = finished(target.Picture(seed), seed);
    if (!record) break;
    say(*record, target.Picture(seed));
  }
  if (there > 0) session->Say(std::to_string(there) + " pictures were made before.");
  if (there == options.count) return all_met ? kExitOk : kExitSomeFailed;
  options.seed += static_cast<std::uint64_t>(there);
  options.count -= there;
  KANTEI_TRY(const bool may_go_on, load());
  if (!may_go_on) return kExitSomeFailed;
  const auto write = [&](const fs::path& file, const generate::SampledPicture& picture,
                         const Json& claim) -> Status {
    KANTEI_TRY(const Json record, WriteWithRecord(file, picture.pixels, claim, !options.mask.empty()));
    say(record, file);
    return {};
  };
  Result<generate::SampleResult> result = generate::SampleResult();
  {
    const auto most =
        static_cast<std::uint64_t>(options.count) * static_cast<std::uint64_t>(options.scheduler.steps);
    // From a picture on fewer steps are taken than there are, and with a guard there may be more pictures.
    Progress progress("Generating", options.init.empty() && guard == nullptr ? most : 0, "steps");
    std::uint64_t first_seed = options.seed;
    generate::SampleWatch watch;
    watch.step = [&](int, int, int) { progress.Advance(); };
    watch.preview_every = arguments->preview_every;
    watch.preview = [&](int picture, int step, const image::Image& rough) {
      const auto seed = first_seed + static_cast<std::uint64_t>(picture);
      const Status drawn = image::WriteImage(target.Preview(seed, step), rough, kJpegQuality);
      if (!drawn.ok()) progress.Say("kantei: " + TerminalText(drawn.error().message));
    };
    const auto make = [&](const generate::GuardOrder& order) {
      generate::SampleOptions one = options;
      one.seed = order.seed, one.count = 1;
      return generate::SamplePictures(*model, one, watch, session->cancellation);
    };
    if (guard == nullptr) {
      watch.finished = [&](generate::SampledPicture&& picture, const std::vector<std::string>& notes) {
        return write(target.Picture(picture.seed), picture,
                     generate::GenerationClaim(context, options, picture, notes));
      };
      result = generate::SamplePictures(*model, options, watch, session->cancellation);
    }
    for (int i = 0; guard != nullptr && i < options.count; ++i) {
      const std::uint64_t seed = options.seed + static_cast<std::uint64_t>(i);
      const fs::path file = target.Picture(seed);
      first_seed = seed;
      if (const std::optional<Json> record = finished(file, seed)) {
        say(*record, file);
        continue;
      }
      KANTEI_TRY(const generate::GuardedPicture guarded, guard->Make(seed, make, session->cancellation));
      if (!guarded.met || (guarded.attempts.size() > 1 && !session->quiet))
        progress.Say((guarded.met ? "" : "kantei: ") + guard->Sentence(guarded));
      all_met = all_met && guarded.met;
      result->notes = guarded.notes;
      if (!guarded.met && !guard->keep_rejected()) continue;
      Json claim = generate::GenerationClaim(context, options, guarded.picture, guarded.notes);
      generate::AddGuardOutcome(guarded, &claim);
      KANTEI_RETURN_IF_ERROR(write(file, guarded.picture, claim));
    }
  }
  if (!result.ok()) return result.error();
  for (const std::string& remark : model->info().remarks) session->Say("Note: " + TerminalText(remark));
  for (const std::string& note : result->notes) session->Say("Note: " + TerminalText(note) + ".");
  return all_met ? kExitOk : kExitSomeFailed;
}

}  // namespace

void AddGenerateCommand(CLI::App* root, Session* session) {
  CLI::App* verb = root->add_subcommand(
      "generate", "Make pictures from words with a diffusion model, each with a record of how it was made");
  auto arguments = std::make_shared<GenerateArguments>();
  generate::SampleOptions& o = arguments->sampling;
  verb->add_option("PROMPT", o.prompt, "What the picture shows")->required()->type_name("");
  verb->add_option("--out", arguments->out,
                   "A .png or .jpg file, or a directory; a .json record is written beside each picture")
      ->required()
      ->type_name("PATH");
  verb->add_option(
          "--model", arguments->model,
          "Folder in diffusers' layout, its name in a model directory, or one safetensors file; empty: the "
          "shipped model")
      ->type_name("PATH");
  const auto number = [verb](const char* name, auto& field, const char* text) {
    return verb->add_option(name, field, text)->type_name("N")->capture_default_str();
  };
  verb->add_option("--negative", o.negative_prompt, "What the picture should not show")->type_name("TEXT");
  number("--seed", o.seed, "Of the first picture; each further one has the next");
  number("--count", o.count, "Pictures");
  number("--batch", o.batch, "Pictures in one pass through the network");
  number("--steps", o.scheduler.steps, "Passes from noise to picture");
  arguments->scheduler = generate::SchedulerName(o.scheduler.kind);
  verb->add_option("--scheduler", arguments->scheduler, "How steps are taken")
      ->check(CLI::IsMember({"ddim", "euler", "euler-ancestral", "dpm++-2m"}))
      ->type_name("NAME")
      ->capture_default_str();
  number("--eta", o.scheduler.eta, "Fresh noise on the way, 0 to 1 (ddim)");
  verb->add_flag("--karras", o.scheduler.karras, "Noise levels after Karras et al. (all but ddim)");
  number("--guidance", o.guidance, "How closely words are followed; 1: no guidance, half the time");
  verb->add_option("--size", arguments->size,
                   "Width and height in pixels; else the picture's or the model's own")
      ->type_name("WxH");
  verb->add_option("--init", arguments->init, "A picture to start from")->type_name("FILE");
  verb->add_option("--strength", arguments->strength,
                   "Share of the steps that change the picture to start from (0.75; with a mask 1)")
      ->type_name("N");
  verb->add_option("--mask", arguments->mask, "White where the picture to start from is made anew")
      ->type_name("FILE")
      ->needs("--init");
  verb->add_flag("--whole", arguments->whole,
                 "Leave pixels outside the mask as the autoencoder gave them, not as they were");
  verb->add_option("--control", arguments->control,
                   "A picture for the model's ControlNet, e.g. segments or edges")
      ->type_name("FILE");
  verb->add_flag("--control-edges", arguments->control_edges,
                 "Take the edges of that picture (Canny 100, 200), for ControlNets for edges")
      ->needs("--control");
  verb->add_option("--control-model", arguments->control_model,
                   "The ControlNet: a folder in diffusers' layout, or a file")
      ->type_name("PATH");
  number("--control-strength", o.control_strength, "Of the ControlNet, 0 to 2");
  number("--realism-guidance", o.realism_guidance,
         "Pull the late steps towards what real pictures are like, 0 to 10 (models trained with "
         "--realism-weight)");
  number("--attention-slice", o.attention_slice,
         "Thousands of attention scores in memory at once; 0: as is fastest");
  number("--preview-every", arguments->preview_every, "Write a rough picture after each N steps; 0: never");
  verb->add_option("--device", arguments->loading.device, "cpu, cuda or cuda:N")
      ->type_name("NAME")
      ->capture_default_str();
  verb->add_option("--precision", arguments->precision,
                   "Of the network's numbers; bfloat16 is faster where the processor has it")
      ->check(CLI::IsMember({"float32", "bfloat16"}))
      ->type_name("NAME")
      ->capture_default_str();
  AddAvoidOptions(verb, &arguments->avoid);
  AddMemorisationOptions(verb, &arguments->memorisation);
  AddGuardOptions(verb, &arguments->guard);
  // Avoiding a shape looks for the prompt's own words.
  verb->get_option("--mitigate")->excludes("--avoid-shape");
  AddJsonOption(verb, session);
  AddQuietOption(verb, session);
  SetExample(verb,
             "kantei generate \"a red fox in snow\" --model stable-diffusion-v1-5/ --seed 7 --out fox.png");
  SetAction(verb, session, [session, arguments] { return RunGenerate(session, arguments.get()); });
}

}  // namespace kantei::cli
