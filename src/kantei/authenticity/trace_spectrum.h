// Periodic correlations that resizing and upsampling leave. Private to authenticity.
#pragma once

#include <array>
#include <cstddef>
#include <vector>

#include "kantei/authenticity/traces.h"
#include "kantei/base/cancellation.h"
#include "kantei/image/image.h"

namespace kantei::authenticity::trace {

inline constexpr int kSpectrumSide = 64;
/// Bins (v, u), u = 0..32: the other half of a real window's spectrum mirrors it.
inline constexpr int kSpectrumColumns = kSpectrumSide / 2 + 1;
using Spectrum = std::array<float, kSpectrumSide * kSpectrumColumns>;

/// In place: complex transform of 64 × 64 values, rows one after the other, unnormalised.
void Fft64(float* re, float* im);

/// Power of two real windows (64 × 64, the mean taken off, Hann) each over the mean of its neighbourhood in the spectrum: 1 on
/// average for noise of any colour. `first` and `second` are destroyed; `second` may be null.
void RelativePower(float* first, float* second, Spectrum* first_power, Spectrum* second_power);

/// kResampledPart and kResampledWhole (Popescu and Farid 2005 with the fixed predictor of Kirchner 2008), kUpsamplingGrid.
/// Any of them may be null.
Status FindSpectralTraces(const image::Image& picture, int threads, const CancellationToken& cancellation,
                          Trace* part, Trace* whole, Trace* upsampling);

}  // namespace kantei::authenticity::trace
