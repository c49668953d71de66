// Earlier JPEG compression of a part or of the rest, from the coefficients of one grid. Private to authenticity.
#pragma once

#include <array>
#include <cstdint>

#include "kantei/authenticity/trace_dct.h"
#include "kantei/authenticity/traces.h"
#include "kantei/base/cancellation.h"

namespace kantei::authenticity::trace {

/// Steps of ITU-T T.81 table K.1 as libjpeg scales them; quality 1..100, natural order.
std::array<int, 64> LumaSteps(int quality);

/// The file's steps in the orientation of the pixels.
std::array<std::uint16_t, 64> OrientedSteps(const JpegFacts& facts);

/// kJpegGhost. Farid 2009 compares a picture with itself saved again at every quality; by Parseval the squared difference of
/// a block is that of its rounded coefficients, so no picture is coded here. What remains is compared with what the same
/// coefficients of the same size leave in the picture as a whole, so that texture decides nothing.
void FindGhosts(const LowCoefficients& blocks, const image::Image& picture,
                const CancellationToken& cancellation, Trace* trace);

/// kDoubleQuantisation. `shifted` are the coefficients of a grid four pixels aside, whose histogram is what the picture
/// would have had uncompressed; `steps` the file's (1 when there is no file). The first step of each frequency is the one
/// with the highest likelihood; then every block is asked whether it fits the double or the single histogram.
void FindDoubleQuantisation(const LowCoefficients& blocks, const LowCoefficients& shifted,
                            const std::array<std::uint16_t, 64>& steps, const image::Image& picture,
                            const CancellationToken& cancellation, Trace* trace);

}  // namespace kantei::authenticity::trace
