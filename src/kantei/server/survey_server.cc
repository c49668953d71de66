#include "kantei/server/survey_server.h"

#include <httplib.h>

#include <atomic>
#include <chrono>
#include <thread>
#include <utility>

#include "kantei/base/files.h"
#include "kantei/base/json.h"
#include "kantei/base/log.h"
#include "kantei/image/decode.h"
#include "kantei/image/encode.h"
#include "kantei/image/transform.h"
#include "kantei/server/survey_page.h"

namespace kantei::server {
namespace {

constexpr std::size_t kMaxBody = 4096;
constexpr int kQuality = 95;
constexpr const char* kKeyHeader = "X-Survey-Key";

int HttpStatus(ErrorCode code) {
  switch (code) {
    case ErrorCode::kInvalidArgument:
    case ErrorCode::kCorrupt:
      return 400;
    case ErrorCode::kNotFound:
      return 404;
    case ErrorCode::kTooLarge:
      return 413;
    case ErrorCode::kUnavailable:
    case ErrorCode::kCancelled:
      return 503;
    case ErrorCode::kUnsupported:
    case ErrorCode::kInternal:
      break;
  }
  return 500;
}

void Send(httplib::Response* response, const Json& json) {
  response->set_content(DumpJson(json), "application/json");
}

/// Paths of files stay on this side.
void SendError(httplib::Response* response, const Error& error) {
  response->status = HttpStatus(error.code);
  const bool ours = error.code == ErrorCode::kUnavailable || error.code == ErrorCode::kInternal;
  if (ours) LogWarning(error.message);
  Send(response, Json{{"error", std::string(ErrorCodeName(error.code))},
                      {"message", ours ? std::string("the server cannot do this now") : error.message}});
}

std::string TextMember(const Json& json, const char* name) {
  const Json value = json.is_object() ? json.value(name, Json()) : Json();
  return value.is_string() ? value.get<std::string>() : std::string();
}

std::int64_t NumberMember(const Json& json, const char* name, std::int64_t otherwise) {
  const Json value = json.is_object() ? json.value(name, Json()) : Json();
  return value.is_number_integer() ? value.get<std::int64_t>() : otherwise;
}

Json ViewJson(const SurveyView& view) {
  Json pictures = Json::array();
  for (const std::string& token : view.pictures) pictures.push_back("/picture/" + token);
  return Json{{"done", view.done},
              {"index", view.index},
              {"total", view.total},
              {"mode", view.pair ? "pair" : "single"},
              {"awaits_confidence", view.awaits_confidence},
              {"token", view.token},
              {"pictures", pictures}};
}

Result<Bytes> ShownPicture(const std::filesystem::path& file, int side) {
  image::DecodeOptions options;
  options.max_longer_side = side;
  KANTEI_TRY(const image::DecodedImage decoded, image::DecodeImageFile(file, options));
  return image::EncodeJpeg(decoded.pixels, kQuality);
}

}  // namespace

Status SurveyServerOptions::Validate() const {
  const auto bad = [](const std::string& what) { return Error{ErrorCode::kInvalidArgument, what}; };
  if (port < 0 || port > 65535) return bad("port must be between 0 and 65535");
  if (side < 64 || side > 4096) return bad("side must be between 64 and 4096 pixels");
  if (threads < 1 || threads > 256) return bad("threads must be between 1 and 256");
  return {};
}

struct SurveyServer::State {
  SurveySessions* sessions = nullptr;
  SurveyServerOptions options;
  int port = 0;
  httplib::Server server;

  std::string Origin(const char* host) const {
    return "http://" + std::string(host) + ":" + std::to_string(port);
  }

  /// Pages of other sites can make a browser send requests here; they cannot choose these headers.
  bool Refuse(const httplib::Request& request, httplib::Response* response) const {
    const std::string host = "http://" + request.get_header_value("Host");
    const std::string origin = request.get_header_value("Origin");
    const bool known = host == Origin("127.0.0.1") || host == Origin("localhost");
    if (!known || (!origin.empty() && origin != host)) {
      response->status = 403;
    } else if (request.method != "GET" && request.method != "HEAD" && request.method != "POST") {
      response->status = 405;
    } else if (request.method == "POST" && request.get_header_value("Content-Type") != "application/json") {
      response->status = 415;
    } else if (request.has_header("Transfer-Encoding") || request.has_header("Content-Encoding")) {
      response->status = 411;  // a body of unknown length
    } else {
      return false;
    }
    return true;
  }

  template <typename Handle>
  void Post(const char* path, Handle handle) {
    server.Post(path, [handle](const httplib::Request& request, httplib::Response& response) {
      const auto json = ParseJson(request.body, "the request");
      if (!json.ok()) return SendError(&response, json.error());
      const Result<Json> answer = handle(request.get_header_value(kKeyHeader), *json);
      if (!answer.ok()) return SendError(&response, answer.error());
      Send(&response, *answer);
    });
  }

  void Static(const char* path, std::string_view content, const char* type) {
    server.Get(path, [content, type](const httplib::Request&, httplib::Response& response) {
      response.set_content(content.data(), content.size(), type);
    });
  }

  Result<Json> View(const std::string& key) const {
    KANTEI_TRY(const SurveyView view, sessions->Current(key));
    return ViewJson(view);
  }

  static Json EntryJson(const SurveyEntry& entry) { return Json{{"code", entry.code}, {"key", entry.key}}; }

