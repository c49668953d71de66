// HttpServer on cpp-httplib: its parser and writer, our connections, limits and routing.
#include <httplib.h>
#include <sys/socket.h>

#include <algorithm>
#include <atomic>
#include <cctype>
#include <fstream>
#include <set>
#include <thread>

#include "kantei/base/files.h"
#include "kantei/base/log.h"
#include "kantei/server/http.h"
#include "kantei/server/http_connection.h"
#include "kantei/server/multipart.h"
#include "kantei/server/secrets.h"

namespace kantei::server {
namespace {

using Clock = Connection::Clock;

constexpr std::size_t kMaxHead = 48 << 10;  // request line and headers
constexpr std::size_t kMaxPath = 1024;
constexpr std::size_t kMaxWaiting = 512;     // connections that no thread has taken yet
constexpr std::uint64_t kDrain = 256 << 10;  // of a refused body; above, the connection ends
constexpr std::chrono::seconds kAnswerTime{300};

/// What the current thread is busy with.
struct Exchange {
  Connection* connection = nullptr;
  bool must_close = false;
  bool malformed = false;
  bool has_body = false;
  std::uint64_t content_length = 0;
  std::string content_type, accept_encoding;
};
thread_local Exchange* current = nullptr;

/// httplib's view of a connection.
class ConnectionStream final : public httplib::Stream {
 public:
  explicit ConnectionStream(Connection* connection) : connection_(connection) {}
  bool is_readable() const override { return connection_->Wait(std::chrono::milliseconds(0)); }
  bool is_writable() const override { return true; }  // Write waits by itself
  ssize_t read(char* data, std::size_t size) override { return connection_->Read(data, size); }
  ssize_t write(const char* data, std::size_t size) override { return connection_->Write(data, size); }
  void get_remote_ip_and_port(std::string& ip, int& port) const override {
    ip = connection_->PeerAddress();
    port = connection_->PeerPort();
  }
  void get_local_ip_and_port(std::string& ip, int& port) const override {
    ip.clear();  // nobody asks
    port = 0;
  }
  socket_t socket() const override { return connection_->socket(); }

 private:
  Connection* connection_;
};

std::string Lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

/// The last hop that the proxy in front of us added.
std::string LastOf(const std::string& list) {
  const std::size_t comma = list.rfind(',');
  std::string last = comma == std::string::npos ? list : list.substr(comma + 1);
  last.erase(std::remove(last.begin(), last.end(), ' '), last.end());
  return last.size() <= 64 ? last : "";
}

/// Runs after the head was read: what two parsers could read differently is refused, and httplib's own readings of a body
/// (multipart, compressed, ranges) are taken from it, since ours have limits.
void Prepare(httplib::Request* request) {
  Exchange& exchange = *current;
  exchange.connection->SetAllowance(static_cast<std::size_t>(-1));
  const std::size_t lengths = request->get_header_value_count("Content-Length");
  const std::size_t codings = request->get_header_value_count("Transfer-Encoding");
  const std::string length = request->get_header_value("Content-Length");
  exchange.has_body = codings > 0;
  if (lengths > 0) {
    exchange.malformed =
        lengths > 1 || codings > 0 || length.empty() || length.size() > 15 ||
        !std::all_of(length.begin(), length.end(), [](unsigned char c) { return std::isdigit(c); });
    if (!exchange.malformed) exchange.content_length = std::stoull(length);
    exchange.has_body = exchange.content_length > 0;
  }
  if (codings > 0 && (codings > 1 || Lower(request->get_header_value("Transfer-Encoding")) != "chunked"))
    exchange.malformed = true;
  if (request->has_header("Content-Encoding")) exchange.malformed = true;
  exchange.content_type = request->get_header_value("Content-Type");
  exchange.accept_encoding = request->get_header_value("Accept-Encoding");
  for (const char* name : {"Content-Type", "Accept-Encoding", "Range"}) request->headers.erase(name);
  request->ranges.clear();
}

class QueueWithLimit final : public httplib::TaskQueue {
 public:
  QueueWithLimit(std::size_t threads, std::atomic<bool>* refuse) : refuse_(refuse) {
    for (std::size_t i = 0; i < threads; ++i) threads_.emplace_back([this] { Work(); });
  }
  void enqueue(std::function<void()> task) override {
    {
      const std::lock_guard lock(mutex_);
      if (tasks_.size() < kMaxWaiting) {
        tasks_.push_back(std::move(task));
        wake_.notify_one();
        return;
      }
    }
    refuse_->store(true);  // only the accepting thread comes here
    task();
    refuse_->store(false);
  }
  void shutdown() override {
    {
      const std::lock_guard lock(mutex_);
      ending_ = true;
    }
    wake_.notify_all();
    for (std::thread& thread : threads_) thread.join();
  }

