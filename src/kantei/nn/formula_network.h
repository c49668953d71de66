// Networks with weights from a closed formula, the same here and in tests/golden/make_embedding.py, so that tests and
// benchmarks need no weights on disk.
#pragma once

#include <cmath>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "kantei/base/result.h"
#include "kantei/image/image.h"
#include "kantei/nn/network_file.h"
#include "kantei/nn/safetensors.h"

namespace kantei::nn {

/// Element `index` of the tensor `name`, in [0, 1): a hash of both.
inline double FormulaUniform(std::string_view name, std::uint32_t index) {
  std::uint32_t seed = 2166136261u;  // FNV-1a
  for (const char c : name) seed = (seed ^ static_cast<unsigned char>(c)) * 16777619u;
  std::uint32_t h = index * 2654435761u + seed;
  h ^= h >> 16;
  h *= 0x85ebca6bu;
  h ^= h >> 13;
  h *= 0xc2b2ae35u;
  h ^= h >> 16;
  return h / 4294967296.0;
}

/// Convolutions and linear layers: uniform with variance 2 / fan in. Batch norms: weight 0.6..1 (0.2..0.6 for the last of a
/// block, so that the sums do not grow), bias and mean +-0.1, variance 0.05..1.05.
inline std::vector<float> FormulaTensor(const std::string& name, std::span<const std::int64_t> shape,
                                        bool last_norm) {
  std::size_t count = 1, fan_in = 1;
  for (std::size_t i = 0; i < shape.size(); ++i) {
    count *= static_cast<std::size_t>(shape[i]);
    if (i > 0) fan_in *= static_cast<std::size_t>(shape[i]);
  }
  std::vector<float> values(count);
  for (std::size_t i = 0; i < count; ++i) {
    const double u = FormulaUniform(name, static_cast<std::uint32_t>(i));
    double value = (u - 0.5) * 0.2;
    if (shape.size() > 1) value = (2 * u - 1) * std::sqrt(6.0 / static_cast<double>(fan_in));
    if (shape.size() == 1 && name.ends_with(".weight")) value = (last_norm ? 0.2 : 0.6) + 0.4 * u;
    if (name.ends_with(".running_var")) value = 0.05 + u;
    values[i] = static_cast<float>(value);
  }
  return values;
}

/// Writes a network file; a "linear" head has `dimension` rows.
inline Status WriteFormulaNetwork(const NetworkDescription& description, int dimension,
                                  const std::filesystem::path& path) {
  KANTEI_TRY(const BackboneSpec spec, SpecOf(description));
  std::map<std::string, bool> last_norms;
  for (const auto& stage : spec.stages) {
    for (const BlockSpec& block : stage) last_norms[block.chain.back().norm] = true;
  }
  std::vector<TensorToWrite> tensors;
  std::vector<std::vector<float>> kept;
  const auto add = [&](const std::string& prefix, const std::string& name, std::vector<std::int64_t> shape,
                       bool last) {
    kept.push_back(FormulaTensor(name, shape, last));
    tensors.push_back({prefix + name, DType::kF32, std::move(shape), std::as_bytes(std::span(kept.back()))});
  };
  for (const ConvSpec* unit : UnitsOf(spec)) {
    add("backbone.", unit->conv + ".weight", {unit->out, unit->in / unit->groups, unit->kernel, unit->kernel},
        false);
    for (const char* part : {".weight", ".bias", ".running_mean", ".running_var"})
      add("backbone.", unit->norm + part, {unit->out}, last_norms.contains(unit->norm));
  }
  if (description.head == "linear") {
    add("", "head.weight", {dimension, spec.channels()}, false);
    add("", "head.bias", {dimension}, false);
  }
  return WriteSafetensors(path, tensors, ToMetadata(description));
}

/// Two pictures: ramps that wrap, and rings.
inline image::Image FormulaPicture(int which, int side) {
  image::Image picture(side, side, 3);
  for (int y = 0; y < side; ++y) {
    for (int x = 0; x < side; ++x) {
      for (int c = 0; c < 3; ++c) {
        const int dx = x - side / 2, dy = y - side / 3;
        const int value =
            which == 0 ? x * 7 + y * 13 + c * 29 + x * y / 8 : (dx * dx + dy * dy) / (5 + c) + 40 * c;
        picture.row(y)[3 * x + c] = static_cast<std::uint8_t>(value & 255);
      }
    }
  }
  return picture;
}

}  // namespace kantei::nn
