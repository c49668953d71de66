#include "kantei/server/case_json.h"

#include <algorithm>
#include <utility>

#include "kantei/base/files.h"

namespace kantei::server {

Result<People> People::Of(App& app) {
  KANTEI_TRY(const std::vector<store::User> users, app.accounts().Users());
  People people;
  for (const store::User& user : users)
    people.refs_[user.user_id] = {
        {"user_id", user.user_id}, {"name", user.name}, {"display_name", user.display_name}};
  return people;
}

Json People::Ref(std::int64_t user_id) const {
  const auto found = refs_.find(user_id);
  if (found != refs_.end()) return found->second;
  return {{"user_id", user_id}, {"name", ""}, {"display_name", ""}};
}

Json UserJson(const store::User& user) {
  return {{"user_id", user.user_id},
          {"name", user.name},
          {"display_name", user.display_name},
          {"role", store::RoleName(user.role)},
          {"active", user.active},
          {"must_change_password", user.must_change_password},
          {"created_at", user.created_at},
          {"last_login_at", OrNull(user.last_login_at)}};
}

Json KeyJson(const store::ApiKey& key, const People& people) {
  return {{"key_id", key.key_id},
          {"name", key.name},
          {"owner", people.Ref(key.user_id)},
          {"prefix", key.prefix},
          {"scopes", key.scopes},
          {"requests_per_minute", key.per_minute},
          {"created_at", key.created_at},
          {"expires_at", key.expires_at},
          {"last_used_at", OrNull(key.last_used_at)},
          {"revoked", key.revoked}};
}

Json CaseJson(const store::Case& row, const People& people) {
  const store::CaseFindings& findings = row.findings;
  Json json;
  json["inspection_id"] = row.inspection_id;
  json["job_id"] = row.job_id;
  json["created_at"] = row.created_at;
  json["updated_at"] = row.updated_at;
  json["file_name"] = row.file_name;
  json["sha256"] = findings.sha256;
  json["bytes"] = findings.bytes;
  json["format"] = findings.format;
  json["width"] = findings.width;
  json["height"] = findings.height;
  json["pdq"] = findings.pdq;
  json["pdq_quality"] = findings.pdq_quality;
  json["band"] = BandName(findings.band);
  json["bands"] = findings.bands;
  json["scores"] = {{"copy", OrNull(findings.score_copy)},
                    {"ai_made", OrNull(findings.score_ai_made)},
                    {"edited", OrNull(findings.score_edited)}};
  json["top_match"] = OrNull(findings.top_match);
  json["state"] = row.state;
  json["flagged"] = row.flagged;
  json["labels"] = row.labels;
  json["assignee"] = row.assignee ? people.Ref(*row.assignee) : Json(nullptr);
  json["decided_at"] = OrNull(row.decided_at);
  json["decisions"] = row.decisions;
  json["notes"] = row.notes;
  json["runs"] = row.runs;
  json["changed_since_decision"] = row.decided_band && *row.decided_band != findings.band;
  json["retroactive"] = row.retroactive;
  json["erased"] = row.erased;
  json["error"] = OrNull(findings.error);
  json["source"] = row.source;
  json["created_by"] = people.Ref(row.user_id);
  return json;
}

Json DecisionJson(const store::Decision& row, const People& people) {
  return {{"decision_id", row.decision_id},
          {"inspection_id", row.inspection_id},
          {"at", row.at},
          {"by", people.Ref(row.user_id)},
          {"kind", row.kind},
          {"verdict", row.verdict},
          {"reason", row.reason},
          {"about", row.about},
          {"run", row.run},
          {"undone", row.undone}};
}

Json NoteJson(const store::Note& row, const People& people) {
  return {{"note_id", row.note_id},
          {"inspection_id", row.inspection_id},
          {"at", row.at},
          {"by", people.Ref(row.user_id)},
          {"text", row.text}};
}

Json CaseFileJson(const store::CaseFile& row, const People& people) {
  return {{"case_file_id", row.case_file_id},
          {"inspection_id", row.inspection_id},
          {"at", row.at},
          {"by", people.Ref(row.user_id)},
          {"language", row.language},
          {"sha256", row.sha256},
          {"bytes", row.bytes},
          {"href", "/api/v1/case-files/" + std::to_string(row.case_file_id)}};
}

Json RetroactiveJson(const store::RetroactiveMatch& row) {
  return {{"retroactive_id", row.retroactive_id},
          {"inspection_id", row.inspection_id},
          {"picture_id", row.picture_id},
          {"file_name", row.file_name},
          {"label", row.label},
          {"bank", row.bank},
          {"pdq_distance", row.pdq_distance},
          {"at", row.at},
          {"seen", row.seen}};
}

Json JobJson(App& app, const store::Job& job, const People& people, bool with_items) {
  const std::string state = store::JobState(job);
  const auto ahead = app.jobs().Ahead(job.job_id);
  Json json{{"job_id", job.job_id},
            {"kind", job.kind},
            {"state", state},
            {"source", job.source},
            {"created_at", job.created_at},
            {"created_by", people.Ref(job.user_id)},
            {"started_at", OrNull(job.started_at)},
            {"finished_at", OrNull(job.finished_at)},
            {"expires_at", OrNull(job.expires_at)},
            {"total", job.total},
            {"done", job.done},
            {"failed", job.failed},
            {"cancelled", job.cancelled},
            {"ahead", ahead.ok() ? *ahead : 0},
            {"items", nullptr}};
  if (!with_items) return json;
  const std::vector<std::int64_t> running = app.queue->running();
  const auto items = app.jobs().Items(job.job_id);
  json["items"] = Json::array();
  if (!items.ok()) return json;
  for (const store::JobItem& item : *items) {
    const bool runs =
        item.state == "queued" && std::find(running.begin(), running.end(), item.item_id) != running.end();
    Json error = nullptr;
    if (item.error_code) error = {{"code", *item.error_code}, {"detail", item.error_detail.value_or("")}};
    json["items"].push_back({{"item_id", item.item_id},
                             {"file_name", item.file_name},
                             {"state", runs ? "running" : item.state},
                             {"inspection_id", OrNull(item.inspection_id)},
                             {"error", std::move(error)}});
  }
  return json;
}

Json PictureJson(const store::Picture& picture, store::BankKind kind, bool administrator) {
  const std::string path = DisplayPath(picture.path);
  return {
      {"picture_id", picture.picture_id},
      {"bank", picture.bank},
      {"bank_kind", store::BankKindName(kind)},
      {"file_name", picture.path.empty() ? "" : DisplayPath(std::filesystem::path(picture.path).filename())},
      {"path", administrator ? path : ""},
      {"sha256", picture.sha256},
      {"label", picture.label},
      {"owner", picture.owner},
      {"source", picture.source},
      {"notes", picture.notes},
      {"width", picture.width},
      {"height", picture.height},
      {"bytes", picture.file_bytes},
      {"added_at", picture.added_at},
      {"pdq", picture.pdq.ToHex()},
      {"pdq_quality", picture.pdq_quality},
      {"has_preview", picture.has_features}};
}

Json WebhookJson(const store::Webhook& webhook) {
  return {{"webhook_id", webhook.webhook_id},
          {"url", webhook.url},
          {"events", webhook.events},
          {"created_at", webhook.created_at},
          {"last_status", OrNull(webhook.last_status)},
          {"last_at", OrNull(webhook.last_at)}};
}

Json DeliveryJson(const store::Delivery& delivery) {
  return {{"delivery_id", delivery.delivery_id},
          {"webhook_id", delivery.webhook_id},
          {"event", delivery.event},
          {"state", delivery.state},
          {"attempts", delivery.attempts},
          {"created_at", delivery.created_at},
          {"next_at", OrNull(delivery.next_at)},
          {"last_status", OrNull(delivery.last_status)},
          {"last_error", OrNull(delivery.last_error)}};
}

Json AuditJson(const store::AuditRow& row) {
  return {
      {"seq", row.seq},       {"at", row.at},         {"actor", row.actor},   {"address", row.address},
      {"action", row.action}, {"target", row.target}, {"detail", row.detail}, {"request_id", row.request_id},
      {"hash", row.hash}};
}

Json ListJson(Json items, const std::optional<std::string>& next) {
  return {{"items", std::move(items)}, {"next", OrNull(next)}};
}

Result<Json> CaseDetailJson(App& app, std::int64_t inspection_id) {
  KANTEI_TRY(const store::Case row, app.cases().Get(inspection_id));
  KANTEI_TRY(const People people, People::Of(app));
  Json json;
  json["inspection"] = CaseJson(row, people);
  KANTEI_TRY(json["result"], app.cases().ResultOf(inspection_id));
  const std::string href = "/api/v1/inspections/" + std::to_string(inspection_id) + "/artifacts/";
  json["artifacts"] = Json::array();
  KANTEI_TRY(const auto artifacts, app.cases().Artifacts(inspection_id));
  for (const store::Artifact& artifact : artifacts)
    json["artifacts"].push_back({{"name", artifact.name},
                                 {"type", artifact.type},
                                 {"bytes", artifact.bytes},
                                 {"sha256", artifact.sha256},
                                 {"href", href + artifact.name}});
  json["decisions"] = Json::array();
  KANTEI_TRY(const auto decisions, app.review().Decisions(inspection_id));
  for (const store::Decision& decision : decisions)
    json["decisions"].push_back(DecisionJson(decision, people));
  json["notes"] = Json::array();
  KANTEI_TRY(const auto notes, app.review().Notes(inspection_id));
  for (const store::Note& note : notes) json["notes"].push_back(NoteJson(note, people));
  json["runs"] = Json::array();
  KANTEI_TRY(const auto runs, app.cases().Runs(inspection_id));
  for (const store::CaseRun& run : runs)
    json["runs"].push_back({{"run", run.run},
                            {"at", run.at},
                            {"tool_version", run.tool_version},
                            {"band", BandName(run.band)},
                            {"library_pictures", run.library_pictures}});
  json["retroactive"] = Json::array();
  KANTEI_TRY(const auto retroactive, app.review().Retroactive(inspection_id, std::nullopt, 0, 200));
  for (const store::RetroactiveMatch& match : retroactive)
    json["retroactive"].push_back(RetroactiveJson(match));
  return json;
}

}  // namespace kantei::server
