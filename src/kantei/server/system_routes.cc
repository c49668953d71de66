#include <chrono>
#include <ctime>
#include <filesystem>

#include "kantei/server/case_json.h"
#include "kantei/server/console.h"
#include "kantei/server/routes.h"

namespace kantei::server {
namespace {

const std::chrono::steady_clock::time_point kProcessStart = std::chrono::steady_clock::now();

double FreeBytes(const App& app) {
  std::error_code failure;
  const auto space = std::filesystem::space(app.options.data, failure);
  return failure ? 0 : static_cast<double>(space.available);
}

}  // namespace

Reply GetHealth(Call&) {
  return JsonResponse({{"status", "ok"}});
}

Reply GetReady(Call& call) {
  if (call.app.stopping) return JsonResponse({{"status", "stopping"}}, 503);
  // Ready means that the database answers.
  if (!call.app.jobs().Queued().ok()) return JsonResponse({{"status", "starting"}}, 503);
  return JsonResponse({{"status", "ready"}});
}

Reply GetMetrics(Call& call) {
  App& app = call.app;
  KANTEI_TRY(const std::int64_t queued, app.jobs().Queued());
  KANTEI_TRY(const std::int64_t inspections, app.cases().Count());
  Response response;
  response.content_type = "text/plain; version=0.0.4; charset=utf-8";
  response.body = app.metrics.Text(
      {{"kantei_queue_waiting", "Pictures that wait.", static_cast<double>(queued)},
       {"kantei_queue_running", "Pictures that are being inspected.",
        static_cast<double>(app.queue->running().size())},
       {"kantei_queue_limit", "Pictures that may wait.", static_cast<double>(app.options.queue_limit)},
       {"kantei_inspections", "Inspections on record.", static_cast<double>(inspections)},
       {"kantei_library_pictures", "Known pictures that are searched.",
        static_cast<double>(app.engine->snapshot()->run.library_pictures)},
       {"kantei_storage_free_bytes", "Free space of the server's directory.", FreeBytes(app)}});
  return response;
}

Reply GetOpenApi(Call&) {
  Response response;
  response.content_type = "application/yaml";
  response.body = OpenApiDocument();
  return response;
}

Reply GetSystem(Call& call) {
  App& app = call.app;
  const std::shared_ptr<const Snapshot> snapshot = app.engine->snapshot();
  KANTEI_TRY(const std::int64_t queued, app.jobs().Queued());
  KANTEI_TRY(const std::int64_t inspections, app.cases().Count());
  const std::size_t running = app.queue->running().size();
  const auto network = snapshot->detector->network();
  const auto uptime =
      std::chrono::duration_cast<std::chrono::seconds>(std::chrono::steady_clock::now() - kProcessStart);
  Json json;
  json["version"] = KANTEI_VERSION;
  json["started_at"] = app.started_at;
  json["uptime_seconds"] = uptime.count();
  json["library"] = {{"pictures", snapshot->run.library_pictures},
                     {"banks", snapshot->banks},
                     {"opened_at", snapshot->opened_at},
                     {"current", app.engine->current()}};
  json["detector"] = {{"pixels", OrNull(app.engine->pixel_network())},
                      {"descriptor", network ? Json(network->id) : Json(nullptr)}};
  json["queue"] = {{"workers", app.queue->workers()},
                   {"queued", queued - static_cast<std::int64_t>(running)},
                   {"running", running},
                   {"limit", app.options.queue_limit}};
  json["storage"] = {{"inspections", inspections}, {"free_bytes", static_cast<std::int64_t>(FreeBytes(app))}};
  json["limits"] = {{"upload_bytes", app.options.upload_bytes},
                    {"request_bytes", app.options.request_bytes},
                    {"pixels", app.engine->options().inspect.limits.max_pixels},
                    {"sync_bytes", app.options.sync_bytes},
                    {"pictures_per_request", app.options.pictures_per_request}};
  return JsonResponse(json);
}

}  // namespace kantei::server
