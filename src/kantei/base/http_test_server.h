// Servers on the loopback interface for tests: one that speaks HTTP, and one whose every byte the test decides.
#pragma once

#include <httplib.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace kantei {

/// Register handlers on `server`, then Start.
class HttpTestServer {
 public:
  httplib::Server server;

  HttpTestServer() = default;
  ~HttpTestServer() {
    server.stop();
    if (thread_.joinable()) thread_.join();
  }
  /// "http://127.0.0.1:PORT"
  std::string Start() {
    const int port = server.bind_to_any_port("127.0.0.1");
    thread_ = std::thread([this] { server.listen_after_bind(); });
    while (!server.is_running()) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    return "http://127.0.0.1:" + std::to_string(port);
  }

 private:
  std::thread thread_;
};

/// Calls `serve(socket)` in a thread of its own for each connection; the socket is closed after it.
class RawTestServer {
 public:
  using Serve = std::function<void(int socket)>;

  explicit RawTestServer(Serve serve) : serve_(std::move(serve)) {
    listener_ = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    ready_ = ::bind(listener_, reinterpret_cast<sockaddr*>(&address), size) == 0 &&
             ::listen(listener_, 16) == 0 &&
             ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) == 0;
    port_ = ntohs(address.sin_port);
    acceptor_ = std::thread([this] {
      while (true) {
        const int socket = ::accept(listener_, nullptr, nullptr);
        if (socket < 0) return;
        const std::lock_guard lock(mutex_);
        ++accepted;
        sockets_.push_back(socket);
        threads_.emplace_back([this, socket] {
          serve_(socket);
          ::shutdown(socket, SHUT_RDWR);
        });
      }
    });
  }
  ~RawTestServer() {
    ::shutdown(listener_, SHUT_RDWR);
    acceptor_.join();
    ::close(listener_);
    for (const int socket : sockets_) ::shutdown(socket, SHUT_RDWR);
    for (std::thread& thread : threads_) thread.join();
    for (const int socket : sockets_) ::close(socket);
  }
  RawTestServer(const RawTestServer&) = delete;
  RawTestServer& operator=(const RawTestServer&) = delete;

  bool ready() const { return ready_; }
  std::string url() const { return "http://127.0.0.1:" + std::to_string(port_); }

  /// False when the text cannot be sent.
  static bool Send(int socket, const std::string& text) {
    return ::send(socket, text.data(), text.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(text.size());
  }
  /// Reads until the other side closes.
  static void WaitForClose(int socket) {
    char buffer[4096];
    while (::recv(socket, buffer, sizeof buffer, 0) > 0) {
    }
  }

  std::atomic<int> accepted = 0;

 private:
  Serve serve_;
  int listener_ = -1;
  bool ready_ = false;
  int port_ = 0;
  std::mutex mutex_;
  std::vector<int> sockets_;
  std::vector<std::thread> threads_;
  std::thread acceptor_;
};

}  // namespace kantei
