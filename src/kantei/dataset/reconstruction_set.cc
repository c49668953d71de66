#include "kantei/dataset/reconstruction_set.h"

#include <array>
#include <mutex>
#include <optional>
#include <set>

#include "kantei/base/files.h"
#include "kantei/base/parallel.h"
#include "kantei/base/progress.h"
#include "kantei/base/random.h"
#include "kantei/dataset/authenticity_set.h"
#include "kantei/dataset/authenticity_view.h"
#include "kantei/dataset/mask_maker.h"
#include "kantei/image/decode.h"
#include "kantei/image/encode.h"
#include "kantei/image/transform.h"

namespace kantei::dataset {
namespace {

namespace fs = std::filesystem;

constexpr std::array kMaskKinds{MaskKind::kStrokes, MaskKind::kBlob, MaskKind::kRectangle, MaskKind::kPolygon,
                                MaskKind::kSegment};

Status WriteOnce(const fs::path& path, const image::Image& picture) {
  std::error_code failure;
  fs::create_directories(path.parent_path(), failure);
  return image::WriteImage(path, picture);
}

struct Added {
  std::optional<AuthenticitySample> whole, local;
};

Result<Added> Reconstruct(const generate::Autoencoder& autoencoder, const AuthenticitySample& authentic,
                          const ReconstructionOptions& options, std::uint64_t number) {
  const std::string stem = authentic.picture.stem().string() + "-" + options.engine;
  Added added;
  added.whole = authentic;
  added.whole->picture = options.set / "generated" / authentic.source / (stem + ".png");
  added.whole->original = authentic.picture;
  added.whole->history = History::kGenerated;
  added.whole->engine = options.engine;
  added.whole->split = options.split;
  Random random = Random(options.seed).Fork(number);
  const bool local = random.Chance(options.local);
  const fs::path local_picture = options.set / "edited" / authentic.source / (stem + "-local.png");
  const fs::path local_mask = options.set / "masks" / authentic.source / (stem + "-local.png");
  if (!fs::exists(added.whole->picture) ||
      (local && !(fs::exists(local_picture) && fs::exists(local_mask)))) {
    KANTEI_TRY(const image::DecodedImage decoded, image::DecodeImageFile(authentic.picture, {}));
    const image::Image original = image::ToRgb(decoded.pixels);
    KANTEI_TRY(const image::Image made, autoencoder.Reconstruct(original));
    KANTEI_RETURN_IF_ERROR(WriteOnce(added.whole->picture, made));
    const auto mask =
        local ? MakeMask(original, kMaskKinds[random.Below(kMaskKinds.size())], {}, random) : std::nullopt;
    if (mask) {
      KANTEI_RETURN_IF_ERROR(WriteOnce(local_mask, *mask));
      KANTEI_RETURN_IF_ERROR(WriteOnce(local_picture, CompositeThrough(original, made, *mask)));
    }
  }
  if (local && fs::exists(local_picture) && fs::exists(local_mask)) {
    added.local = added.whole;
    added.local->picture = local_picture;
    added.local->mask = local_mask;
    added.local->history = History::kEdited;
    added.local->engine = options.engine + "-local";
  }
  return added;
}

}  // namespace

Status ReconstructionOptions::Validate() const {
  if (engine.empty() || engine.find_first_of("/\\\t\n") != std::string::npos)
    return Error{ErrorCode::kInvalidArgument, "the engine's name must not be empty nor hold slashes or tabs"};
  if (pictures < 0) return Error{ErrorCode::kInvalidArgument, "pictures must be 0 or more"};
  if (!(local >= 0 && local <= 1))
    return Error{ErrorCode::kInvalidArgument, "local must be a chance, 0 to 1"};
  return {};
}

Result<ReconstructionSummary> AddReconstructions(const generate::Autoencoder& autoencoder,
                                                 const ReconstructionOptions& options,
                                                 const CancellationToken& cancellation) {
  KANTEI_RETURN_IF_ERROR(options.Validate());
  KANTEI_TRY(std::vector<AuthenticitySample> samples, ReadAuthenticitySet(options.set));
  std::vector<AuthenticitySample> authentic;
  std::set<fs::path> known;
  for (const AuthenticitySample& sample : samples) {
    known.insert(sample.picture);
    if (sample.history == History::kAuthentic) authentic.push_back(sample);
  }
  const std::size_t wanted = options.pictures > 0
                                 ? std::min(authentic.size(), static_cast<std::size_t>(options.pictures))
                                 : authentic.size();
  std::vector<Added> added(wanted);
  std::mutex mutex;
  std::optional<Error> failed;
  {
    Progress progress("reconstructing", wanted, "pictures");
    ParallelFor(wanted, ThreadCount(options.threads), cancellation, [&](std::size_t i) {
      auto made = Reconstruct(autoencoder, authentic[i * authentic.size() / wanted], options, i);
      progress.Advance();
      const std::lock_guard lock(mutex);
      if (made.ok()) {
        added[i] = std::move(*made);
      } else if (!failed) {
        failed = made.error();
      }
    });
  }
  KANTEI_RETURN_IF_ERROR(cancellation.Check());
  if (failed) return *failed;
  ReconstructionSummary summary;
  for (const Added& one : added) {
    for (const auto& [sample, count] :
         {std::pair{&one.whole, &summary.whole}, std::pair{&one.local, &summary.local}}) {
      if (!*sample) continue;
      if (known.contains((*sample)->picture)) {
        ++summary.kept;
      } else {
        samples.push_back(**sample);
        ++*count;
      }
    }
  }
  KANTEI_RETURN_IF_ERROR(WriteAuthenticitySet(options.set, samples));
  return summary;
}

}  // namespace kantei::dataset
