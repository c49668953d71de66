// Deliveries to webhooks: signed, tried again with growing pauses, and never into private networks unless that is wanted.
#pragma once

#include <cstdint>
#include <string>

#include "kantei/base/result.h"
#include "kantei/store/webhook_store.h"

namespace kantei::server {

/// kInvalidArgument when the URL cannot be used, or (unless `allow_private`) when its host means an address of a private network.
Status CheckWebhookUrl(const std::string& url, bool allow_private);

/// "t=UNIX_SECONDS,v1=HEX": HMAC-SHA256 of "UNIX_SECONDS.BODY".
std::string WebhookSignature(const std::string& secret, std::int64_t unix_seconds, const std::string& body);

class WebhookSender {
 public:
  WebhookSender(store::ServerDatabase* database, bool allow_private)
      : webhooks_(database), allow_private_(allow_private) {}
  /// Tries each delivery whose time has come once. Used by one thread.
  Status SendDue();

 private:
  Status Send(const store::Delivery& delivery);
  store::Webhooks webhooks_;
  bool allow_private_;
};

}  // namespace kantei::server
