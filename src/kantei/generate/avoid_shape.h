// Pictures that leave the first shape (after TWIG, 2504.14933): a picture is made, the shape of its subject is found, and a second
// one is made that avoids it. Works on any latent diffusion model with attention to words; a ControlNet is used where there is one.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "kantei/base/cancellation.h"
#include "kantei/base/result.h"
#include "kantei/generate/diffusion_model.h"
#include "kantei/generate/sampler.h"
#include "kantei/generate/subject_mask.h"

namespace kantei::generate {

/// How the second picture is kept from the mask M of the first one's subject. Shaped by S means: by the ControlNet with a picture of
/// segments, or without one by raised attention to the content words inside S and lowered attention outside.
enum class AvoidMode {
  kAlteredMask,      ///< shaped by M mirrored, moved or scaled
  kInvertedMask,     ///< shaped by all but M
  kNegativeControl,  ///< pushed off: output - strength x (output shaped by M - output with the words)
  kReseededRegion,  ///< fresh noise inside M at the begin and in early steps, lowered attention to the words there
  kReject           ///< pictures of further seeds until one is unlike the first
};
/// The one that copied least where a model had pictures by heart (docs/results.md).
inline constexpr AvoidMode kDefaultAvoidMode = AvoidMode::kAlteredMask;
/// "altered-mask", "inverted-mask", "negative-control", "reseeded-region", "reject".
std::string_view AvoidModeName(AvoidMode mode);
const std::vector<std::string>& AvoidModeNames();
Result<AvoidMode> ParseAvoidMode(std::string_view name);

struct AvoidOptions {
  AvoidMode mode = kDefaultAvoidMode;
  double strength = 1;           ///< 0..10; 0: the mode's conditioning is off. Not for kReject
  int tries = 8;                 ///< pictures that kReject makes at most besides the first, 1..1000
  double most_mask_iou = 0.5;    ///< 0..1: of the two subjects' masks, above it the shape was not avoided
  double most_similarity = 0.5;  ///< -1..1: of the two pictures, by the caller's measure or else SSIM
  /// kInvalidArgument; also for a picture to start from, a mask or a control picture: what they fix cannot be avoided. And for
  /// mitigations, which move the words whose attention is looked at.
  Status Validate(const SampleOptions& sampling) const;
};

/// A measure of two pictures of one size.
struct PictureMeasure {
  std::string name;  ///< for the record
  std::function<Result<double>(const image::Image&, const image::Image&)> compare;
};

/// Another way of finding the subject than by what is seen while a picture is made: a segmenter.
struct SubjectFinder {
  std::string name;     ///< for the record, e.g. the hash of its weights
  std::string subject;  ///< the class that was asked for, or empty
  /// `words`: the prompt's content words; `only`: the class that the first picture's mask is of, or empty. kNone when it finds none.
  std::function<Result<SubjectMask>(const image::Image&, const std::vector<std::string>& words,
                                    const std::string& only)>
      find;
};

/// What the caller may lend; each may be empty.
struct AvoidTools {
  PictureMeasure similarity;  ///< a copy descriptor's cosine, for example; without it SSIM alone
  PictureMeasure lpips;       ///< a distance, only told
  SubjectFinder subject;      ///< before the run's own ways, which stay where it finds none
};

struct AvoidedPicture {
  SampledPicture first;   ///< what SamplePictures makes of its seed, up to the last bits of sums
  SampledPicture second;  ///< has the first one's seed as well; see second_seed
  SubjectMask first_mask;
  SubjectMask second_mask;           ///< looked for in the way that found the first one
  std::vector<std::string> words;    ///< whose attention was looked at and steered
  std::string alteration;            ///< kAlteredMask: what was done to the mask, else empty
  std::uint64_t second_seed = 0;     ///< of the second picture's noise, or of the fresh part of it
  bool steered = true;               ///< false: no shape or no word was found, and only the noise is another
  bool control = false;              ///< a ControlNet took part
  double ssim = 0;                   ///< between both; of pictures below 11 px that of their enlargements
  std::optional<double> mask_iou;    ///< none when there is no mask of one of them
  std::optional<double> similarity;  ///< by the caller's measure
  std::optional<double> lpips;       ///< likewise
  bool limits_met = false;           ///< most_mask_iou (where there is one) and most_similarity
  int tried = 1;                     ///< second pictures that were made
  std::vector<std::string> first_notes, notes;  ///< what the user should know: of the first picture, of both
  int first_passes = 0,
      passes = 0;  ///< of one picture through a network (UNet or ControlNet): the first picture's, all
};

struct AvoidResult {
  std::vector<AvoidedPicture> pictures;
  std::vector<std::string> notes;  ///< of all pictures, each once
};

/// As SampleWatch. Steps run over both pictures (of kReject: of all that may be made); previews are the second picture's.
struct AvoidWatch {
  std::function<void(int picture, int step, int steps)> step;
  std::function<void(int picture, int step, const image::Image& rough)> preview;
  int preview_every = 0;
  std::function<Status(AvoidedPicture&& picture)> finished;
};

/// `options.count` pairs, of seeds that follow each other, one pair at a time (`batch` is not used); a pair depends on its own seed
/// alone. Errors as SamplePictures'.
Result<AvoidResult> AvoidShape(const DiffusionModel& model, const SampleOptions& options,
                               const AvoidOptions& avoid, const AvoidTools& tools = {},
                               const AvoidWatch& watch = {}, const CancellationToken& cancellation = {});

}  // namespace kantei::generate
