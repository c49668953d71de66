// multipart/form-data (RFC 7578) as it arrives: files go to disk, fields stay in memory, both within limits.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "kantei/base/result.h"
#include "kantei/server/http.h"

namespace kantei::server {

/// The boundary of a Content-Type; kInvalidArgument when there is none or it is not 1 to 70 allowed characters.
Result<std::string> MultipartBoundary(std::string_view content_type);

/// Feed it the body piece by piece, then Finish. An error is final: kInvalidArgument for what is malformed, kTooLarge for a limit,
/// kUnavailable when the spool cannot be written.
class MultipartReader {
 public:
  MultipartReader(std::string boundary, BodyRule rule);
  ~MultipartReader();
  Status Feed(std::string_view data);
  /// Errors when the closing boundary has not come. Files are closed.
  Status Finish();
  /// The parts so far; those with a file own one in the spool.
  std::vector<Part> TakeParts();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace kantei::server
