// Kantei's own form of a set of pictures with a known history: a folder with samples.tsv (docs/formats.md).
#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "kantei/base/result.h"
#include "kantei/dataset/authenticity_samples.h"

namespace kantei::dataset {

inline constexpr std::string_view kAuthenticitySetFile = "samples.tsv";

/// "authentic", "edited", "generated".
std::string_view HistoryName(History history);
Result<History> ParseHistory(std::string_view name);

/// One line a sample below the header "picture mask original history engine source split", separated by tabs; paths are taken
/// relative to `directory` and become absolute or relative as it is. kCorrupt names the line: another number of fields, a path that
/// leads out of the folder or holds a control character, an unknown history, an edited picture without a mask, another with one, a
/// picture listed twice, an empty engine or source. kTooLarge above 5 million samples. `name` is used in messages.
Result<std::vector<AuthenticitySample>> ParseAuthenticitySet(std::string_view text,
                                                             const std::filesystem::path& directory,
                                                             std::string_view name);
/// The text that ParseAuthenticitySet reads. kInvalidArgument: a file outside `directory`, or what Parse would refuse.
Result<std::string> FormatAuthenticitySet(std::span<const AuthenticitySample> samples,
                                          const std::filesystem::path& directory);

/// The folder's samples.tsv; the pictures are not looked at. kNotFound when there is none.
Result<std::vector<AuthenticitySample>> ReadAuthenticitySet(const std::filesystem::path& directory);
/// Writes samples.tsv, atomically; the pictures must lie in the folder, whether or not they are there yet.
Status WriteAuthenticitySet(const std::filesystem::path& directory,
                            std::span<const AuthenticitySample> samples);

}  // namespace kantei::dataset
