// Arithmetic without branches for loops that shall become vector code. Private to copy/.
// std::max and its kin are not inlined into functions whose floating-point options differ; these are.
#pragma once

#include <numbers>

namespace kantei::copy::sift {

inline constexpr float kPi = std::numbers::pi_v<float>;

[[gnu::always_inline]] inline float Larger(float a, float b) {
  return a < b ? b : a;
}
[[gnu::always_inline]] inline float Smaller(float a, float b) {
  return b < a ? b : a;
}
[[gnu::always_inline]] inline int Smaller(int a, int b) {
  return b < a ? b : a;
}
[[gnu::always_inline]] inline float Magnitude(float a) {
  return __builtin_fabsf(a);
}
[[gnu::always_inline]] inline float Root(float a) {
  return __builtin_sqrtf(a);
}

/// Angle of (x, y) in units where a full turn is `turn`, in [0, turn]. A polynomial of degree 9 on [0, 1];
/// the error is below 2e-5 rad.
[[gnu::always_inline]] inline float Angle(float y, float x, float turn) {
  const float ax = Magnitude(x), ay = Magnitude(y);
  const float high = Larger(ax, ay), low = Smaller(ax, ay);
  const float t = low / Larger(high, 1e-20f), s = t * t;
  float a = ((((0.0208351f * s - 0.085133f) * s + 0.180141f) * s - 0.3302995f) * s + 0.999866f) * t;
  a = ay > ax ? 0.5f * kPi - a : a;
  a = x < 0 ? kPi - a : a;
  a = y < 0 ? 2 * kPi - a : a;
  return a * (turn / (2 * kPi));
}

}  // namespace kantei::copy::sift
