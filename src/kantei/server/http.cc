#include "kantei/server/http.h"

#include <algorithm>
#include <cctype>

#include "kantei/base/files.h"

namespace kantei::server {

Request::~Request() {
  for (const Part& part : parts) {
    std::error_code ignored;
    if (!part.spooled.empty()) std::filesystem::remove(part.spooled, ignored);
  }
}

std::optional<std::string> Request::Query(const std::string& name) const {
  const auto found = query.find(name);
  if (found == query.end()) return std::nullopt;
  return found->second;
}

std::string Request::Header(const std::string& lower_case_name) const {
  const auto found = headers.find(lower_case_name);
  return found == headers.end() ? std::string() : found->second;
}

std::optional<std::string> Request::Cookie(std::string_view name) const {
  const std::string all = Header("cookie");
  std::string_view rest = all;
  while (!rest.empty()) {
    std::string_view pair = rest.substr(0, rest.find(';'));
    rest = pair.size() == rest.size() ? std::string_view() : rest.substr(pair.size() + 1);
    while (pair.starts_with(' ')) pair.remove_prefix(1);
    const std::size_t equals = pair.find('=');
    if (equals != std::string_view::npos && pair.substr(0, equals) == name)
      return std::string(pair.substr(equals + 1));
  }
  return std::nullopt;
}

bool Request::IsMultipart() const {
  return Header("content-type").starts_with("multipart/form-data");
}

Status HttpOptions::Validate() const {
  if (host.empty()) return Error{ErrorCode::kInvalidArgument, "the address to listen on is empty"};
  if (port < 0 || port > 65'535) return Error{ErrorCode::kInvalidArgument, "the port must be 0 to 65535"};
  if (threads < 4 || threads > 4096)
    return Error{ErrorCode::kInvalidArgument, "the number of threads must be 4 to 4096"};
  if (header_seconds < 1 || body_seconds < 1 || read_seconds < 1 || keep_alive_seconds < 1 ||
      keep_alive_requests < 1)
    return Error{ErrorCode::kInvalidArgument, "every time limit of a connection must be at least one second"};
  if (certificate.empty() != key.empty())
    return Error{ErrorCode::kInvalidArgument, "TLS needs both a certificate and its key"};
  return {};
}

std::string SafeFileName(std::string_view sent) {
  const std::size_t slash = sent.find_last_of("/\\");
  if (slash != std::string_view::npos) sent.remove_prefix(slash + 1);
  std::string name;
  for (const char c : sent)
    if (static_cast<unsigned char>(c) >= 0x20 && c != 0x7F) name += c;
  name = DisplayPath(name);  // invalid UTF-8 as U+FFFD
  constexpr std::size_t kLongest = 200;
  if (name.size() > kLongest) {
    std::size_t end = kLongest;
    while (end > 0 && (static_cast<unsigned char>(name[end]) & 0xC0) == 0x80) --end;
    name.resize(end);
  }
  return name.empty() || name == "." || name == ".." ? "unnamed" : name;
}

}  // namespace kantei::server
