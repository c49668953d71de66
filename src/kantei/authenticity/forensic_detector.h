// Detection and localisation by the small network of our own (models/forensic.safetensors).
#pragma once

#include <filesystem>
#include <memory>

#include "kantei/authenticity/manipulation_detector.h"

namespace kantei::authenticity {

struct ForensicDetectorOptions {
  bool bfloat16 = false;  ///< where the processor multiplies it
  /// Pictures larger than this are read in tiles of it, which overlap by 64 px on each side; 256..8192, a multiple of 32.
  int tile = 2048;
};

class ForensicDetector : public ManipulationDetector {
 public:
  /// A file written by `kantei train authenticity`. kCorrupt names missing, surplus and misshapen tensors.
  static Result<std::unique_ptr<ForensicDetector>> Open(const std::filesystem::path& path,
                                                        const ForensicDetectorOptions& options);
  ~ForensicDetector() override;

  std::string id() const override { return id_; }
  std::string_view precision() const override { return options_.bfloat16 ? "bfloat16" : "float32"; }
  /// The picture is never resized. The verdict is that of windows of 256 px, 128 px apart: ai_made_logit is their mean,
  /// edited_logit the mean of the highest tenth of them, since an edit need not reach far.
  Result<PixelFindings> Analyse(const image::Image& picture,
                                const CancellationToken& cancellation) const override;

 private:
  struct Network;
  ForensicDetector();
  ForensicDetectorOptions options_;
  std::string id_;
  std::unique_ptr<Network> network_;
};

}  // namespace kantei::authenticity
