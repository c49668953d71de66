#include "kantei/server/routes.h"

#include <array>

namespace kantei::server {
namespace {

using enum BodyKind;
constexpr store::Role kNobody = store::Role::kNone, kViewer = store::Role::kViewer,
                      kReviewer = store::Role::kReviewer, kAdmin = store::Role::kAdministrator;

constexpr std::array kRoutes = {
    Route{"GET", "/healthz", kNobody, "any", kNone, GetHealth},
    Route{"GET", "/readyz", kNobody, "any", kNone, GetReady},
    Route{"GET", "/metrics", kAdmin, "metrics", kNone, GetMetrics},
    Route{"GET", "/api/v1/openapi.yaml", kNobody, "any", kNone, GetOpenApi},
    Route{"GET", "/api/v1/system", kViewer, "read", kNone, GetSystem},

    Route{"GET", "/api/v1/session", kViewer, "any", kNone, GetSession, true},
    Route{"POST", "/api/v1/session", kNobody, "any", kJson, Login},
    Route{"DELETE", "/api/v1/session", kViewer, "", kNone, Logout, true},
    Route{"POST", "/api/v1/session/password", kViewer, "", kJson, ChangePassword, true},

    Route{"GET", "/api/v1/users", kReviewer, "", kNone, ListUsers},
    Route{"POST", "/api/v1/users", kAdmin, "", kJson, AddUser},
    Route{"PATCH", "/api/v1/users/{user_id}", kAdmin, "", kJson, ChangeUser},
    Route{"POST", "/api/v1/users/{user_id}/password-reset", kAdmin, "", kNone, ResetPassword},

    Route{"GET", "/api/v1/keys", kViewer, "", kNone, ListKeys},
    Route{"POST", "/api/v1/keys", kViewer, "", kJson, AddKey},
    Route{"DELETE", "/api/v1/keys/{key_id}", kViewer, "", kNone, RevokeKey},

    Route{"GET", "/api/v1/inspections", kViewer, "read", kNone, ListInspections},
    Route{"POST", "/api/v1/inspections", kReviewer, "inspect", kPictures, AddInspections},
    Route{"GET", "/api/v1/inspections/{inspection_id}", kViewer, "read", kNone, GetInspection},
    Route{"PATCH", "/api/v1/inspections/{inspection_id}", kReviewer, "review", kJson, ChangeInspection},
    Route{"DELETE", "/api/v1/inspections/{inspection_id}", kAdmin, "", kNone, EraseInspection},
    Route{"GET", "/api/v1/inspections/{inspection_id}/artifacts/{name}", kViewer, "read", kNone, GetArtifact},
    Route{"POST", "/api/v1/inspections/{inspection_id}/rerun", kReviewer, "inspect", kNone, RerunInspection},
    Route{"POST", "/api/v1/inspections/{inspection_id}/ignore", kReviewer, "library", kJson,
          IgnoreInspection},
    Route{"GET", "/api/v1/inspections/{inspection_id}/case-files", kViewer, "read", kNone, ListCaseFiles},
    Route{"POST", "/api/v1/inspections/{inspection_id}/case-files", kReviewer, "review", kJson, FileCase},
    Route{"GET", "/api/v1/case-files/{case_file_id}", kViewer, "read", kNone, GetCaseFile},
    Route{"POST", "/api/v1/case-files/verify", kViewer, "read", kJson, VerifyCaseFile},

    Route{"GET", "/api/v1/jobs", kViewer, "read", kNone, ListJobs},
    Route{"GET", "/api/v1/jobs/{job_id}", kViewer, "read", kNone, GetJob},
    Route{"POST", "/api/v1/jobs/{job_id}/cancel", kReviewer, "inspect", kNone, CancelJob},

    Route{"GET", "/api/v1/review/queue", kViewer, "read", kNone, GetQueue},
    Route{"POST", "/api/v1/review/decisions", kReviewer, "review", kJson, Decide},
    Route{"POST", "/api/v1/review/undo", kReviewer, "review", kJson, UndoDecision},
    Route{"PUT", "/api/v1/review/assignments", kReviewer, "review", kJson, Assign},
    Route{"POST", "/api/v1/review/notes", kReviewer, "review", kJson, AddNote},
    Route{"GET", "/api/v1/review/settings", kViewer, "read", kNone, GetReviewSettings},
    Route{"PUT", "/api/v1/review/settings", kAdmin, "", kJson, SetReviewSettings},

    Route{"GET", "/api/v1/library/banks", kViewer, "read", kNone, ListBanks},
    Route{"POST", "/api/v1/library/banks", kAdmin, "library", kJson, AddBank},
    Route{"GET", "/api/v1/library/pictures", kViewer, "read", kNone, ListPictures},
    Route{"POST", "/api/v1/library/pictures", kReviewer, "library", kPictures, AddPictures},
    Route{"GET", "/api/v1/library/pictures/{picture_id}", kViewer, "read", kNone, GetPicture},
    Route{"GET", "/api/v1/library/pictures/{picture_id}/preview", kViewer, "read", kNone, GetPicturePreview},
    Route{"POST", "/api/v1/library/pictures/update", kReviewer, "library", kJson, UpdatePictures},
    Route{"POST", "/api/v1/library/pictures/remove", kAdmin, "library", kJson, RemovePictures},
    Route{"GET", "/api/v1/library/export", kReviewer, "library", kNone, ExportLibrary},
    Route{"GET", "/api/v1/library/retroactive", kViewer, "read", kNone, ListRetroactive},
    Route{"POST", "/api/v1/library/retroactive/seen", kReviewer, "review", kJson, MarkRetroactiveSeen},

    Route{"POST", "/api/v1/hash", kViewer, "lookup", kPicture, HashPicture},
    Route{"GET", "/api/v1/lookup", kViewer, "lookup", kNone, LookUp},
    Route{"POST", "/api/v1/lookup", kViewer, "lookup", kJson, LookUpMany},
    Route{"POST", "/api/v1/search", kViewer, "lookup", kPicture, SearchPicture},
    Route{"POST", "/api/v1/compare", kViewer, "lookup", kPicture, ComparePictures},
    Route{"POST", "/api/v1/realism", kViewer, "lookup", kPicture, MeasureRealism},

    Route{"GET", "/api/v1/thresholds", kViewer, "read", kNone, GetThresholds},
    Route{"GET", "/api/v1/thresholds/profile", kViewer, "read", kNone, GetThresholdProfile},
    Route{"PUT", "/api/v1/thresholds/profile", kAdmin, "", kJson, SetThresholdProfile},

    Route{"GET", "/api/v1/audit", kAdmin, "audit", kNone, ListAudit},
    Route{"GET", "/api/v1/audit/verify", kAdmin, "audit", kNone, VerifyAudit},

    Route{"GET", "/api/v1/webhooks", kAdmin, "", kNone, ListWebhooks},
    Route{"POST", "/api/v1/webhooks", kAdmin, "", kJson, AddWebhook},
    Route{"DELETE", "/api/v1/webhooks/{webhook_id}", kAdmin, "", kNone, RemoveWebhook},
    Route{"GET", "/api/v1/webhooks/{webhook_id}/deliveries", kAdmin, "", kNone, ListDeliveries},
    Route{"POST", "/api/v1/webhooks/{webhook_id}/test", kAdmin, "", kNone, TestWebhook},
};

std::string_view NextSegment(std::string_view* path) {
  path->remove_prefix(1);  // the slash
  const std::string_view segment = path->substr(0, path->find('/'));
  path->remove_prefix(segment.size());
  return segment;
}

/// What stands for {…}; nothing when the path is another one.
std::optional<std::vector<std::string>> MatchPath(std::string_view pattern, std::string_view path) {
  std::vector<std::string> values;
  while (!pattern.empty() && !path.empty() && path.front() == '/') {
    const std::string_view wanted = NextSegment(&pattern), got = NextSegment(&path);
    if (wanted.starts_with('{')) {
      if (got.empty()) return std::nullopt;
      values.emplace_back(got);
    } else if (wanted != got) {
      return std::nullopt;
    }
  }
  if (!pattern.empty() || !path.empty()) return std::nullopt;
  return values;
}

}  // namespace

std::span<const Route> Routes() {
  return kRoutes;
}

RouteMatch FindRoute(std::string_view method, std::string_view path) {
  RouteMatch match;
  for (const Route& route : kRoutes) {
    auto values = MatchPath(route.path, path);
    if (!values) continue;
    match.allowed.emplace_back(route.method);
    // A word of the path itself goes before an id: /pictures/update is no picture.
    if (route.method == method && (match.route == nullptr || values->size() < match.path.size())) {
      match.route = &route;
      match.path = std::move(*values);
    }
  }
  return match;
}

}  // namespace kantei::server
