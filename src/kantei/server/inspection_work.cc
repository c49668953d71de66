#include "kantei/server/inspection_work.h"

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <fstream>
#include <utility>

#include "kantei/base/files.h"
#include "kantei/base/sha256.h"
#include "kantei/image/decode.h"
#include "kantei/image/encode.h"
#include "kantei/inspect/report_html.h"
#include "kantei/inspect/report_json.h"
#include "kantei/server/case_json.h"

namespace kantei::server {
namespace {

namespace fs = std::filesystem;

constexpr int kPictureSide = 1600;
constexpr int kPictureQuality = 88;

/// Files of one case, written into its folder. They can be made again from the original, so they are not synced.
class ArtifactWriter {
 public:
  explicit ArtifactWriter(fs::path folder) : folder_(std::move(folder)) {}

  Status Add(const std::string& name, const std::string& file, const std::string& type,
             std::span<const std::byte> bytes) {
    std::ofstream out(folder_ / file, std::ios::binary | std::ios::trunc);
    out.write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
    out.close();
    if (!out) return Error{ErrorCode::kUnavailable, "the evidence cannot be written; check the disk's space"};
    artifacts_.push_back({name, type, static_cast<std::int64_t>(bytes.size()), Sha256Hex(bytes), file});
    return {};
  }
  Status AddJpeg(const std::string& name, const image::Image& picture, int quality) {
    if (picture.empty()) return {};
    KANTEI_TRY(const Bytes bytes, image::EncodeJpeg(picture, quality));
    return Add(name, name + ".jpg", "image/jpeg", bytes);
  }
  Status AddPng(const std::string& name, const image::Image& picture) {
    KANTEI_TRY(const Bytes bytes, image::EncodePng(picture));
    return Add(name, name + ".png", "image/png", bytes);
  }
  void AddKnown(store::Artifact artifact) { artifacts_.push_back(std::move(artifact)); }
  std::vector<store::Artifact> Take() { return std::move(artifacts_); }

