// Passwords, tokens, signatures: the one place that names libsodium.
#pragma once

#include <string>
#include <string_view>

#include "kantei/base/result.h"

namespace kantei::server {

/// Argon2id (RFC 9106) with libsodium's interactive limits: 64 MiB, two passes. At most two run at once in the process, the others
/// wait; kUnavailable when too many wait or memory is short.
Result<std::string> HashPassword(std::string_view password);
/// False for a wrong password. An empty hash costs as much time and is never right.
Result<bool> VerifyPassword(const std::string& hash, std::string_view password);

/// 256 random bits as 43 letters, digits, - and _.
std::string RandomToken();
/// 20 letters and digits in groups that a person can type; no look-alikes. About 98 bits.
std::string OneTimePassword();

/// Lower-case hexadecimal digits of HMAC-SHA256 (RFC 2104).
std::string HmacSha256Hex(std::string_view key, std::string_view message);
/// In time that depends on the lengths alone.
bool EqualSecrets(std::string_view a, std::string_view b);

}  // namespace kantei::server
