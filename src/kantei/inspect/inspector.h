// Runs every check on one picture. A new check is one file with a Check and one line in MakeStandardChecks.
#pragma once

#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "kantei/authenticity/authenticity_profile.h"
#include "kantei/authenticity/detector_factory.h"
#include "kantei/authenticity/manipulation_detector.h"
#include "kantei/base/cancellation.h"
#include "kantei/base/result.h"
#include "kantei/image/decode.h"
#include "kantei/inspect/evidence.h"
#include "kantei/inspect/record_finding.h"

namespace kantei::copy {
class CopyDetector;
}

namespace kantei::inspect {

/// What a check may look at.
struct Subject {
  std::span<const std::byte> file;          ///< the bytes as they came
  const image::DecodedImage* decoded;       ///< longer side at most InspectOptions::working_side
  const std::vector<CheckReport>* earlier;  ///< reports of the checks that ran before, in order
  std::string_view sha256;                  ///< of `file`, 64 lower-case digits
  const std::filesystem::path& path;        ///< where the bytes came from
};

/// One question asked of a picture. Run is called from several threads at once.
class Check {
 public:
  virtual ~Check() = default;
  /// key, name, question and limits: what a report says when the check itself could not.
  virtual CheckReport Describe() const = 0;
  /// Errors of the check go into CheckReport::error; the other checks still run.
  virtual CheckReport Run(const Subject& subject) const = 0;
};

struct InspectOptions {
  image::DecodeLimits limits;
  int working_side = 1024;                  ///< pixels; 512..4096
  std::string realism_reference = "photo";  ///< "photo", "drawn", or a fitted name
  RecordReader record_reader;               ///< empty: records beside pictures are not looked for
  CancellationToken cancellation;
  Status Validate() const;
};

/// What looks for AI making and editing in the pixels, and what its logits mean.
struct PixelDetector {
  std::shared_ptr<const authenticity::ManipulationDetector> detector;  ///< null: declarations only
  authenticity::AuthenticityProfile profile;                           ///< of that detector
};

/// Empty paths: the shipped weights (kNotFound when none are installed), and the profile beside the weights.
Result<PixelDetector> OpenPixelDetector(const std::filesystem::path& weights,
                                        const std::filesystem::path& profile,
                                        const authenticity::DetectorOptions& options = {});

/// copy (when detector is not null), metadata, realism, authenticity: in this order. The detector must
/// outlive the checks. kInvalidArgument when the profile lacks a question that is asked.
Result<std::vector<std::unique_ptr<Check>>> MakeStandardChecks(const copy::CopyDetector* detector,
                                                               PixelDetector pixels,
                                                               const InspectOptions& options);

class Inspector {
 public:
  Inspector(std::vector<std::unique_ptr<Check>> checks, InspectOptions options);
  ~Inspector();
  /// Never fails as a call: what went wrong is in Inspection::error or in a check's error. Thread-safe.
  Inspection Inspect(const std::filesystem::path& path) const;

 private:
  std::vector<std::unique_ptr<Check>> checks_;
  InspectOptions options_;
};

/// Statements of different checks that do not fit together, e.g. camera EXIF beside generator tags.
std::vector<Text> FindConflicts(const std::vector<CheckReport>& checks);

}  // namespace kantei::inspect
