#include "kantei/dataset/copy_benchmark.h"

#include <algorithm>
#include <cstdio>
#include <map>
#include <mutex>
#include <optional>
#include <set>

#include "kantei/base/csv.h"
#include "kantei/base/files.h"
#include "kantei/base/json.h"
#include "kantei/base/parallel.h"
#include "kantei/base/sha256.h"
#include "kantei/dataset/copy_benchmark_plan.h"
#include "kantei/dataset/copy_folder.h"
#include "kantei/dataset/disc_files.h"
#include "kantei/dataset/truth_check.h"
#include "kantei/image/decode.h"
#include "kantei/image/encode.h"

namespace kantei::dataset {
namespace {

namespace fs = std::filesystem;
using image::Image;

constexpr std::size_t kQueryPart = 32;
constexpr int kQueryQuality = 90;
constexpr std::size_t kOthersPerQuery = 4;
constexpr int kMaterialSide = 512;
constexpr std::size_t kMaxProblems = 100;

std::string Id(char letter, std::size_t number, int digits) {
  char text[24];
  std::snprintf(text, sizeof text, "%c%0*zu", letter, digits, number);
  return text;
}

Status MakeFolder(const fs::path& path) {
  std::error_code failure;
  fs::create_directories(path, failure);
  if (failure)
    return Error{ErrorCode::kUnavailable, DisplayPath(path) + " cannot be made: " + failure.message()};
  return {};
}

/// Gives `target` the content of `source` under a second name where the file system can, else as a copy.
Status LinkOrCopy(const fs::path& source, const fs::path& target) {
  std::error_code failure;
  if (fs::exists(target, failure)) return {};
  fs::create_hard_link(source, target, failure);
  if (!failure) return {};
  constexpr std::uint64_t kMaxBytes = 1ull << 30;
  KANTEI_TRY(const Bytes bytes, ReadFile(source, kMaxBytes));
  return WriteFileAtomic(target, bytes);
}

std::string Extension(const fs::path& file) {
  std::string extension = file.extension().native();
  for (char& c : extension) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  return extension;
}

Json OptionsJson(const CopyBenchmarkOptions& options) {
  Json levels = Json::array();
  for (const EditLevel level : options.levels) levels.push_back(std::string(EditLevelName(level)));
  return Json{{"references", options.references},
              {"queries", options.queries},
              {"distractor_queries", options.distractor_queries},
              {"lookalike_queries", options.lookalike_queries},
              {"background", options.background},
              {"levels", levels},
              {"seed", options.seed},
              {"picture_side", options.picture_side},
              {"least_side", options.least_side},
              {"least_quality", options.least_quality},
              {"same_distance", options.same_distance}};
}

class Maker {
 public:
  Maker(const CopyBenchmarkOptions& options, const CancellationToken& cancellation)
      : options_(options), cancellation_(cancellation), threads_(ThreadCount(options.threads)) {}

  Result<CopyBenchmarkSummary> Run() {
    KANTEI_RETURN_IF_ERROR(MakeFolder(options_.out));
    KANTEI_TRY(candidates_, ListCandidates(options_));
    KANTEI_RETURN_IF_ERROR(Survey());
    KANTEI_RETURN_IF_ERROR(ClaimFolder());
    for (const char* folder : {"references", "queries"})
      KANTEI_RETURN_IF_ERROR(MakeFolder(options_.out / folder));
    KANTEI_RETURN_IF_ERROR(WriteReferences());
    KANTEI_RETURN_IF_ERROR(WriteQueries());
    if (options_.check_truth) KANTEI_RETURN_IF_ERROR(CheckTruth());
    KANTEI_RETURN_IF_ERROR(WriteManifest());
    return summary_;
  }

 private:
  fs::path Work() const { return options_.out / ".work"; }

  Status Survey() {
    std::vector<fs::path> files;
    for (const Candidate& candidate : candidates_) files.push_back(candidate.file);
    {
      Progress progress("looking at pictures", files.size(), "pictures");
      KANTEI_TRY(survey_, SurveyPictures(files, Work(), threads_, cancellation_, &progress));
    }
    for (const SurveyedPicture& picture : survey_) {
      if (!picture.problem.empty() && summary_.problems.size() < kMaxProblems)
        summary_.problems.push_back(picture.problem);
    }
    const auto groups = SamePictureGroups(survey_, options_.same_distance, threads_, cancellation_);
    KANTEI_RETURN_IF_ERROR(cancellation_.Check());
    KANTEI_TRY(plan_, PlanBenchmark(options_, candidates_, survey_, groups, &summary_));
    return {};
  }