 private:
  fs::path folder_;
  std::vector<store::Artifact> artifacts_;
};

Status WriteArtifacts(const inspect::Inspection& inspection, const inspect::RunFacts& run,
                      const fs::path& original, const image::DecodeLimits& limits, ArtifactWriter* writer) {
  const inspect::FileFacts& file = inspection.file;
  writer->AddKnown({"original", "application/octet-stream", file.bytes, file.sha256, "original"});
  KANTEI_RETURN_IF_ERROR(writer->AddJpeg("preview", inspection.preview, 85));
  KANTEI_TRY(const image::DecodedImage picture, image::DecodeImageFile(original, {limits, kPictureSide}));
  KANTEI_RETURN_IF_ERROR(writer->AddJpeg("picture", picture.pixels, kPictureQuality));
  for (const inspect::CheckReport& check : inspection.checks)
    for (const inspect::NamedMap& map : check.maps)
      KANTEI_RETURN_IF_ERROR(writer->AddPng(check.key + "-" + map.name, map.image));
  for (const Language language : {Language::kEnglish, Language::kJapanese}) {
    const std::string name = language == Language::kEnglish ? "report-en" : "report-ja";
    const std::string html = inspect::RenderHtml(std::span(&inspection, 1), run, language);
    KANTEI_RETURN_IF_ERROR(
        writer->Add(name, name + ".html", "text/html; charset=utf-8", std::as_bytes(std::span(html))));
  }
  return {};
}

std::optional<double> Probability(const Json& json, const char* question) {
  if (!json.contains(question) || !json[question].contains("probability") ||
      !json[question]["probability"].is_number())
    return std::nullopt;
  return json[question]["probability"].get<double>();
}

/// Undecided because the pixels were not looked at, or are too soft to be judged: no reason for people to look at the case.
bool SawNothing(const inspect::CheckReport& check) {
  if (check.key != "authenticity" || check.band != Band::kInconclusive) return false;
  const bool too_soft = check.json.contains("softness") && check.json["softness"].value("too_soft", false);
  return too_soft || !check.json.value("pixel_analysis", false);
}

/// Messages name the file by its place in our spool; clients know it by its own name.
Error WithName(Error error, const fs::path& ours, const std::string& theirs) {
  const std::string path = DisplayPath(ours);
  for (std::size_t at = error.message.find(path); at != std::string::npos;
       at = error.message.find(path, at + theirs.size()))
    error.message.replace(at, path.size(), theirs);
  return error;
}

}  // namespace

store::CaseFindings FindingsOf(const inspect::Inspection& inspection, const inspect::RunFacts& run) {
  store::CaseFindings findings;
  const inspect::FileFacts& file = inspection.file;
  findings.sha256 = file.sha256;
  findings.format = file.format;
  findings.bytes = file.bytes;
  findings.width = file.width;
  findings.height = file.height;
  findings.tool_version = run.tool_version;
  findings.library_pictures = run.library_pictures;
  for (const inspect::CheckReport& check : inspection.checks) {
    if (check.error) {
      findings.error =
          findings.error.value_or("") + (findings.error ? " " : "") + check.key + ": " + check.error->message;
      continue;
    }
    if (check.gives_verdict) {
      findings.bands[check.key] = BandName(check.band);
      if (!SawNothing(check)) findings.band = std::max(findings.band, check.band);
    }
    if (check.key == "copy") {
      findings.pdq = check.json.value("pdq", "");
      findings.pdq_quality = check.json.value("pdq_quality", 0);
      const Json& matches = check.json["matches"];
      findings.score_copy = matches.empty() ? 0.0 : matches[0].value("similarity", 0.0);
      if (!matches.empty())
        findings.top_match = Json{{"picture_id", matches[0]["picture_id"]},
                                  {"bank", matches[0]["bank"]},
                                  {"bank_kind", matches[0]["bank_kind"]},
                                  {"label", matches[0]["label"]},
                                  {"band", matches[0]["band"]},
                                  {"similarity", matches[0]["similarity"]}};
    } else if (check.key == "authenticity") {
      findings.score_ai_made = Probability(check.json, "ai_made");
      findings.score_edited = Probability(check.json, "edited");
    }
  }
  findings.evidence =
      std::clamp(std::max({findings.score_copy.value_or(0), findings.score_ai_made.value_or(0),
                           findings.score_edited.value_or(0)}),
                 0.0, 1.0);
  findings.result = inspect::ToJson(inspection, run);
  return findings;
}

namespace {

/// Writes the case (or its further run), the item's end and the event as one change. Returns nothing when the item was cancelled.
Status WriteCase(App& app, const store::JobItem& item, const store::Job& job, const std::string& folder,
                 const store::CaseFindings& findings, const std::vector<store::Artifact>& artifacts) {
  KANTEI_TRY(store::ServerDatabase::Transaction change, app.database->Begin());
  std::int64_t inspection_id = item.inspection_id.value_or(0);
  if (inspection_id != 0) {
    KANTEI_RETURN_IF_ERROR(app.cases().AddRun(inspection_id, findings, artifacts));
  } else {
    store::Cases::NewCase facts;
    facts.job_id = item.job_id;
    facts.user_id = job.user_id;
    facts.source = job.source;
    facts.file_name = item.file_name;
    facts.folder = folder;
    if (!job.labels.empty()) {
      const Json labels = Json::parse(job.labels, nullptr, false);
      for (const Json& label : labels) facts.labels.push_back(label.get<std::string>());
    }
    KANTEI_TRY(inspection_id, app.cases().Add(facts, findings, artifacts));
  }
  KANTEI_TRY(const bool finished, app.jobs().Finish(item.item_id, inspection_id, app.queue->ExpiryOfJobs()));
  if (!finished) return {};
  KANTEI_TRY(const People people, People::Of(app));
  store::AuditRow row;
  row.actor = people.Ref(job.user_id)["name"].get<std::string>();
  row.action = item.inspection_id ? "inspection.rerun" : "inspection.create";
  row.target = "inspection:" + std::to_string(inspection_id);
  row.detail = {{"sha256", findings.sha256}, {"band", BandName(findings.band)}, {"job_id", item.job_id}};
  KANTEI_RETURN_IF_ERROR(app.audit().Append(std::move(row)));
  KANTEI_TRY(const store::Case written, app.cases().Get(inspection_id));
  KANTEI_RETURN_IF_ERROR(app.webhooks().Enqueue("inspection.finished", DumpJson(CaseJson(written, people))));
  return change.Commit();
}

Status Inspect(App& app, const store::JobItem& item) {
  const std::shared_ptr<const Snapshot> snapshot = app.engine->snapshot();
  KANTEI_TRY(const store::Job job, app.jobs().Get(item.job_id));
  std::string folder = "item-" + std::to_string(item.item_id);
  fs::path source = app.SpoolPath() / item.spool;
  if (item.inspection_id) {
    KANTEI_TRY(const store::Case known, app.cases().Get(*item.inspection_id));
    if (known.erased) return Error{ErrorCode::kNotFound, "the picture was erased"};
    folder = known.folder;
    source = app.FilesPath() / folder / "original";
  }
  inspect::Inspection inspection = snapshot->inspector->Inspect(source);
  if (inspection.error) return WithName(*inspection.error, source, item.file_name);
  inspection.file.path = item.file_name;

  const fs::path place = app.FilesPath() / folder;
  std::error_code failure;
  fs::create_directories(place, failure);
  if (failure) return Error{ErrorCode::kUnavailable, "the evidence cannot be written: " + failure.message()};
  const fs::path original = place / "original";
  if (!item.inspection_id) {
    // A second name, not a move: until the case is written the spool must keep the upload.
    fs::remove(original, failure);
    fs::create_hard_link(source, original, failure);
    if (failure) return Error{ErrorCode::kUnavailable, "the original cannot be kept: " + failure.message()};
  }
  ArtifactWriter writer(place);
  inspect::RunFacts run = snapshot->run;
  run.started_at = job.created_at;
  KANTEI_RETURN_IF_ERROR(
      WriteArtifacts(inspection, run, original, app.engine->options().inspect.limits, &writer));
  return WriteCase(app, item, job, folder, FindingsOf(inspection, run), writer.Take());
}

}  // namespace

Status InspectItem(App& app, const store::JobItem& item) {
  const auto start = std::chrono::steady_clock::now();
  const Status outcome = Inspect(app, item);
  app.metrics.NoteInspection(!outcome.ok(),
                             std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
  if (!outcome.ok()) {
    KANTEI_TRY(const bool noted,
               app.jobs().Fail(item.item_id, std::string(ErrorCodeName(outcome.error().code)),
                               outcome.error().message, app.queue->ExpiryOfJobs()));
    (void)noted;
  }
  std::error_code ignored;
  if (!item.spool.empty()) fs::remove(app.SpoolPath() / item.spool, ignored);
  const auto job = app.jobs().Get(item.job_id);
  const auto people = People::Of(app);
  if (job.ok() && job->finished_at && people.ok())
    (void)app.webhooks().Enqueue("job.finished", DumpJson(JobJson(app, *job, *people, false)));
  return {};
}

}  // namespace kantei::server