  void Register() {
    Static("/", SurveyHtml(), "text/html; charset=utf-8");
    Static("/survey.css", SurveyCss(), "text/css; charset=utf-8");
    Static("/survey.js", SurveyScript(), "text/javascript; charset=utf-8");
    Post("/api/start", [this](const std::string&, const Json& json) -> Result<Json> {
      KANTEI_TRY(const SurveyEntry entry, sessions->Start(TextMember(json, "language")));
      return EntryJson(entry);
    });
    Post("/api/resume", [this](const std::string&, const Json& json) -> Result<Json> {
      KANTEI_TRY(const SurveyEntry entry,
                 sessions->Resume(TextMember(json, "code"), TextMember(json, "language")));
      return EntryJson(entry);
    });
    // POST, since it starts a clock.
    Post("/api/trial", [this](const std::string& key, const Json&) { return View(key); });
    Post("/api/choose", [this](const std::string& key, const Json& json) -> Result<Json> {
      KANTEI_RETURN_IF_ERROR(sessions->Choose(key, TextMember(json, "token"), TextMember(json, "answer"),
                                              NumberMember(json, "client_ms", -1)));
      return Json::object();
    });
    Post("/api/rate", [this](const std::string& key, const Json& json) -> Result<Json> {
      const std::int64_t confidence = NumberMember(json, "confidence", 0);
      KANTEI_RETURN_IF_ERROR(
          sessions->Rate(key, TextMember(json, "token"),
                         confidence >= 1 && confidence <= 5 ? static_cast<int>(confidence) : 0));
      return View(key);
    });
    server.Get("/picture/([0-9A-Za-z_-]{43})", [this](const httplib::Request& request,
                                                      httplib::Response& response) {
      const auto file = sessions->Picture(request.matches[1].str());
      if (!file.ok()) return SendError(&response, file.error());
      const auto jpeg = ShownPicture(*file, options.side);
      if (!jpeg.ok()) {
        LogWarning(jpeg.error().message);
        return SendError(&response, Error{ErrorCode::kInternal, "a picture of the survey cannot be shown"});
      }
      response.set_content(reinterpret_cast<const char*>(jpeg->data()), jpeg->size(), "image/jpeg");
    });
  }
};

SurveyServer::SurveyServer(std::unique_ptr<State> state) : state_(std::move(state)) {}
SurveyServer::~SurveyServer() = default;

Result<std::unique_ptr<SurveyServer>> SurveyServer::Make(SurveySessions* sessions,
                                                         const SurveyServerOptions& options) {
  KANTEI_RETURN_IF_ERROR(options.Validate());
  auto state = std::make_unique<State>();
  state->sessions = sessions;
  state->options = options;
  httplib::Server& server = state->server;
  const int threads = options.threads;
  server.new_task_queue = [threads] { return new httplib::ThreadPool(static_cast<std::size_t>(threads)); };
  server.set_payload_max_length(kMaxBody);
  server.set_read_timeout(5);
  server.set_write_timeout(10);
  server.set_keep_alive_timeout(2);
  server.set_default_headers(
      {{"Content-Security-Policy",
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"},
       {"X-Content-Type-Options", "nosniff"},
       {"X-Frame-Options", "DENY"},
       {"Referrer-Policy", "no-referrer"},
       {"Cross-Origin-Resource-Policy", "same-origin"},
       {"Cross-Origin-Opener-Policy", "same-origin"},
       {"Cache-Control", "no-store"}});
  State* raw = state.get();
  server.set_pre_routing_handler([raw](const httplib::Request& request, httplib::Response& response) {
    return raw->Refuse(request, &response) ? httplib::Server::HandlerResponse::Handled
                                           : httplib::Server::HandlerResponse::Unhandled;
  });
  server.set_exception_handler([](const httplib::Request&, httplib::Response& response, std::exception_ptr) {
    LogWarning("a request of the survey failed inside");
    response.status = 500;
  });
  state->Register();
  if (options.port == 0) {
    state->port = server.bind_to_any_port("127.0.0.1");
  } else if (server.bind_to_port("127.0.0.1", options.port)) {
    state->port = options.port;
  } else {
    state->port = -1;
  }
  if (state->port <= 0)
    return Error{ErrorCode::kUnavailable,
                 "port " + std::to_string(options.port) + " cannot be had; name another with --port"};
  return std::unique_ptr<SurveyServer>(new SurveyServer(std::move(state)));
}

int SurveyServer::port() const {
  return state_->port;
}
std::string SurveyServer::url() const {
  return state_->Origin("127.0.0.1") + "/";
}

Status SurveyServer::Run(const CancellationToken& cancellation) {
  std::atomic<bool> ended = false;
  std::thread serving([&] {
    state_->server.listen_after_bind();
    ended = true;
  });
  while (!cancellation.cancelled() && !ended) std::this_thread::sleep_for(std::chrono::milliseconds(50));
  // A stop before the server runs would be lost.
  while (!state_->server.is_running() && !ended) std::this_thread::sleep_for(std::chrono::milliseconds(5));
  state_->server.stop();
  serving.join();
  if (!cancellation.cancelled())
    return Error{ErrorCode::kUnavailable,
                 "the survey's server ended by itself; start it again, nothing is lost"};
  return {};
}

}  // namespace kantei::server
