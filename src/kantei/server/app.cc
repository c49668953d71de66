#include "kantei/server/app.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <set>
#include <utility>

namespace kantei::server {
namespace {

Error Bad(const std::string& what) {
  return {ErrorCode::kInvalidArgument, what};
}

bool IsUtf8(std::string_view text) {
  for (std::size_t i = 0; i < text.size();) {
    const auto lead = static_cast<unsigned char>(text[i]);
    const std::size_t length = lead < 0x80                   ? 1
                               : lead >= 0xC2 && lead < 0xE0 ? 2
                               : lead >= 0xE0 && lead < 0xF0 ? 3
                               : lead >= 0xF0 && lead < 0xF5 ? 4
                                                             : 0;
    if (length == 0 || i + length > text.size()) return false;
    for (std::size_t k = 1; k < length; ++k)
      if ((static_cast<unsigned char>(text[i + k]) & 0xC0) != 0x80) return false;
    i += length;
  }
  return true;
}

std::optional<std::int64_t> ParseInteger(std::string_view text) {
  std::int64_t number = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (failure != std::errc() || end != text.data() + text.size() || text.empty()) return std::nullopt;
  return number;
}

}  // namespace

Status ServiceOptions::Validate() const {
  if (upload_bytes < 1024 || request_bytes < upload_bytes)
    return Bad("the limit of a request must be at least that of a picture, and that at least 1024 bytes");
  if (pictures_per_request < 1 || pictures_per_request > 10'000)
    return Bad("pictures_per_request must be 1 to 10000");
  if (queue_limit < 1 || workers < 0 || workers > 1024)
    return Bad("queue_limit must be at least 1, workers 0 to 1024");
  if (sync_seconds < 1 || job_days < 1 || session_idle_minutes < 1 || session_hours < 1 ||
      requests_per_minute < 1)
    return Bad("times and rates of the service must be at least 1");
  return {};
}

std::string Principal::AuditName() const {
  if (!known()) return "nobody";
  return key ? "key:" + key->name + " of " + user.name : user.name;
}

Result<std::int64_t> Call::Id(std::size_t index) const {
  const auto id = ParseInteger(path.at(index));
  if (!id || *id < 1) return Error{ErrorCode::kNotFound, "there is nothing of the id " + path.at(index)};
  return *id;
}

Status Call::Audit(const std::string& action, const std::string& target, Json detail) {
  store::AuditRow row;
  row.actor = who.AuditName();
  row.address = request.address;
  row.action = action;
  row.target = target;
  row.detail = std::move(detail);
  row.request_id = request.request_id;
  return app.audit().Append(std::move(row));
}

Response JsonResponse(const Json& json, int status) {
  Response response;
  response.status = status;
  response.content_type = "application/json";
  response.body = DumpJson(json);
  return response;
}

Response NoContent() {
  Response response;
  response.status = 204;
  return response;
}

Result<JsonBody> JsonBody::Of(const Request& request) {
  if (request.body.empty()) return JsonBody(Json::object());
  if (!request.Header("content-type").starts_with("application/json"))
    return Error{ErrorCode::kUnsupported, "the body must be JSON with Content-Type application/json"};
  auto json = ParseJson(request.body, "the body");
  if (!json.ok()) return Bad(json.error().message);
  if (!json->is_object()) return Bad("the body must be a JSON object");
  return JsonBody(std::move(*json));
}

Result<std::string> JsonBody::Text(const char* name, std::size_t max,
                                   std::optional<std::string> fallback) const {
  if (!json_.contains(name)) {
    if (fallback) return *fallback;
    return Bad(std::string(name) + " is missing");
  }
  if (!json_[name].is_string()) return Bad(std::string(name) + " must be text");
  std::string text = json_[name].get<std::string>();
  if (text.size() > max) return Bad(std::string(name) + " is longer than " + std::to_string(max) + " bytes");
  if (!IsUtf8(text) || text.find('\0') != std::string::npos)
    return Bad(std::string(name) + " must be valid UTF-8 without NUL");
  return text;
}

Result<std::int64_t> JsonBody::Integer(const char* name, std::int64_t low, std::int64_t high,
                                       std::optional<std::int64_t> fallback) const {
  if (!json_.contains(name)) {
    if (fallback) return *fallback;
    return Bad(std::string(name) + " is missing");
  }
  if (!json_[name].is_number_integer() || json_[name].get<std::int64_t>() < low ||
      json_[name].get<std::int64_t>() > high)
    return Bad(std::string(name) + " must be a whole number from " + std::to_string(low) + " to " +
               std::to_string(high));
  return json_[name].get<std::int64_t>();
}

Result<bool> JsonBody::Bool(const char* name, std::optional<bool> fallback) const {
  if (!json_.contains(name)) {
    if (fallback) return *fallback;
    return Bad(std::string(name) + " is missing");
  }
  if (!json_[name].is_boolean()) return Bad(std::string(name) + " must be true or false");
  return json_[name].get<bool>();
}

Result<std::optional<double>> JsonBody::NumberOrNull(const char* name, double low, double high) const {
  if (!json_.contains(name)) return Bad(std::string(name) + " is missing");
  if (json_[name].is_null()) return std::optional<double>();
  if (!json_[name].is_number()) return Bad(std::string(name) + " must be a number or null");
  const double number = json_[name].get<double>();
  if (!std::isfinite(number) || number < low || number > high)
    return Bad(std::string(name) + " must be from " + std::to_string(low) + " to " + std::to_string(high));
  return std::optional<double>(number);
}

Result<std::vector<std::int64_t>> JsonBody::Ids(const char* name, std::size_t max) const {
  const Error bad = Bad(std::string(name) + " must be a list of 1 to " + std::to_string(max) + " ids");
  if (!json_.contains(name) || !json_[name].is_array() || json_[name].empty() || json_[name].size() > max)
    return bad;
  std::vector<std::int64_t> ids;
  std::set<std::int64_t> seen;
  for (const Json& id : json_[name]) {
    if (!id.is_number_integer() || id.get<std::int64_t>() < 1) return bad;
    if (seen.insert(id.get<std::int64_t>()).second) ids.push_back(id.get<std::int64_t>());
  }
  return ids;
}

Result<std::vector<std::string>> JsonBody::Words(const char* name, std::size_t max_words,
                                                 std::size_t max_bytes,
                                                 const std::vector<std::string_view>& allowed) const {
  std::vector<std::string> words;
  if (!json_.contains(name)) return words;
  const Error bad =
      Bad(std::string(name) + " must be a list of at most " + std::to_string(max_words) + " texts of 1 to " +
          std::to_string(max_bytes) + " bytes" + (allowed.empty() ? "" : " that are known"));
  if (!json_[name].is_array() || json_[name].size() > max_words) return bad;
  for (const Json& word : json_[name]) {
    if (!word.is_string()) return bad;
    const std::string text = word.get<std::string>();
    if (text.empty() || text.size() > max_bytes || !IsUtf8(text) || text.find('\0') != std::string::npos)
      return bad;
    if (!allowed.empty() && std::find(allowed.begin(), allowed.end(), text) == allowed.end()) return bad;
    if (std::find(words.begin(), words.end(), text) == words.end()) words.push_back(text);
  }
  return words;
}

Result<std::int64_t> QueryInteger(const Request& request, const std::string& name, std::int64_t low,
                                  std::int64_t high, std::int64_t fallback) {
  const auto text = request.Query(name);
  if (!text) return fallback;
  const auto number = ParseInteger(*text);
  if (!number || *number < low || *number > high)
    return Bad(name + " must be a whole number from " + std::to_string(low) + " to " + std::to_string(high));
  return *number;
}

Result<std::string> QueryText(const Request& request, const std::string& name, std::size_t max) {
  const std::string text = request.Query(name).value_or("");
  if (text.size() > max || !IsUtf8(text) || text.find('\0') != std::string::npos)
    return Bad(name + " must be valid UTF-8 of at most " + std::to_string(max) + " bytes");
  return text;
}

Result<std::optional<Band>> QueryBand(const Request& request, const std::string& name) {
  const auto text = request.Query(name);
  if (!text) return std::optional<Band>();
  for (const Band band : {Band::kNone, Band::kInconclusive, Band::kModerate, Band::kStrong})
    if (BandName(band) == *text) return std::optional<Band>(band);
  return Bad(name + " must be none, inconclusive, moderate or strong");
}

Result<std::string> QueryTime(const Request& request, const std::string& name) {
  const std::string text = request.Query(name).value_or("");
  const std::string_view shape = "0000-00-00T00:00:00Z";
  bool good = text.empty() || text.size() == 10 || text.size() == shape.size();
  for (std::size_t i = 0; good && i < text.size(); ++i)
    good = shape[i] == '0' ? text[i] >= '0' && text[i] <= '9' : text[i] == shape[i];
  if (!good) return Bad(name + " must look like 2026-11-25 or 2026-11-25T12:20:22Z");
  return text;
}

Result<int> QueryLimit(const Request& request) {
  KANTEI_TRY(const std::int64_t limit, QueryInteger(request, "limit", 1, 200, 50));
  return static_cast<int>(limit);
}

Result<std::int64_t> QueryCursor(const Request& request) {
  return QueryInteger(request, "cursor", 1, std::int64_t{1} << 62, 0);
}

}  // namespace kantei::server
