#include <filesystem>

#include "kantei/base/files.h"
#include "kantei/image/decode.h"
#include "kantei/image/encode.h"
#include "kantei/image/transform.h"
#include "kantei/server/case_json.h"
#include "kantei/server/case_query.h"
#include "kantei/server/routes.h"
#include "kantei/server/secrets.h"
#include "kantei/server/upload.h"

namespace kantei::server {
namespace {

namespace fs = std::filesystem;

std::string Target(std::int64_t inspection_id) {
  return "inspection:" + std::to_string(inspection_id);
}

/// Evidence pages are our own, but they show what files say: they may run nothing and fetch nothing.
constexpr const char* kPagePolicy =
    "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'self'";

std::string SourceOf(const Call& call) {
  if (!call.who.key) return "console";
  return call.request.Header("x-kantei-source") == "watch" ? "watch" : "api";
}

Result<Json> JobWithItems(App& app, std::int64_t job_id) {
  KANTEI_TRY(const store::Job job, app.jobs().Get(job_id));
  KANTEI_TRY(const People people, People::Of(app));
  return JobJson(app, job, people, true);
}

Response Accepted(const Json& job) {
  Response response = JsonResponse(job, 202);
  response.headers.emplace_back("Location",
                                "/api/v1/jobs/" + std::to_string(job["job_id"].get<std::int64_t>()));
  return response;
}

/// The answer to one picture that was waited for.
Reply AnswerAtOnce(Call& call, const QueuedJob& queued) {
  const std::int64_t item_id = queued.items.front().item_id;
  if (!call.app.queue->WaitFor(item_id, call.app.options.sync_seconds)) {
    KANTEI_TRY(const Json job, JobWithItems(call.app, queued.job.job_id));
    return Accepted(job);
  }
  KANTEI_TRY(const store::JobItem item, call.app.jobs().GetItem(item_id));
  if (item.state != "done" || !item.inspection_id) {
    for (const ErrorCode code : {ErrorCode::kCorrupt, ErrorCode::kTooLarge, ErrorCode::kUnsupported,
                                 ErrorCode::kInvalidArgument, ErrorCode::kUnavailable})
      if (item.error_code == ErrorCodeName(code)) return Error{code, item.error_detail.value_or("")};
    return Error{ErrorCode::kInternal, item.error_detail.value_or("the picture could not be inspected")};
  }
  KANTEI_TRY(const Json detail, CaseDetailJson(call.app, *item.inspection_id));
  Response response = JsonResponse(detail, 201);
  response.headers.emplace_back("Location", "/api/v1/inspections/" + std::to_string(*item.inspection_id));
  return response;
}

}  // namespace

Reply ListInspections(Call& call) {
  KANTEI_TRY(const store::CaseFilter filter, CaseFilterOf(call));
  KANTEI_TRY(const Json list, CaseListJson(call.app, filter));
  return JsonResponse(list);
}

Reply AddInspections(Call& call) {
  const ServiceOptions& options = call.app.options;
  KANTEI_TRY(const std::vector<Part*> files,
             FilesOf(call.request, "picture", static_cast<std::size_t>(options.pictures_per_request)));
  KANTEI_TRY(std::string mode, FieldOf(call.request, "mode", 16));
  if (mode.empty()) mode = "auto";
  if (mode != "auto" && mode != "sync" && mode != "job") return BadRequest("mode must be auto, sync or job");
  KANTEI_TRY(const std::string labels, FieldOf(call.request, "labels", 4096));
  const bool small = files.size() == 1 && files.front()->bytes <= options.sync_bytes;
  if (mode == "sync" && !small)
    return Problem{413, "too_large",
                   "only one picture of at most " + std::to_string(options.sync_bytes) +
                       " bytes is answered at once; use mode job"};
  JobRequest wanted;
  wanted.source = SourceOf(call);
  wanted.user_id = call.who.user.user_id;
  wanted.urgent = mode != "job" && small;
  KANTEI_TRY(wanted.labels, ParseLabels(labels));
  KANTEI_TRY(const auto queued, QueueFiles(call.app, wanted, files));
  if (!queued) return QueueFull(call.app);
  if (wanted.urgent) return AnswerAtOnce(call, *queued);
  KANTEI_RETURN_IF_ERROR(
      call.Audit("job.create", "job:" + std::to_string(queued->job.job_id), {{"pictures", files.size()}}));
  KANTEI_TRY(const Json job, JobWithItems(call.app, queued->job.job_id));
  return Accepted(job);
}

Reply GetInspection(Call& call) {
  KANTEI_TRY(const std::int64_t inspection_id, call.Id());
  KANTEI_TRY(const Json detail, CaseDetailJson(call.app, inspection_id));
  return JsonResponse(detail);
}

Reply ChangeInspection(Call& call) {
  KANTEI_TRY(const std::int64_t inspection_id, call.Id());
  KANTEI_TRY(const JsonBody body, JsonBody::Of(call.request));
  if (!body.Has("labels")) return BadRequest("labels is missing");
  KANTEI_TRY(const std::vector<std::string> labels, body.Words("labels", 20, 64));
  KANTEI_TRY(auto change, call.app.database->Begin());
  KANTEI_TRY(const store::Case known, call.app.cases().Get(inspection_id));
  KANTEI_RETURN_IF_ERROR(call.app.cases().SetLabels(known.inspection_id, labels));
  KANTEI_RETURN_IF_ERROR(call.Audit("inspection.label", Target(inspection_id), {{"labels", labels}}));
  KANTEI_TRY(const store::Case now, call.app.cases().Get(inspection_id));
  KANTEI_TRY(const People people, People::Of(call.app));
  KANTEI_RETURN_IF_ERROR(change.Commit());
  return JsonResponse(CaseJson(now, people));
}

Reply EraseInspection(Call& call) {
  KANTEI_TRY(const std::int64_t inspection_id, call.Id());
  KANTEI_TRY(auto change, call.app.database->Begin());
  KANTEI_TRY(const std::string folder, call.app.cases().Erase(inspection_id));
  KANTEI_RETURN_IF_ERROR(call.Audit("inspection.erase", Target(inspection_id)));
  KANTEI_RETURN_IF_ERROR(change.Commit());
  std::error_code failure;
  fs::remove_all(call.app.FilesPath() / folder, failure);
  if (failure)
    return Error{ErrorCode::kUnavailable, "the record is erased, its files could not all be removed"};
  return NoContent();
}

Reply RerunInspection(Call& call) {
  KANTEI_TRY(const std::int64_t inspection_id, call.Id());
  KANTEI_TRY(const store::Case known, call.app.cases().Get(inspection_id));
  if (known.erased) return Conflict("the picture was erased");
  JobRequest wanted;
  wanted.kind = "rerun";
  wanted.source = SourceOf(call);
  wanted.user_id = call.who.user.user_id;
  KANTEI_TRY(const auto queued, QueueRerun(call.app, wanted, known));
  if (!queued) return QueueFull(call.app);
  KANTEI_RETURN_IF_ERROR(
      call.Audit("job.create", "job:" + std::to_string(queued->job.job_id), {{"rerun", inspection_id}}));
  KANTEI_TRY(const Json job, JobWithItems(call.app, queued->job.job_id));
  return Accepted(job);
}

namespace {

/// Cuts the rectangle [x, y, width, height] out of the original into a file of its own.
Status CutOut(const fs::path& original, const Json& region, const image::DecodeLimits& limits,
              const fs::path& target) {
  const Error bad{
      ErrorCode::kInvalidArgument,
      "region must be [x, y, width, height] in pixels, inside the picture and at least 32 on each side"};
  if (!region.is_array() || region.size() != 4) return bad;
  int at[4];
  for (std::size_t i = 0; i < 4; ++i) {
    if (!region[i].is_number() || region[i].get<double>() < 0 || region[i].get<double>() > 1e6) return bad;
    at[i] = static_cast<int>(region[i].get<double>());
  }
  KANTEI_TRY(const image::DecodedImage picture, image::DecodeImageFile(original, {limits, 0}));
  if (at[2] < 32 || at[3] < 32 || at[0] + at[2] > picture.pixels.width() ||
      at[1] + at[3] > picture.pixels.height())
    return bad;
  image::Image cut(at[2], at[3], 3);
  for (int y = 0; y < at[3]; ++y)
    std::copy_n(picture.pixels.row(at[1] + y) + 3 * at[0], 3 * at[2], cut.row(y));
  KANTEI_TRY(const Bytes bytes, image::EncodePng(cut));
  return WriteFileAtomic(target, bytes);
}

}  // namespace

Reply IgnoreInspection(Call& call) {
  KANTEI_TRY(const std::int64_t inspection_id, call.Id());
  KANTEI_TRY(const JsonBody body, JsonBody::Of(call.request));
  KANTEI_TRY(const std::string bank, body.Text("bank", 64, "ignore"));
  KANTEI_TRY(const std::string label, body.Text("label", 256, ""));
  KANTEI_TRY(const store::BankKind kind, call.app.library->KindOf(bank));
  if (kind != store::BankKind::kIgnore) return BadRequest("the bank must be of kind ignore");
  KANTEI_TRY(const store::Case known, call.app.cases().Get(inspection_id));
  if (known.erased) return Conflict("the picture was erased");
  fs::path source = call.app.FilesPath() / known.folder / "original";
  const bool whole = !body.Has("region") || body.IsNull("region");
  std::string file_name = known.file_name;
  Part cut;  // removed with the request
  if (!whole) {
    cut.spooled = call.app.SpoolPath() / ("upload-" + RandomToken());
    KANTEI_RETURN_IF_ERROR(
        CutOut(source, body.json()["region"], call.app.engine->options().inspect.limits, cut.spooled));
    source = cut.spooled;
    file_name = fs::path(known.file_name).stem().native() + "-region.png";
  }
  copy::EnrollOptions options;
  options.bank = bank;
  options.label = label;
  options.source = Target(inspection_id);
  options.notes = "false alarm";
  auto added = call.app.library->Add({{source, file_name}}, options);
  if (!whole) call.request.parts.push_back(std::move(cut));
  if (!added.ok()) return added.error();
  if (!added->failures.empty()) return added->failures.front().error;
  if (added->pictures.empty()) return Conflict("the picture is in this bank already");
  const store::Picture& picture = added->pictures.front();
  KANTEI_RETURN_IF_ERROR(call.Audit("library.ignore", Target(inspection_id),
                                    {{"picture_id", picture.picture_id}, {"bank", bank}}));
  return JsonResponse(PictureJson(picture, kind, call.who.user.role == store::Role::kAdministrator), 201);
}

Reply GetArtifact(Call& call) {
  KANTEI_TRY(const std::int64_t inspection_id, call.Id());
  KANTEI_TRY(const store::Case known, call.app.cases().Get(inspection_id));
  KANTEI_TRY(const auto artifacts, call.app.cases().Artifacts(inspection_id));
  // Names are looked up among the rows, so none becomes a path.
  for (const store::Artifact& artifact : artifacts) {
    if (artifact.name != call.path.at(1)) continue;
    Response response;
    response.content_type = artifact.type;
    response.file = call.app.FilesPath() / known.folder / artifact.file;
    if (artifact.name == "original") {
      KANTEI_RETURN_IF_ERROR(call.Audit("inspection.download", Target(inspection_id)));
      response.headers.emplace_back("Content-Disposition", "attachment; filename=\"" +
                                                               known.findings.sha256.substr(0, 16) + "." +
                                                               known.findings.format + "\"");
    } else if (artifact.type.starts_with("text/html")) {
      response.headers.emplace_back("Content-Security-Policy", kPagePolicy);
      response.headers.emplace_back("X-Frame-Options", "SAMEORIGIN");
    }
    return response;
  }
  return Error{ErrorCode::kNotFound, "inspection " + std::to_string(inspection_id) + " has no such file"};
}

}  // namespace kantei::server
