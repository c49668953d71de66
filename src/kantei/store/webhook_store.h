// Webhooks and what is still to be delivered to them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "kantei/base/result.h"
#include "kantei/store/server_database.h"

namespace kantei::store {

struct Webhook {
  std::int64_t webhook_id = 0;
  std::string url;
  std::vector<std::string> events;
  std::string secret;  ///< signs deliveries; kept as it is, since it must be used
  std::string created_at;
  std::optional<std::int64_t> last_status;
  std::optional<std::string> last_at;
};

struct Delivery {
  std::int64_t delivery_id = 0, webhook_id = 0;
  std::string event, data, state;  ///< "waiting", "delivered", "given_up"
  std::int64_t attempts = 0;
  std::string created_at;
  std::optional<std::string> next_at;
  std::optional<std::int64_t> last_status;
  std::optional<std::string> last_error;
};

class Webhooks {
 public:
  explicit Webhooks(ServerDatabase* database) : database_(database) {}

  Result<std::vector<Webhook>> List();
  /// kNotFound when there is none, or it was removed.
  Result<Webhook> Get(std::int64_t webhook_id);
  Result<Webhook> Add(const Webhook& webhook);
  /// What waits for it is given up.
  Status Remove(std::int64_t webhook_id);

  /// One delivery for each webhook that wants the event. Returns how many.
  Result<int> Enqueue(const std::string& event, const std::string& data);
  Result<Delivery> EnqueueFor(std::int64_t webhook_id, const std::string& event, const std::string& data);
  /// Those whose time has come, oldest first.
  Result<std::vector<Delivery>> Due(int limit);
  /// `next_at` empty: that was the last attempt. A status of 2xx ends it as delivered.
  Status NoteAttempt(std::int64_t delivery_id, std::optional<std::int64_t> status,
                     std::optional<std::string> error, std::optional<std::string> next_at);
  Result<std::vector<Delivery>> Deliveries(std::int64_t webhook_id, std::int64_t before_id, int limit);

 private:
  ServerDatabase* database_;
};

}  // namespace kantei::store
