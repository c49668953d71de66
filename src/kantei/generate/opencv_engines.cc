#include "kantei/generate/opencv_engines.h"

#include <algorithm>
#include <exception>
#include <opencv2/core.hpp>
#include <opencv2/imgproc.hpp>
#include <opencv2/photo.hpp>
#include <opencv2/xphoto/inpainting.hpp>
#include <string>
#include <utility>

namespace kantei::generate {
namespace {

using image::Image;

enum class Method { kTelea, kNavierStokes, kFsr, kShiftMap };

struct Entry {
  std::string_view name;
  Method method;
};
constexpr Entry kEntries[] = {{"telea", Method::kTelea},
                              {"navier-stokes", Method::kNavierStokes},
                              {"fsr", Method::kFsr},
                              {"shift-map", Method::kShiftMap}};

/// How far around a missing pixel cv::inpaint looks.
constexpr double kRadius = 4;
/// xphoto's methods read beyond the rim of very small pictures.
constexpr int kLeastSide = 16;
/// Of FSR, and the width of the frame that it gets.
constexpr int kBlock = 16;

/// A header on pixels of ours; OpenCV only reads them.
cv::Mat Borrow(const Image& image, int type) {
  return {image.height(), image.width(), type, const_cast<std::uint8_t*>(image.row(0)), image.stride()};
}

class OpencvEngine final : public InpaintEngine {
 public:
  explicit OpencvEngine(const Entry& entry) : entry_(entry) {}
  std::string_view name() const override { return entry_.name; }

 protected:
  int Margin(int longer_side) const override {
    switch (entry_.method) {
      case Method::kFsr:
        return 32;  // it looks at a block's surroundings only
      case Method::kShiftMap:
        return std::max(48, longer_side);  // it needs material to shift into the hole
      case Method::kTelea:
      case Method::kNavierStokes:
        break;
    }
    return 16;
  }

  Result<Image> Fill(const Image& rgb, const Image& mask, std::uint64_t seed,
                     const CancellationToken&) const override {
    const bool extra = entry_.method == Method::kFsr || entry_.method == Method::kShiftMap;
    if (extra && std::min(rgb.width(), rgb.height()) < kLeastSide) {
      return Error{ErrorCode::kInvalidArgument,
                   std::string(name()) + " needs at least " + std::to_string(kLeastSide) +
                       " pixels in each direction around a hole; use telea for pictures this small"};
    }
    try {
      // Callers run pictures side by side; OpenCV's own threads would only get in their way.
      static const bool single = (cv::setNumThreads(1), true);
      static_cast<void>(single);
      cv::theRNG().state = seed ^ 0x9E3779B97F4A7C15ull;  // per thread
      return Run(rgb, mask);
    } catch (const std::exception& failure) {  // cv::Exception is one
      return Error{ErrorCode::kInvalidArgument,
                   "OpenCV cannot fill this hole by " + std::string(name()) + ": " + failure.what()};
    }
  }

 private:
  Result<Image> Run(const Image& rgb, const Image& mask) const {
    const cv::Mat picture = Borrow(rgb, CV_8UC3), hole = Borrow(mask, CV_8UC1);
    cv::Mat filled;
    switch (entry_.method) {
      case Method::kTelea:
        cv::inpaint(picture, hole, filled, kRadius, cv::INPAINT_TELEA);
        break;
      case Method::kNavierStokes:
        cv::inpaint(picture, hole, filled, kRadius, cv::INPAINT_NS);
        break;
      case Method::kFsr: {
        // It leaves what lies in the last, incomplete block of rows or columns as it is: mirror the picture outwards.
        const auto fringe = [](int size) { return kBlock + (kBlock - size % kBlock) % kBlock; };
        const int below = fringe(picture.rows), right = fringe(picture.cols);
        cv::Mat bgr, wide, wide_hole, known, out;
        cv::cvtColor(picture, bgr, cv::COLOR_RGB2BGR);
        cv::copyMakeBorder(bgr, wide, kBlock, below, kBlock, right, cv::BORDER_REFLECT);
        cv::copyMakeBorder(hole, wide_hole, kBlock, below, kBlock, right, cv::BORDER_REFLECT);
        cv::bitwise_not(wide_hole, known);  // xphoto marks what is known
        cv::xphoto::inpaint(wide, known, out, cv::xphoto::INPAINT_FSR_FAST);
        cv::cvtColor(out(cv::Rect(kBlock, kBlock, picture.cols, picture.rows)), filled, cv::COLOR_BGR2RGB);
        break;
      }
      case Method::kShiftMap: {
        cv::Mat known, lab, out;
        cv::bitwise_not(hole, known);
        cv::cvtColor(picture, lab, cv::COLOR_RGB2Lab);
        cv::xphoto::inpaint(lab, known, out, cv::xphoto::INPAINT_SHIFTMAP);
        cv::cvtColor(out, filled, cv::COLOR_Lab2RGB);
        break;
      }
    }
    if (filled.type() != CV_8UC3 || filled.rows != rgb.height() || filled.cols != rgb.width())
      return Error{ErrorCode::kInternal, "OpenCV gave a picture of another shape back"};
    Image result(rgb.width(), rgb.height(), 3);
    for (int y = 0; y < filled.rows; ++y)
      std::copy_n(filled.ptr<std::uint8_t>(y), result.stride(), result.row(y));
    return result;
  }

  Entry entry_;
};

}  // namespace

std::unique_ptr<InpaintEngine> MakeOpencvEngine(std::string_view name) {
  for (const Entry& entry : kEntries) {
    if (entry.name == name) return std::make_unique<OpencvEngine>(entry);
  }
  return nullptr;
}

}  // namespace kantei::generate
