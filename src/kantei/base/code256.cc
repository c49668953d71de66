#include "kantei/base/code256.h"

namespace kantei {

std::string Code256::ToHex() const {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string text(64, '0');
  for (std::size_t digit = 0; digit < 64; ++digit) {
    const std::size_t low_bit = 4 * (63 - digit);
    text[digit] = kDigits[(words[low_bit / 64] >> (low_bit % 64)) & 15];
  }
  return text;
}

Result<Code256> Code256::FromHex(std::string_view text) {
  if (text.size() != 64) {
    return Error{ErrorCode::kInvalidArgument, "a 256-bit hash is 64 hexadecimal digits, not " +
                                                  std::to_string(text.size()) + " characters"};
  }
  Code256 code;
  for (std::size_t digit = 0; digit < 64; ++digit) {
    const char c = text[digit];
    int value = 0;
    if (c >= '0' && c <= '9') {
      value = c - '0';
    } else if (c >= 'a' && c <= 'f') {
      value = c - 'a' + 10;
    } else if (c >= 'A' && c <= 'F') {
      value = c - 'A' + 10;
    } else {
      return Error{ErrorCode::kInvalidArgument, "a 256-bit hash has only the digits 0-9 and a-f"};
    }
    const std::size_t low_bit = 4 * (63 - digit);
    code.words[low_bit / 64] |= static_cast<std::uint64_t>(value) << (low_bit % 64);
  }
  return code;
}

}  // namespace kantei
