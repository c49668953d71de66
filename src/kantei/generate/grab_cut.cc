#include "kantei/generate/grab_cut.h"

#include <algorithm>
#include <exception>
#include <opencv2/core.hpp>
#include <opencv2/imgproc.hpp>

#include "kantei/image/transform.h"

namespace kantei::generate {
namespace {

using image::Image;

constexpr int kSide = 256, kRounds = 2;
constexpr double kLeastShare = 0.005, kMostShare = 0.9;

cv::Mat Copy(const Image& image, int type) {
  return cv::Mat(image.height(), image.width(), type, const_cast<std::uint8_t*>(image.row(0)), image.stride())
      .clone();
}

}  // namespace

Result<Image> RefineByGrabCut(const Image& rgb, const Image& mask, std::uint64_t seed) {
  if (rgb.empty() || rgb.channels() != 3 || mask.channels() != 1 || rgb.width() != mask.width() ||
      rgb.height() != mask.height())
    return Error{ErrorCode::kInvalidArgument, "GrabCut needs a picture of 3 channels and a mask of its size"};
  const Image small = image::ResizeToFit(rgb, kSide), rough = image::ResizeToFit(mask, kSide);
  cv::Mat inside = Copy(rough, CV_8UC1) >= 128;
  const double share = double(cv::countNonZero(inside)) / double(inside.total());
  if (share < kLeastShare || share > kMostShare || std::min(small.width(), small.height()) < 16) return mask;
  try {
    cv::theRNG().state =
        seed ^ 0x9E3779B97F4A7C15ull;  // per thread; k-means of the colour models draws from it
    const int band = std::max(3, std::max(small.width(), small.height()) / 20);
    const cv::Mat disc = cv::getStructuringElement(cv::MORPH_ELLIPSE, {2 * band + 1, 2 * band + 1});
    cv::Mat core, reach;
    cv::erode(inside, core, disc);
    cv::dilate(inside, reach, disc);
    cv::Mat state(inside.size(), CV_8UC1, cv::Scalar(cv::GC_BGD));
    state.setTo(cv::GC_PR_BGD, reach);
    state.setTo(cv::GC_PR_FGD, inside);
    state.setTo(cv::GC_FGD, core);
    cv::Mat background, foreground;
    if (cv::countNonZero(reach) == int(reach.total())) return mask;
    cv::grabCut(Copy(small, CV_8UC3), state, {}, background, foreground, kRounds, cv::GC_INIT_WITH_MASK);
    Image cut(small.width(), small.height(), 1);
    for (int y = 0; y < state.rows; ++y) {
      const std::uint8_t* row = state.ptr<std::uint8_t>(y);
      for (int x = 0; x < state.cols; ++x)
        cut.row(y)[x] = (row[x] & 1) != 0 ? 255 : 0;  // both foregrounds are odd
    }
    cut = image::Resize(cut, rgb.width(), rgb.height());
    bool any = false;
    for (std::uint8_t& value : cut.pixels()) {
      value = value >= 128 ? 255 : 0;
      any = any || value != 0;
    }
    return any ? cut : mask;
  } catch (const std::exception& failure) {  // cv::Exception is one
    return Error{ErrorCode::kInternal, std::string("GrabCut failed: ") + failure.what()};
  }
}

}  // namespace kantei::generate
