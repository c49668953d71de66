// Evidence bands: how much the evidence for a statement weighs. Never a certainty, never a probability.
#pragma once

#include <string_view>

namespace kantei {

enum class Band { kNone, kInconclusive, kModerate, kStrong };

/// "none", "inconclusive", "moderate", "strong": as in JSON.
constexpr std::string_view BandName(Band band) {
  switch (band) {
    case Band::kNone:
      return "none";
    case Band::kInconclusive:
      return "inconclusive";
    case Band::kModerate:
      return "moderate";
    case Band::kStrong:
      return "strong";
  }
  return "none";
}

}  // namespace kantei
