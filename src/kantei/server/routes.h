// The one table of routes: who may call what, with which body. The security test goes through it row by row.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "kantei/server/app.h"

namespace kantei::server {

enum class BodyKind {
  kNone,     ///< none is expected; a small one is read and ignored
  kJson,     ///< at most 1 MiB
  kPicture,  ///< multipart with one or two pictures
  kPictures  ///< multipart with many
};

struct Route {
  std::string_view method, path;  ///< as in docs/openapi.yaml, e.g. "/api/v1/jobs/{job_id}"
  store::Role role;               ///< the least; kNone: nobody need be known
  std::string_view scope;         ///< of a key; "any": every key; empty: keys are refused
  BodyKind body;
  Reply (*handler)(Call& call);
  bool before_password_change = false;  ///< open to somebody who must change the password first
};

std::span<const Route> Routes();

struct RouteMatch {
  const Route* route = nullptr;      ///< null: no such path, or not this method
  std::vector<std::string> path;     ///< what stands for {…}
  std::vector<std::string> allowed;  ///< methods of this path
};
RouteMatch FindRoute(std::string_view method, std::string_view path);

// Handlers, by file.
Reply GetHealth(Call& call);  // system_routes.cc
Reply GetReady(Call& call);
Reply GetMetrics(Call& call);
Reply GetOpenApi(Call& call);
Reply GetSystem(Call& call);

Reply GetSession(Call& call);  // session_routes.cc
Reply Login(Call& call);
Reply Logout(Call& call);
Reply ChangePassword(Call& call);

Reply ListUsers(Call& call);  // user_routes.cc
Reply AddUser(Call& call);
Reply ChangeUser(Call& call);
Reply ResetPassword(Call& call);
Reply ListKeys(Call& call);
Reply AddKey(Call& call);
Reply RevokeKey(Call& call);

Reply ListInspections(Call& call);  // inspection_routes.cc
Reply AddInspections(Call& call);
Reply GetInspection(Call& call);
Reply ChangeInspection(Call& call);
Reply EraseInspection(Call& call);
Reply RerunInspection(Call& call);
Reply IgnoreInspection(Call& call);
Reply GetArtifact(Call& call);

Reply ListCaseFiles(Call& call);  // case_file_routes.cc
Reply FileCase(Call& call);
Reply GetCaseFile(Call& call);
Reply VerifyCaseFile(Call& call);

Reply ListJobs(Call& call);  // job_routes.cc
Reply GetJob(Call& call);
Reply CancelJob(Call& call);

Reply GetQueue(Call& call);  // review_routes.cc
Reply Decide(Call& call);
Reply UndoDecision(Call& call);
Reply Assign(Call& call);
Reply AddNote(Call& call);
Reply GetReviewSettings(Call& call);
Reply SetReviewSettings(Call& call);

Reply ListBanks(Call& call);  // library_routes.cc
Reply AddBank(Call& call);
Reply ListPictures(Call& call);
Reply AddPictures(Call& call);
Reply GetPicture(Call& call);
Reply GetPicturePreview(Call& call);
Reply UpdatePictures(Call& call);
Reply RemovePictures(Call& call);
Reply ExportLibrary(Call& call);
Reply ListRetroactive(Call& call);
Reply MarkRetroactiveSeen(Call& call);

Reply HashPicture(Call& call);  // tool_routes.cc
Reply LookUp(Call& call);
Reply LookUpMany(Call& call);
Reply SearchPicture(Call& call);
Reply ComparePictures(Call& call);
Reply MeasureRealism(Call& call);

Reply GetThresholds(Call& call);  // threshold_routes.cc
Reply GetThresholdProfile(Call& call);
Reply SetThresholdProfile(Call& call);

Reply ListAudit(Call& call);  // audit_routes.cc
Reply VerifyAudit(Call& call);

Reply ListWebhooks(Call& call);  // webhook_routes.cc
Reply AddWebhook(Call& call);
Reply RemoveWebhook(Call& call);
Reply ListDeliveries(Call& call);
Reply TestWebhook(Call& call);

}  // namespace kantei::server
