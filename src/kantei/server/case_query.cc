#include "kantei/server/case_query.h"

#include <algorithm>
#include <array>

#include "kantei/server/case_json.h"

namespace kantei::server {
namespace {

constexpr std::array<std::string_view, 6> kStates = {"open",      "pending_second", "confirmed",
                                                     "dismissed", "escalated",      "inconclusive"};

Result<std::vector<std::string>> ParseStates(const std::string& text) {
  std::vector<std::string> states;
  std::size_t at = 0;
  while (at < text.size()) {
    const std::size_t comma = std::min(text.find(',', at), text.size());
    const std::string state = text.substr(at, comma - at);
    at = comma + 1;
    if (std::find(kStates.begin(), kStates.end(), state) == kStates.end())
      return Error{ErrorCode::kInvalidArgument,
                   "state must be open, pending_second, confirmed, dismissed, escalated or inconclusive"};
    states.push_back(state);
  }
  return states;
}

}  // namespace

Result<store::CaseFilter> CaseFilterOf(const Call& call) {
  const Request& request = call.request;
  store::CaseFilter filter;
  KANTEI_TRY(filter.band, QueryBand(request, "band"));
  KANTEI_TRY(filter.min_band, QueryBand(request, "min_band"));
  KANTEI_TRY(const std::string states, QueryText(request, "state", 200));
  KANTEI_TRY(filter.states, ParseStates(states));
  KANTEI_TRY(filter.label, QueryText(request, "label", 256));
  KANTEI_TRY(filter.from, QueryTime(request, "from"));
  KANTEI_TRY(filter.to, QueryTime(request, "to"));
  KANTEI_TRY(filter.text, QueryText(request, "text", 200));
  KANTEI_TRY(filter.cursor, QueryText(request, "cursor", 200));
  KANTEI_TRY(filter.limit, QueryLimit(request));
  const std::string assignee = request.Query("assignee").value_or("");
  if (assignee == "me") {
    filter.assignee = call.who.user.user_id;
  } else if (assignee == "none") {
    filter.assignee = 0;
  } else if (!assignee.empty()) {
    KANTEI_TRY(filter.assignee, QueryInteger(request, "assignee", 1, std::int64_t{1} << 62, 1));
  }
  if (request.Query("job")) {
    KANTEI_TRY(filter.job_id, QueryInteger(request, "job", 1, std::int64_t{1} << 62, 1));
  }
  return filter;
}

Result<Json> CaseListJson(App& app, const store::CaseFilter& filter) {
  KANTEI_TRY(const store::CaseList list, app.cases().List(filter));
  KANTEI_TRY(const People people, People::Of(app));
  Json items = Json::array();
  for (const store::Case& row : list.cases) items.push_back(CaseJson(row, people));
  return ListJson(std::move(items), list.next);
}

}  // namespace kantei::server
