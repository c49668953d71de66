#include "kantei/base/base64.h"

#include <cstdint>
#include <string_view>

namespace kantei {

void AppendBase64(std::span<const std::byte> bytes, std::string* out) {
  static constexpr std::string_view kDigits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  const auto digit = [](std::uint32_t bits) { return kDigits[bits & 63]; };
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const std::size_t left = bytes.size() - i;
    const auto at = [&](std::size_t k) {
      return k < left ? std::to_integer<std::uint32_t>(bytes[i + k]) : 0u;
    };
    const std::uint32_t group = at(0) << 16 | at(1) << 8 | at(2);
    *out += digit(group >> 18);
    *out += digit(group >> 12);
    *out += left > 1 ? digit(group >> 6) : '=';
    *out += left > 2 ? digit(group) : '=';
  }
}

}  // namespace kantei
