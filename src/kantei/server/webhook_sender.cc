#include "kantei/server/webhook_sender.h"

#include <algorithm>
#include <array>
#include <ctime>

#include "kantei/base/clock.h"
#include "kantei/base/json.h"
#include "kantei/server/http_client.h"
#include "kantei/server/secrets.h"

namespace kantei::server {
namespace {

constexpr int kBatch = 16;
/// Pauses after the 1st, 2nd ... failure; after the last there is no further try. Together about six hours.
constexpr std::array<std::int64_t, 7> kPauses = {10, 60, 300, 900, 3600, 7200, 10'800};

/// The address to call. Every address of the name must be public: which of them is used is not for the name's owner to choose.
Result<std::string> AddressOf(const Url& url, bool allow_private) {
  KANTEI_TRY(const std::vector<std::string> addresses, ResolveHost(url.host));
  if (!allow_private && std::any_of(addresses.begin(), addresses.end(), IsPrivateAddress))
    return Error{ErrorCode::kInvalidArgument,
                 "the host means an address of a private network; start the server with --webhooks-private "
                 "to allow that"};
  return addresses.front();
}

}  // namespace

Status CheckWebhookUrl(const std::string& url, bool allow_private) {
  KANTEI_TRY(const Url parsed, ParseUrl(url));
  KANTEI_RETURN_IF_ERROR(AddressOf(parsed, allow_private));
  return {};
}

std::string WebhookSignature(const std::string& secret, std::int64_t unix_seconds, const std::string& body) {
  const std::string time = std::to_string(unix_seconds);
  return "t=" + time + ",v1=" + HmacSha256Hex(secret, time + "." + body);
}

Status WebhookSender::SendDue() {
  KANTEI_TRY(const std::vector<store::Delivery> due, webhooks_.Due(kBatch));
  for (const store::Delivery& delivery : due) KANTEI_RETURN_IF_ERROR(Send(delivery));
  return {};
}

Status WebhookSender::Send(const store::Delivery& delivery) {
  std::optional<std::int64_t> status;
  std::optional<std::string> error;
  const auto attempt = [&]() -> Status {
    KANTEI_TRY(const store::Webhook webhook, webhooks_.Get(delivery.webhook_id));
    KANTEI_TRY(const Url url, ParseUrl(webhook.url));
    ClientOptions options;
    // The address that was checked is the one that is called: the name is not asked twice.
    KANTEI_TRY(options.connect_to, AddressOf(url, allow_private_));
    Json body{{"event", delivery.event}, {"delivery", delivery.delivery_id}, {"at", delivery.created_at}};
    KANTEI_TRY(body["data"], ParseJson(delivery.data, "the event"));
    const std::string text = DumpJson(body);
    HttpClient client(url.Origin(), options);
    KANTEI_TRY(
        const ClientResponse response,
        client.Send("POST", url.path,
                    {{"X-Kantei-Event", delivery.event},
                     {"X-Kantei-Delivery", std::to_string(delivery.delivery_id)},
                     {"X-Kantei-Signature", WebhookSignature(webhook.secret, std::time(nullptr), text)}},
                    text, "application/json"));
    status = response.status;
    return {};
  };
  const Status outcome = attempt();
  if (!outcome.ok()) error = outcome.error().message;
  std::optional<std::string> next;
  const auto tried = static_cast<std::size_t>(delivery.attempts);
  if (tried < kPauses.size()) next = UtcFromNow(kPauses[tried]);
  return webhooks_.NoteAttempt(delivery.delivery_id, status, error, next);
}

}  // namespace kantei::server
