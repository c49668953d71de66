#include "kantei/base/clock.h"
#include "kantei/server/case_json.h"
#include "kantei/server/routes.h"
#include "kantei/server/thresholds.h"

namespace kantei::server {
namespace {

constexpr std::size_t kMaxPoints = 200;
constexpr const char* kSaved = "threshold.saved";  // {at, by}

Result<Json> ProfileJson(App& app) {
  KANTEI_TRY(const store::ThresholdProfile profile, app.cases().Profile());
  Json json{{"copy", OrNull(profile.copy)},
            {"ai_made", OrNull(profile.ai_made)},
            {"edited", OrNull(profile.edited)},
            {"saved_at", nullptr},
            {"saved_by", nullptr}};
  KANTEI_TRY(const auto saved, app.database->GetSetting(kSaved));
  if (saved) {
    KANTEI_TRY(const Json facts, ParseJson(*saved, "the saved profile"));
    KANTEI_TRY(const People people, People::Of(app));
    json["saved_at"] = facts["at"];
    json["saved_by"] = people.Ref(facts["by"].get<std::int64_t>());
  }
  return json;
}

}  // namespace

Reply GetThresholds(Call& call) {
  KANTEI_TRY(const std::string score, QueryText(call.request, "score", 32));
  if (score != "copy" && score != "ai_made" && score != "edited")
    return BadRequest("score must be copy, ai_made or edited");
  KANTEI_TRY(const auto reviewed, call.app.review().ReviewedScores(score));
  KANTEI_TRY(const std::vector<double> all, call.app.review().AllScores(score));
  std::int64_t confirmed = 0;
  for (const store::ReviewedScore& row : reviewed) confirmed += row.confirmed ? 1 : 0;
  Json points = Json::array();
  for (const ThresholdPoint& point : ThresholdCurve(reviewed, all, kMaxPoints))
    points.push_back({{"threshold", point.threshold},
                      {"precision", OrNull(point.precision)},
                      {"recall", OrNull(point.recall)},
                      {"per_1000", point.per_1000},
                      {"confirmed", point.confirmed},
                      {"dismissed", point.dismissed}});
  return JsonResponse({{"score", score},
                       {"confirmed", confirmed},
                       {"dismissed", static_cast<std::int64_t>(reviewed.size()) - confirmed},
                       {"inspected", all.size()},
                       {"points", std::move(points)}});
}

Reply GetThresholdProfile(Call& call) {
  KANTEI_TRY(const Json json, ProfileJson(call.app));
  return JsonResponse(json);
}

Reply SetThresholdProfile(Call& call) {
  KANTEI_TRY(const JsonBody body, JsonBody::Of(call.request));
  store::ThresholdProfile profile;
  KANTEI_TRY(profile.copy, body.NumberOrNull("copy", 0, 1));
  KANTEI_TRY(profile.ai_made, body.NumberOrNull("ai_made", 0, 1));
  KANTEI_TRY(profile.edited, body.NumberOrNull("edited", 0, 1));
  KANTEI_TRY(auto change, call.app.database->Begin());
  KANTEI_RETURN_IF_ERROR(call.app.cases().SetProfile(profile));
  KANTEI_RETURN_IF_ERROR(
      call.app.database->SetSetting(kSaved, DumpJson(Json{{"at", UtcNow()}, {"by", call.who.user.user_id}})));
  KANTEI_RETURN_IF_ERROR(call.Audit("thresholds.save", "thresholds",
                                    {{"copy", OrNull(profile.copy)},
                                     {"ai_made", OrNull(profile.ai_made)},
                                     {"edited", OrNull(profile.edited)}}));
  KANTEI_TRY(const Json json, ProfileJson(call.app));
  KANTEI_RETURN_IF_ERROR(change.Commit());
  return JsonResponse(json);
}

}  // namespace kantei::server
