#include "kantei/dataset/chat_protocol.h"

#include <algorithm>
#include <string_view>

#include "kantei/base/base64.h"
#include "kantei/base/json_schema.h"

namespace kantei::dataset {
namespace {

constexpr std::uint64_t kMaxAnswerBytes = 1 << 20;

/// The address that kChatPath is put behind.
std::string BaseUrl(std::string url) {
  while (url.ends_with('/')) url.pop_back();
  if (url.ends_with(kChatPath)) url.resize(url.size() - kChatPath.size());
  const std::size_t scheme = url.find("://");
  if (scheme != url.npos && url.find('/', scheme + 3) == url.npos) url += "/v1";
  return url;
}

/// What a server said about an error, short enough for a message.
std::string ServerWords(const HttpAnswer& answer) {
  std::string words = answer.body;
  if (const auto json = ParseJson(answer.body, "error"); json.ok() && json->is_object()) {
    const Json& error = json->value("error", Json());
    if (error.is_object() && error.value("message", Json()).is_string()) words = error["message"];
    if (error.is_string()) words = error;
  }
  words.resize(std::min<std::size_t>(words.size(), 200));
  std::replace_if(
      words.begin(), words.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20; }, ' ');
  return words.empty() ? "" : ": " + words;
}

std::int64_t TokenCount(const Json& usage, const char* name) {
  const Json count = usage.is_object() ? usage.value(name, Json()) : Json();
  return count.is_number_integer() ? std::clamp<std::int64_t>(count.get<std::int64_t>(), 0, 1'000'000'000)
                                   : 0;
}

/// The model's words in an answer of chat completions.
Result<std::string> MessageWords(const Json& json) {
  const Error unfit{ErrorCode::kCorrupt,
                    "the answer has no choices/0/message/content; is it a chat endpoint?"};
  if (!json.is_object()) return unfit;
  const Json& choices = json.value("choices", Json());
  if (!choices.is_array() || choices.empty() || !choices[0].is_object()) return unfit;
  const Json& message = choices[0].value("message", Json());
  if (!message.is_object()) return unfit;
  const Json& content = message.value("content", Json());
  if (content.is_string()) return content.get<std::string>();
  if (!content.is_array()) return unfit;
  std::string words;
  for (const Json& part : content)
    if (part.is_object() && part.value("text", Json()).is_string()) words += part["text"].get<std::string>();
  return words;
}

}  // namespace

HttpClientOptions ChatHttpOptions(const ChatOptions& options) {
  HttpClientOptions http;
  http.base_url = BaseUrl(options.endpoint);
  http.bearer_token = options.api_key;
  http.ca_file = options.ca_file;
  http.connect_seconds = options.connect_seconds;
  http.read_seconds = options.answer_seconds;
  http.total_seconds = options.answer_seconds;
  http.max_answer_bytes = kMaxAnswerBytes;
  return http;
}

Json ChatRequestBody(const ChatOptions& options, const ChatQuestion& question, int format) {
  Json content = question.user +
                 "\n\nAnswer with one JSON object and nothing else. It must fit this JSON schema: " +
                 DumpJson(question.schema);
  if (!question.jpegs.empty()) {
    content = Json::array({{{"type", "text"}, {"text", content}}});
    for (const Bytes& jpeg : question.jpegs) {
      std::string url = "data:image/jpeg;base64,";
      AppendBase64(jpeg, &url);
      content.push_back({{"type", "image_url"}, {"image_url", {{"url", std::move(url)}}}});
    }
  }
  Json body{{"model", options.model},
            {"messages", Json::array({{{"role", "system"}, {"content", question.system}},
                                      {{"role", "user"}, {"content", content}}})},
            {"temperature", options.temperature},
            {"max_tokens", options.max_tokens},
            // Servers keep seeds in 32 bits, and some take the largest for "by chance".
            {"seed", question.seed & 0x7FFFFFFFu},
            {"stream", false}};
  if (format == kJsonSchema)
    body["response_format"] = {
        {"type", "json_schema"},
        {"json_schema", {{"name", question.name}, {"strict", true}, {"schema", question.schema}}}};
  if (format == kJsonObject) body["response_format"] = {{"type", "json_object"}};
  return body;
}

Result<Json> FindJsonObject(const std::string& words) {
  std::size_t from = 0;
  if (const std::size_t thought = words.rfind("</think>"); thought != words.npos) from = thought;
  const std::size_t begin = words.find('{', from);
  if (begin == words.npos) return Error{ErrorCode::kCorrupt, "the answer holds no JSON object"};
  int depth = 0;
  bool in_text = false;
  for (std::size_t at = begin; at < words.size(); ++at) {
    const char c = words[at];
    if (in_text) {
      if (c == '\\') ++at;
      in_text = c != '"';
    } else if (c == '"') {
      in_text = true;
    } else if (c == '{') {
      ++depth;
    } else if (c == '}' && --depth == 0) {
      return ParseJson(std::string_view(words).substr(begin, at + 1 - begin), "the answer's JSON");
    }
  }
  return Error{ErrorCode::kCorrupt, "the answer's JSON object has no end; is max_tokens too small?"};
}

Status CheckChatAnswer(const ChatQuestion& question, const std::function<Status(const Json&)>& check,
                       const Json& answer) {
  if (const auto violations = SchemaCheck(question.schema).Violations(answer); !violations.empty())
    return Error{ErrorCode::kCorrupt, "the answer does not fit the schema: " + violations.front()};
  return check ? check(answer) : Status();
}

ChatTry JudgeAnswer(const Result<HttpAnswer>& answer, const ChatQuestion& question,
                    const std::function<Status(const Json&)>& check) {
  ChatTry out;
  if (!answer.ok()) {
    out.answer = answer.error();
    out.again =
        answer.error().code != ErrorCode::kCancelled && answer.error().code != ErrorCode::kInvalidArgument;
    return out;
  }
  if (!answer->ok()) {
    const int status = answer->status;
    const bool busy = status == 408 || status == 409 || status == 425 || status == 429 || status >= 500;
    out.answer =
        Error{busy || status < 400 ? ErrorCode::kUnavailable : ErrorCode::kInvalidArgument,
              "the endpoint answered with HTTP status " + std::to_string(status) + ServerWords(*answer)};
    out.again = busy;
    out.other_format = status == 400 || status == 415 || status == 422 || status == 501 ||
                       (status == 500 && (answer->body.find("grammar") != std::string::npos ||
                                          answer->body.find("schema") != std::string::npos ||
                                          answer->body.find("response_format") != std::string::npos));
    out.wait_seconds = answer->retry_after_seconds.value_or(0);
    return out;
  }
  out.again = true;
  const auto json = ParseJson(answer->body, "the endpoint's answer");
  if (!json.ok()) {
    out.answer = json.error();
    return out;
  }
  const Json& usage = json->is_object() ? json->value("usage", Json()) : Json();
  out.prompt_tokens = TokenCount(usage, "prompt_tokens");
  out.completion_tokens = TokenCount(usage, "completion_tokens");
  const auto words = MessageWords(*json);
  out.answer = words.ok() ? FindJsonObject(*words) : Result<Json>(words.error());
  if (out.answer.ok())
    if (const Status fit = CheckChatAnswer(question, check, *out.answer); !fit.ok()) out.answer = fit.error();
  if (!out.answer.ok()) out.unfit = out.answer.error().message;
  return out;
}

}  // namespace kantei::dataset