  /// A folder belongs to one benchmark: that of these options and pictures.
  Status ClaimFolder() {
    std::string text = DumpJson(OptionsJson(options_)) + '\n';
    for (const Candidate& candidate : candidates_) {
      text += survey_[static_cast<std::size_t>(&candidate - candidates_.data())].sha256;
      text += candidate.from_sources ? 's' : '-';
      text += candidate.from_distractors ? 'd' : '-';
      text += candidate.from_lookalikes ? "l " : "- ";
      text += candidate.source + '\n';
    }
    identity_ = Sha256Hex(text);
    const fs::path claim = Work() / "identity";
    if (const auto known = ReadTextFile(claim, 4096); known.ok()) {
      if (*known == identity_) return {};
      return Error{
          ErrorCode::kInvalidArgument,
          DisplayPath(options_.out) +
              " holds a benchmark of other options or pictures; choose another folder, or remove that one"};
    }
    std::error_code failure;
    for (const char* name : {"references", "queries", "ground_truth.csv"}) {
      if (fs::exists(options_.out / name, failure)) {
        return Error{ErrorCode::kInvalidArgument, DisplayPath(options_.out) + " already holds " + name +
                                                      " of something else; choose another folder"};
      }
    }
    return WriteFileAtomic(claim, identity_);
  }

  Status WriteReferences() {
    // Where a picture is a reference, for the truth.
    std::string csv = "reference_id,source,sha256,file\n";
    for (std::size_t r = 0; r < plan_.references.size(); ++r) {
      KANTEI_RETURN_IF_ERROR(cancellation_.Check());
      const std::uint32_t at = plan_.references[r];
      const Candidate& candidate = candidates_[at];
      const std::string id = Id('R', r, 6);
      reference_ids_[at] = id;
      KANTEI_RETURN_IF_ERROR(
          LinkOrCopy(candidate.file, options_.out / "references" / (id + Extension(candidate.file))));
      csv += id + ',' + CsvField(candidate.source) + ',' + survey_[at].sha256 + ',' +
             CsvField(DisplayPath(candidate.file.filename())) + '\n';
    }
    if (!plan_.background.empty()) KANTEI_RETURN_IF_ERROR(MakeFolder(options_.out / "training"));
    for (std::size_t t = 0; t < plan_.background.size(); ++t) {
      const fs::path& file = candidates_[plan_.background[t]].file;
      KANTEI_RETURN_IF_ERROR(LinkOrCopy(file, options_.out / "training" / (Id('T', t, 6) + Extension(file))));
    }
    summary_.references = static_cast<std::int64_t>(plan_.references.size());
    summary_.background = static_cast<std::int64_t>(plan_.background.size());
    references_sha256_ = Sha256Hex(csv);
    return WriteFileAtomic(options_.out / "references.csv", csv);
  }

  Result<Image> Load(std::uint32_t at, int side) const {
    image::DecodeOptions decode;
    decode.max_longer_side = side;
    decode.limits.max_seconds = kDecodeSeconds;
    KANTEI_TRY(image::DecodedImage decoded, image::DecodeImageFile(candidates_[at].file, decode));
    return std::move(decoded.pixels);
  }

  /// Positions in the plan's material; the first that a query's generator is asked for.
  std::vector<std::size_t> DrawOthers(Random& random) const {
    std::vector<std::size_t> others;
    while (others.size() < kOthersPerQuery) {
      const std::size_t other = random.Below(plan_.material.size());
      if (std::find(others.begin(), others.end(), other) == others.end()) others.push_back(other);
    }
    return others;
  }

