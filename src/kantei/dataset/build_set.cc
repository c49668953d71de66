#include "kantei/dataset/build_set.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <mutex>
#include <set>
#include <system_error>
#include <utility>

#include "kantei/base/files.h"
#include "kantei/base/parallel.h"
#include "kantei/dataset/build_lists.h"
#include "kantei/dataset/picture_builder.h"
#include "kantei/dataset/picture_survey.h"

namespace kantei::dataset {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kMostTable = 1ull << 30;

Status MakeFolder(const fs::path& path) {
  std::error_code failure;
  fs::create_directories(path, failure);
  if (failure)
    return Error{ErrorCode::kUnavailable, DisplayPath(path) + " cannot be made: " + failure.message()};
  return {};
}

/// Writes `text`, or says that there is another.
Status Keep(const fs::path& file, const std::string& text, const char* what) {
  std::error_code ignored;
  if (!fs::exists(file, ignored)) return WriteFileAtomic(file, text);
  KANTEI_TRY(const std::string there, ReadTextFile(file, kMostTable));
  if (there == text) return {};
  return Error{ErrorCode::kInvalidArgument, DisplayPath(file.parent_path()) + " holds a set of " + what +
                                                " (" + DisplayPath(file.filename()) +
                                                " has them); use those, or another --out"};
}

Result<std::vector<SourcePicture>> Survey(const BuildSetOptions& options, const CocoAnnotations& annotations,
                                          BuildSetSummary* summary, const CancellationToken& cancellation,
                                          const BuildSetReport& report) {
  std::vector<fs::path> files;
  std::vector<std::string> names;
  const fs::path out = fs::weakly_canonical(options.out);
  for (const fs::path& root : options.sources) {
    KANTEI_TRY(const std::vector<fs::path> found, ListFiles(std::array{root}));
    for (const fs::path& file : found) {
      // What an earlier run wrote is no source.
      const fs::path below = fs::weakly_canonical(file).lexically_relative(out);
      if (!HasImageExtension(file) || (!below.empty() && *below.begin() != "..")) continue;
      files.push_back(file);
      names.push_back(SourceName(root, file));
    }
  }
  if (files.empty()) return Error{ErrorCode::kNotFound, "no picture lies below the folders that were named"};
  Progress* progress = report.survey(files.size());
  KANTEI_TRY(
      const std::vector<SurveyedPicture> surveyed,
      SurveyPictures(files, options.out / ".survey", ThreadCount(options.threads), cancellation, progress));
  const std::vector<std::uint32_t> groups = SamePictureGroups(surveyed, options.plan.splits.near_duplicate,
                                                              ThreadCount(options.threads), cancellation);
  KANTEI_RETURN_IF_ERROR(cancellation.Check());
  std::vector<SourcePicture> pictures;
  std::set<std::string> digests;
  for (std::size_t i = 0; i < files.size(); ++i) {
    SourcePicture picture{files[i], names[i], surveyed[i].sha256, groups[i], {}, surveyed[i].problem};
    if (!picture.problem.empty()) {
      ++summary->failed;
      report.bad_file(picture.problem);
    } else if (!digests.insert(picture.digest).second) {
      ++summary->duplicates;
      continue;
    } else if (const CocoPicture* annotated = annotations.Find(files[i])) {
      for (const CocoObject& object : annotated->objects) picture.objects.push_back(object.category);
    }
    pictures.push_back(std::move(picture));
  }
  AssignSplits(options.plan, &pictures);
  return pictures;
}

std::string SourcesTable(const std::vector<SourcePicture>& pictures) {
  std::string text = "file\tsource\tsha256\tgroup\tsplit\n";
  for (const SourcePicture& picture : pictures) {
    if (!picture.problem.empty()) continue;
    std::string file = DisplayPath(picture.file.filename());
    std::replace_if(
        file.begin(), file.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20; }, '_');
    text += file + "\t" + picture.source + "\t" + picture.digest + "\t" + std::to_string(picture.group) +
            "\t" + std::string(kBuildSplits[picture.split]) + "\n";
  }
  return text;
}

