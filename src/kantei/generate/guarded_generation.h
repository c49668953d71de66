// Makes a picture again, from other seeds, until it is no copy of a known one, and remembers every attempt. Who makes and who
// compares is the caller's affair.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "kantei/base/band.h"
#include "kantei/base/cancellation.h"
#include "kantei/base/json.h"
#include "kantei/base/result.h"
#include "kantei/generate/sampler.h"

namespace kantei::generate {

struct GuardOptions {
  /// A picture whose probability of being a copy is at least this is rejected; 0 < threshold <= 1.
  double threshold = 0.5;
  /// So is one for which the evidence is at least this, whatever its probability.
  Band band = Band::kModerate;
  int attempts = 4;  ///< pictures that are made at most, 1..100
  double raise = 0;  ///< what each further attempt adds to GuardOrder::strength, 0..10
  Status Validate() const;
};

/// What the maker is asked for.
struct GuardOrder {
  int attempt = 0;         ///< from 0
  std::uint64_t seed = 0;  ///< AttemptSeed
  /// 1 + attempt * raise: how much more than usual a mode that avoids something is to avoid it.
  double strength = 1;
};

/// What a comparison with the known pictures says.
struct GuardFinding {
  std::optional<double> probability;  ///< of being a copy, calibrated; none: not known
  double similarity = 0;              ///< 0..1, monotone in the evidence
  Band band = Band::kNone;
  std::string nearest;  ///< the known picture that all this is about; empty: none is near
};

struct GuardAttempt {
  GuardOrder order;
  GuardFinding finding;
  bool rejected = false;
};

struct GuardedPicture {
  SampledPicture picture;  ///< of attempts[kept]
  std::vector<std::string> notes;
  std::vector<GuardAttempt> attempts;  ///< in order; the last is kept when `met`
  std::size_t kept = 0;
  bool met = false;  ///< false: all were rejected, and `picture` is the one with the least evidence
};

/// The seed of attempt `attempt` at the picture of `seed`. The first is the seed itself. Others are a mixed sum of seed and attempt:
/// one to one for each attempt, different for all attempts at all pictures of a run, and no picture's own seed of any run that
/// `seed` belongs to (a run has at most 10,000 pictures, whose seeds follow each other).
std::uint64_t AttemptSeed(std::uint64_t seed, int attempt);

/// One picture, with its notes.
using GuardMaker = std::function<Result<SampleResult>(const GuardOrder&)>;
using GuardProbe = std::function<Result<GuardFinding>(const image::Image&)>;

/// Errors are those of maker and probe, and kCancelled between attempts.
Result<GuardedPicture> GenerateGuarded(std::uint64_t seed, const GuardMaker& make, const GuardProbe& probe,
                                       const GuardOptions& options, const CancellationToken& cancellation);

/// Puts what came of it into the claim's member "guard", which holds what was asked (GenerationContext::guard).
void AddGuardOutcome(const GuardedPicture& guarded, Json* claim);

}  // namespace kantei::generate
