// Numbers that come out the same on every machine. Private to dataset/.
//
// Only + - * / and std::sqrt, which IEEE 754 rounds exactly: the sin, exp and log of a C library differ in the last bit
// between versions and processors, and one bit can turn a pixel. dataset/ and image/ are compiled without fused
// multiply-adds for the same reason. And one more rule: compilers differ in the order in which they work out the
// arguments of a call and the sides of an operator, so no two of them may draw from one Random.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "kantei/base/random.h"

namespace kantei::dataset {

struct SinCos {
  double sin, cos;
};

/// Of an angle in degrees; exact at multiples of 90.
inline SinCos SinCosDegrees(double degrees) {
  const double quarters = std::floor(degrees / 90 + 0.5);
  const double x = (degrees - quarters * 90) * (3.14159265358979323846 / 180), x2 = x * x;
  double sin = 1, cos = 1;  // Taylor series, nested; |x| <= pi/4
  for (int k = 17; k >= 3; k -= 2) sin = 1 - x2 / ((k - 1) * k) * sin;
  for (int k = 18; k >= 2; k -= 2) cos = 1 - x2 / ((k - 1) * k) * cos;
  sin *= x;
  switch (static_cast<std::int64_t>(quarters) & 3) {
    case 1:
      return {cos, -sin};
    case 2:
      return {-sin, -cos};
    case 3:
      return {-cos, sin};
    default:
      return {sin, cos};
  }
}

inline double Exp(double x) {
  constexpr double kLog2 = 0.69314718055994530942;
  const double power = std::floor(x / kLog2 + 0.5), rest = x - power * kLog2;
  double sum = 1;  // Taylor series, nested; |rest| <= log(2) / 2
  for (int k = 16; k >= 1; --k) sum = 1 + rest / k * sum;
  return std::ldexp(sum, static_cast<int>(power));
}

/// x > 0.
inline double Log(double x) {
  int power = 0;
  double mantissa = std::frexp(x, &power);
  if (mantissa < 0.70710678118654752440) {
    mantissa *= 2;
    --power;
  }
  const double t = (mantissa - 1) / (mantissa + 1), t2 = t * t;
  double sum = 0;  // 2 artanh(t); |t| < 0.172
  for (int k = 23; k >= 1; k -= 2) sum = sum * t2 + 1.0 / k;
  return 2 * t * sum + power * 0.69314718055994530942;
}

/// x >= 0.
inline double Pow(double x, double exponent) {
  return x > 0 ? Exp(exponent * Log(x)) : 0.0;
}

inline int Round(double x) {
  return static_cast<int>(std::floor(x + 0.5));
}

inline std::uint8_t ToByte(double x) {
  return static_cast<std::uint8_t>(std::clamp(Round(std::clamp(x, -1.0, 256.0)), 0, 255));
}

/// Uniform integer in [low, high].
inline int Between(Random& random, int low, int high) {
  return low + static_cast<int>(random.Below(static_cast<std::uint64_t>(high - low) + 1));
}

/// Uniform in the logarithm: as often between 1 and 2 as between 2 and 4. low > 0.
inline double LogUniform(Random& random, double low, double high) {
  return low * Pow(high / low, random.Uniform());
}

/// Uniform in ±[low, high].
inline double Signed(Random& random, double low, double high) {
  const double size = random.Uniform(low, high);
  return random.Chance(0.5) ? size : -size;
}

}  // namespace kantei::dataset