 private:
  void Work() {
    while (true) {
      std::function<void()> task;
      {
        std::unique_lock lock(mutex_);
        wake_.wait(lock, [&] { return ending_ || !tasks_.empty(); });
        if (tasks_.empty()) return;
        task = std::move(tasks_.front());
        tasks_.pop_front();
      }
      task();
    }
  }

  std::atomic<bool>* refuse_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::list<std::function<void()>> tasks_;
  std::vector<std::thread> threads_;
  bool ending_ = false;
};

class Listener final : public httplib::Server {
 public:
  Listener(HttpOptions options, HttpCallbacks callbacks, std::shared_ptr<const TlsContext> tls)
      : options_(std::move(options)), callbacks_(std::move(callbacks)), tls_(std::move(tls)) {
    new_task_queue = [this] {
      return new QueueWithLimit(static_cast<std::size_t>(options_.threads), &overloaded_);
    };
    // Everything goes one way; the routes are ours.
    set_pre_routing_handler([this](const httplib::Request& in, httplib::Response& out) {
      const bool may_have_body =
          in.method == "POST" || in.method == "PUT" || in.method == "PATCH" || in.method == "DELETE";
      if (may_have_body && in.path.size() <= kMaxPath && !current->malformed)
        return HandlerResponse::Unhandled;
      Serve(in, out, nullptr);
      return HandlerResponse::Handled;
    });
    const auto with_body = [this](const httplib::Request& in, httplib::Response& out,
                                  const httplib::ContentReader& reader) { Serve(in, out, &reader); };
    const std::string any = R"([\s\S]*)";
    Post(any, with_body).Put(any, with_body).Patch(any, with_body).Delete(any, with_body);
    set_error_handler([this](const httplib::Request&, httplib::Response& out) {
      if (!out.body.empty() || out.content_length_ > 0) return;
      if (current != nullptr) current->must_close = true;
      Write(callbacks_.refuse(out.status, "the request could not be read", RandomToken().substr(0, 16)),
            &out);
    });
    set_keep_alive_max_count(static_cast<std::size_t>(options_.keep_alive_requests));
    set_keep_alive_timeout(options_.keep_alive_seconds);
  }

  bool Bind(int* port) {
    if (options_.port == 0) {
      *port = bind_to_any_port(options_.host);
      if (*port <= 0) return false;
    } else {
      if (!bind_to_port(options_.host, options_.port)) return false;
      *port = options_.port;
    }
    ::listen(svr_sock_, 511);  // httplib's backlog of 5 makes bursts wait for a second
    return true;
  }

  void EndConnections() {
    stopping_ = true;
    const std::lock_guard lock(mutex_);
    for (Connection* connection : open_)
      if (!busy_.contains(connection)) connection->Shut();
  }

  int connections() const {
    const std::lock_guard lock(mutex_);
    return static_cast<int>(open_.size());
  }

 private:
  bool process_and_close_socket(socket_t socket) override {
    if (overloaded_.load() || stopping_.load()) {
      ::shutdown(socket, SHUT_RDWR);
      ::close(socket);
      return false;
    }
    Connection connection(socket, tls_, options_.read_seconds);
    Enrol(&connection);
    connection.SetDeadline(Clock::now() + std::chrono::seconds(options_.header_seconds));
    if (connection.Handshake()) {
      ConnectionStream stream(&connection);
      for (int left = options_.keep_alive_requests; left > 0; --left) {
        if (stopping_ || !connection.Wait(std::chrono::seconds(options_.keep_alive_seconds)) || stopping_)
          break;
        Exchange exchange;
        exchange.connection = &connection;
        current = &exchange;
        connection.SetDeadline(Clock::now() + std::chrono::seconds(options_.header_seconds));
        connection.SetAllowance(kMaxHead);
        bool closed = false;
        const bool good =
            process_request(stream, left == 1, closed, [](httplib::Request& in) { Prepare(&in); });
        SetBusy(&connection, false);
        current = nullptr;
        if (!good || closed || exchange.must_close) break;
      }
    }
    Dismiss(&connection);
    return true;
  }

