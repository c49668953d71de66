#include "kantei/server/multipart.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cctype>
#include <cerrno>
#include <utility>

#include "kantei/base/files.h"
#include "kantei/server/secrets.h"

namespace kantei::server {
namespace {

constexpr std::size_t kMaxHead = 4096;       // bytes of a part's headers
constexpr std::size_t kMaxField = 64 << 10;  // bytes of a field's value
constexpr std::size_t kMaxFields = 64;

Error Malformed(std::string what) {
  return {ErrorCode::kInvalidArgument, "the multipart body is malformed: " + std::move(what)};
}

std::string Lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return out;
}

std::string_view Trim(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

/// The value of `; name=value` or `; name="value"` (with backslash escapes) in a header; nothing when it is missing or torn.
std::optional<std::string> Parameter(std::string_view header, std::string_view wanted) {
  std::size_t at = header.find(';');
  while (at < header.size()) {
    ++at;
    const std::size_t equals = header.find('=', at);
    if (equals == std::string_view::npos) return std::nullopt;
    const std::string name = Lower(Trim(header.substr(at, equals - at)));
    at = equals + 1;
    std::string value;
    if (at < header.size() && header[at] == '"') {
      for (++at; at < header.size() && header[at] != '"'; ++at) {
        // Browsers escape quotes as %22 and send backslashes as they are (names of Windows paths).
        if (header[at] == '\\' && at + 1 < header.size() && header[at + 1] == '"') ++at;
        value += header[at];
      }
      if (at >= header.size()) return std::nullopt;
      at = header.find(';', at);
    } else {
      const std::size_t end = std::min(header.find(';', at), header.size());
      value = Trim(header.substr(at, end - at));
      at = end;
    }
    if (name == wanted) return value;
    if (at == std::string_view::npos) return std::nullopt;
  }
  return std::nullopt;
}

}  // namespace

Result<std::string> MultipartBoundary(std::string_view content_type) {
  const auto boundary = Parameter(content_type, "boundary");
  const auto allowed = [](unsigned char c) {
    return std::isalnum(c) ||
           std::string_view("'()+_,-./:=? ").find(static_cast<char>(c)) != std::string_view::npos;
  };
  if (!boundary || boundary->empty() || boundary->size() > 70 || boundary->back() == ' ' ||
      !std::all_of(boundary->begin(), boundary->end(), allowed))
    return Malformed("its Content-Type names no usable boundary");
  return *boundary;
}

struct MultipartReader::State {
  enum class Place { kPreamble, kAfterBoundary, kHead, kBody, kEpilogue };

  std::string delimiter;  // CRLF, two dashes, the boundary
  BodyRule rule;
  Place place = Place::kPreamble;
  std::string pending = "\r\n";  // the first delimiter may stand at the very beginning
  std::vector<Part> parts;
  int files = 0;
  int descriptor = -1;

  ~State() {
    if (descriptor >= 0) ::close(descriptor);
    for (const Part& part : parts) {
      std::error_code ignored;
      if (!part.spooled.empty()) std::filesystem::remove(part.spooled, ignored);
    }
  }

