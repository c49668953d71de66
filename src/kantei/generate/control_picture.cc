#include "kantei/generate/control_picture.h"

#include <opencv2/imgproc.hpp>

#include "kantei/image/transform.h"

namespace kantei::generate {

Status EdgeOptions::Validate() const {
  if (!(low >= 0 && low <= high && high <= 100'000))
    return Error{ErrorCode::kInvalidArgument, "edges need two thresholds, 0 <= low <= high"};
  return {};
}

Result<image::Image> EdgePicture(const image::Image& picture, const EdgeOptions& options) {
  KANTEI_RETURN_IF_ERROR(options.Validate());
  image::Image grey = image::ToGrey(picture);
  image::Image edges(grey.width(), grey.height(), 1);
  const cv::Mat from(grey.height(), grey.width(), CV_8UC1, grey.pixels().data());
  cv::Mat to(grey.height(), grey.width(), CV_8UC1, edges.pixels().data());
  cv::Canny(from, to, options.low, options.high);
  return image::ToRgb(edges);
}

}  // namespace kantei::generate
