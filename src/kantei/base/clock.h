// The time, as records state it.
#pragma once

#include <cstdint>
#include <string>

namespace kantei {

/// ISO 8601 in UTC, to the second: "2026-11-25T12:20:22Z".
std::string UtcNow();
/// The same for a moment `seconds` from now; negative: ago.
std::string UtcFromNow(std::int64_t seconds);

}  // namespace kantei
