// Whether an edited picture deceives a vision-language model, in the form of UGDA (SAGI, arXiv 2502.06593): first the edited picture alone
// is judged for realism, then it is compared with the original twice, in both orders.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "kantei/base/cancellation.h"
#include "kantei/base/result.h"
#include "kantei/dataset/chat_endpoint.h"
#include "kantei/image/image.h"

namespace kantei::dataset {

enum class Deceptiveness {
  kUnrealistic,  ///< already alone it does not look real
  kDeceiving,    ///< the original was taken for the edited one both times, or the answers disagree
  kUndeceiving,  ///< it was found both times, confidently
  kUncertain,    ///< it was found both times, but not confidently
  kUnknown,      ///< the endpoint gave no fit answer
};
/// "unrealistic", "deceiving", "undeceiving", "uncertain", "unknown".
std::string_view DeceptivenessName(Deceptiveness outcome);
Result<Deceptiveness> ParseDeceptiveness(std::string_view name);

/// One comparison: was the edited picture the one that the model named?
struct Comparison {
  bool found = false;
  double confidence = 0;  ///< the model's own word, 0..1; not calibrated
};

struct DeceptivenessVerdict {
  Deceptiveness outcome = Deceptiveness::kUnknown;
  std::optional<bool> realistic;            ///< none: not answered
  double realism_confidence = 0;            ///< of that answer, 0..1
  std::optional<Comparison> edited_second;  ///< shown original, edited; none: not asked or not answered
  std::optional<Comparison> edited_first;   ///< shown edited, original
  std::string reason;                       ///< the model's last words, or why there is no answer
};

/// The rule alone: what two comparisons say.
Deceptiveness CompareVerdict(const Comparison& first, const Comparison& second, double confident);

struct JudgeOptions {
  int side = 768;            ///< longer side of what is sent, 64..4096; larger pictures are shrunk
  int quality = 90;          ///< of its JPEG, 50..100
  double confident = 0.6;    ///< from this confidence on in both comparisons, 0..1
  bool realism_step = true;  ///< off: only the comparisons
  Status Validate() const;
};

/// Thread-safe.
class DeceptivenessJudge {
 public:
  static Result<DeceptivenessJudge> Make(std::shared_ptr<ChatEndpoint> endpoint, const JudgeOptions& options);

  /// `original` and `edited` show the same scene. An endpoint that fails makes the outcome kUnknown; errors are kCancelled and what the
  /// encoder says.
  Result<DeceptivenessVerdict> Judge(const image::Image& original, const image::Image& edited,
                                     std::uint64_t seed, const CancellationToken& cancellation) const;

  const ChatEndpoint& endpoint() const { return *endpoint_; }
  const JudgeOptions& options() const { return options_; }

 private:
  DeceptivenessJudge(std::shared_ptr<ChatEndpoint> endpoint, const JudgeOptions& options)
      : endpoint_(std::move(endpoint)), options_(options) {}

  std::shared_ptr<ChatEndpoint> endpoint_;
  JudgeOptions options_;
};

}  // namespace kantei::dataset
