#include "kantei/copy/verdict.h"

#include <algorithm>
#include <cmath>

#include "kantei/copy/pdq.h"

namespace kantei::copy {
namespace {

// Logistic regression of "is a copy" on the facts of the best region, fitted by bench/fit_copy_verdict.py on the training
// split of bench/copy_trial; the intercept is shifted so that 0 is the threshold of naming a match. No test picture took part.
constexpr double kIntercept = -20.75, kFeatures = 1.20, kAgreement = 13.1, kBlocks = 0.87, kShare = 2.29,
                 kHash = 1.61;
constexpr double kStrong = 4.5, kModerate = 0.0, kInconclusive = -2.5;

double Evidence(const RegionMatch& region, int pdq_distance) {
  const double features = std::log2(1.0 + std::max(0, region.inliers - 3));
  const double blocks = std::log2(1.0 + region.agreeing_blocks);
  const double share = std::max(region.query_share, region.known_share);
  const double hash = std::max(0, 40 - pdq_distance) / 10.0;
  return kIntercept + kFeatures * features + kAgreement * region.agreement + kBlocks * blocks +
         kShare * share + kHash * hash;
}

double Logistic(double x) {
  return 1.0 / (1.0 + std::exp(-x));
}

}  // namespace

double RegionStrength(const RegionMatch& region) {
  return Evidence(region, 256);
}

bool RegionCounts(const RegionMatch& region) {
  return RegionStrength(region) >= kModerate;
}

MatchVerdict JudgeMatch(const CopyMatch& match, bool hash_counts, DescriptorEvidence descriptor) {
  MatchVerdict verdict;
  const bool hash_match = hash_counts && match.pdq_distance <= kPdqMatchDistance;
  // A near hash that its picture does not confirm is a hint; of a bare hash, which has nothing to confirm with, it is all
  // there can be, and the reference takes it for the same picture.
  double evidence = !hash_match ? -9.0 : match.picture.has_features ? kInconclusive : kModerate;
  if (!match.regions.empty())
    evidence = std::max(evidence, Evidence(match.regions.front(), hash_counts ? match.pdq_distance : 256));
  // A descriptor above its threshold is a hint where the detail contradicts it, and names the match where there is no detail.
  if (descriptor == DescriptorEvidence::kUnconfirmed) evidence = std::max(evidence, kInconclusive);
  if (descriptor == DescriptorEvidence::kAlone) evidence = std::max(evidence, kModerate);
  verdict.similarity = Logistic(evidence);
  verdict.band = evidence >= kStrong         ? Band::kStrong
                 : evidence >= kModerate     ? Band::kModerate
                 : evidence >= kInconclusive ? Band::kInconclusive
                                             : Band::kNone;
  return verdict;
}

}  // namespace kantei::copy
