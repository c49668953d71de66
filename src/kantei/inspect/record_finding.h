// What a record of generation beside a picture says of it. Whoever knows the record's format fills it in.
#pragma once

#include <cstddef>
#include <filesystem>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "kantei/authenticity/metadata.h"

namespace kantei::inspect {

enum class RecordAgreement {
  kFile,          ///< the very file that was recorded
  kPixels,        ///< the recorded pixels in another file
  kOtherPixels,   ///< other pixels than those recorded
  kOtherRecord,   ///< the picture carries the hash of another record
  kClaimChanged,  ///< the record's hash does not fit what it claims
};

struct RecordFinding {
  RecordAgreement agreement = RecordAgreement::kFile;
  std::string file;                              ///< name of the record
  std::string claim_sha256;                      ///< as the record states it
  std::string program;                           ///< that is said to have made the picture; may be empty
  std::vector<authenticity::NamedValue> fields;  ///< what else it claims: prompt, seed, model ...
};

/// Looks for a record of the picture whose bytes are given. Nothing when there is none of a known kind. Called from several threads.
using RecordReader = std::function<std::optional<RecordFinding>(const std::filesystem::path& picture,
                                                                std::span<const std::byte> file)>;

}  // namespace kantei::inspect