  void Enrol(Connection* connection) {
    const std::lock_guard lock(mutex_);
    open_.insert(connection);
  }
  void Dismiss(Connection* connection) {
    const std::lock_guard lock(mutex_);
    open_.erase(connection);
  }
  void SetBusy(Connection* connection, bool busy) {
    const std::lock_guard lock(mutex_);
    if (busy) {
      busy_.insert(connection);
    } else {
      busy_.erase(connection);
    }
  }

  Request Convert(const httplib::Request& in) const {
    Request request;
    request.method = in.method == "HEAD" ? "GET" : in.method;
    request.path = in.path;
    request.request_id = RandomToken().substr(0, 16);
    for (const auto& [name, value] : in.params) request.query.emplace(name, value);
    for (const auto& [name, value] : in.headers) request.headers.emplace(Lower(name), value);
    if (!current->content_type.empty()) request.headers["content-type"] = current->content_type;
    if (!current->accept_encoding.empty()) request.headers["accept-encoding"] = current->accept_encoding;
    request.content_length = current->content_length;
    request.address = in.remote_addr;
    request.secure = current->connection->secure();
    if (options_.behind_proxy) {
      const std::string forwarded = LastOf(request.Header("x-forwarded-for"));
      if (!forwarded.empty()) request.address = forwarded;
      request.secure = Lower(LastOf(request.Header("x-forwarded-proto"))) == "https";
    }
    return request;
  }

  void Serve(const httplib::Request& in, httplib::Response& out, const httplib::ContentReader* reader) {
    Exchange& exchange = *current;
    Request request = Convert(in);
    Response response;
    if (exchange.malformed || (reader == nullptr && exchange.has_body)) {
      exchange.must_close = true;
      response = callbacks_.refuse(
          400, "the headers about the request's body contradict each other or are not supported",
          request.request_id);
    } else if (in.path.size() > kMaxPath) {
      exchange.must_close = exchange.has_body;
      response = callbacks_.refuse(414, "the path is longer than 1024 bytes", request.request_id);
    } else {
      auto admitted = callbacks_.admit(request);
      if (Response* refusal = std::get_if<Response>(&admitted)) {
        response = std::move(*refusal);
        Drain(reader);
      } else if (!exchange.has_body) {
        SetBusy(exchange.connection, true);
        response = callbacks_.answer(request);
      } else if (auto problem = ReadBody(*reader, std::get<BodyRule>(admitted), &request)) {
        exchange.must_close = true;
        response = callbacks_.refuse(problem->first, problem->second, request.request_id);
      } else {
        exchange.connection->SetDeadline(Clock::time_point::max());
        SetBusy(exchange.connection, true);
        response = callbacks_.answer(request);
      }
    }
    exchange.connection->SetDeadline(Clock::now() + kAnswerTime);
    Write(std::move(response), &out);
  }

  /// Reads a small body that nobody wants, so that the connection can go on; a larger one ends it.
  void Drain(const httplib::ContentReader* reader) {
    if (!current->has_body) return;
    if (reader == nullptr || current->content_length == 0 || current->content_length > kDrain) {
      current->must_close = true;
      return;
    }
    const auto waste = [](const char*, std::size_t) { return true; };
    if (!(*reader)(waste)) current->must_close = true;
  }

