// The time, as records state it.
#pragma once

#include <string>

namespace kantei {

/// ISO 8601 in UTC, to the second: "2026-11-25T12:20:22Z".
std::string UtcNow();

}  // namespace kantei
