#include "kantei/server/http_client.h"

#include <arpa/inet.h>
#include <httplib.h>
#include <netdb.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>

namespace kantei::server {
namespace {

bool SameName(std::string_view a, std::string_view b) {
  return a.size() == b.size() &&
         std::equal(a.begin(), a.end(), b.begin(),
                    [](unsigned char x, unsigned char y) { return std::tolower(x) == std::tolower(y); });
}

/// network/bits as four bytes and a length.
struct Network4 {
  std::uint32_t network;
  int bits;
};
constexpr std::array<Network4, 15> kPrivate4 = {{{0x00000000, 8},    // this network
                                                 {0x0A000000, 8},    // private
                                                 {0x64400000, 10},   // shared (carrier NAT)
                                                 {0x7F000000, 8},    // loopback
                                                 {0xA9FE0000, 16},   // link-local, cloud metadata
                                                 {0xAC100000, 12},   // private
                                                 {0xC0000000, 24},   // protocol assignments
                                                 {0xC0000200, 24},   // documentation
                                                 {0xC0586300, 24},   // 6to4 relay
                                                 {0xC0A80000, 16},   // private
                                                 {0xC6120000, 15},   // benchmarking
                                                 {0xC6336400, 24},   // documentation
                                                 {0xCB007100, 24},   // documentation
                                                 {0xE0000000, 4},    // multicast
                                                 {0xF0000000, 4}}};  // reserved, broadcast

bool IsPrivate4(std::uint32_t address) {
  return std::any_of(kPrivate4.begin(), kPrivate4.end(),
                     [&](const Network4& n) { return (address ^ n.network) >> (32 - n.bits) == 0; });
}

}  // namespace

std::string ClientResponse::Header(std::string_view name) const {
  for (const auto& [key, value] : headers)
    if (SameName(key, name)) return value;
  return "";
}

struct HttpClient::State {
  httplib::Client client;
  explicit State(const std::string& origin) : client(origin) {}
};

HttpClient::HttpClient(const std::string& origin, ClientOptions options)
    : state_(std::make_unique<State>(origin)) {
  httplib::Client& client = state_->client;
  client.set_keep_alive(true);
  client.set_tcp_nodelay(true);
  client.set_follow_location(false);
  client.set_connection_timeout(options.seconds);
  client.set_read_timeout(options.seconds);
  client.set_write_timeout(options.seconds);
  client.enable_server_certificate_verification(options.verify_certificate);
  if (!options.connect_to.empty()) {
    const auto url = ParseUrl(origin);
    if (url.ok()) client.set_hostname_addr_map({{url->host, options.connect_to}});
  }
}
HttpClient::~HttpClient() = default;
HttpClient::HttpClient(HttpClient&&) noexcept = default;

namespace {

Result<ClientResponse> Answer(const httplib::Result& result, const std::string& target) {
  if (!result)
    return Error{ErrorCode::kUnavailable,
                 "no answer to " + target + ": " + httplib::to_string(result.error())};
  ClientResponse response;
  response.status = result->status;
  for (const auto& [name, value] : result->headers) response.headers.emplace_back(name, value);
  response.body = result->body;
  return response;
}

}  // namespace

Result<ClientResponse> HttpClient::Send(const std::string& method, const std::string& target,
                                        const Headers& headers, const std::string& body,
                                        const std::string& content_type) {
  httplib::Request request;
  request.method = method;
  request.path = target;
  for (const auto& [name, value] : headers) request.headers.emplace(name, value);
  if (!content_type.empty()) request.set_header("Content-Type", content_type);
  request.body = body;
  return Answer(state_->client.send(request), target);
}

Result<ClientResponse> HttpClient::SendFiles(const std::string& target, const std::vector<File>& files,
                                             const Headers& headers) {
  httplib::MultipartFormDataItems items;
  for (const File& file : files)
    items.push_back(
        {file.field, file.bytes, file.file_name, file.file_name.empty() ? "" : "application/octet-stream"});
  httplib::Headers sent;
  for (const auto& [name, value] : headers) sent.emplace(name, value);
  return Answer(state_->client.Post(target, sent, items), target);
}

std::string Url::Origin() const {
  const bool six = host.find(':') != std::string::npos;
  return scheme + "://" + (six ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

Result<Url> ParseUrl(const std::string& text) {
  const Error bad{ErrorCode::kInvalidArgument,
                  "the URL must be http://HOST[:PORT]/PATH or https://…, without user and password"};
  if (std::any_of(text.begin(), text.end(), [](unsigned char c) { return c <= 0x20 || c >= 0x7F; }))
    return bad;
  Url url;
  const std::size_t colon = text.find("://");
  if (colon == std::string::npos) return bad;
  url.scheme = text.substr(0, colon);
  if (url.scheme != "http" && url.scheme != "https") return bad;
  url.port = url.scheme == "https" ? 443 : 80;
  const std::size_t begin = colon + 3, slash = std::min(text.find_first_of("/?#", begin), text.size());
  std::string authority = text.substr(begin, slash - begin);
  url.path = slash < text.size() ? text.substr(slash, text.find('#', slash) - slash) : "/";
  if (url.path[0] != '/') url.path.insert(0, "/");
  if (authority.find('@') != std::string::npos) return bad;
  std::size_t port_at = std::string::npos;
  if (authority.starts_with('[')) {
    const std::size_t end = authority.find(']');
    if (end == std::string::npos) return bad;
    url.host = authority.substr(1, end - 1);
    if (end + 1 < authority.size()) {
      if (authority[end + 1] != ':') return bad;
      port_at = end + 2;
    }
  } else {
    const std::size_t separator = authority.find(':');
    url.host = authority.substr(0, separator);
    if (separator != std::string::npos) port_at = separator + 1;
  }
  if (url.host.empty()) return bad;
  if (port_at != std::string::npos) {
    const char* end = authority.data() + authority.size();
    const auto [after, failure] = std::from_chars(authority.data() + port_at, end, url.port);
    if (failure != std::errc() || after != end || url.port < 1 || url.port > 65'535) return bad;
  }
  return url;
}

Result<std::vector<std::string>> ResolveHost(const std::string& host) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (::getaddrinfo(host.c_str(), nullptr, &hints, &found) != 0)
    return Error{ErrorCode::kUnavailable, "the host name " + host + " cannot be resolved"};
  std::vector<std::string> addresses;
  for (const addrinfo* entry = found; entry != nullptr; entry = entry->ai_next) {
    char text[NI_MAXHOST] = {};
    if (::getnameinfo(entry->ai_addr, entry->ai_addrlen, text, sizeof text, nullptr, 0, NI_NUMERICHOST) == 0)
      addresses.emplace_back(text);
  }
  ::freeaddrinfo(found);
  if (addresses.empty()) return Error{ErrorCode::kUnavailable, "the host name " + host + " means no address"};
  return addresses;
}

bool IsPrivateAddress(const std::string& address) {
  in_addr four{};
  if (::inet_pton(AF_INET, address.c_str(), &four) == 1) return IsPrivate4(ntohl(four.s_addr));
  in6_addr six{};
  if (::inet_pton(AF_INET6, address.substr(0, address.find('%')).c_str(), &six) != 1)
    return true;  // unknown: no
  const std::uint8_t* b = six.s6_addr;
  const auto embedded = [&](int at) {
    return IsPrivate4(std::uint32_t{b[at]} << 24 | std::uint32_t{b[at + 1]} << 16 |
                      std::uint32_t{b[at + 2]} << 8 | b[at + 3]);
  };
  if (IN6_IS_ADDR_V4MAPPED(&six)) return embedded(12);
  static constexpr std::uint8_t kNat64[12] = {0x00, 0x64, 0xFF, 0x9B};
  if (std::memcmp(b, kNat64, sizeof kNat64) == 0) return embedded(12);
  if (b[0] == 0x20 && b[1] == 0x02) return embedded(2);  // 6to4
  if ((b[0] & 0xE0) != 0x20) return true;                // only 2000::/3 is the public Internet
  return b[0] == 0x20 && b[1] == 0x01 && b[2] == 0x0D && b[3] == 0xB8;  // documentation
}

}  // namespace kantei::server