Status LoadCutouts(BuildContext* context, const CancellationToken& cancellation,
                   const BuildSetReport& report) {
  context->cutouts.resize(kBuildSplits.size());
  const BuildSetOptions& options = *context->options;
  if (options.cutouts.empty()) return {};
  KANTEI_TRY(std::vector<fs::path> files, ListFiles(options.cutouts));
  std::erase_if(files, [](const fs::path& file) { return !HasImageExtension(file); });
  Random random(options.plan.seed);
  for (std::size_t i = files.size(); i > 1; --i) std::swap(files[i - 1], files[random.Below(i)]);
  KANTEI_TRY(std::vector<CutoutFile> read, ReadCutouts(files, cancellation, report.bad_file));
  if (read.empty())
    return Error{
        ErrorCode::kNotFound,
        "no picture with transparency lies below the folders of --cutouts; name others or leave it out"};
  // A cut-out is pasted in one split only.
  std::array<double, kBuildSplits.size()> have{};
  for (std::size_t i = 0; i < read.size(); ++i) {
    std::size_t split = 0;
    double most = -1e300;
    for (std::size_t s = 0; s < have.size(); ++s) {
      const double missing = options.plan.splits.ratios[s] * double(i + 1) - have[s];
      if (missing > most) most = missing, split = s;
    }
    have[split] += 1;
    context->cutouts[split].push_back(std::move(read[i]));
  }
  return {};
}

Status LoadModels(BuildContext* context) {
  const BuildPlan& plan = context->options->plan;
  BuildModels models;
  bool redecodes = false;
  for (const PlanEngine& engine : plan.engines) {
    const bool used = engine.count > 0 || (engine.weight > 0 && plan.pictures.variants > 0);
    if (used) {
      KANTEI_TRY(auto made, MakeBuildEngine(engine, &models));
      context->engines.push_back(std::move(made));
      redecodes = redecodes || (engine.regenerated >= 0 ? engine.regenerated : plan.regenerated) > 0;
    } else {
      context->engines.push_back(nullptr);
    }
  }
  if (redecodes) {
    KANTEI_TRY(context->redecode, models.Decoder(plan.redecoder));
  }
  if (plan.text_to_picture.share > 0) {
    KANTEI_TRY(context->text_model, models.Diffusion(plan.text_to_picture.model));
  }
  KANTEI_TRY(context->quality, BuildQuality::Open(plan.quality));
  return {};
}

Status Finish(const BuildSetOptions& options, BuildSetSummary* summary,
              const CancellationToken& cancellation) {
  std::vector<BuiltSample> samples;
  std::string last;
  KANTEI_RETURN_IF_ERROR(ReadManifest(options.out / kManifestFile, [&](const Json& row) -> Status {
    summary->refused += row.at("status") == "refused" ? 1 : 0;
    summary->fruitless += row.at("status") == "fruitless" ? 1 : 0;
    if (row.at("step") != "annotation" || row.at("status") != "ok") return {};
    KANTEI_TRY(BuiltSample sample, ParseSampleRow(row));
    ++(sample.history == "authentic" ? summary->authentic
       : sample.history == "edited"  ? summary->edited
                                     : summary->generated);
    ++summary->engines[sample.engine];
    ++summary->splits[sample.split];
    samples.push_back(std::move(sample));
    return {};
  }));
  std::sort(samples.begin(), samples.end(),
            [](const BuiltSample& a, const BuiltSample& b) { return a.key < b.key; });
  for (const BuiltSample& sample : samples) {
    for (const std::string* file : {&sample.picture, &sample.mask}) {
      std::error_code ignored;
      if (file->empty() || fs::exists(options.out / *file, ignored)) continue;
      return Error{ErrorCode::kNotFound,
                   DisplayPath(options.out / *file) + " is gone; take the rows of \"" + sample.key +
                       "\" out of manifest.jsonl and run the same command again to have it made anew"};
    }
  }
  KANTEI_RETURN_IF_ERROR(WriteLists(options.out, options.plan, samples));
  // Even after Ctrl-C: the lists are to be whole.
  static_cast<void>(cancellation);
  KANTEI_TRY(summary->leaks,
             CheckLeaks(options.out, options.plan, samples, ThreadCount(options.threads), {}));
  KANTEI_RETURN_IF_ERROR(WriteDataCard(options, *summary, samples));
  return WriteSums(options.out, samples);
}

}  // namespace

