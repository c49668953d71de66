// Base64 (RFC 4648, section 4), as data URLs want it.
#pragma once

#include <cstddef>
#include <span>
#include <string>

namespace kantei {

/// With padding.
void AppendBase64(std::span<const std::byte> bytes, std::string* out);

}  // namespace kantei
