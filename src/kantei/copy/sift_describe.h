// Orientation and RootSIFT descriptor of a keypoint (Lowe 2004, sections 5 and 6; Arandjelovic and Zisserman
// 2012).
#pragma once

#include <array>
#include <cstdint>

#include "kantei/copy/sift_detect.h"

namespace kantei::copy::sift {

inline constexpr int kMaxOrientations = 2;

/// Dominant gradient directions, strongest first, radians in [0, 2π), y down. Returns how many, 0 on flat
/// ground.
int FindOrientations(const ScaleSpace& space, const Extremum& extremum,
                     std::array<float, kMaxOrientations>* angles);

/// Writes 128 bytes: cell row (along the direction angle + 90°) × cell column (along the angle) × 8
/// directions.
void Describe(const ScaleSpace& space, const Extremum& extremum, float angle, std::uint8_t* out);

}  // namespace kantei::copy::sift
