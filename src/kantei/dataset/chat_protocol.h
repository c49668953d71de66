// Requests and answers of chat completions. Private to dataset.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "kantei/base/http_client.h"
#include "kantei/dataset/chat_endpoint.h"

namespace kantei::dataset {

inline constexpr std::string_view kChatPath = "/chat/completions";

/// How the form of the answer is asked for; each server understands some.
enum ChatFormat { kJsonSchema, kJsonObject, kWordsOnly };

HttpClientOptions ChatHttpOptions(const ChatOptions& options);
Json ChatRequestBody(const ChatOptions& options, const ChatQuestion& question, int format);

/// kCorrupt: what the schema or the check say.
Status CheckChatAnswer(const ChatQuestion& question, const std::function<Status(const Json&)>& check,
                       const Json& answer);

/// One try: an answer, or why there is none.
struct ChatTry {
  Result<Json> answer = Error{ErrorCode::kUnavailable, "not asked"};
  bool again = false;         ///< another try may help
  bool other_format = false;  ///< the way of asking for JSON may be what the server refuses
  double wait_seconds = 0;    ///< that the server asked for
  std::string unfit;          ///< what the model is told before the next try
  std::int64_t prompt_tokens = 0, completion_tokens = 0;
};
ChatTry JudgeAnswer(const Result<HttpAnswer>& answer, const ChatQuestion& question,
                    const std::function<Status(const Json&)>& check);

}  // namespace kantei::dataset
