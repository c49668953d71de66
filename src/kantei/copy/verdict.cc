#include "kantei/copy/verdict.h"

#include <algorithm>
#include <cmath>

#include "kantei/copy/pdq.h"

namespace kantei::copy {
namespace {

// Evidence of one region: agreeing features (damped), agreeing detail, and how many blocks vouch for it.
double Evidence(const RegionMatch& region, int pdq_distance) {
  const double features = std::log2(1.0 + std::max(0, region.inliers - 3));
  const double blocks = std::log2(1.0 + region.agreeing_blocks);
  const double hash = std::max(0, kPdqMatchDistance + 9 - pdq_distance) / 10.0;
  return -9.0 + 1.0 * features + 6.0 * region.agreement + 4.0 * region.agreeing_share + 0.5 * blocks + hash;
}

double Logistic(double x) { return 1.0 / (1.0 + std::exp(-x)); }

}  // namespace

double RegionStrength(const RegionMatch& region) { return Evidence(region, 256); }

bool RegionCounts(const RegionMatch& region) { return RegionStrength(region) >= 0.0; }

MatchVerdict JudgeMatch(const CopyMatch& match) {
  MatchVerdict verdict;
  const bool hash_match = match.pdq_distance <= kPdqMatchDistance;
  double evidence = hash_match ? -0.5 : -9.0;
  if (!match.regions.empty()) evidence = std::max(evidence, Evidence(match.regions.front(), match.pdq_distance));
  verdict.similarity = Logistic(evidence);
  verdict.band = evidence >= 2.5 ? Band::kStrong : evidence >= 0.0 ? Band::kModerate : evidence >= -1.5 ? Band::kInconclusive : Band::kNone;
  // A hash-only entry has nothing to verify with: the hash's own radius is the reference's "same picture".
  if (hash_match && !match.picture.has_features) verdict.band = Band::kModerate;
  return verdict;
}

}  // namespace kantei::copy
