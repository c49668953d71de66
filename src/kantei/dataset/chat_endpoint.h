// Questions to a language model behind an endpoint that speaks OpenAI's chat completions (llama.cpp server, vLLM, Ollama and others).
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "kantei/base/cancellation.h"
#include "kantei/base/files.h"
#include "kantei/base/http_client.h"
#include "kantei/base/json.h"
#include "kantei/base/result.h"

namespace kantei::dataset {

struct ChatOptions {
  /// Of the server, of its /v1, or of /v1/chat/completions itself: "http://127.0.0.1:8080".
  std::string endpoint;
  std::string model;                                  ///< as the server names it
  std::string api_key;                                ///< sent as bearer token; empty: none
  std::string ca_file;                                ///< HttpClientOptions::ca_file
  double connect_seconds = 10, answer_seconds = 120;  ///< for each try
  int attempts = 4;                                   ///< tries for each question, 1..20
  double backoff_seconds =
      1;  ///< before the second try; doubles, ± half by chance, at most max_backoff_seconds
  double max_backoff_seconds = 30;  ///< also the most that a Retry-After is heeded
  int concurrent = 4;               ///< requests under way at once, 1..256; more callers wait
  /// So many questions in a row that failed make every further one fail at once for rest_seconds; 0: never.
  int failures_before_rest = 3;
  double rest_seconds = 60;
  int max_tokens = 400;                ///< of an answer, 16..16384
  double temperature = 0.7;            ///< 0..2
  double price_in = 0, price_out = 0;  ///< for a million tokens, in a currency of the caller's choice
  std::filesystem::path cache;         ///< folder of answers, made if need be; empty: none are kept
  Status Validate() const;             ///< names the first bad field
};

struct ChatQuestion {
  std::string system, user;
  std::vector<Bytes> jpegs;  ///< shown after the text, in this order
  std::string name;          ///< of the schema: letters, digits, _
  Json schema;               ///< what the answer must be, an object (base/json_schema.h)
  std::uint64_t seed = 0;    ///< passed on; equal questions with equal seeds are one entry of the cache
};

/// What was spent since the endpoint was made.
struct ChatUsage {
  std::int64_t questions = 0;   ///< asked
  std::int64_t answered = 0;    ///< with a fit answer, from the cache or from the server
  std::int64_t from_cache = 0;  ///< of those
  std::int64_t requests = 0;    ///< sent
  std::int64_t unfit = 0;       ///< answers that were no JSON, or not as the schema and the check want them
  std::int64_t prompt_tokens = 0,
               completion_tokens = 0;  ///< as the server counts them, also of unfit answers
  double cost = 0;
};
Json ChatUsageJson(const ChatUsage& usage);

/// Thread-safe.
class ChatEndpoint {
 public:
  static Result<std::unique_ptr<ChatEndpoint>> Make(ChatOptions options);
  ~ChatEndpoint();

  /// The answer, which fits the schema and `check` (which may be empty; it says in its message what is wrong, and the model is told).
  /// The schema is sent as response_format json_schema; a server that refuses that is asked with json_object, then with nothing but the
  /// words of the question. Errors after the last try: kUnavailable (no answer, HTTP errors), kTooLarge, kCorrupt (unfit answers),
  /// kInvalidArgument (the server refuses the request or the key), kCancelled.
  Result<Json> Ask(const ChatQuestion& question, const std::function<Status(const Json&)>& check,
                   const CancellationToken& cancellation);

  ChatUsage usage() const;
  const std::string& model() const;

 private:
  struct State;
  explicit ChatEndpoint(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

/// The first JSON object in a model's words: what stands before and after it, a code fence or a <think> part are left out. kCorrupt.
Result<Json> FindJsonObject(const std::string& words);

}  // namespace kantei::dataset
