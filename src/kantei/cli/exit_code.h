// The one table from error codes to the exit codes of the program.
#pragma once

#include <array>
#include <string_view>
#include <utility>

#include "kantei/base/result.h"

namespace kantei::cli {

inline constexpr int kExitOk = 0;
inline constexpr int kExitSomeFailed = 1;  ///< a batch went to its end, but some of its items failed
inline constexpr int kExitUsage = 2;

struct ExitCodeRow {
  ErrorCode code;
  int exit_code;
  std::string_view meaning;  ///< for docs/cli.md
};

inline constexpr std::array<ExitCodeRow, 8> kExitCodes = {{
    {ErrorCode::kInvalidArgument, kExitUsage, "the command line or an option makes no sense"},
    {ErrorCode::kNotFound, 3, "a file, library, bank or picture that was named does not exist"},
    {ErrorCode::kCorrupt, 4, "a file contradicts its own format"},
    {ErrorCode::kTooLarge, 5, "a limit on bytes, pixels or time was passed"},
    {ErrorCode::kUnsupported, 6, "well formed, but a variant that is not read"},
    {ErrorCode::kUnavailable, 7, "a disk, lock or output could not be had"},
    {ErrorCode::kInternal, 70, "a bug in Kantei"},
    {ErrorCode::kCancelled, 130, "stopped by Ctrl-C or SIGTERM; a rerun goes on"},
}};

constexpr int ExitCode(ErrorCode code) {
  for (const ExitCodeRow& row : kExitCodes) {
    if (row.code == code) return row.exit_code;
  }
  return 70;
}

}  // namespace kantei::cli
