// Seeded random numbers that are the same on every machine and standard library.
#pragma once

#include <array>
#include <cmath>
#include <cstdint>
#include <numbers>

namespace kantei {

/// xoshiro256** seeded by splitmix64 (Blackman and Vigna). Not thread-safe; derive one generator per task with Fork.
class Random {
 public:
  explicit Random(std::uint64_t seed) {
    for (auto& word : state_) word = SplitMix(seed);
  }

  std::uint64_t Next() {
    const std::uint64_t result = Rotate(state_[1] * 5, 7) * 9;
    const std::uint64_t t = state_[1] << 17;
    state_[2] ^= state_[0];
    state_[3] ^= state_[1];
    state_[1] ^= state_[2];
    state_[0] ^= state_[3];
    state_[2] ^= t;
    state_[3] = Rotate(state_[3], 45);
    return result;
  }

  /// Uniform in [0, 1), 53 bits.
  double Uniform() { return static_cast<double>(Next() >> 11) * 0x1.0p-53; }
  double Uniform(double low, double high) { return low + (high - low) * Uniform(); }
  /// Uniform integer in [0, count); count > 0.
  std::uint64_t Below(std::uint64_t count) {
    return static_cast<std::uint64_t>((static_cast<Wide>(Next()) * count) >> 64);
  }
  /// Standard normal (Box-Muller, one value a call).
  double Normal() {
    const double radius = std::sqrt(-2.0 * std::log(1.0 - Uniform()));
    return radius * std::cos(2.0 * std::numbers::pi * Uniform());
  }
  bool Chance(double probability) { return Uniform() < probability; }
  /// An independent generator for a numbered task.
  Random Fork(std::uint64_t task) const {
    return Random(state_[0] ^ (task * 0x9E3779B97F4A7C15ull + 0xD1B54A32D192ED03ull));
  }

 private:
  __extension__ typedef unsigned __int128 Wide;  // -Wpedantic
  static std::uint64_t Rotate(std::uint64_t x, int k) { return (x << k) | (x >> (64 - k)); }
  static std::uint64_t SplitMix(std::uint64_t& x) {
    std::uint64_t z = (x += 0x9E3779B97F4A7C15ull);
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ull;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBull;
    return z ^ (z >> 31);
  }
  std::array<std::uint64_t, 4> state_{};
};

}  // namespace kantei
