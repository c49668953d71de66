// A chat endpoint for tests that answers as the test says, and what it was asked.
#pragma once

#include <filesystem>
#include <functional>
#include <mutex>
#include <string>
#include <vector>

#include "kantei/base/http_test_server.h"
#include "kantei/base/json.h"
#include "kantei/dataset/chat_endpoint.h"

namespace kantei::dataset::testing {

/// The form in which servers send a model's words.
inline std::string Completion(const std::string& words, int tokens_in = 100, int tokens_out = 20) {
  return DumpJson(Json{
      {"object", "chat.completion"},
      {"choices", Json::array({{{"index", 0}, {"message", {{"role", "assistant"}, {"content", words}}}}})},
      {"usage", {{"prompt_tokens", tokens_in}, {"completion_tokens", tokens_out}}}});
}

class ChatTestServer {
 public:
  /// Called with the request's JSON and its number from 0.
  using Answer = std::function<void(const Json& request, int number, httplib::Response& response)>;

  explicit ChatTestServer(Answer answer) {
    test_.server.Post(
        "/v1/chat/completions",
        [this, answer = std::move(answer)](const httplib::Request& request, httplib::Response& response) {
          int number = 0;
          Json json = ParseJson(request.body, "request").value();
          {
            const std::lock_guard lock(mutex_);
            number = static_cast<int>(requests_.size());
            requests_.push_back(json);
            authorization_ = request.get_header_value("Authorization");
          }
          answer(json, number, response);
        });
    url_ = test_.Start();
  }
  /// Answers everything with these words.
  static Answer Words(const std::string& words) {
    return [words](const Json&, int, httplib::Response& response) {
      response.set_content(Completion(words), "application/json");
    };
  }

  const std::string& url() const { return url_; }
  std::vector<Json> requests() const {
    const std::lock_guard lock(mutex_);
    return requests_;
  }
  std::string authorization() const {
    const std::lock_guard lock(mutex_);
    return authorization_;
  }

 private:
  mutable std::mutex mutex_;
  std::vector<Json> requests_;
  std::string url_, authorization_;
  HttpTestServer test_;  // last: its handlers use the rest
};

/// Tries quickly and gives up soon.
inline ChatOptions QuickOptions(const std::string& url) {
  ChatOptions options;
  options.endpoint = url;
  options.model = "test-model";
  options.connect_seconds = 1;
  options.answer_seconds = 1;
  options.attempts = 2;
  options.backoff_seconds = 0.01;
  options.max_backoff_seconds = 0.05;
  options.failures_before_rest = 0;
  return options;
}

inline std::shared_ptr<ChatEndpoint> MakeEndpoint(const ChatOptions& options) {
  return std::move(ChatEndpoint::Make(options)).value();
}

}  // namespace kantei::dataset::testing
