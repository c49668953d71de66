// From a file to everything the library keeps of it: hash, local features, postings, preview.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "kantei/base/cancellation.h"
#include "kantei/base/progress.h"
#include "kantei/base/result.h"
#include "kantei/copy/descriptor_model.h"
#include "kantei/image/decode.h"
#include "kantei/store/catalog.h"

namespace kantei::copy {

struct EnrollOptions {
  std::string bank = "deny";
  std::string label, owner, source, notes;
  bool hashes_only = false;  ///< PDQ alone: about ten times faster, finds resaves only
  /// The network that describes the pictures; null: none does. A library keeps to one network.
  std::shared_ptr<const DescriptorModel> descriptor;
  int threads = 0;  ///< 0: all cores
  int batch = 64;   ///< pictures per durable commit, >= 1
  image::DecodeLimits limits;
  Status Validate() const;
};

struct EnrollFailure {
  std::filesystem::path path;
  Error error;
};

struct EnrollSummary {
  std::int64_t added = 0;
  std::int64_t already_known = 0;  ///< same SHA-256 in the same bank (the earlier entry is kept)
  std::int64_t without_descriptor =
      0;  ///< added, but nearly of one colour: only hashes and local features know them
  std::vector<EnrollFailure> failures;
  bool cancelled = false;  ///< stopped on request; everything counted in `added` is durable
};

/// Adds files in order. Bad files are named in `failures` (and on `progress`, if given) and skipped. After a crash, the same
/// call goes on where the last commit ended. Errors are only those that stop everything: disk full, lost catalogue.
Result<EnrollSummary> EnrollFiles(store::Catalog* catalog, const std::vector<std::filesystem::path>& files,
                                  const EnrollOptions& options, const CancellationToken& cancellation,
                                  Progress* progress);

/// Brings the index files of the library up to its catalogue, so that the next search need not (idempotent).
/// `descriptor` may be null.
Status RefreshIndexes(const std::filesystem::path& library, std::shared_ptr<const DescriptorModel> descriptor,
                      const CancellationToken& cancellation);

}  // namespace kantei::copy
