// kantei generate --library: each picture is compared with the known ones, and made again while it is a copy.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "kantei/cli/session.h"
#include "kantei/copy/detector.h"
#include "kantei/generate/guarded_generation.h"

namespace kantei::cli {

struct GuardArguments {
  std::string library;              ///< empty: no guard
  std::string network;              ///< of descriptors; empty: the shipped one
  std::optional<double> threshold;  ///< none: the network's own
  int attempts = 4;
  bool keep_rejected = false;
  double raise = 0;  ///< what each further attempt adds to the strength of avoiding a shape
};

/// --library, --copy-model, --copy-threshold, --attempts, --keep-rejected.
void AddGuardOptions(CLI::App* verb, GuardArguments* arguments);

class GenerateGuard {
 public:
  /// Null without a library. kInvalidArgument when a threshold is named and the network has no probabilities.
  static Result<std::unique_ptr<GenerateGuard>> Open(const Session& session, const GuardArguments& arguments);

  /// For GenerationContext::guard: the library as it is now, the network, threshold and attempts.
  const Json& asked() const { return asked_; }
  bool keep_rejected() const { return keep_rejected_; }
  /// How near the known pictures are. Those of allow banks do not count, nor what an ignore bank silences.
  Result<generate::GuardFinding> Check(const image::Image& picture) const;
  Result<generate::GuardedPicture> Make(std::uint64_t seed, const generate::GuardMaker& make,
                                        const CancellationToken& cancellation) const;
  /// One sentence about a picture whose attempts were all rejected, or that needed more than one.
  std::string Sentence(const generate::GuardedPicture& guarded) const;

 private:
  std::unique_ptr<copy::CopyDetector> detector_;
  generate::GuardOptions options_;
  Json asked_;
  bool keep_rejected_ = false;
};

}  // namespace kantei::cli