  Status BeginPart(std::string_view head) {
    Part part;
    bool named = false;
    while (!head.empty()) {
      const std::size_t end = std::min(head.find("\r\n"), head.size());
      const std::string_view line = head.substr(0, end);
      head.remove_prefix(std::min(head.size(), end + 2));
      const std::size_t colon = line.find(':');
      if (colon == std::string_view::npos) return Malformed("a part's header has no colon");
      if (Lower(Trim(line.substr(0, colon))) != "content-disposition") continue;
      const std::string_view value = Trim(line.substr(colon + 1));
      if (!Lower(value).starts_with("form-data")) return Malformed("a part is not form-data");
      const auto name = Parameter(value, "name");
      if (!name || name->empty() || name->size() > 200) return Malformed("a part has no name");
      named = true;
      part.name = *name;
      if (const auto file_name = Parameter(value, "filename")) {
        part.is_file = true;
        part.file_name = SafeFileName(*file_name);
      }
    }
    if (!named) return Malformed("a part has no Content-Disposition");
    if (part.is_file) {
      if (++files > rule.max_files)
        return Error{ErrorCode::kTooLarge,
                     "the request has more than " + std::to_string(rule.max_files) + " files"};
      part.spooled = rule.spool / ("upload-" + RandomToken());
      descriptor = ::open(part.spooled.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
      if (descriptor < 0) return FileError(rule.spool, "cannot take uploads");
    } else if (parts.size() >= kMaxFields + static_cast<std::size_t>(rule.max_files)) {
      return Error{ErrorCode::kTooLarge, "the request has too many fields"};
    }
    parts.push_back(std::move(part));
    return {};
  }

  Status Add(std::string_view data) {
    Part& part = parts.back();
    part.bytes += data.size();
    if (!part.is_file) {
      if (part.bytes > kMaxField)
        return Error{ErrorCode::kTooLarge, "the field " + part.name + " is longer than 64 kB"};
      part.value += data;
      return {};
    }
    if (part.bytes > rule.max_file_bytes)
      return Error{ErrorCode::kTooLarge, part.file_name + " is larger than the limit of " +
                                             std::to_string(rule.max_file_bytes) + " bytes for one picture"};
    while (!data.empty()) {
      const ssize_t written = ::write(descriptor, data.data(), data.size());
      if (written < 0 && errno == EINTR) continue;
      if (written <= 0) return FileError(rule.spool, "cannot take the upload");
      data.remove_prefix(static_cast<std::size_t>(written));
    }
    return {};
  }

  void EndPart() {
    if (descriptor >= 0) ::close(std::exchange(descriptor, -1));
  }

  /// One step over `pending`; false when more data are needed.
  Result<bool> Step() {
    switch (place) {
      case Place::kPreamble:
      case Place::kBody: {
        const std::size_t found = pending.find(delimiter);
        // What may be the beginning of a delimiter waits for more.
        const std::size_t ready = found != std::string::npos
                                      ? found
                                      : pending.size() - std::min(pending.size(), delimiter.size() - 1);
        if (place == Place::kBody && ready > 0)
          KANTEI_RETURN_IF_ERROR(Add(std::string_view(pending).substr(0, ready)));
        if (found == std::string::npos) {
          pending.erase(0, ready);
          return false;
        }
        if (place == Place::kBody) EndPart();
        pending.erase(0, found + delimiter.size());
        place = Place::kAfterBoundary;
        return true;
      }
      case Place::kAfterBoundary: {
        const std::size_t text =
            pending.find_first_not_of(" \t");  // padding is allowed before the line's end
        if (text == std::string::npos || pending.size() - text < 2) {
          if (pending.size() > 256) return Malformed("a boundary is followed by rubbish");
          return false;
        }
        const std::string next = pending.substr(text, 2);
        if (next != "--" && next != "\r\n") return Malformed("a boundary is followed by rubbish");
        place = next == "--" ? Place::kEpilogue : Place::kHead;
        // The line's end stays: together with an empty head it makes the blank line.
        pending.erase(0, next == "--" ? text + 2 : text);
        return true;
      }
      case Place::kHead: {
        const std::size_t end = pending.find("\r\n\r\n");
        if (end == std::string::npos || end > kMaxHead) {
          if (pending.size() > kMaxHead) return Malformed("a part's headers are longer than 4096 bytes");
          return false;
        }
        KANTEI_RETURN_IF_ERROR(BeginPart(std::string_view(pending).substr(2, end > 2 ? end - 2 : 0)));
        // The CRLF that ends the head stays for now: it may begin the delimiter of an empty part.
        pending.erase(0, end + 2);
        skip = 2;
        place = Place::kBody;
        return SkipHeadEnd();
      }
      case Place::kEpilogue:
        pending.clear();
        return false;
    }
    return false;
  }

  std::size_t skip = 0;
  /// Drops the CRLF that ended the head once it is clear that it does not begin a delimiter.
  Result<bool> SkipHeadEnd() {
    if (skip == 0) return true;
    if (pending.size() < delimiter.size() && delimiter.starts_with(pending)) return false;
    if (!pending.starts_with(delimiter)) pending.erase(0, skip);
    skip = 0;
    return true;
  }
};

MultipartReader::MultipartReader(std::string boundary, BodyRule rule) : state_(std::make_unique<State>()) {
  state_->delimiter = "\r\n--" + boundary;
  state_->rule = std::move(rule);
}
MultipartReader::~MultipartReader() = default;

Status MultipartReader::Feed(std::string_view data) {
  State& state = *state_;
  state.pending += data;
  while (true) {
    KANTEI_TRY(const bool ready, state.SkipHeadEnd());
    if (!ready) return {};
    KANTEI_TRY(const bool more, state.Step());
    if (!more) return {};
  }
}

Status MultipartReader::Finish() {
  if (state_->place != State::Place::kEpilogue) return Malformed("it ends before its closing boundary");
  return {};
}

std::vector<Part> MultipartReader::TakeParts() {
  return std::exchange(state_->parts, {});
}

}  // namespace kantei::server
