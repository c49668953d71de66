// From measured facts of a match to a band: the one place that holds the thresholds of copy detection.
#pragma once

#include "kantei/base/band.h"
#include "kantei/copy/detector.h"

namespace kantei::copy {

/// What the descriptor search says of a match, with a score above its threshold of 90 % precision.
enum class DescriptorEvidence {
  kNone,         ///< nothing, or a score below the threshold
  kUnconfirmed,  ///< the local check could have seen the copy and did not
  kAlone,        ///< the local check has too little to look at
};

struct MatchVerdict {
  Band band = Band::kNone;
  double similarity = 0;  ///< 0..1
};

/// One number for ordering regions: more is stronger.
double RegionStrength(const RegionMatch& region);
/// True when the region alone would be worth naming.
bool RegionCounts(const RegionMatch& region);
/// The verdict on a match, from its best region and its PDQ distance (docs/copy-detection.md tells how it was chosen).
/// `hash_counts`: both pictures have enough gradients for a near PDQ hash to be evidence.
MatchVerdict JudgeMatch(const CopyMatch& match, bool hash_counts,
                        DescriptorEvidence descriptor = DescriptorEvidence::kNone);

}  // namespace kantei::copy
