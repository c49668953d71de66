#include <utility>

#include "kantei/inspect/check_authenticity.h"
#include "kantei/inspect/check_copy.h"
#include "kantei/inspect/check_metadata.h"
#include "kantei/inspect/check_realism.h"
#include "kantei/inspect/inspector.h"

namespace kantei::inspect {

Result<std::vector<std::unique_ptr<Check>>> MakeStandardChecks(const copy::CopyDetector* detector,
                                                               PixelDetector pixels,
                                                               const InspectOptions& options) {
  KANTEI_RETURN_IF_ERROR(options.Validate());
  using authenticity::AuthenticityQuestion;
  for (const auto question : {AuthenticityQuestion::kAiMade, AuthenticityQuestion::kEdited}) {
    if (pixels.detector != nullptr && !pixels.profile.questions.contains(question))
      return Error{ErrorCode::kInvalidArgument, "the authenticity profile lacks the question \"" +
                                                    std::string(QuestionName(question)) +
                                                    "\"; make it anew with kantei calibrate"};
  }
  std::vector<std::unique_ptr<Check>> checks;
  if (detector != nullptr) checks.push_back(MakeCopyCheck(detector));
  checks.push_back(MakeMetadataCheck(options.record_reader));
  KANTEI_TRY(auto realism, MakeRealismCheck(options.realism_reference));
  checks.push_back(std::move(realism));
  checks.push_back(MakeAuthenticityCheck(std::move(pixels.detector), std::move(pixels.profile), options));
  return checks;
}

}  // namespace kantei::inspect
