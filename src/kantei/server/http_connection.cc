#include "kantei/server/http_connection.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "kantei/base/files.h"

namespace kantei::server {
namespace {

constexpr std::size_t kBuffer = 16 << 10;
constexpr std::chrono::milliseconds kLinger{300};

}  // namespace

struct TlsContext::State {
  SSL_CTX* handle = nullptr;
  ~State() { ::SSL_CTX_free(handle); }
};

TlsContext::TlsContext(std::unique_ptr<State> state) : state_(std::move(state)) {}
TlsContext::~TlsContext() = default;

Result<std::shared_ptr<const TlsContext>> TlsContext::Open(const std::filesystem::path& certificate,
                                                           const std::filesystem::path& key) {
  auto state = std::make_unique<State>();
  state->handle = ::SSL_CTX_new(::TLS_server_method());
  if (state->handle == nullptr) return Error{ErrorCode::kInternal, "OpenSSL cannot be used"};
  ::SSL_CTX_set_min_proto_version(state->handle, TLS1_2_VERSION);
  ::SSL_CTX_set_options(state->handle,
                        SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_CIPHER_SERVER_PREFERENCE);
  ::SSL_CTX_set_mode(state->handle, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  if (::SSL_CTX_use_certificate_chain_file(state->handle, certificate.c_str()) != 1)
    return Error{ErrorCode::kInvalidArgument,
                 DisplayPath(certificate) + " is no certificate chain in PEM; give --certificate one"};
  if (::SSL_CTX_use_PrivateKey_file(state->handle, key.c_str(), SSL_FILETYPE_PEM) != 1 ||
      ::SSL_CTX_check_private_key(state->handle) != 1)
    return Error{
        ErrorCode::kInvalidArgument,
        DisplayPath(key) + " is no key in PEM that fits the certificate; give --key the one that does"};
  return std::shared_ptr<const TlsContext>(new TlsContext(std::move(state)));
}

struct Connection::Tls {
  SSL* handle = nullptr;
  ~Tls() { ::SSL_free(handle); }
};

Connection::Connection(int socket, std::shared_ptr<const TlsContext> tls, int pause_seconds)
    : socket_(socket), context_(std::move(tls)), pause_(pause_seconds) {
  const int on = 1;
  ::setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  ::fcntl(socket_, F_SETFL, ::fcntl(socket_, F_GETFL) | O_NONBLOCK);
  if (context_ == nullptr) return;
  tls_ = std::make_unique<Tls>();
  tls_->handle = ::SSL_new(context_->state_->handle);
  ::SSL_set_fd(tls_->handle, socket_);
  ::SSL_set_accept_state(tls_->handle);
}

Connection::~Connection() {
  if (tls_ != nullptr) (void)::SSL_shutdown(tls_->handle);
  ::shutdown(socket_, SHUT_WR);
  // A client that still sends would get a reset instead of the answer.
  const Clock::time_point until = Clock::now() + kLinger;
  char waste[4096];
  for (int i = 0; i < 256 && Poll(POLLIN, until); ++i)
    if (::recv(socket_, waste, sizeof waste, 0) <= 0) break;
  ::close(socket_);
}

bool Connection::Poll(short events, Clock::time_point until) {
  while (true) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(until - Clock::now()).count();
    if (left <= 0) return false;
    pollfd entry{socket_, events, 0};
    const int ready = ::poll(&entry, 1, static_cast<int>(std::min<long long>(left, 60'000)));
    if (ready > 0) return true;
    if (ready < 0 && errno != EINTR) return false;
  }
}

bool Connection::Handshake() {
  if (tls_ == nullptr) return true;
  while (true) {
    ::ERR_clear_error();
    const int outcome = ::SSL_do_handshake(tls_->handle);
    if (outcome == 1) return true;
    const int reason = ::SSL_get_error(tls_->handle, outcome);
    if (reason != SSL_ERROR_WANT_READ && reason != SSL_ERROR_WANT_WRITE) return false;
    if (!Poll(reason == SSL_ERROR_WANT_READ ? POLLIN : POLLOUT, std::min(deadline_, Clock::now() + pause_)))
      return false;
  }
}

bool Connection::Wait(std::chrono::milliseconds time) {
  if (buffered_at_ < buffer_.size()) return true;
  if (tls_ != nullptr && ::SSL_pending(tls_->handle) > 0) return true;
  return Poll(POLLIN, Clock::now() + time);
}

std::ptrdiff_t Connection::ReadSome(char* data, std::size_t size) {
  while (true) {
    if (Clock::now() >= deadline_) return -1;
    bool wants_write = false;
    if (tls_ == nullptr) {
      const ssize_t got = ::recv(socket_, data, size, 0);
      if (got >= 0) return got;
      if (errno == EINTR) continue;
      if (errno != EAGAIN && errno != EWOULDBLOCK) return -1;
    } else {
      ::ERR_clear_error();
      const int got = ::SSL_read(tls_->handle, data, static_cast<int>(std::min<std::size_t>(size, 1 << 20)));
      if (got > 0) return got;
      const int reason = ::SSL_get_error(tls_->handle, got);
      if (reason == SSL_ERROR_ZERO_RETURN) return 0;
      if (reason != SSL_ERROR_WANT_READ && reason != SSL_ERROR_WANT_WRITE) return -1;
      wants_write = reason == SSL_ERROR_WANT_WRITE;
    }
    if (!Poll(wants_write ? POLLOUT : POLLIN, std::min(deadline_, Clock::now() + pause_))) return -1;
  }
}

std::ptrdiff_t Connection::Read(char* data, std::size_t size) {
  if (allowance_ == 0) return -1;
  size = std::min(size, allowance_);
  if (buffered_at_ == buffer_.size()) {
    buffer_.resize(kBuffer);
    const std::ptrdiff_t got = ReadSome(buffer_.data(), buffer_.size());
    buffer_.resize(static_cast<std::size_t>(std::max<std::ptrdiff_t>(got, 0)));
    buffered_at_ = 0;
    if (got <= 0) return got;
  }
  size = std::min(size, buffer_.size() - buffered_at_);
  std::copy_n(buffer_.data() + buffered_at_, size, data);
  buffered_at_ += size;
  allowance_ -= size;
  return static_cast<std::ptrdiff_t>(size);
}

std::ptrdiff_t Connection::Write(const char* data, std::size_t size) {
  std::size_t done = 0;
  while (done < size) {
    if (Clock::now() >= deadline_) return -1;
    bool wants_read = false;
    if (tls_ == nullptr) {
      const ssize_t sent = ::send(socket_, data + done, size - done, MSG_NOSIGNAL);
      if (sent >= 0) {
        done += static_cast<std::size_t>(sent);
        continue;
      }
      if (errno == EINTR) continue;
      if (errno != EAGAIN && errno != EWOULDBLOCK) return -1;
    } else {
      ::ERR_clear_error();
      const int sent = ::SSL_write(tls_->handle, data + done,
                                   static_cast<int>(std::min<std::size_t>(size - done, 1 << 20)));
      if (sent > 0) {
        done += static_cast<std::size_t>(sent);
        continue;
      }
      const int reason = ::SSL_get_error(tls_->handle, sent);
      if (reason != SSL_ERROR_WANT_READ && reason != SSL_ERROR_WANT_WRITE) return -1;
      wants_read = reason == SSL_ERROR_WANT_READ;
    }
    if (!Poll(wants_read ? POLLIN : POLLOUT, std::min(deadline_, Clock::now() + pause_))) return -1;
  }
  return static_cast<std::ptrdiff_t>(size);
}

void Connection::Shut() {
  ::shutdown(socket_, SHUT_RDWR);
}

std::string Connection::PeerAddress() const {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  if (::getpeername(socket_, reinterpret_cast<sockaddr*>(&address), &size) != 0) return "";
  char text[INET6_ADDRSTRLEN] = {};
  if (address.ss_family == AF_INET)
    ::inet_ntop(AF_INET, &reinterpret_cast<const sockaddr_in&>(address).sin_addr, text, sizeof text);
  if (address.ss_family == AF_INET6)
    ::inet_ntop(AF_INET6, &reinterpret_cast<const sockaddr_in6&>(address).sin6_addr, text, sizeof text);
  return text;
}

int Connection::PeerPort() const {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  if (::getpeername(socket_, reinterpret_cast<sockaddr*>(&address), &size) != 0) return 0;
  if (address.ss_family == AF_INET) return ntohs(reinterpret_cast<const sockaddr_in&>(address).sin_port);
  if (address.ss_family == AF_INET6) return ntohs(reinterpret_cast<const sockaddr_in6&>(address).sin6_port);
  return 0;
}

}  // namespace kantei::server
