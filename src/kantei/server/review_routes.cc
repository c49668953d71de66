#include <functional>

#include "kantei/server/case_json.h"
#include "kantei/server/case_query.h"
#include "kantei/server/routes.h"

namespace kantei::server {
namespace {

constexpr std::size_t kMaxBulk = 100;

std::string Target(std::int64_t inspection_id) {
  return "inspection:" + std::to_string(inspection_id);
}

/// Does one thing to each of the named cases, each a change of its own; those that could not be changed are told with their reason.
Reply ForEach(Call& call, const JsonBody& body,
              const std::function<Result<store::ReviewOutcome>(std::int64_t)>& act) {
  KANTEI_TRY(const std::vector<std::int64_t> ids, body.Ids("inspection_ids", kMaxBulk));
  KANTEI_TRY(const People people, People::Of(call.app));
  Json items = Json::array(), failures = Json::array();
  const auto fail = [&](std::int64_t id, std::string_view code, std::string_view detail) {
    failures.push_back({{"inspection_id", id}, {"code", code}, {"detail", detail}});
  };
  for (const std::int64_t id : ids) {
    const auto outcome = act(id);
    if (!outcome.ok()) {
      fail(id, ErrorCodeName(outcome.error().code), outcome.error().message);
    } else if (*outcome != store::ReviewOutcome::kDone) {
      const bool asked_wrongly = *outcome == store::ReviewOutcome::kReasonMissing;
      const bool not_allowed =
          *outcome == store::ReviewOutcome::kNotYours || *outcome == store::ReviewOutcome::kSamePerson;
      fail(id,
           asked_wrongly ? "invalid_argument"
           : not_allowed ? "forbidden"
                         : "conflict",
           store::ReviewOutcomeText(*outcome));
    } else {
      KANTEI_TRY(const store::Case now, call.app.cases().Get(id));
      items.push_back(CaseJson(now, people));
    }
  }
  return JsonResponse({{"items", std::move(items)}, {"failures", std::move(failures)}});
}

/// Decision or undo with its rows in audit log and webhooks.
Result<store::ReviewOutcome> Recorded(Call& call, std::int64_t id, const std::string& action,
                                      const Json& detail,
                                      const std::function<Result<store::ReviewOutcome>()>& act) {
  KANTEI_TRY(auto change, call.app.database->Begin());
  KANTEI_TRY(const store::ReviewOutcome outcome, act());
  if (outcome != store::ReviewOutcome::kDone) return outcome;
  KANTEI_RETURN_IF_ERROR(call.Audit(action, Target(id), detail));
  KANTEI_TRY(const store::Case now, call.app.cases().Get(id));
  KANTEI_TRY(const People people, People::Of(call.app));
  KANTEI_RETURN_IF_ERROR(call.app.webhooks().Enqueue("review.decided", DumpJson(CaseJson(now, people))));
  KANTEI_RETURN_IF_ERROR(change.Commit());
  return outcome;
}

Json SettingsJson(const store::ReviewSettings& settings) {
  return {{"two_person", settings.two_person}, {"reason_required", settings.reason_required}};
}

}  // namespace

Reply GetQueue(Call& call) {
  KANTEI_TRY(store::CaseFilter filter, CaseFilterOf(call));
  filter.by_evidence = true;
  filter.only_flagged = !filter.min_band;
  if (filter.states.empty()) filter.states = {"open", "pending_second", "escalated"};
  KANTEI_TRY(Json list, CaseListJson(call.app, filter));
  KANTEI_TRY(list["counts"], call.app.cases().StateCounts());
  return JsonResponse(list);
}

Reply Decide(Call& call) {
  KANTEI_TRY(const JsonBody body, JsonBody::Of(call.request));
  KANTEI_TRY(const std::string verdict, body.Text("verdict", 32));
  if (verdict != "confirm" && verdict != "dismiss" && verdict != "escalate" && verdict != "inconclusive")
    return BadRequest("verdict must be confirm, dismiss, escalate or inconclusive");
  KANTEI_TRY(const std::string reason, body.Text("reason", 2000, ""));
  KANTEI_TRY(const std::vector<std::string> about,
             body.Words("about", 3, 32, {"copy", "metadata", "authenticity"}));
  const std::int64_t user_id = call.who.user.user_id;
  return ForEach(call, body, [&](std::int64_t id) {
    return Recorded(call, id, "review.decide", {{"verdict", verdict}, {"reason", reason}},
                    [&] { return call.app.review().Decide(id, user_id, verdict, reason, about); });
  });
}

Reply UndoDecision(Call& call) {
  KANTEI_TRY(const JsonBody body, JsonBody::Of(call.request));
  KANTEI_TRY(const std::string reason, body.Text("reason", 2000, ""));
  const store::User& user = call.who.user;
  return ForEach(call, body, [&](std::int64_t id) {
    return Recorded(call, id, "review.undo", {{"reason", reason}}, [&] {
      return call.app.review().Undo(id, user.user_id, user.role == store::Role::kAdministrator, reason);
    });
  });
}

Reply Assign(Call& call) {
  KANTEI_TRY(const JsonBody body, JsonBody::Of(call.request));
  if (!body.Has("user_id")) return BadRequest("user_id is missing; null assigns to nobody");
  std::optional<std::int64_t> assignee;
  if (!body.IsNull("user_id")) {
    KANTEI_TRY(assignee, body.Integer("user_id", 1, std::int64_t{1} << 62));
    KANTEI_TRY(const store::User user, call.app.accounts().GetUser(*assignee));
    if (!user.active || user.role < store::Role::kReviewer)
      return BadRequest("cases are assigned to active reviewers and administrators");
  }
  return ForEach(call, body, [&](std::int64_t id) -> Result<store::ReviewOutcome> {
    KANTEI_TRY(auto change, call.app.database->Begin());
    KANTEI_RETURN_IF_ERROR(call.app.review().Assign(id, assignee));
    KANTEI_RETURN_IF_ERROR(call.Audit("review.assign", Target(id), {{"user_id", OrNull(assignee)}}));
    KANTEI_RETURN_IF_ERROR(change.Commit());
    return store::ReviewOutcome::kDone;
  });
}

Reply AddNote(Call& call) {
  KANTEI_TRY(const JsonBody body, JsonBody::Of(call.request));
  KANTEI_TRY(const std::int64_t id, body.Integer("inspection_id", 1, std::int64_t{1} << 62));
  KANTEI_TRY(const std::string text, body.Text("text", 4000));
  if (text.empty()) return BadRequest("text is empty");
  KANTEI_TRY(auto change, call.app.database->Begin());
  KANTEI_TRY(const store::Note note, call.app.review().AddNote(id, call.who.user.user_id, text));
  KANTEI_RETURN_IF_ERROR(call.Audit("review.note", Target(id), {{"note_id", note.note_id}}));
  KANTEI_TRY(const People people, People::Of(call.app));
  KANTEI_RETURN_IF_ERROR(change.Commit());
  return JsonResponse(NoteJson(note, people), 201);
}

Reply GetReviewSettings(Call& call) {
  KANTEI_TRY(const store::ReviewSettings settings, call.app.review().Settings());
  return JsonResponse(SettingsJson(settings));
}

Reply SetReviewSettings(Call& call) {
  KANTEI_TRY(const JsonBody body, JsonBody::Of(call.request));
  store::ReviewSettings settings;
  KANTEI_TRY(settings.two_person, body.Text("two_person", 16));
  if (settings.two_person != "off" && settings.two_person != "confirm" && settings.two_person != "all")
    return BadRequest("two_person must be off, confirm or all");
  KANTEI_TRY(settings.reason_required, body.Bool("reason_required"));
  KANTEI_TRY(auto change, call.app.database->Begin());
  KANTEI_RETURN_IF_ERROR(call.app.review().SetSettings(settings));
  KANTEI_RETURN_IF_ERROR(call.Audit("review.settings", "review", SettingsJson(settings)));
  KANTEI_RETURN_IF_ERROR(change.Commit());
  return JsonResponse(SettingsJson(settings));
}

}  // namespace kantei::server
