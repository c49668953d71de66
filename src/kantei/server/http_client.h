// A small HTTP client: deliveries to webhooks, the watch folder, and the tests.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "kantei/base/result.h"

namespace kantei::server {

struct ClientOptions {
  int seconds = 10;  ///< for connecting, and for each pause while reading
  std::string connect_to =
      {};  ///< an address to use instead of what the host's name means; empty: resolve it
  bool verify_certificate = true;
};

struct ClientResponse {
  int status = 0;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
  /// Of the first of that name, in any case of letters; empty when there is none.
  std::string Header(std::string_view name) const;
};

/// http://host:port or https://host:port, without a path. Not thread-safe; keeps its connection.
class HttpClient {
 public:
  explicit HttpClient(const std::string& origin, ClientOptions options = {});
  ~HttpClient();
  HttpClient(HttpClient&&) noexcept;

  using Headers = std::vector<std::pair<std::string, std::string>>;
  /// kUnavailable when no answer comes. Redirects are not followed.
  Result<ClientResponse> Send(const std::string& method, const std::string& target,
                              const Headers& headers = {}, const std::string& body = {},
                              const std::string& content_type = {});
  struct File {
    std::string field, file_name, bytes;  ///< an empty file name: a field
  };
  Result<ClientResponse> SendFiles(const std::string& target, const std::vector<File>& files,
                                   const Headers& headers = {});

 private:
  struct State;
  std::unique_ptr<State> state_;
};

struct Url {
  std::string scheme, host, path;  ///< host without brackets; path begins with a slash
  int port = 0;
  std::string Origin() const;
};
/// kInvalidArgument for anything but http and https with a host and no user.
Result<Url> ParseUrl(const std::string& text);

/// Addresses that a name means, as text. kUnavailable when it means none.
Result<std::vector<std::string>> ResolveHost(const std::string& host);
/// Loopback, private, link-local, shared, multicast, reserved: what a server must not be talked into calling.
bool IsPrivateAddress(const std::string& address);

}  // namespace kantei::server
