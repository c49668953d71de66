#include "kantei/store/webhook_store.h"

#include <algorithm>
#include <utility>

#include "kantei/base/clock.h"
#include "kantei/store/server_state.h"
#include "kantei/store/text_list.h"

namespace kantei::store {
namespace {

constexpr const char* kWebhookColumns =
    "SELECT webhook_id, url, events, secret, created_at, (SELECT last_status FROM deliveries AS d WHERE "
    "d.webhook_id = "
    "w.webhook_id AND last_at IS NOT NULL ORDER BY last_at DESC, delivery_id DESC LIMIT 1), (SELECT "
    "max(last_at) FROM "
    "deliveries AS d WHERE d.webhook_id = w.webhook_id) FROM webhooks AS w WHERE removed = 0";
constexpr const char* kDeliveryColumns =
    "SELECT delivery_id, webhook_id, event, data, state, attempts, created_at, next_at, last_status, "
    "last_error FROM deliveries";

Webhook ReadWebhook(const Statement& row) {
  return {row.Int(0),  row.Text(1),         SplitList(row.Text(2)), row.Text(3),
          row.Text(4), OptionalInt(row, 5), OptionalText(row, 6)};
}

Delivery ReadDelivery(const Statement& row) {
  return {row.Int(0), row.Int(1),  row.Text(2),          row.Text(3),         row.Text(4),
          row.Int(5), row.Text(6), OptionalText(row, 7), OptionalInt(row, 8), OptionalText(row, 9)};
}

Result<std::vector<Delivery>> ReadDeliveries(Statement row) {
  std::vector<Delivery> deliveries;
  while (true) {
    KANTEI_TRY(const bool more, row.Step());
    if (!more) return deliveries;
    deliveries.push_back(ReadDelivery(row));
  }
}

}  // namespace

Result<std::vector<Webhook>> Webhooks::List() {
  const LockedDatabase database(database_);
  KANTEI_TRY(Statement row, Query(database, std::string(kWebhookColumns) + " ORDER BY webhook_id"));
  std::vector<Webhook> webhooks;
  while (true) {
    KANTEI_TRY(const bool more, row.Step());
    if (!more) return webhooks;
    webhooks.push_back(ReadWebhook(row));
  }
}

Result<Webhook> Webhooks::Get(std::int64_t webhook_id) {
  const LockedDatabase database(database_);
  KANTEI_TRY(Statement row,
             Query(database, std::string(kWebhookColumns) + " AND webhook_id = ?", webhook_id));
  KANTEI_TRY(const bool found, row.Step());
  if (!found) return Error{ErrorCode::kNotFound, "there is no webhook " + std::to_string(webhook_id)};
  return ReadWebhook(row);
}

Result<Webhook> Webhooks::Add(const Webhook& webhook) {
  const LockedDatabase database(database_);
  KANTEI_RETURN_IF_ERROR(Run(database,
                             "INSERT INTO webhooks (url, events, secret, created_at) VALUES (?, ?, ?, ?)",
                             webhook.url, JoinList(webhook.events), webhook.secret, UtcNow()));
  return Get(database->LastInsertId());
}

Status Webhooks::Remove(std::int64_t webhook_id) {
  KANTEI_TRY(ServerDatabase::Transaction change, database_->Begin());
  const LockedDatabase database(database_);
  KANTEI_TRY(const Webhook known, Get(webhook_id));
  KANTEI_RETURN_IF_ERROR(
      Run(database, "UPDATE webhooks SET removed = 1, secret = '' WHERE webhook_id = ?", known.webhook_id));
  KANTEI_RETURN_IF_ERROR(Run(
      database,
      "UPDATE deliveries SET state = 'given_up', next_at = NULL WHERE webhook_id = ? AND state = 'waiting'",
      webhook_id));
  return change.Commit();
}

Result<int> Webhooks::Enqueue(const std::string& event, const std::string& data) {
  KANTEI_TRY(ServerDatabase::Transaction change, database_->Begin());
  KANTEI_TRY(const std::vector<Webhook> all, List());
  int count = 0;
  for (const Webhook& webhook : all) {
    if (std::find(webhook.events.begin(), webhook.events.end(), event) == webhook.events.end()) continue;
    KANTEI_RETURN_IF_ERROR(EnqueueFor(webhook.webhook_id, event, data));
    ++count;
  }
  KANTEI_RETURN_IF_ERROR(change.Commit());
  return count;
}

Result<Delivery> Webhooks::EnqueueFor(std::int64_t webhook_id, const std::string& event,
                                      const std::string& data) {
  const LockedDatabase database(database_);
  const std::string now = UtcNow();
  KANTEI_RETURN_IF_ERROR(Run(
      database,
      "INSERT INTO deliveries (webhook_id, event, data, state, attempts, created_at, next_at) VALUES (?, ?, "
      "?, 'waiting', 0, ?, ?)",
      webhook_id, event, data, now, now));
  KANTEI_TRY(Statement row, Query(database, std::string(kDeliveryColumns) + " WHERE delivery_id = ?",
                                  database->LastInsertId()));
  KANTEI_RETURN_IF_ERROR(row.Step());
  return ReadDelivery(row);
}

Result<std::vector<Delivery>> Webhooks::Due(int limit) {
  const LockedDatabase database(database_);
  KANTEI_TRY(Statement row,
             Query(database,
                   std::string(kDeliveryColumns) +
                       " WHERE state = 'waiting' AND next_at <= ? ORDER BY next_at, delivery_id LIMIT ?",
                   UtcNow(), limit));
  return ReadDeliveries(std::move(row));
}

Status Webhooks::NoteAttempt(std::int64_t delivery_id, std::optional<std::int64_t> status,
                             std::optional<std::string> error, std::optional<std::string> next_at) {
  const bool delivered = status && *status >= 200 && *status < 300;
  const std::string state = delivered ? "delivered" : next_at ? "waiting" : "given_up";
  if (delivered) next_at.reset();
  return Run(LockedDatabase(database_),
             "UPDATE deliveries SET state = ?, attempts = attempts + 1, next_at = ?, last_at = ?, "
             "last_status = ?, last_error = "
             "? WHERE delivery_id = ? AND state = 'waiting'",
             state, next_at, UtcNow(), status, error, delivery_id);
}

Result<std::vector<Delivery>> Webhooks::Deliveries(std::int64_t webhook_id, std::int64_t before_id,
                                                   int limit) {
  const LockedDatabase database(database_);
  KANTEI_TRY(Statement row, Query(database,
                                  std::string(kDeliveryColumns) +
                                      " WHERE webhook_id = ?1 AND (?2 = 0 OR delivery_id < ?2) ORDER "
                                      "BY delivery_id DESC LIMIT ?3",
                                  webhook_id, before_id, limit));
  return ReadDeliveries(std::move(row));
}

}  // namespace kantei::store