Status BuildSetOptions::Validate() const {
  if (sources.empty()) return Error{ErrorCode::kInvalidArgument, "no folder of pictures is named"};
  if (out.empty()) return Error{ErrorCode::kInvalidArgument, "no folder for the set is named; add --out DIR"};
  if (!plan.splits.held_out_objects.empty() && annotations.empty())
    return Error{ErrorCode::kInvalidArgument,
                 "the plan holds out objects, and only annotations name them; add --annotations FILE"};
  return {};
}

Result<BuildSetSummary> BuildSet(const BuildSetOptions& options, const CancellationToken& cancellation,
                                 const BuildSetReport& report) {
  KANTEI_RETURN_IF_ERROR(options.Validate());
  BuildSetSummary summary;
  BuildContext context;
  context.options = &options;
  for (const fs::path& file : options.annotations) KANTEI_RETURN_IF_ERROR(context.annotations.Add(file));
  KANTEI_RETURN_IF_ERROR(MakeFolder(options.out));
  KANTEI_RETURN_IF_ERROR(
      Keep(options.out / "plan.json", DumpJson(BuildPlanJson(options.plan), 2) + "\n", "another plan"));
  KANTEI_TRY(context.pictures, Survey(options, context.annotations, &summary, cancellation, report));
  KANTEI_RETURN_IF_ERROR(Keep(options.out / "sources.tsv", SourcesTable(context.pictures), "other pictures"));
  KANTEI_RETURN_IF_ERROR(LoadModels(&context));
  KANTEI_RETURN_IF_ERROR(LoadCutouts(&context, cancellation, report));
  const std::unique_ptr<ReplacementSource> caption = MakeCaptionSource();
  context.ideas = options.ideas != nullptr ? options.ideas : caption.get();
  context.donors.resize(kBuildSplits.size());
  std::vector<std::size_t> order;
  std::size_t total = 0;
  for (std::size_t i = 0; i < context.pictures.size(); ++i) {
    const SourcePicture& picture = context.pictures[i];
    if (!picture.problem.empty()) continue;
    context.donors[picture.split].push_back(i);
    order.push_back(i);
    total += PictureKeys(options.plan, picture).size();
  }
  if (order.empty()) return Error{ErrorCode::kNotFound, "none of the pictures that were named can be read"};
  KANTEI_TRY(const auto manifest, BuildManifest::Open(options.out / kManifestFile));
  for (const std::size_t i : order)
    for (const std::string& key : PictureKeys(options.plan, context.pictures[i]))
      summary.kept += manifest->Finished(key) ? 1 : 0;
  // In no order, so that a run that was stopped leaves a fair sample.
  Random random(options.plan.seed);
  for (std::size_t i = order.size(); i > 1; --i) std::swap(order[i - 1], order[random.Below(i)]);
  report.begin(total);
  std::mutex mutex;
  Status disk;
  std::atomic<std::size_t> handled{0};
  const CancellationToken stop;  // a full disk ends the run as Ctrl-C does
  ParallelFor(order.size(), ThreadCount(options.threads), cancellation, [&](std::size_t i) {
    if (stop.cancelled()) return;
    PictureBuilder builder(context, manifest.get(), cancellation);
    const PictureBuilder::Outcome outcome = builder.Build(context.pictures[order[i]], report.done);
    const std::lock_guard lock(mutex);
    ++handled;
    if (!outcome.file.ok()) {
      ++summary.failed;
      report.bad_file(outcome.file.error().message);
    }
    if (!outcome.disk.ok() && disk.ok()) disk = outcome.disk, stop.Cancel();
  });
  KANTEI_RETURN_IF_ERROR(disk);
  summary.finished = handled == order.size() && !cancellation.cancelled();
  if (summary.finished) KANTEI_RETURN_IF_ERROR(manifest->Sort());
  KANTEI_RETURN_IF_ERROR(Finish(options, &summary, cancellation));
  return summary;
}

}  // namespace kantei::dataset
