// Image Realism Score (2309.14756): five statistics of one picture, the published pentagon and a robust
// variant.
#pragma once

#include <array>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "kantei/base/result.h"
#include "kantei/image/image.h"

namespace kantei::authenticity {

/// The side of the square on which every measure is taken: 8-bit BT.601 grey; longer side shrunk to
/// kRealismWorkingSide where it is more; then the centre square, scaled by area averaging when larger,
/// bilinearly when smaller.
inline constexpr int kRealismSide = 512;
/// Two steps of shrinking lose more detail than one, so everybody takes the same two: a caller may hand in
/// the picture or a copy with this longer side.
inline constexpr int kRealismWorkingSide = 1024;
/// Changes whenever a measure would come out differently for the same pixels; a reference states the one it
/// was made with.
inline constexpr int kRealismVersion = 1;

/// In the pentagon's order.
enum class Measure { kCannyEdgeDensity, kGlcmContrast, kGlcmEnergy, kVarianceBlur, kMeanSpectrum };
inline constexpr std::array<Measure, 5> kMeasures = {Measure::kCannyEdgeDensity, Measure::kGlcmContrast,
                                                     Measure::kGlcmEnergy, Measure::kVarianceBlur,
                                                     Measure::kMeanSpectrum};
std::string_view MeasureKey(Measure measure);  ///< "ced", "glcmc", "glcme", "vbm", "ms"

/// Raw values of eq. 1-5 in the order of kMeasures.
using RealismMeasures = std::array<double, 5>;

/// True when a picture of this size must be enlarged to reach the square. Enlarging adds no detail: it lowers
/// VBM, CED and GLCM contrast much as blur does, so such a score compares badly with a reference of larger
/// pictures. Also true of pictures longer than 2:1, whose short side is below 512 once the longer one is
/// 1024.
constexpr bool RealismEnlarges(int width, int height) {
  const int small = width < height ? width : height, large = width < height ? height : width;
  return small < kRealismSide || small < large / 2;
}

/// The canonical grey square of any picture.
image::Image RealismSquare(const image::Image& image);
/// Measures on the canonical 512×512 grey square of any picture.
RealismMeasures MeasureRealism(const image::Image& image);
/// Measures of a picture that is used as it is (no scaling, no crop); width and height must be 512.
RealismMeasures MeasureRealismSquare(const image::Image& square);

/// Statistics of a named set of real pictures.
struct RealismReference {
  std::string name;         ///< "photo", "drawn", or the user's
  std::string description;  ///< what pictures, how many, which version of the measures
  int pictures = 0;
  RealismMeasures mean{};
  /// quantiles[m][q] = value of measure m at percentile q, q = 0..100.
  std::array<std::array<double, 101>, 5> quantiles{};
  /// The same for the published score and the robust score.
  std::array<double, 101> irs_quantiles{}, robust_quantiles{};
};

struct RealismScore {
  RealismMeasures measures{};
  RealismMeasures radii{};        ///< published: measure / mean, inverted for GLCME, VBM, MS
  RealismMeasures percentiles{};  ///< of each measure in the reference, 0..100
  double irs = 0;  ///< eq. 8-9; all radii 1 give 2.3776; higher was meant as more real; blur inflates it
  double irs_percentile = 0;
  double robust = 0;  ///< 0..1: 1 = typical of the reference (clipped log-ratios to its median and spread)
  double robust_percentile = 0;
  /// The picture was smaller than the square (see RealismEnlarges). Set where the picture is known.
  bool enlarged = false;
  std::string reference;
};

RealismScore ScoreRealism(const RealismMeasures& measures, const RealismReference& reference);
/// MeasureRealism, then the above, with `enlarged` filled in from the size of `image`.
RealismScore ScoreRealism(const image::Image& image, const RealismReference& reference);

/// kInvalidArgument below 20 pictures, for a bad name (see LoadRealismReference) or for measures that are not
/// finite.
Result<RealismReference> FitRealismReference(std::string name, std::string description,
                                             std::span<const RealismMeasures> measures);
/// Versioned JSON (docs/formats.md). Names: 1 to 64 of a-z 0-9 - _. Loading refuses (kCorrupt) numbers that
/// are not finite, negative, or quantiles that fall, and (kUnsupported) another version of the file or of the
/// measures.
Result<RealismReference> LoadRealismReference(const std::filesystem::path& path);
Status SaveRealismReference(const std::filesystem::path& path, const RealismReference& reference);
/// A shipped reference ("photo", "drawn"), or one made by `kantei realism fit` under DataHome()/realism.
Result<RealismReference> FindRealismReference(const std::string& name);

}  // namespace kantei::authenticity
