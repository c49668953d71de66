// Grey working picture, Gaussian pyramid and differences of Gaussians (Lowe 2004, section 3). Private to
// copy/.
#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <vector>

#include "kantei/image/image.h"

namespace kantei::copy::sift {

inline constexpr int kScalesPerOctave = 3;
inline constexpr int kGaussianLevels = kScalesPerOctave + 3;
inline constexpr int kDogLevels = kScalesPerOctave + 2;
/// Blur of level 0 of each octave, in pixels of that octave.
inline constexpr float kBaseSigma = 1.6f;

/// A view of floats whose rows start `stride` apart.
struct PlaneView {
  float* data = nullptr;
  int width = 0, height = 0;
  std::ptrdiff_t stride = 0;
  float* row(int y) const { return data + y * stride; }
};

/// Pixel (x, y) of octave o is pixel (x·2^o, y·2^o) of the working picture.
struct Octave {
  std::array<PlaneView, kGaussianLevels> gaussian;
  std::array<PlaneView, kDogLevels> dog;
};

/// Memory of one extraction, kept between calls: fresh pages would cost more than the filters.
class Workspace {
 public:
  /// At least `count` floats, uninitialised; what it held before is lost.
  float* Reserve(std::size_t count);
  /// Gives memory back when a call needed more than `limit` floats.
  void Trim(std::size_t limit);

 private:
  std::unique_ptr<float[]> data_;
  std::size_t size_ = 0;
};

/// Writes the picture's luma, 0..1, resampled to the size of `out`: area averaging when shrinking, bilinear
/// when enlarging.
void ResampleLuma(const image::Image& image, const PlaneView& out);

/// Distance between the 1st and the 99th percentile of the values (0..1, in steps of 1/256), from a sample of
/// the rows.
float ContrastRange(const PlaneView& plane);

/// The octaves of a working picture of width × height and the picture's own plane, laid out in `workspace`.
struct ScaleSpace {
  PlaneView base;
  std::vector<Octave> octaves;
};
ScaleSpace LayOutScaleSpace(int width, int height, Workspace* workspace);

/// Fills the octaves from `base`, whose blur is taken as `base_blur` pixels.
void BuildScaleSpace(const ScaleSpace& space, float base_blur);

/// dst = src blurred by σ = `sigma` pixels, edges replicated; dog (if not null) = dst - src. dst may not be
/// src.
void GaussianBlur(const PlaneView& src, float sigma, const PlaneView& dst, const PlaneView* dog);

}  // namespace kantei::copy::sift