  /// Status and sentence of what was wrong.
  std::optional<std::pair<int, std::string>> ReadBody(const httplib::ContentReader& reader,
                                                      const BodyRule& rule, Request* request) {
    const std::string too_large =
        "the request is larger than the limit of " + std::to_string(rule.max_bytes) + " bytes";
    if (request->content_length > rule.max_bytes) return std::pair{413, too_large};
    const std::uint64_t expected = request->content_length > 0 ? request->content_length : rule.max_bytes;
    current->connection->SetDeadline(
        Clock::now() + std::chrono::seconds(options_.body_seconds + static_cast<long>(expected >> 16)));
    std::optional<MultipartReader> multipart;
    if (rule.multipart) {
      auto boundary = MultipartBoundary(request->Header("content-type"));
      if (!boundary.ok()) return std::pair{400, boundary.error().message};
      multipart.emplace(std::move(*boundary), rule);
    }
    std::uint64_t size = 0;
    std::optional<std::pair<int, std::string>> problem;
    const auto status_of = [](const Error& error) {
      return error.code == ErrorCode::kTooLarge ? 413 : error.code == ErrorCode::kUnavailable ? 503 : 400;
    };
    const auto take = [&](const char* data, std::size_t n) {
      size += n;
      if (size > rule.max_bytes) {
        problem = {413, too_large};
        return false;
      }
      if (!multipart) {
        request->body.append(data, n);
        return true;
      }
      const Status fed = multipart->Feed({data, n});
      if (!fed.ok()) problem = {status_of(fed.error()), fed.error().message};
      return fed.ok();
    };
    const bool complete = reader(take);
    if (problem) return problem;
    if (!complete) return std::pair{408, std::string("the body did not arrive in time, or is malformed")};
    if (multipart) {
      const Status finished = multipart->Finish();
      if (!finished.ok()) return std::pair{status_of(finished.error()), finished.error().message};
      request->parts = multipart->TakeParts();
    }
    return std::nullopt;
  }

  static void Write(Response response, httplib::Response* out) {
    out->status = response.status;
    for (const auto& [name, value] : response.headers) out->set_header(name, value);
    if (current != nullptr && current->must_close) out->set_header("Connection", "close");
    if (response.file.empty()) {
      if (response.status != 204 && response.status != 304)
        out->set_content(std::move(response.body), response.content_type);
      return;
    }
    std::error_code failure;
    const std::uintmax_t size = std::filesystem::file_size(response.file, failure);
    auto stream = std::make_shared<std::ifstream>(response.file, std::ios::binary);
    if (failure || !stream->good()) {
      out->status = 500;
      return;
    }
    out->set_content_provider(static_cast<std::size_t>(size), response.content_type,
                              [stream](std::size_t offset, std::size_t length, httplib::DataSink& sink) {
                                std::vector<char> block(std::min<std::size_t>(length, 256 << 10));
                                stream->seekg(static_cast<std::streamoff>(offset));
                                stream->read(block.data(), static_cast<std::streamsize>(block.size()));
                                if (stream->gcount() <= 0) return false;
                                return sink.write(block.data(), static_cast<std::size_t>(stream->gcount()));
                              });
  }

  HttpOptions options_;
  HttpCallbacks callbacks_;
  std::shared_ptr<const TlsContext> tls_;
  std::atomic<bool> overloaded_{false}, stopping_{false};
  mutable std::mutex mutex_;
  std::set<Connection*> open_, busy_;  // busy: its request is being answered
};

}  // namespace

struct HttpServer::State {
  std::unique_ptr<Listener> listener;
  std::thread thread;
  int port = 0;
};

HttpServer::HttpServer(std::unique_ptr<State> state) : state_(std::move(state)) {}

Result<std::unique_ptr<HttpServer>> HttpServer::Start(const HttpOptions& options, HttpCallbacks callbacks) {
  KANTEI_RETURN_IF_ERROR(options.Validate());
  std::shared_ptr<const TlsContext> tls;
  if (!options.certificate.empty()) {
    KANTEI_TRY(tls, TlsContext::Open(options.certificate, options.key));
  }
  auto state = std::make_unique<State>();
  state->listener = std::make_unique<Listener>(options, std::move(callbacks), std::move(tls));
  if (!state->listener->Bind(&state->port))
    return Error{ErrorCode::kUnavailable, "cannot listen on " + options.host + " port " +
                                              std::to_string(options.port) +
                                              "; another program may use it, choose another with --port"};
  state->thread = std::thread([listener = state->listener.get()] { listener->listen_after_bind(); });
  return std::unique_ptr<HttpServer>(new HttpServer(std::move(state)));
}

HttpServer::~HttpServer() {
  Stop();
}

void HttpServer::Stop() {
  if (!state_->thread.joinable()) return;
  // A stop that comes before the listener runs would be lost.
  for (int i = 0; i < 2000 && !state_->listener->is_running(); ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  state_->listener->EndConnections();
  state_->listener->stop();
  state_->thread.join();
}

int HttpServer::port() const {
  return state_->port;
}

int HttpServer::connections() const {
  return state_->listener->connections();
}

}  // namespace kantei::server
