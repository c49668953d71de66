#include "kantei/dataset/chat_endpoint.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "kantei/base/log.h"
#include "kantei/base/random.h"
#include "kantei/base/sha256.h"
#include "kantei/dataset/chat_cache.h"
#include "kantei/dataset/chat_protocol.h"

namespace kantei::dataset {
namespace {

using Clock = std::chrono::steady_clock;

std::chrono::duration<double> Seconds(double seconds) {
  return std::chrono::duration<double>(seconds);
}

}  // namespace

Status ChatOptions::Validate() const {
  const auto bad = [](const std::string& what) { return Error{ErrorCode::kInvalidArgument, what}; };
  KANTEI_RETURN_IF_ERROR(ChatHttpOptions(*this).Validate());
  if (model.empty()) return bad("the model is not named; name it as the server does");
  if (attempts < 1 || attempts > 20) return bad("attempts must be between 1 and 20");
  if (!(backoff_seconds >= 0 && backoff_seconds <= 3600))
    return bad("backoff_seconds must be between 0 and 3600");
  if (!(max_backoff_seconds >= 0 && max_backoff_seconds <= 3600))
    return bad("max_backoff_seconds must be between 0 and 3600");
  if (concurrent < 1 || concurrent > 256) return bad("concurrent must be between 1 and 256");
  if (failures_before_rest < 0) return bad("failures_before_rest must not be negative");
  if (!(rest_seconds >= 0 && rest_seconds <= 86'400)) return bad("rest_seconds must be between 0 and 86400");
  if (max_tokens < 16 || max_tokens > 16'384) return bad("max_tokens must be between 16 and 16384");
  if (!(temperature >= 0 && temperature <= 2)) return bad("temperature must be between 0 and 2");
  if (!(price_in >= 0 && price_in <= 1e6) || !(price_out >= 0 && price_out <= 1e6))
    return bad("a price must be between 0 and a million");
  return {};
}

Json ChatUsageJson(const ChatUsage& usage) {
  return Json{{"questions", usage.questions},
              {"answered", usage.answered},
              {"from_cache", usage.from_cache},
              {"requests", usage.requests},
              {"unfit_answers", usage.unfit},
              {"prompt_tokens", usage.prompt_tokens},
              {"completion_tokens", usage.completion_tokens},
              {"cost", usage.cost}};
}

struct ChatEndpoint::State {
  State(ChatOptions made_of, HttpClient made)
      : options(std::move(made_of)), http(std::move(made)), cache(options.cache) {}

  const ChatOptions options;
  const HttpClient http;
  const ChatCache cache;
  std::atomic<int> format{kJsonSchema};

  std::mutex mutex;
  std::condition_variable freed;
  int under_way = 0;
  ChatUsage usage;
  int failures_in_row = 0;
  Clock::time_point rest_until{};
  std::string rest_reason;

  /// kUnavailable while the endpoint rests after failures.
  Status Begin() {
    const std::lock_guard lock(mutex);
    ++usage.questions;
    if (Clock::now() < rest_until)
      return Error{ErrorCode::kUnavailable, "not asked, after " +
                                                std::to_string(options.failures_before_rest) +
                                                " failures in a row: " + rest_reason};
    return {};
  }

  void End(const Result<Json>& answer) {
    const std::lock_guard lock(mutex);
    if (answer.ok()) {
      ++usage.answered;
      failures_in_row = 0;
      return;
    }
    // A model that cannot answer one question may answer the next.
    if (answer.error().code == ErrorCode::kCancelled || answer.error().code == ErrorCode::kCorrupt) return;
    if (options.failures_before_rest > 0 && ++failures_in_row >= options.failures_before_rest) {
      failures_in_row = 0;
      rest_until = Clock::now() + std::chrono::duration_cast<Clock::duration>(Seconds(options.rest_seconds));
      rest_reason = answer.error().message;
    }
  }

  /// Waits for one of the places for requests.
  Result<HttpAnswer> Send(const std::string& body, const CancellationToken& cancellation) {
    {
      std::unique_lock lock(mutex);
      while (under_way >= options.concurrent) {
        KANTEI_RETURN_IF_ERROR(cancellation.Check());
        freed.wait_for(lock, std::chrono::milliseconds(50));
      }
      ++under_way;
      ++usage.requests;
    }
    Result<HttpAnswer> answer = http.PostJson(kChatPath, body, cancellation);
    {
      const std::lock_guard lock(mutex);
      --under_way;
    }
    freed.notify_one();
    return answer;
  }

  void Count(const ChatTry& tried) {
    const std::lock_guard lock(mutex);
    usage.prompt_tokens += tried.prompt_tokens;
    usage.completion_tokens += tried.completion_tokens;
    usage.cost += (static_cast<double>(tried.prompt_tokens) * options.price_in +
                   static_cast<double>(tried.completion_tokens) * options.price_out) /
                  1e6;
    if (!tried.unfit.empty()) ++usage.unfit;
  }

  /// One try, with the ways of asking for JSON that the server may refuse.
  ChatTry Once(const ChatQuestion& question, const std::function<Status(const Json&)>& check,
               const CancellationToken& cancellation) {
    ChatTry tried;
    for (int way = format.load(); way <= kWordsOnly; ++way) {
      tried =
          JudgeAnswer(Send(DumpJson(ChatRequestBody(options, question, way)), cancellation), question, check);
      Count(tried);
      if (tried.other_format && way < kWordsOnly) continue;
      // Only a way that brought an answer is kept: the server may have refused something else.
      if (tried.answer.ok() || !tried.unfit.empty()) format.store(way);
      break;
    }
    return tried;
  }

  Status Wait(double seconds, const CancellationToken& cancellation) const {
    const auto until = Clock::now() + Seconds(seconds);
    while (Clock::now() < until) {
      KANTEI_RETURN_IF_ERROR(cancellation.Check());
      std::this_thread::sleep_for(
          std::min<std::chrono::duration<double>>(Seconds(0.02), until - Clock::now()));
    }
    return cancellation.Check();
  }

  Result<Json> AskServer(const ChatQuestion& question, const std::function<Status(const Json&)>& check,
                         const std::string& key, const CancellationToken& cancellation) {
    ChatQuestion asked = question;
    Random random(question.seed ^ 0x73616F72);
    for (int attempt = 1;; ++attempt) {
      ChatTry tried = Once(asked, check, cancellation);
      if (tried.answer.ok()) {
        const Status kept =
            cache.Put(key, options.model, {*tried.answer, tried.prompt_tokens, tried.completion_tokens});
        if (!kept.ok()) LogWarning("an answer is not kept: " + kept.error().message);
        return tried.answer;
      }
      if (!tried.again || attempt == options.attempts) return tried.answer;
      const double backoff =
          options.backoff_seconds * static_cast<double>(1 << (attempt - 1)) * random.Uniform(0.5, 1.5);
      KANTEI_RETURN_IF_ERROR(
          Wait(std::min(std::max(backoff, tried.wait_seconds), options.max_backoff_seconds), cancellation));
      // The same words and seed would bring the same answer again.
      if (!tried.unfit.empty()) {
        asked.seed = question.seed + static_cast<std::uint64_t>(attempt);
        asked.user = question.user + "\n\nAn earlier answer was refused: " + tried.unfit;
      }
    }
  }
};

ChatEndpoint::ChatEndpoint(std::unique_ptr<State> state) : state_(std::move(state)) {}
ChatEndpoint::~ChatEndpoint() = default;

Result<std::unique_ptr<ChatEndpoint>> ChatEndpoint::Make(ChatOptions options) {
  KANTEI_RETURN_IF_ERROR(options.Validate());
  KANTEI_TRY(HttpClient http, HttpClient::Make(ChatHttpOptions(options)));
  return std::unique_ptr<ChatEndpoint>(
      new ChatEndpoint(std::make_unique<State>(std::move(options), std::move(http))));
}

Result<Json> ChatEndpoint::Ask(const ChatQuestion& question, const std::function<Status(const Json&)>& check,
                               const CancellationToken& cancellation) {
  const std::string key = Sha256Hex(DumpJson(ChatRequestBody(state_->options, question, kJsonSchema)));
  if (const auto cached = state_->cache.Find(key);
      cached && CheckChatAnswer(question, check, cached->answer).ok()) {
    const std::lock_guard lock(state_->mutex);
    ++state_->usage.questions;
    ++state_->usage.answered;
    ++state_->usage.from_cache;
    return cached->answer;
  }
  KANTEI_RETURN_IF_ERROR(state_->Begin());
  Result<Json> answer = state_->AskServer(question, check, key, cancellation);
  state_->End(answer);
  return answer;
}

ChatUsage ChatEndpoint::usage() const {
  const std::lock_guard lock(state_->mutex);
  return state_->usage;
}

const std::string& ChatEndpoint::model() const {
  return state_->options.model;
}

}  // namespace kantei::dataset
