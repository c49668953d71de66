#include "kantei/nn/manipulation_network.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "kantei/base/files.h"
#include "kantei/base/sha256.h"
#include "kantei/nn/manipulation_backend.h"
#include "kantei/nn/manipulation_file.h"
#include "kantei/nn/manipulation_input.h"
#include "kantei/nn/safetensors.h"

namespace kantei::nn {
namespace {

class AniXploreNetwork : public ManipulationNetwork {
 public:
  AniXploreNetwork(ManipulationInfo info, ManipulationDescription description, int threads,
                   std::unique_ptr<ManipulationPass> pass)
      : info_(std::move(info)),
        description_(std::move(description)),
        threads_(threads),
        pass_(std::move(pass)) {}

  const ManipulationInfo& info() const override { return info_; }

  Result<ManipulationPrediction> Predict(const image::Image& picture) const override {
    if (picture.empty()) return Error{ErrorCode::kInvalidArgument, "the picture has no pixels"};
    const ManipulationInputs inputs = MakeManipulationInputs(picture, description_, threads_);
    KANTEI_TRY(const AniXploreValues values, pass_->Run(inputs.high, inputs.low));
    ManipulationPrediction prediction;
    prediction.label = values.label;
    prediction.mask = image::Plane(inputs.width, inputs.height);
    for (int y = 0; y < inputs.height; ++y) {
      const auto from = static_cast<std::ptrdiff_t>(y) * description_.side;
      std::copy_n(values.mask.begin() + from, inputs.width, prediction.mask.row(y));
    }
    const auto finite = [](float value) { return std::isfinite(value); };
    if (!std::isfinite(values.label) ||
        !std::all_of(prediction.mask.values.begin(), prediction.mask.values.end(), finite)) {
      return Error{ErrorCode::kInternal,
                   "the network " + info_.name +
                       " gave values that are not finite; check its weights with kantei "
                       "models verify"};
    }
    return prediction;
  }

 private:
  ManipulationInfo info_;
  ManipulationDescription description_;
  int threads_;
  std::unique_ptr<ManipulationPass> pass_;
};

}  // namespace

Result<std::unique_ptr<ManipulationNetwork>> ManipulationNetwork::Open(const std::filesystem::path& weights,
                                                                       const ManipulationOptions& options) {
  if (options.threads < 1) {
    return Error{ErrorCode::kInvalidArgument,
                 "a network needs at least one thread, not " + std::to_string(options.threads)};
  }
  const std::string name = DisplayPath(weights);
  KANTEI_TRY(const SafetensorsFile file, SafetensorsFile::Open(weights));
  KANTEI_TRY(ManipulationDescription description, ReadManipulationDescription(file.metadata(), name));
  ManipulationInfo info;
  KANTEI_TRY(auto pass, OpenManipulationPass(file, name, description, options, &info.parameters));
  KANTEI_TRY(info.sha256, Sha256File(weights));
  info.name = description.name.empty() ? DisplayPath(weights.stem()) : description.name;
  info.architecture = description.architecture;
  info.side = description.side;
  info.input = description.input;
  info.released_quirks = description.released_quirks;
  info.bfloat16 = pass->bfloat16();
  info.licence = description.licence;
  info.source = description.source;
  return std::unique_ptr<ManipulationNetwork>(std::make_unique<AniXploreNetwork>(
      std::move(info), std::move(description), options.threads, std::move(pass)));
}

}  // namespace kantei::nn
