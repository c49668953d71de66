#include "kantei/server/case_json.h"
#include "kantei/server/routes.h"

namespace kantei::server {

Reply ListAudit(Call& call) {
  store::AuditFilter filter;
  KANTEI_TRY(filter.actor, QueryText(call.request, "actor", 256));
  KANTEI_TRY(filter.action_prefix, QueryText(call.request, "action", 64));
  KANTEI_TRY(filter.target, QueryText(call.request, "target", 128));
  KANTEI_TRY(filter.from, QueryTime(call.request, "from"));
  KANTEI_TRY(filter.to, QueryTime(call.request, "to"));
  KANTEI_TRY(filter.before_seq, QueryCursor(call.request));
  KANTEI_TRY(const int limit, QueryLimit(call.request));
  filter.limit = limit + 1;
  KANTEI_TRY(std::vector<store::AuditRow> rows, call.app.audit().List(filter));
  std::optional<std::string> next;
  if (rows.size() > static_cast<std::size_t>(limit)) {
    rows.pop_back();
    next = std::to_string(rows.back().seq);
  }
  Json items = Json::array();
  for (const store::AuditRow& row : rows) items.push_back(AuditJson(row));
  return JsonResponse(ListJson(std::move(items), next));
}

Reply VerifyAudit(Call& call) {
  KANTEI_TRY(const store::AuditVerdict verdict, call.app.audit().Verify(CancellationToken()));
  return JsonResponse({{"sound", !verdict.problem.has_value()},
                       {"rows", verdict.rows},
                       {"head", verdict.head},
                       {"problem", OrNull(verdict.problem)}});
}

}  // namespace kantei::server