  Result<TruthRow> WriteQuery(std::size_t q, const std::vector<Image>& material) const {
    const PlannedQuery& planned = plan_.queries[q];
    TruthRow row;
    row.query_id = Id('Q', q, 5);
    row.kind = planned.kind;
    row.source = candidates_[planned.picture].source;
    KANTEI_TRY(Image picture, Load(planned.picture, options_.picture_side));
    if (planned.kind != "look-alike") {
      Random random = Random(options_.seed).Fork(q);
      std::vector<const Image*> others;
      for (const std::size_t other : DrawOthers(random)) others.push_back(&material[other]);
      row.level = EditLevelName(planned.level);
      EditedPicture edited = ApplyRandomEdits(picture, planned.level, others, random);
      picture = std::move(edited.picture);
      row.edits = std::move(edited.edits);
    }
    if (planned.kind == "copy") row.reference_id = reference_ids_.at(planned.picture);
    KANTEI_TRY(const Bytes jpeg, image::EncodeJpeg(picture, kQueryQuality));
    row.sha256 = Sha256Hex(jpeg);
    KANTEI_RETURN_IF_ERROR(WriteFileAtomic(QueryFile(row.query_id), jpeg));
    return row;
  }

  fs::path QueryFile(const std::string& id) const { return options_.out / "queries" / (id + ".jpg"); }

  /// The rows of a part that an earlier run has finished.
  std::optional<std::vector<TruthRow>> FinishedPart(const fs::path& file, std::size_t rows) const {
    const auto text = ReadTextFile(file, 1 << 20);
    if (!text.ok()) return {};
    auto part = ParseGroundTruth(*text, "part");
    if (!part.ok() || part->size() != rows) return {};
    std::error_code failure;
    for (const TruthRow& row : *part) {
      if (!fs::exists(QueryFile(row.query_id), failure)) return {};
    }
    return std::move(*part);
  }

  Status WriteQueries() {
    std::vector<Image> material;
    for (const std::uint32_t at : plan_.material) {
      KANTEI_TRY(Image picture, Load(at, kMaterialSide));
      material.push_back(std::move(picture));
    }
    std::vector<TruthRow> truth(plan_.queries.size());
    const std::size_t parts = (truth.size() + kQueryPart - 1) / kQueryPart;
    std::mutex mutex;
    std::optional<Error> failed;
    Progress progress("making queries", truth.size(), "queries");
    ParallelFor(parts, threads_, cancellation_, [&](std::size_t part) {
      const std::size_t first = part * kQueryPart, last = std::min(truth.size(), first + kQueryPart);
      const fs::path kept = Work() / ("queries-" + std::to_string(part) + ".csv");
      const auto fail = [&](const Error& error) {
        const std::lock_guard lock(mutex);
        if (!failed) failed = error;
      };
      if (auto finished = FinishedPart(kept, last - first)) {
        std::move(finished->begin(), finished->end(), truth.begin() + static_cast<std::ptrdiff_t>(first));
        progress.Advance(last - first);
        return;
      }
      for (std::size_t q = first; q < last; ++q) {
        {
          const std::lock_guard lock(mutex);
          if (failed) return;
        }
        if (cancellation_.cancelled()) return;
        auto row = WriteQuery(q, material);
        if (!row.ok()) return fail(row.error());
        truth[q] = std::move(*row);
        progress.Advance();
      }
      const Status written =
          WriteFileAtomic(kept, FormatGroundTruth(std::span(truth).subspan(first, last - first)));
      if (!written.ok()) fail(written.error());
    });
    KANTEI_RETURN_IF_ERROR(cancellation_.Check());
    if (failed) return *failed;
    for (const TruthRow& row : truth) {
      summary_.copies += row.kind == "copy";
      summary_.strangers += row.kind == "stranger";
      summary_.lookalikes += row.kind == "look-alike";
    }
    const std::string csv = FormatGroundTruth(truth);
    truth_sha256_ = Sha256Hex(csv);
    return WriteFileAtomic(options_.out / "ground_truth.csv", csv);
  }

