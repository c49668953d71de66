// A 256-bit binary code and its Hamming distance.
#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <string>
#include <string_view>

#include "kantei/base/result.h"

namespace kantei {

/// 256 bits; bit k is bit (k mod 64) of words[k / 64].
struct Code256 {
  std::array<std::uint64_t, 4> words{};
  friend bool operator==(const Code256&, const Code256&) = default;

  bool bit(int k) const { return (words[static_cast<std::size_t>(k) >> 6] >> (k & 63)) & 1; }
  void set(int k) { words[static_cast<std::size_t>(k) >> 6] |= std::uint64_t{1} << (k & 63); }
  /// 64 lower-case digits, bit 255 first: the text form of a PDQ hash.
  std::string ToHex() const;
  /// kInvalidArgument unless 64 hexadecimal digits.
  static Result<Code256> FromHex(std::string_view text);
};

/// Number of differing bits, 0..256.
inline int HammingDistance(const Code256& a, const Code256& b) {
  int distance = 0;
  for (std::size_t i = 0; i < 4; ++i) distance += std::popcount(a.words[i] ^ b.words[i]);
  return distance;
}

}  // namespace kantei
