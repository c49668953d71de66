// PICTURE.json of kantei generate, for kantei inspect.
#pragma once

#include <optional>

#include "kantei/inspect/record_finding.h"

namespace kantei::cli {

/// Nothing when there is no such file of at most 1 MiB, or it is no record of kantei generate. Thread-safe.
std::optional<inspect::RecordFinding> ReadGenerationRecord(const std::filesystem::path& picture,
                                                           std::span<const std::byte> file);

}  // namespace kantei::cli
