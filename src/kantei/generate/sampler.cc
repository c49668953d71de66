#include "kantei/generate/sampler.h"

#include "kantei/generate/sampler_net.h"

namespace kantei::generate {
namespace {

constexpr std::size_t kMaxPromptBytes = 1 << 16;
constexpr int kMaxSide = 16'384;

}  // namespace

Status SampleOptions::Validate() const {
  const auto bad = [](const char* what) { return Status(Error{ErrorCode::kInvalidArgument, what}); };
  if (prompt.size() > kMaxPromptBytes || negative_prompt.size() > kMaxPromptBytes)
    return bad("a prompt has at most 65536 bytes");
  if (!(guidance >= 0 && guidance <= 100)) return bad("guidance must be 0 to 100");
  if ((width == 0) != (height == 0)) return bad("give width and height, or neither");
  if (width < 0 || width > kMaxSide || height < 0 || height > kMaxSide)
    return bad("width and height must be 1 to 16384 pixels");
  if (count < 1 || count > 10'000) return bad("count must be 1 to 10000 pictures");
  if (batch < 1 || batch > 64) return bad("batch must be 1 to 64 pictures");
  if (!(realism_guidance >= 0 && realism_guidance <= 10)) return bad("realism_guidance must be 0 to 10");
  if (attention_slice < 0) return bad("attention_slice must be 0 or more thousands");
  if (!(control_strength >= 0 && control_strength <= 2)) return bad("control strength must be 0 to 2");
  if (strength && !(*strength > 0 && *strength <= 1)) return bad("strength must be above 0 and at most 1");
  if (strength && init.empty()) return bad("a strength is for a picture to start from; give one");
  if (!mask.empty() && init.empty()) return bad("a mask is for a picture to start from; give one");
  if (!mask.empty() && mask.channels() != 1) return bad("a mask has one channel");
  if (!mask.empty() && (mask.width() != init.width() || mask.height() != init.height()))
    return Error{ErrorCode::kInvalidArgument, "the mask has " + std::to_string(mask.width()) + "x" +
                                                  std::to_string(mask.height()) + " pixels and the picture " +
                                                  std::to_string(init.width()) + "x" +
                                                  std::to_string(init.height()) + "; they must be equal"};
  return ValidateMitigations(mitigations, guidance);
}

Result<SampleResult> SamplePictures(const DiffusionModel& model, const SampleOptions& options,
                                    const SampleWatch& watch, const CancellationToken& cancellation) {
  return SampleWithHooks(model.nets(), options, {}, watch, cancellation);
}

}  // namespace kantei::generate
