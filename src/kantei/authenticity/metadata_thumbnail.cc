// Does the EXIF thumbnail show the picture? A thumbnail that was left behind by an edit shows what was there
// before.
#include <algorithm>
#include <cmath>
#include <string>

#include "kantei/authenticity/metadata_internal.h"
#include "kantei/image/decode.h"
#include "kantei/image/transform.h"

namespace kantei::authenticity::origin {
namespace {

constexpr double kMinCorrelation = 0.8;
constexpr double kMaxAspectRatio =
    1.04;                           // a pixel of rounding on the shorter side of a 160-pixel thumbnail is 1 %
constexpr double kMaxBarGrey = 24;  // black bars after JPEG coding
constexpr double kFlat = 1.0;       // grey levels of deviation below which there is nothing to correlate

image::Image Upright(const image::Image& picture, int orientation) {
  switch (orientation) {
    case 2:
      return image::FlipHorizontal(picture);
    case 3:
      return image::RotateQuarter(picture, 2);
    case 4:
      return image::FlipVertical(picture);
    case 5:
      return image::FlipHorizontal(image::RotateQuarter(picture, 1));
    case 6:
      return image::RotateQuarter(picture, 1);
    case 7:
      return image::FlipVertical(image::RotateQuarter(picture, 1));
    case 8:
      return image::RotateQuarter(picture, 3);
    default:
      return picture;
  }
}

double MeanGrey(const image::Image& grey, const image::Rect& rect) {
  double sum = 0;
  for (int y = rect.y; y < rect.y + rect.height; ++y) {
    for (int x = rect.x; x < rect.x + rect.width; ++x) sum += grey.row(y)[x];
  }
  return sum / (static_cast<double>(rect.width) * rect.height);
}

// Cameras fit a 3:2 picture into a 160×120 thumbnail with black bars. They are cut off only where the aspect
// of the picture asks for them and they are dark, so that a night sky stays.
image::Image WithoutBars(const image::Image& grey, double aspect) {
  const int w = grey.width(), h = grey.height();
  const int inner_h = static_cast<int>(std::lround(w / aspect)),
            inner_w = static_cast<int>(std::lround(h * aspect));
  if (inner_h >= 1 && inner_h + 2 <= h) {
    const int top = (h - inner_h) / 2, bottom = h - inner_h - top;
    if (MeanGrey(grey, {0, 0, w, top}) < kMaxBarGrey &&
        MeanGrey(grey, {0, h - bottom, w, bottom}) < kMaxBarGrey) {
      return image::Crop(grey, {0, top, w, inner_h});
    }
  } else if (inner_w >= 1 && inner_w + 2 <= w) {
    const int left = (w - inner_w) / 2, right = w - inner_w - left;
    if (MeanGrey(grey, {0, 0, left, h}) < kMaxBarGrey &&
        MeanGrey(grey, {w - right, 0, right, h}) < kMaxBarGrey) {
      return image::Crop(grey, {left, 0, inner_w, h});
    }
  }
  return grey;
}

double Correlation(const image::Image& a, const image::Image& b) {
  const auto pa = a.pixels(), pb = b.pixels();
  const auto n = static_cast<double>(pa.size());
  double sum_a = 0, sum_b = 0, aa = 0, bb = 0, ab = 0;
  for (std::size_t i = 0; i < pa.size(); ++i) {
    const double x = pa[i], y = pb[i];
    sum_a += x, sum_b += y, aa += x * x, bb += y * y, ab += x * y;
  }
  const double var_a = std::max(0.0, aa / n - sum_a / n * (sum_a / n)),
               var_b = std::max(0.0, bb / n - sum_b / n * (sum_b / n));
  if (var_a < kFlat * kFlat ||
      var_b < kFlat * kFlat) {  // a flat picture agrees with a flat one of its grey, and with nothing else
    const bool both = var_a < kFlat * kFlat && var_b < kFlat * kFlat;
    return both && std::abs(sum_a - sum_b) / n < 16 ? 1 : 0;
  }
  return std::clamp((ab / n - sum_a / n * (sum_b / n)) / std::sqrt(var_a * var_b), -1.0, 1.0);
}

ThumbnailCheck Compare(const image::Image& thumbnail, const image::Image& picture) {
  ThumbnailCheck check;
  const double aspect = static_cast<double>(picture.width()) / picture.height();
  const image::Image inner = WithoutBars(thumbnail, aspect);
  const double ratio = static_cast<double>(inner.width()) / inner.height() / aspect;
  const image::Image small = image::ToGrey(image::Resize(picture, inner.width(), inner.height()));
  check.correlation = Correlation(inner, small);
  // On tiny thumbnails one pixel is more than the tolerance.
  const double tolerance = std::max(kMaxAspectRatio, 1 + 1.5 / std::min(inner.width(), inner.height()));
  check.contradicts = check.correlation < kMinCorrelation || ratio > tolerance || 1 / ratio > tolerance;
  return check;
}

}  // namespace

std::optional<ThumbnailCheck> CheckThumbnail(ByteSpan jpeg, int orientation, const image::Image& picture,
                                             std::vector<std::string>* problems) {
  image::DecodeOptions options;
  options.limits.max_file_bytes = kMaxExifBytes;
  options.limits.max_pixels = 1'000'000;
  options.limits.max_pixels_whole_frame = 1'000'000;
  options.limits.max_seconds = 2;
  const Result<image::DecodedImage> decoded = image::DecodeImage(jpeg, "the EXIF thumbnail", options);
  if (!decoded.ok()) {
    problems->push_back("the EXIF thumbnail could not be decoded: " + decoded.error().message);
    return std::nullopt;
  }
  const image::Image grey = image::ToGrey(decoded->pixels);
  ThumbnailCheck check = Compare(Upright(grey, orientation), picture);
  if (orientation != 1 && check.contradicts) {  // some programs store it upright already
    const ThumbnailCheck as_stored = Compare(grey, picture);
    if (as_stored.correlation > check.correlation) check = as_stored;
  }
  check.width = grey.width();
  check.height = grey.height();
  return check;
}

}  // namespace kantei::authenticity::origin
