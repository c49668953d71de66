// The survey as a page on the loopback interface (docs/survey.md).
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "kantei/base/cancellation.h"
#include "kantei/base/result.h"
#include "kantei/server/survey_sessions.h"

namespace kantei::server {

struct SurveyServerOptions {
  int port = 0;     ///< 0: any that is free, 1..65535 otherwise
  int side = 1024;  ///< longer side of the pictures that are shown, 64..4096; larger ones are shrunk
  int threads = 8;  ///< for requests, 1..256
  Status Validate() const;
};

/// Serves to 127.0.0.1 alone. Requests for another host name and from other sites' pages are refused; bodies above 4 KB too. Pictures are
/// decoded, brought to one size and encoded anew (JPEG, quality 95), so that format, metadata and file size of originals tell nothing.
class SurveyServer {
 public:
  /// `sessions` must outlive the server. kUnavailable when the port is taken.
  static Result<std::unique_ptr<SurveyServer>> Make(SurveySessions* sessions,
                                                    const SurveyServerOptions& options);
  ~SurveyServer();

  int port() const;
  std::string url() const;  ///< "http://127.0.0.1:PORT/"
  /// Serves until the token is cancelled.
  Status Run(const CancellationToken& cancellation);

 private:
  struct State;
  explicit SurveyServer(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace kantei::server
