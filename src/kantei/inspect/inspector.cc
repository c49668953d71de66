#include "kantei/inspect/inspector.h"

#include <chrono>
#include <exception>
#include <utility>

#include "kantei/base/files.h"
#include "kantei/base/sha256.h"
#include "kantei/image/transform.h"

namespace kantei::inspect {
namespace {

constexpr int kPreviewSide = 480;

class Stopwatch {
 public:
  double seconds() const {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
  }

 private:
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

/// A bug in one check must not take the other answers, nor the rest of a batch, with it.
CheckReport RunGuarded(const Check& check, const Subject& subject) {
  const Stopwatch watch;
  CheckReport report;
  try {
    report = check.Run(subject);
  } catch (const std::exception& failure) {
    report = check.Describe();
    report.error =
        Error{ErrorCode::kInternal, std::string("The check stopped on an internal error: ") + failure.what() +
                                        "; please report it with the picture if you can share it."};
  }
  report.seconds = watch.seconds();
  return report;
}

void InspectBytes(const std::vector<std::unique_ptr<Check>>& checks, const InspectOptions& options,
                  Inspection* out) {
  FileFacts& file = out->file;
  auto bytes = ReadFile(file.path, options.limits.max_file_bytes);
  if (!bytes.ok()) {
    out->error = bytes.error();
    return;
  }
  file.bytes = static_cast<std::int64_t>(bytes->size());
  file.sha256 = Sha256Hex(std::span<const std::byte>(*bytes));
  file.format = image::FormatName(image::SniffFormat(*bytes));

  auto decoded = image::DecodeImage(*bytes, DisplayPath(file.path), {options.limits, options.working_side});
  if (!decoded.ok()) {
    out->error = decoded.error();
    return;
  }
  file.format = image::FormatName(decoded->format);
  file.width = decoded->original_width;
  file.height = decoded->original_height;
  file.orientation = decoded->orientation;
  file.frames = decoded->frames;
  file.warning = decoded->warning;
  out->preview = image::ResizeToFit(decoded->pixels, kPreviewSide);

  out->checks.reserve(checks.size());
  for (const auto& check : checks) {
    const Subject subject{*bytes, &*decoded, &out->checks, file.sha256, file.path};
    CheckReport report = RunGuarded(*check, subject);
    out->checks.push_back(std::move(report));
  }
  out->conflicts = FindConflicts(out->checks);
}

}  // namespace

Status InspectOptions::Validate() const {
  if (working_side < 512 || working_side > 4096)
    return Error{ErrorCode::kInvalidArgument, "working_side is " + std::to_string(working_side) +
                                                  "; it must be between 512 and 4096 pixels."};
  if (realism_reference.empty())
    return Error{ErrorCode::kInvalidArgument,
                 "realism_reference is empty; give \"photo\", \"drawn\" or the name of a fitted reference."};
  if (limits.max_file_bytes == 0 || limits.max_pixels == 0 || limits.max_pixels_whole_frame == 0 ||
      limits.max_side < 1)
    return Error{ErrorCode::kInvalidArgument,
                 "A limit on bytes, pixels or sides is 0; every limit must be positive."};
  if (!(limits.max_seconds > 0))
    return Error{ErrorCode::kInvalidArgument, "limits.max_seconds must be greater than 0."};
  return {};
}

Inspector::Inspector(std::vector<std::unique_ptr<Check>> checks, InspectOptions options)
    : checks_(std::move(checks)), options_(std::move(options)) {}

Inspector::~Inspector() = default;

Inspection Inspector::Inspect(const std::filesystem::path& path) const {
  const Stopwatch watch;
  Inspection inspection;
  inspection.file.path = path;
  try {
    InspectBytes(checks_, options_, &inspection);
  } catch (const std::bad_alloc&) {
    inspection.error =
        Error{ErrorCode::kTooLarge, "There was not enough memory to inspect " + DisplayPath(path) +
                                        "; lower --jobs or the limits on pixels."};
  } catch (const std::exception& failure) {
    inspection.error =
        Error{ErrorCode::kInternal,
              "Inspecting " + DisplayPath(path) + " stopped on an internal error: " + failure.what() + "."};
  }
  inspection.seconds = watch.seconds();
  return inspection;
}

}  // namespace kantei::inspect
