#include "kantei/generate/guarded_generation.h"

#include <tuple>
#include <utility>

namespace kantei::generate {
namespace {

constexpr std::uint64_t kLongestRun = 10'000;  // SampleOptions::count

/// The finaliser of splitmix64: one to one.
std::uint64_t Mixed(std::uint64_t x) {
  x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9ull;
  x = (x ^ (x >> 27)) * 0x94D049BB133111EBull;
  return x ^ (x >> 31);
}

bool Rejected(const GuardFinding& finding, const GuardOptions& options) {
  return finding.band >= options.band || (finding.probability && *finding.probability >= options.threshold);
}

/// Of two rejected attempts the one with less evidence is better.
auto Weight(const GuardFinding& finding) {
  return std::tuple(finding.band, finding.probability.value_or(0), finding.similarity);
}

}  // namespace

Status GuardOptions::Validate() const {
  const auto bad = [](const char* what) { return Status(Error{ErrorCode::kInvalidArgument, what}); };
  if (!(threshold > 0 && threshold <= 1)) return bad("the threshold of copies must be above 0 and at most 1");
  if (band == Band::kNone) return bad("a band that rejects must be above none, or every picture is rejected");
  if (attempts < 1 || attempts > 100) return bad("attempts must be 1 to 100");
  if (!(raise >= 0 && raise <= 10)) return bad("what an attempt raises must be 0 to 10");
  return {};
}

std::uint64_t AttemptSeed(std::uint64_t seed, int attempt) {
  if (attempt == 0) return seed;
  // Multiples of the golden ratio's fraction lie far apart (below 100 of them by more than 2^55), so that the sums of two pictures
  // of a run never meet.
  std::uint64_t mixed = Mixed(seed + static_cast<std::uint64_t>(attempt) * 0x9E3779B97F4A7C15ull);
  while (mixed - seed + kLongestRun <= 2 * kLongestRun) mixed = Mixed(mixed + 0x9E3779B97F4A7C15ull);
  return mixed;
}

Result<GuardedPicture> GenerateGuarded(std::uint64_t seed, const GuardMaker& make, const GuardProbe& probe,
                                       const GuardOptions& options, const CancellationToken& cancellation) {
  KANTEI_RETURN_IF_ERROR(options.Validate());
  GuardedPicture guarded;
  for (int attempt = 0; attempt < options.attempts && !guarded.met; ++attempt) {
    KANTEI_RETURN_IF_ERROR(cancellation.Check());
    const GuardOrder order{attempt, AttemptSeed(seed, attempt), 1 + attempt * options.raise};
    KANTEI_TRY(SampleResult made, make(order));
    KANTEI_CHECK(made.pictures.size() == 1);
    KANTEI_TRY(GuardFinding finding, probe(made.pictures.front().pixels));
    const bool rejected = Rejected(finding, options);
    if (attempt == 0 || !rejected || Weight(finding) < Weight(guarded.attempts[guarded.kept].finding)) {
      guarded.kept = static_cast<std::size_t>(attempt);
      guarded.picture = std::move(made.pictures.front());
      guarded.notes = std::move(made.notes);
    }
    guarded.met = !rejected;
    guarded.attempts.push_back({order, std::move(finding), rejected});
  }
  return guarded;
}

void AddGuardOutcome(const GuardedPicture& guarded, Json* claim) {
  Json& guard = (*claim)["guard"];
  guard["first_seed"] = guarded.attempts.front().order.seed;
  guard["attempts"] = Json::array();
  for (std::size_t i = 0; i < guarded.attempts.size(); ++i) {
    const GuardAttempt& attempt = guarded.attempts[i];
    const GuardFinding& finding = attempt.finding;
    guard["attempts"].push_back({{"seed", attempt.order.seed},
                                 {"strength", attempt.order.strength},
                                 {"probability", finding.probability ? Json(*finding.probability) : Json()},
                                 {"band", BandName(finding.band)},
                                 {"similarity", finding.similarity},
                                 {"nearest", finding.nearest},
                                 {"rejected", attempt.rejected},
                                 {"kept", i == guarded.kept}});
  }
  guard["met"] = guarded.met;
}

}  // namespace kantei::generate
