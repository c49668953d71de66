#include "kantei/cli/generate_avoid.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "kantei/base/files.h"
#include "kantei/base/parallel.h"
#include "kantei/base/progress.h"
#include "kantei/cli/exit_code.h"
#include "kantei/cli/generation_record_reader.h"
#include "kantei/cli/text_format.h"
#include "kantei/copy/descriptor_model.h"
#include "kantei/generate/avoid_record.h"
#include "kantei/generate/segmented_subject.h"
#include "kantei/image/encode.h"
#include "kantei/nn/lpips.h"
#include "kantei/nn/segmenter.h"

namespace kantei::cli {
namespace {

namespace fs = std::filesystem;

constexpr double kMostStrength = 10;
constexpr int kJpegQuality = 95;

/// The files of one picture.
struct AvoidFiles {
  fs::path picture, first, mask, mask_after;
  explicit AvoidFiles(const fs::path& named) : picture(named) {
    const auto beside = [&](const std::string& ending) {
      return named.parent_path() / (named.stem().string() + ending);
    };
    first = beside(".first" + named.extension().string());
    mask = beside(".mask.png"), mask_after = beside(".mask-after.png");
  }
};

/// The cosine of the shipped copy descriptor; without one SSIM has to do.
Result<generate::PictureMeasure> SimilarityOf(Session* session) {
  auto opened = copy::DescriptorModel::Open({});
  if (!opened.ok()) {
    if (opened.error().code != ErrorCode::kNotFound) return opened.error();
    session->Say("No copy descriptor is installed; similarity is SSIM alone.");
    return generate::PictureMeasure{};
  }
  return generate::PictureMeasure{
      "descriptor " + (*opened)->id(),
      [model = *opened](const image::Image& a, const image::Image& b) -> Result<double> {
        const image::Image pictures[] = {a, b};
        KANTEI_TRY(const nn::Descriptors rows, model->Describe(pictures));
        double cosine = 0;
        const auto first = rows.row(0), second = rows.row(1);
        for (std::size_t i = 0; i < first.size(); ++i) cosine += double{first[i]} * second[i];
        return cosine;
      }};
}

/// By the segmenter that was named; a class that it does not have is refused before anything is made.
Result<generate::SubjectFinder> FinderOf(const AvoidArguments& arguments, const AvoidRun& run,
                                         const CancellationToken& cancellation) {
  if (arguments.segmenter.empty()) return generate::SubjectFinder{};
  KANTEI_TRY(std::shared_ptr<const nn::Segmenter> segmenter,
             nn::Segmenter::Open(arguments.segmenter, {run.device, ThreadCount(0)}));
  if (!arguments.subject.empty())
    KANTEI_RETURN_IF_ERROR(generate::CheckSubjectName(segmenter->names(), arguments.subject));
  KANTEI_TRY(const std::string hash, generate::ModelHash(arguments.segmenter));
  return generate::SubjectFinder{
      "segformer " + hash, arguments.subject,
      [segmenter, subject = arguments.subject, cancellation](
          const image::Image& picture, const std::vector<std::string>& words,
          const std::string& only) -> Result<generate::SubjectMask> {
        KANTEI_TRY(const nn::Segmentation segmentation, segmenter->Segment(picture, cancellation));
        return generate::SubjectOfSegmentation(segmentation, segmenter->names(), words,
                                               only.empty() ? subject : only);
      }};
}

Result<generate::PictureMeasure> LpipsOf(const AvoidArguments& arguments, const AvoidRun& run) {
  if (arguments.lpips.empty()) return generate::PictureMeasure{};
  const std::vector<fs::path> files(arguments.lpips.begin(), arguments.lpips.end());
  KANTEI_TRY(std::shared_ptr<const nn::Lpips> lpips, nn::Lpips::Open(files, {run.device, ThreadCount(0)}));
  return generate::PictureMeasure{
      "lpips " + lpips->network() + " " + lpips->sha256(),
      [lpips](const image::Image& a, const image::Image& b) { return lpips->Distance(a, b); }};
}

std::optional<Json> FinishedPair(const AvoidFiles& files, const AvoidRun& run,
                                 const generate::AvoidOptions& avoid, const generate::AvoidTools& tools,
                                 std::uint64_t seed) {
  std::error_code ignored;
  for (const fs::path* beside : {&files.first, &files.mask, &files.mask_after})
    if (!fs::exists(*beside, ignored)) return std::nullopt;
  return FinishedRecord(files.picture, [&](const Json& record) {
    return generate::IsAvoidedRecordOf(record, run.context, run.sampling, avoid, tools, seed);
  });
}

}  // namespace

void AddAvoidOptions(CLI::App* verb, AvoidArguments* arguments) {
  CLI::Option* mode =
      verb->add_option(
              "--avoid-shape", arguments->mode,
              "Make a second picture that avoids the shape of the first one's subject; MODE may be left out")
          ->expected(0, 1)
          ->default_str(std::string(generate::AvoidModeName(generate::kDefaultAvoidMode)))
          ->check(CLI::IsMember(generate::AvoidModeNames()))
          ->type_name("MODE");
  verb->add_option("--avoid-strength", arguments->options.strength, "How hard the shape is avoided, 0 to 10")
      ->type_name("N")
      ->capture_default_str()
      ->needs(mode);
  verb->add_option("--avoid-tries", arguments->options.tries, "Most further pictures (reject)")
      ->type_name("N")
      ->capture_default_str()
      ->needs(mode);
  CLI::Option* segmenter =
      verb->add_option("--segmenter", arguments->segmenter,
                       "Find the subject with these SegFormer weights (a folder in transformers' layout)")
          ->type_name("DIR")
          ->needs(mode);
  verb->add_option("--subject", arguments->subject,
                   "The segmenter's class that is the subject; else one that the prompt names, or the "
                   "largest thing")
      ->type_name("NAME")
      ->needs(segmenter);
  verb->add_option(
          "--lpips", arguments->lpips,
          "Weights of LPIPS (AlexNet or VGG-16, safetensors; give it twice when they are in two files): "
          "its distance of both pictures stands in the record")
      ->type_name("FILE")
      ->allow_extra_args(false)
      ->needs(mode);
}

Status CheckAvoidance(AvoidArguments& arguments, const generate::SampleOptions& sampling) {
  if (arguments.mode.empty()) return {};
  KANTEI_TRY(arguments.options.mode, generate::ParseAvoidMode(arguments.mode));
  return arguments.options.Validate(sampling);
}

Result<int> RunAvoidShape(Session* session, const AvoidArguments& arguments, const GenerateGuard* guard,
                          AvoidRun run) {
  const generate::AvoidOptions& avoid = arguments.options;
  generate::SampleOptions& options = run.sampling;
  generate::AvoidTools tools;
  KANTEI_TRY(tools.similarity, SimilarityOf(session));
  KANTEI_TRY(tools.lpips, LpipsOf(arguments, run));
  KANTEI_TRY(tools.subject, FinderOf(arguments, run, session->cancellation));
  bool all_met = true;  // what the guard asked
  const auto say = [&](Json record, const fs::path& file) {
    if (guard != nullptr) all_met = all_met && record["claim"]["guard"].value("met", false);
    record["picture"]["path"] = DisplayPath(file);
    session->out.WriteLine(session->json ? DumpJson(record) : TerminalPath(file));
  };
  int there = 0;
  for (; there < options.count; ++there) {
    const std::uint64_t seed = options.seed + static_cast<std::uint64_t>(there);
    const AvoidFiles files(run.picture(seed));
    const std::optional<Json> record = FinishedPair(files, run, avoid, tools, seed);
    if (!record) break;
    say(*record, files.picture);
  }
  if (there > 0) session->Say(std::to_string(there) + " pictures were made before.");
  if (there == options.count) return all_met ? kExitOk : kExitSomeFailed;
  options.seed += static_cast<std::uint64_t>(there);
  options.count -= there;
  KANTEI_TRY(const generate::DiffusionModel* loaded, run.load(&options, &run.context));
  if (loaded == nullptr) return kExitSomeFailed;
  const generate::DiffusionModel& model = *loaded;

  Result<generate::AvoidResult> result = generate::AvoidResult();
  {
    // How many pictures are rejected is not known.
    const bool known = avoid.mode != generate::AvoidMode::kReject && guard == nullptr;
    Progress progress("Generating",
                      known ? 2 * static_cast<std::uint64_t>(options.count) *
                                  static_cast<std::uint64_t>(options.scheduler.steps)
                            : 0,
                      "steps");
    generate::AvoidWatch watch;
    watch.step = [&](int, int, int) { progress.Advance(); };
    watch.preview_every = run.preview_every;
    watch.preview = [&](int picture, int step, const image::Image& rough) {
      const auto seed = options.seed + static_cast<std::uint64_t>(picture);
      const Status drawn = image::WriteImage(run.preview(seed, step), rough, kJpegQuality);
      if (!drawn.ok()) progress.Say("kantei: " + TerminalText(drawn.error().message));
    };
    const auto keep = [&](const generate::AvoidedPicture& pair, std::uint64_t seed,
                          const Json& claim) -> Status {
      const AvoidFiles files(run.picture(seed));
      KANTEI_RETURN_IF_ERROR(image::WriteImage(files.mask, pair.first_mask.pixels));
      KANTEI_RETURN_IF_ERROR(image::WriteImage(files.mask_after, pair.second_mask.pixels));
      // The first picture was compared with nothing.
      generate::GenerationContext plain = run.context;
      plain.guard = Json();
      KANTEI_TRY(const Json of_first,
                 run.write(files.first, pair.first.pixels,
                           generate::GenerationClaim(plain, options, pair.first, pair.first_notes)));
      // Last, since its record says that all is there.
      KANTEI_TRY(const Json record, run.write(files.picture, pair.second.pixels, claim));
      say(record, files.picture);
      return {};
    };
    const auto claim_of = [&](const generate::AvoidedPicture& pair) {
      return generate::AvoidedClaim(run.context, options, avoid, tools, pair);
    };
    if (guard == nullptr) {
      watch.finished = [&](generate::AvoidedPicture&& pair) {
        return keep(pair, pair.first.seed, claim_of(pair));
      };
      result = generate::AvoidShape(model, options, avoid, tools, watch, session->cancellation);
    }
    for (int i = 0; guard != nullptr && i < options.count; ++i) {
      const std::uint64_t seed = options.seed + static_cast<std::uint64_t>(i);
      if (const auto record = FinishedPair(AvoidFiles(run.picture(seed)), run, avoid, tools, seed)) {
        say(*record, run.picture(seed));
        continue;
      }
      std::vector<generate::AvoidedPicture> made;  // one an attempt
      const auto make = [&](const generate::GuardOrder& order) -> Result<generate::SampleResult> {
        generate::SampleOptions one = options;
        one.seed = order.seed, one.count = 1;
        generate::AvoidOptions harder = avoid;
        harder.strength = std::min(kMostStrength, avoid.strength * order.strength);
        KANTEI_TRY(generate::AvoidResult pairs,
                   generate::AvoidShape(model, one, harder, tools, watch, session->cancellation));
        made.push_back(std::move(pairs.pictures.front()));
        generate::SampleResult second;
        second.pictures.push_back(made.back().second);
        second.notes = std::move(pairs.notes);
        return second;
      };
      KANTEI_TRY(const generate::GuardedPicture guarded, guard->Make(seed, make, session->cancellation));
      if (!guarded.met || (guarded.attempts.size() > 1 && !session->quiet))
        progress.Say((guarded.met ? "" : "kantei: ") + guard->Sentence(guarded));
      all_met = all_met && guarded.met;
      result->notes = guarded.notes;
      if (!guarded.met && !guard->keep_rejected()) continue;
      Json claim = claim_of(made[guarded.kept]);
      generate::AddGuardOutcome(guarded, &claim);
      KANTEI_RETURN_IF_ERROR(keep(made[guarded.kept], seed, claim));
    }
  }
  if (!result.ok()) return result.error();
  for (const std::string& remark : model.info().remarks) session->Say("Note: " + TerminalText(remark));
  for (const std::string& note : result->notes) session->Say("Note: " + TerminalText(note) + ".");
  return all_met ? kExitOk : kExitSomeFailed;
}

}  // namespace kantei::cli
