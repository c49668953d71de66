#include <algorithm>
#include <array>
#include <filesystem>

#include "kantei/server/case_json.h"
#include "kantei/server/routes.h"

namespace kantei::server {

Reply ListJobs(Call& call) {
  store::Jobs::Filter filter;
  KANTEI_TRY(filter.state, QueryText(call.request, "state", 32));
  constexpr std::array<std::string_view, 6> kStates = {"",     "queued", "running",
                                                       "done", "failed", "cancelled"};
  if (std::find(kStates.begin(), kStates.end(), filter.state) == kStates.end())
    return BadRequest("state must be queued, running, done, failed or cancelled");
  KANTEI_TRY(filter.before_id, QueryCursor(call.request));
  KANTEI_TRY(const int limit, QueryLimit(call.request));
  filter.limit = limit + 1;
  KANTEI_TRY(std::vector<store::Job> jobs, call.app.jobs().List(filter));
  KANTEI_TRY(const People people, People::Of(call.app));
  std::optional<std::string> next;
  if (jobs.size() > static_cast<std::size_t>(limit)) {
    jobs.pop_back();
    next = std::to_string(jobs.back().job_id);
  }
  Json items = Json::array();
  for (const store::Job& job : jobs) items.push_back(JobJson(call.app, job, people, false));
  return JsonResponse(ListJson(std::move(items), next));
}

Reply GetJob(Call& call) {
  KANTEI_TRY(const std::int64_t job_id, call.Id());
  KANTEI_TRY(const store::Job job, call.app.jobs().Get(job_id));
  KANTEI_TRY(const People people, People::Of(call.app));
  return JsonResponse(JobJson(call.app, job, people, true));
}

Reply CancelJob(Call& call) {
  KANTEI_TRY(const std::int64_t job_id, call.Id());
  KANTEI_TRY(const store::Job job, call.app.jobs().Get(job_id));
  if (job.user_id != call.who.user.user_id && call.who.user.role != store::Role::kAdministrator)
    return Forbidden("this is another person's job; an administrator may cancel it");
  if (job.finished_at) return Conflict("the job has ended");
  KANTEI_TRY(const std::vector<std::string> spool, call.app.queue->Cancel(job_id));
  for (const std::string& name : spool) {
    std::error_code ignored;
    if (!name.empty()) std::filesystem::remove(call.app.SpoolPath() / name, ignored);
  }
  KANTEI_RETURN_IF_ERROR(call.Audit("job.cancel", "job:" + std::to_string(job_id)));
  return GetJob(call);
}

}  // namespace kantei::server
