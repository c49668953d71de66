// The 8×8 grid of JPEG: where it lies, how strong it is, and where a part has another one or none. After ZERO
// (Nikoukhah, Anger, Colom, Morel, Grompone von Gioi, IPOL 2021): every pixel votes for the grid position at which its
// block has the most zero coefficients. Private to authenticity.
#pragma once

#include "kantei/authenticity/traces.h"
#include "kantei/image/image.h"

namespace kantei::authenticity::trace {

/// Votes of cells of 8×8 pixels.
struct GridVotes {
  int width = 0, height = 0;         ///< cells
  std::vector<std::uint8_t> phases;  ///< 8 × y + x of the grid's first pixel, or kNoVote
  int phase = -1;                    ///< the picture's main grid; -1 when none is significant
  double share = 0;                  ///< of the votes that are for the main grid
  double log_false_alarms = 0;       ///< log10 of the main grid's number of false alarms
  double votes = 0;                  ///< cells that voted
};
inline constexpr std::uint8_t kNoVote = 255;

Result<GridVotes> VoteForGrid(const image::Image& picture, int threads,
                              const CancellationToken& cancellation);

/// kGridShift.
void FindGridShift(const GridVotes& votes, const image::Image& picture, Trace* trace);
/// kGridLoss.
void FindGridLoss(const GridVotes& votes, const image::Image& picture, Trace* trace);

}  // namespace kantei::authenticity::trace
