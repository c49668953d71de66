// bfloat16 in loops that compilers turn into vector code.
#pragma once

#include <bit>
#include <cstdint>

namespace kantei::nn {

using Bf16 = std::uint16_t;

inline float Wide(Bf16 value) {
  return std::bit_cast<float>(static_cast<std::uint32_t>(value) << 16);
}
/// To the nearest, ties to even. NaN stays one, or a run that diverges would not be seen.
inline Bf16 Narrow(float value) {
  const auto bits = std::bit_cast<std::uint32_t>(value);
  const auto rounded = static_cast<Bf16>((bits + 0x7FFFu + (bits >> 16 & 1u)) >> 16);
  return value == value ? rounded : static_cast<Bf16>(0x7FC0u);
}

}  // namespace kantei::nn
