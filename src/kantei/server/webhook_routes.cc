#include "kantei/server/case_json.h"
#include "kantei/server/routes.h"
#include "kantei/server/secrets.h"
#include "kantei/server/webhook_sender.h"

namespace kantei::server {
namespace {

std::string Target(std::int64_t webhook_id) {
  return "webhook:" + std::to_string(webhook_id);
}

}  // namespace

Reply ListWebhooks(Call& call) {
  KANTEI_TRY(const std::vector<store::Webhook> webhooks, call.app.webhooks().List());
  Json items = Json::array();
  for (const store::Webhook& webhook : webhooks) items.push_back(WebhookJson(webhook));
  return JsonResponse(ListJson(std::move(items)));
}

Reply AddWebhook(Call& call) {
  KANTEI_TRY(const JsonBody body, JsonBody::Of(call.request));
  store::Webhook webhook;
  KANTEI_TRY(webhook.url, body.Text("url", 2000));
  KANTEI_TRY(webhook.events, body.Words("events", 8, 32,
                                        {"job.finished", "inspection.finished", "review.decided",
                                         "retroactive.match", "ping"}));
  if (webhook.events.empty()) return BadRequest("events must name at least one event");
  KANTEI_RETURN_IF_ERROR(CheckWebhookUrl(webhook.url, call.app.options.webhooks_private));
  webhook.secret = RandomToken();
  KANTEI_TRY(auto change, call.app.database->Begin());
  KANTEI_TRY(const store::Webhook made, call.app.webhooks().Add(webhook));
  KANTEI_RETURN_IF_ERROR(
      call.Audit("webhook.create", Target(made.webhook_id), {{"url", made.url}, {"events", made.events}}));
  KANTEI_RETURN_IF_ERROR(change.Commit());
  return JsonResponse({{"webhook", WebhookJson(made)}, {"secret", webhook.secret}}, 201);
}

Reply RemoveWebhook(Call& call) {
  KANTEI_TRY(const std::int64_t webhook_id, call.Id());
  KANTEI_TRY(auto change, call.app.database->Begin());
  KANTEI_RETURN_IF_ERROR(call.app.webhooks().Remove(webhook_id));
  KANTEI_RETURN_IF_ERROR(call.Audit("webhook.remove", Target(webhook_id)));
  KANTEI_RETURN_IF_ERROR(change.Commit());
  return NoContent();
}

Reply ListDeliveries(Call& call) {
  KANTEI_TRY(const std::int64_t webhook_id, call.Id());
  KANTEI_TRY(const store::Webhook webhook, call.app.webhooks().Get(webhook_id));
  KANTEI_TRY(const std::int64_t before, QueryCursor(call.request));
  KANTEI_TRY(const int limit, QueryLimit(call.request));
  KANTEI_TRY(auto deliveries, call.app.webhooks().Deliveries(webhook.webhook_id, before, limit + 1));
  std::optional<std::string> next;
  if (deliveries.size() > static_cast<std::size_t>(limit)) {
    deliveries.pop_back();
    next = std::to_string(deliveries.back().delivery_id);
  }
  Json items = Json::array();
  for (const store::Delivery& delivery : deliveries) items.push_back(DeliveryJson(delivery));
  return JsonResponse(ListJson(std::move(items), next));
}

Reply TestWebhook(Call& call) {
  KANTEI_TRY(const std::int64_t webhook_id, call.Id());
  KANTEI_TRY(const store::Webhook webhook, call.app.webhooks().Get(webhook_id));
  KANTEI_TRY(const store::Delivery delivery,
             call.app.webhooks().EnqueueFor(webhook.webhook_id, "ping", "{}"));
  KANTEI_RETURN_IF_ERROR(call.Audit("webhook.test", Target(webhook_id)));
  return JsonResponse(DeliveryJson(delivery), 202);
}

}  // namespace kantei::server
