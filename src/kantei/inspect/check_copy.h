// "Is it a copy of a picture in the library?" Private to inspect.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>

#include "kantei/copy/detector.h"
#include "kantei/inspect/inspector.h"

namespace kantei::inspect {

/// The query and a way to the previews of known pictures.
struct CopyView {
  const image::Image* query = nullptr;  ///< upright, at any size
  int full_width = 0, full_height = 0;  ///< the size that coordinates of findings refer to
  std::string_view sha256;              ///< of the query's file; may be empty
  std::function<Result<image::Image>(std::int64_t picture_id)> preview;
};

CheckReport DescribeCopy(std::int64_t library_pictures);
CheckReport ReportCopy(const copy::CopyFindings& findings, const CopyView& view);

/// The detector must outlive the check.
std::unique_ptr<Check> MakeCopyCheck(const copy::CopyDetector* detector);

}  // namespace kantei::inspect