  /// References that show a query's picture or what was pasted into it, though their hashes are far apart.
  Status CheckTruth() {
    std::vector<fs::path> references, pictures;
    for (std::size_t r = 0; r < plan_.references.size(); ++r)
      references.push_back(options_.out / "references" /
                           (Id('R', r, 6) + Extension(candidates_[plan_.references[r]].file)));
    for (const std::uint32_t at : plan_.material) pictures.push_back(candidates_[at].file);
    for (const PlannedQuery& query : plan_.queries) pictures.push_back(candidates_[query.picture].file);
    KANTEI_TRY(const auto same, FindSamePictures(pictures, references, Work(), threads_, cancellation_));
    KANTEI_TRY(const std::vector<TruthRow> truth, ReadGroundTruth(options_.out / "ground_truth.csv"));
    std::vector<TruthRow> pairs;
    for (std::size_t q = 0; q < truth.size(); ++q) {
      const auto& of_picture = same[plan_.material.size() + q];
      std::set<std::uint32_t> shown(of_picture.begin(), of_picture.end());
      const bool pasted =
          std::any_of(truth[q].edits.begin(), truth[q].edits.end(), [](const std::string& name) {
            const EditInfo* edit = FindEdit(name);
            return edit != nullptr && edit->needs_others;
          });
      if (pasted) {
        Random random = Random(options_.seed).Fork(q);
        for (const std::size_t other : DrawOthers(random))
          shown.insert(same[other].begin(), same[other].end());
      }
      for (const std::uint32_t reference : shown) {
        TruthRow row;
        row.query_id = truth[q].query_id;
        row.reference_id = Id('R', reference, 6);
        if (row.reference_id != truth[q].reference_id) pairs.push_back(std::move(row));
      }
    }
    summary_.same_pairs = static_cast<std::int64_t>(pairs.size());
    return WriteFileAtomic(options_.out / kSamePairsFile, FormatGroundTruth(pairs));
  }

  Status WriteManifest() const {
    std::map<std::string, std::int64_t> sources;
    for (const std::uint32_t at : plan_.references) ++sources[candidates_[at].source];
    Json per_source = Json::array();
    for (const auto& [name, pictures] : sources)
      per_source.push_back({{"source", name}, {"references", pictures}});
    const Json manifest{
        {"schema", "kantei.copy-benchmark/1"},
        {"tool", {{"name", "kantei"}, {"version", KANTEI_VERSION}}},
        {"identity", identity_},
        {"options", OptionsJson(options_)},
        {"counts",
         {{"references", summary_.references},
          {"copies", summary_.copies},
          {"strangers", summary_.strangers},
          {"lookalikes", summary_.lookalikes},
          {"background", summary_.background},
          {"surveyed", summary_.surveyed},
          {"unusable", summary_.unusable},
          {"same", summary_.same},
          {"same_pairs", summary_.same_pairs < 0 ? Json(nullptr) : Json(summary_.same_pairs)}}},
        {"sources", per_source},
        {"sha256", {{"ground_truth.csv", truth_sha256_}, {"references.csv", references_sha256_}}}};
    return WriteFileAtomic(options_.out / "manifest.json", DumpJson(manifest, 1) + "\n");
  }

  const CopyBenchmarkOptions& options_;
  const CancellationToken& cancellation_;
  int threads_;
  CopyBenchmarkSummary summary_;
  std::vector<Candidate> candidates_;
  std::vector<SurveyedPicture> survey_;
  BenchmarkPlan plan_;
  std::map<std::uint32_t, std::string> reference_ids_;
  std::string identity_, truth_sha256_, references_sha256_;
};

}  // namespace

Status CopyBenchmarkOptions::Validate() const {
  const auto bad = [](const char* what) { return Error{ErrorCode::kInvalidArgument, what}; };
  if (sources.empty()) return bad("a benchmark needs at least one folder of source pictures");
  if (out.empty()) return bad("out must name the folder to make");
  if (references < 1 || references > 999'999) return bad("references must be 1 to 999,999");
  if (queries < 1 || queries > references) return bad("queries must be 1 to the number of references");
  if (distractor_queries < 0 || lookalike_queries < 0 || background < 0)
    return bad("numbers of queries and background pictures must be 0 or more");
  if (queries + distractor_queries + lookalike_queries > 99'999) return bad("at most 99,999 queries in all");
  if (levels.empty()) return bad("at least one level must be named");
  if (picture_side < 64 || picture_side > 4096) return bad("picture_side must be 64 to 4096");
  if (least_side < 32) return bad("least_side must be at least 32");
  if (least_quality < 0 || least_quality > 100) return bad("least_quality must be 0 to 100");
  if (same_distance < 0 || same_distance > 128) return bad("same_distance must be 0 to 128");
  if (threads < 0) return bad("threads must be 0 (all cores) or more");
  return {};
}

Result<CopyBenchmarkSummary> MakeCopyBenchmark(const CopyBenchmarkOptions& options,
                                               const CancellationToken& cancellation) {
  KANTEI_RETURN_IF_ERROR(options.Validate());
  return Maker(options, cancellation).Run();
}

}  // namespace kantei::dataset
