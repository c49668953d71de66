#include "kantei/dataset/deceptiveness.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "kantei/image/encode.h"
#include "kantei/image/transform.h"

namespace kantei::dataset {
namespace {

constexpr Deceptiveness kOutcomes[] = {Deceptiveness::kUnrealistic, Deceptiveness::kDeceiving,
                                       Deceptiveness::kUndeceiving, Deceptiveness::kUncertain,
                                       Deceptiveness::kUnknown};

constexpr const char* kSystem =
    "You examine photographs for a data set on manipulated pictures. Parts of some pictures were replaced by "
    "software. You answer in JSON "
    "only.";

Json Schema(const char* verdict, Json verdict_schema) {
  return Json{{"type", "object"},
              {"properties",
               {{verdict, std::move(verdict_schema)},
                {"confidence", {{"type", "number"}, {"minimum", 0}, {"maximum", 1}}},
                {"reason", {{"type", "string"}, {"maxLength", 1000}}}}},
              {"required", {verdict, "confidence", "reason"}},
              {"additionalProperties", false}};
}

ChatQuestion RealismQuestion(const Bytes& edited, std::uint64_t seed) {
  ChatQuestion question;
  question.system = kSystem;
  question.user =
      "Does this picture look like a real, unaltered photograph? Look for objects that do not belong, wrong "
      "shapes, light, shadows, "
      "texture and seams. Give realistic (true or false), your confidence from 0 to 1, and a short reason.";
  question.jpegs = {edited};
  question.name = "realism";
  question.schema = Schema("realistic", {{"type", "boolean"}});
  question.seed = seed;
  return question;
}

ChatQuestion CompareQuestion(const Bytes& first, const Bytes& second, std::uint64_t seed) {
  ChatQuestion question;
  question.system = kSystem;
  question.user =
      "Here are two versions of one picture. In one of them a part was replaced by software. Which one was "
      "altered? Give altered (first "
      "or second), your confidence from 0 to 1, and a short reason.";
  question.jpegs = {first, second};
  question.name = "comparison";
  question.schema = Schema("altered", {{"type", "string"}, {"enum", {"first", "second"}}});
  question.seed = seed;
  return question;
}

std::string Reason(const Json& answer) {
  std::string reason = answer.at("reason");
  std::replace_if(
      reason.begin(), reason.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; },
      ' ');
  return reason;
}

}  // namespace

std::string_view DeceptivenessName(Deceptiveness outcome) {
  switch (outcome) {
    case Deceptiveness::kUnrealistic:
      return "unrealistic";
    case Deceptiveness::kDeceiving:
      return "deceiving";
    case Deceptiveness::kUndeceiving:
      return "undeceiving";
    case Deceptiveness::kUncertain:
      return "uncertain";
    case Deceptiveness::kUnknown:
      break;
  }
  return "unknown";
}

Result<Deceptiveness> ParseDeceptiveness(std::string_view name) {
  for (const Deceptiveness outcome : kOutcomes)
    if (name == DeceptivenessName(outcome)) return outcome;
  return Error{ErrorCode::kInvalidArgument,
               "\"" + std::string(name.substr(0, 60)) + "\" is no outcome of judging"};
}

Deceptiveness CompareVerdict(const Comparison& first, const Comparison& second, double confident) {
  if (!first.found || !second.found) return Deceptiveness::kDeceiving;
  return first.confidence >= confident && second.confidence >= confident ? Deceptiveness::kUndeceiving
                                                                         : Deceptiveness::kUncertain;
}

Status JudgeOptions::Validate() const {
  const auto bad = [](const std::string& what) { return Error{ErrorCode::kInvalidArgument, what}; };
  if (side < 64 || side > 4096) return bad("side must be between 64 and 4096 pixels");
  if (quality < 50 || quality > 100) return bad("quality must be between 50 and 100");
  if (!(confident >= 0 && confident <= 1)) return bad("confident must be between 0 and 1");
  return {};
}

Result<DeceptivenessJudge> DeceptivenessJudge::Make(std::shared_ptr<ChatEndpoint> endpoint,
                                                    const JudgeOptions& options) {
  KANTEI_CHECK(endpoint != nullptr);
  KANTEI_RETURN_IF_ERROR(options.Validate());
  return DeceptivenessJudge(std::move(endpoint), options);
}

Result<DeceptivenessVerdict> DeceptivenessJudge::Judge(const image::Image& original,
                                                       const image::Image& edited, std::uint64_t seed,
                                                       const CancellationToken& cancellation) const {
  KANTEI_TRY(const Bytes original_jpeg,
             image::EncodeJpeg(image::ResizeToFit(original, options_.side), options_.quality));
  KANTEI_TRY(const Bytes edited_jpeg,
             image::EncodeJpeg(image::ResizeToFit(edited, options_.side), options_.quality));
  DeceptivenessVerdict verdict;
  const auto unknown = [&verdict](const Error& error) -> Result<DeceptivenessVerdict> {
    if (error.code == ErrorCode::kCancelled) return error;
    verdict.outcome = Deceptiveness::kUnknown;
    verdict.reason = error.message;
    return verdict;
  };

  if (options_.realism_step) {
    const auto answer = endpoint_->Ask(RealismQuestion(edited_jpeg, seed), {}, cancellation);
    if (!answer.ok()) return unknown(answer.error());
    verdict.realistic = answer->at("realistic").get<bool>();
    verdict.realism_confidence = answer->at("confidence");
    verdict.reason = Reason(*answer);
    if (!*verdict.realistic) {
      verdict.outcome = Deceptiveness::kUnrealistic;
      return verdict;
    }
  }

  // Models favour a place; asked in both orders, that favour cancels itself out.
  for (const bool edited_first : {false, true}) {
    const auto answer = endpoint_->Ask(edited_first ? CompareQuestion(edited_jpeg, original_jpeg, seed)
                                                    : CompareQuestion(original_jpeg, edited_jpeg, seed),
                                       {}, cancellation);
    if (!answer.ok()) return unknown(answer.error());
    (edited_first ? verdict.edited_first : verdict.edited_second) =
        Comparison{answer->at("altered") == (edited_first ? "first" : "second"), answer->at("confidence")};
    verdict.reason = Reason(*answer);
  }
  verdict.outcome = CompareVerdict(*verdict.edited_second, *verdict.edited_first, options_.confident);
  return verdict;
}

}  // namespace kantei::dataset
