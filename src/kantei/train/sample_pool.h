// Samples of known history held in memory, drawn so that each engine and source has its share.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "kantei/base/cancellation.h"
#include "kantei/base/random.h"
#include "kantei/base/result.h"
#include "kantei/dataset/authenticity_samples.h"
#include "kantei/image/image.h"

namespace kantei::train {

/// Immutable after Load; thread-safe.
class SamplePool {
 public:
  struct Entry {
    image::Image picture;
    image::Image mask;  ///< 1 channel, 255 where changed; empty unless edited
    dataset::History history = dataset::History::kAuthentic;
    std::int64_t original =
        -1;  ///< index of the authentic entry it was made from, if that is in the pool and of its size
  };

  /// Samples that cannot be read, or whose mask does not fit, are skipped and named in `skipped`. kInvalidArgument when no authentic
  /// or no other picture is left. `threads` 0: all cores.
  static Result<SamplePool> Load(const std::vector<dataset::AuthenticitySample>& samples, int threads,
                                 const CancellationToken& cancellation, std::vector<std::string>* skipped);

  std::size_t size() const { return entries_.size(); }
  const Entry& at(std::size_t index) const { return entries_[index]; }
  bool Has(dataset::History history) const { return !groups_[static_cast<std::size_t>(history)].empty(); }
  /// A group (engine, or source if authentic) by the root of its size, then one of it. Has(history) must hold.
  std::size_t Draw(dataset::History history, Random& random) const;
  /// Differs when the pictures do.
  std::uint64_t fingerprint() const { return fingerprint_; }

 private:
  struct Group {
    double until = 0;  ///< cumulative weight, the last one's is 1
    std::vector<std::size_t> members;
  };
  std::vector<Entry> entries_;
  std::vector<Group> groups_[3];
  std::uint64_t fingerprint_ = 0;
};

/// What a detector learns from, and what its log is measured on.
struct SamplePools {
  SamplePool training;
  std::optional<SamplePool> validation;
  const SamplePool* held() const { return validation ? &*validation : nullptr; }

  /// No `validation` samples: no such pool. What is skipped is logged as a warning.
  static Result<SamplePools> Load(const std::vector<dataset::AuthenticitySample>& training,
                                  const std::vector<dataset::AuthenticitySample>& validation, int threads,
                                  const CancellationToken& cancellation);
};

}  // namespace kantei::train
