// The four passes behind the five realism measures, each over one 512×512 grey square, rows without padding.
// Private to authenticity; the benchmark and the tests may look in.
#pragma once

#include <cstdint>

namespace kantei::authenticity::internal {

inline constexpr int kSquare = 512;
inline constexpr int kSquarePixels = kSquare * kSquare;

struct GlcmStatistics {
  double energy = 0;    ///< Σ P², 1 for a flat picture
  double contrast = 0;  ///< Σ (i-j)² P
};

/// Grey-level co-occurrence, 256 levels, right-hand neighbour, symmetric, normalised.
GlcmStatistics MeasureGlcm(const std::uint8_t* grey);

/// Pixels that Canny(low, high) with the 3×3 Sobel, the L1 gradient and replicated borders calls edges, as
/// OpenCV does.
int CountCannyEdges(const std::uint8_t* grey, int low, int high);

/// Population variance of the 4-neighbour Laplacian, border reflected without repeating the edge pixel.
double LaplacianVariance(const std::uint8_t* grey);

/// Mean of |F| over all 512² bins of the unnormalised 2-D DFT, DC included.
double MeanSpectrum(const std::uint8_t* grey);

}  // namespace kantei::authenticity::internal
