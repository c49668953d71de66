// PICTURE.json of kantei generate: for kantei inspect, and for runs that go on.
#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <span>

#include "kantei/base/json.h"
#include "kantei/inspect/record_finding.h"

namespace kantei::cli {

/// Nothing when there is no such file of at most 1 MiB, or it is no record of kantei generate. Thread-safe.
std::optional<inspect::RecordFinding> ReadGenerationRecord(const std::filesystem::path& picture,
                                                           std::span<const std::byte> file);

/// The record beside a picture that an earlier run has finished: it is `wanted`, and the picture is the one that it tells of.
std::optional<Json> FinishedRecord(const std::filesystem::path& picture,
                                   const std::function<bool(const Json& record)>& wanted);

}  // namespace kantei::cli
