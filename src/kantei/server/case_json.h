// Rows of the stores as docs/openapi.yaml shows them.
#pragma once

#include <map>
#include <string>

#include "kantei/base/json.h"
#include "kantei/server/app.h"

namespace kantei::server {

/// Turns user ids into {user_id, name, display_name}.
class People {
 public:
  static Result<People> Of(App& app);
  Json Ref(std::int64_t user_id) const;

 private:
  std::map<std::int64_t, Json> refs_;
};

Json UserJson(const store::User& user);
Json KeyJson(const store::ApiKey& key, const People& people);
Json CaseJson(const store::Case& row, const People& people);
Json DecisionJson(const store::Decision& row, const People& people);
Json NoteJson(const store::Note& row, const People& people);
Json CaseFileJson(const store::CaseFile& row, const People& people);
Json RetroactiveJson(const store::RetroactiveMatch& row);
/// `items` null in lists.
Json JobJson(App& app, const store::Job& job, const People& people, bool with_items);
/// `administrator`: the path as added is told, too.
Json PictureJson(const store::Picture& picture, store::BankKind kind, bool administrator);
Json WebhookJson(const store::Webhook& webhook);
Json DeliveryJson(const store::Delivery& delivery);
Json AuditJson(const store::AuditRow& row);

template <typename T>
Json OrNull(const std::optional<T>& value) {
  return value ? Json(*value) : Json(nullptr);
}

/// {items, next}; `next` null on the last page.
Json ListJson(Json items, const std::optional<std::string>& next = std::nullopt);

/// The whole of an inspection: InspectionDetail.
Result<Json> CaseDetailJson(App& app, std::int64_t inspection_id);

}  // namespace kantei::server
