#include "kantei/cli/output.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

namespace kantei::cli {
namespace {
constexpr std::size_t kBufferBytes = std::size_t{1} << 16;
}

void Output::Write(std::string_view text) {
  if (failed()) return;
  buffer_ += text;
  if (buffer_.size() >= kBufferBytes) (void)Flush();
}

void Output::WriteLine(std::string_view line) {
  Write(line);
  Write("\n");
}

Status Output::Flush() {
  std::size_t done = 0;
  while (status_.ok() && done < buffer_.size()) {
    const ssize_t put = ::write(descriptor_, buffer_.data() + done, buffer_.size() - done);
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) {
      Refuse(std::string("standard output cannot be written: ") + std::strerror(errno) +
             "; the output is not complete");
    } else {
      done += static_cast<std::size_t>(put);
    }
  }
  buffer_.clear();
  return status_;
}

void Output::Refuse(std::string message) {
  if (status_.ok()) status_ = Error{ErrorCode::kUnavailable, std::move(message)};
}

bool Output::IsTerminal() const {
  return ::isatty(descriptor_) == 1;
}

int Output::Width() const {
  winsize size{};
  const bool known = IsTerminal() && ::ioctl(descriptor_, TIOCGWINSZ, &size) == 0 && size.ws_col > 0;
  return known ? std::clamp<int>(size.ws_col, 60, 140) : 110;
}

}  // namespace kantei::cli
