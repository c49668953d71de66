// Mirroring of features, and their stored form (docs/formats.md).
#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <numbers>
#include <string>

#include "kantei/copy/local_features.h"

namespace kantei::copy {
namespace {

// "KLF" and the version, then width, height, count (little-endian u32), then per feature x, y (u16, fraction
// of the side × 65535), scale, angle (u8), then all descriptors.
constexpr std::array<std::uint8_t, 4> kMagic{'K', 'L', 'F', 1};
constexpr std::size_t kHeaderSize = 16;
constexpr std::size_t kKeypointSize = 6;
constexpr std::uint32_t kMaxFeatures = 1u << 20;
constexpr std::uint32_t kMaxSide = 1u << 24;
// Scale codes are logarithmic: 16 steps an octave (within 2.2 %), from 1/4 pixel to 15,600.
constexpr float kLeastScale = 0.25f;
constexpr float kStepsPerOctave = 16.0f;
constexpr float kTurn = 2 * std::numbers::pi_v<float>;

void Put(Bytes* out, std::uint32_t value, int bytes) {
  for (int i = 0; i < bytes; ++i) out->push_back(static_cast<std::byte>((value >> (8 * i)) & 0xFF));
}

std::uint32_t Get(std::span<const std::byte> in, std::size_t at, int bytes) {
  std::uint32_t value = 0;
  for (int i = 0; i < bytes; ++i) {
    value |= static_cast<std::uint32_t>(in[at + static_cast<std::size_t>(i)]) << (8 * i);
  }
  return value;
}

std::uint32_t EncodeFraction(float value, int side) {
  const double fraction = side > 0 ? static_cast<double>(value) / side : 0.0;
  return static_cast<std::uint32_t>(std::lround(std::clamp(fraction, 0.0, 1.0) * 65535.0));
}

std::uint32_t EncodeScale(float scale) {
  const float steps = kStepsPerOctave * std::log2(std::max(scale, kLeastScale) / kLeastScale);
  return static_cast<std::uint32_t>(std::lround(std::clamp(steps, 0.0f, 255.0f)));
}

std::uint32_t EncodeAngle(float angle) {
  return static_cast<std::uint32_t>(std::lround(angle / kTurn * 256.0f)) & 0xFF;
}

Error Corrupt(const std::string& what) {
  return {ErrorCode::kCorrupt,
          "Stored local features are damaged: " + what + "; add the picture to the library again."};
}

}  // namespace

LocalFeatures MirrorFeatures(const LocalFeatures& features) {
  LocalFeatures out = features;
  for (Keypoint& k : out.keypoints) {
    k.x = static_cast<float>(features.width) - k.x;
    k.angle = 0.5f * kTurn - k.angle;
    if (k.angle < 0) k.angle += kTurn;
    if (k.angle >= kTurn) k.angle = 0;
  }
  // Along the keypoint's direction nothing changes; across it rows swap and directions turn the other way.
  for (std::size_t i = 0; i < features.size(); ++i) {
    const std::uint8_t* from = features.descriptor(i);
    std::uint8_t* to = out.descriptors.data() + i * kDescriptorSize;
    for (int row = 0; row < 4; ++row) {
      for (int column = 0; column < 4; ++column) {
        for (int o = 0; o < 8; ++o) {
          to[((3 - row) * 4 + column) * 8 + (8 - o) % 8] = from[(row * 4 + column) * 8 + o];
        }
      }
    }
  }
  return out;
}

Bytes SerializeFeatures(const LocalFeatures& features) {
  Bytes out;
  out.reserve(kHeaderSize + features.size() * (kKeypointSize + kDescriptorSize));
  for (const std::uint8_t byte : kMagic) out.push_back(static_cast<std::byte>(byte));
  Put(&out, static_cast<std::uint32_t>(features.width), 4);
  Put(&out, static_cast<std::uint32_t>(features.height), 4);
  Put(&out, static_cast<std::uint32_t>(features.size()), 4);
  for (const Keypoint& k : features.keypoints) {
    Put(&out, EncodeFraction(k.x, features.width), 2);
    Put(&out, EncodeFraction(k.y, features.height), 2);
    Put(&out, EncodeScale(k.scale), 1);
    Put(&out, EncodeAngle(k.angle), 1);
  }
  const auto* first = reinterpret_cast<const std::byte*>(features.descriptors.data());
  out.insert(out.end(), first, first + features.descriptors.size());
  return out;
}

Result<LocalFeatures> ParseFeatures(std::span<const std::byte> bytes) {
  if (bytes.size() < kHeaderSize) return Corrupt("the header is cut off");
  if (std::memcmp(bytes.data(), kMagic.data(), 3) != 0) return Corrupt("the signature KLF is missing");
  if (std::to_integer<std::uint8_t>(bytes[3]) != kMagic[3]) return Corrupt("the version is not 1");
  const std::uint32_t width = Get(bytes, 4, 4), height = Get(bytes, 8, 4), count = Get(bytes, 12, 4);
  if (width > kMaxSide || height > kMaxSide) return Corrupt("a side is longer than any picture's");
  if (count > kMaxFeatures) return Corrupt("the number of features passes the limit");
  if (count > 0 && (width == 0 || height == 0)) return Corrupt("features without a picture");
  if (bytes.size() != kHeaderSize + count * (kKeypointSize + kDescriptorSize)) {
    return Corrupt("the length does not fit the number of features");
  }
  LocalFeatures features;
  features.width = static_cast<int>(width);
  features.height = static_cast<int>(height);
  features.keypoints.resize(count);
  std::size_t at = kHeaderSize;
  for (Keypoint& k : features.keypoints) {
    k.x = static_cast<float>(Get(bytes, at, 2) * static_cast<double>(width) / 65535.0);
    k.y = static_cast<float>(Get(bytes, at + 2, 2) * static_cast<double>(height) / 65535.0);
    k.scale = kLeastScale * std::exp2(static_cast<float>(Get(bytes, at + 4, 1)) / kStepsPerOctave);
    k.angle = static_cast<float>(Get(bytes, at + 5, 1)) * (kTurn / 256.0f);
    at += kKeypointSize;
  }
  features.descriptors.resize(static_cast<std::size_t>(count) * kDescriptorSize);
  if (count > 0) std::memcpy(features.descriptors.data(), bytes.data() + at, features.descriptors.size());
  return features;
}

}  // namespace kantei::copy
