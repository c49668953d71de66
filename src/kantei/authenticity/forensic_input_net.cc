#include "kantei/authenticity/forensic_input_net.h"

#include <ATen/Parallel.h>

#include <algorithm>
#include <cstring>
#include <vector>

#include "kantei/base/cpu.h"
#include "kantei/nn/bfloat16.h"

namespace kantei::authenticity {
namespace {

constexpr float kResidualGain = 16;  // a residual of four grey levels fills a quarter of the range
constexpr std::int64_t kPlanes =
    kForensicInputs / 2;  // a row of each colour and residual, of both rows of a cell

/// x = pixel / 255 - 0.5 of one row of one colour.
KANTEI_MULTIARCH void ScaleRow(const float* pixels, std::int64_t step, std::int64_t width, float* out) {
  if (step == 1) {
    for (std::int64_t x = 0; x < width; ++x) out[x] = pixels[x] / 255 - 0.5f;
  } else if (step == 3) {  // colours side by side, as pictures come
    for (std::int64_t x = 0; x < width; ++x) out[x] = pixels[3 * x] / 255 - 0.5f;
  } else {
    for (std::int64_t x = 0; x < width; ++x) out[x] = pixels[x * step] / 255 - 0.5f;
  }
}

/// The residual of `row`, whose neighbours may be null. `sums` has room for width values.
KANTEI_MULTIARCH void ResidualRow(const float* above, const float* row, const float* below,
                                  std::int64_t width, float* sums, float* out) {
  const float rows = 1.0f + (above != nullptr ? 1 : 0) + (below != nullptr ? 1 : 0);
  if (above != nullptr && below != nullptr) {
    for (std::int64_t x = 0; x < width; ++x) sums[x] = above[x] + row[x] + below[x];
  } else {
    const float* other = above != nullptr ? above : below;
    for (std::int64_t x = 0; x < width; ++x) sums[x] = row[x] + other[x];
  }
  const auto cut = [](float value) { return std::min(1.0f, std::max(-1.0f, value * kResidualGain)); };
  const float inner = 1 / (3 * rows), outer = 1 / (2 * rows);
  for (std::int64_t x = 1; x + 1 < width; ++x)
    out[x] = cut(row[x] - (sums[x - 1] + sums[x] + sums[x + 1]) * inner);
  out[0] = cut(row[0] - (sums[0] + sums[1]) * outer);
  out[width - 1] = cut(row[width - 1] - (sums[width - 2] + sums[width - 1]) * outer);
}

KANTEI_MULTIARCH void NarrowRow(const float* from, std::int64_t count, nn::Bf16* to) {
  for (std::int64_t i = 0; i < count; ++i) to[i] = nn::Narrow(from[i]);
}

/// planes: kPlanes rows of 2 * cells values -> cells x 24: the two pixels of a cell's row stand side by side in both.
template <typename T>
void Interleave(const T* planes, std::int64_t cells, T* out) {
  for (std::int64_t x = 0; x < cells; ++x, out += kForensicInputs)
    for (std::int64_t plane = 0; plane < kPlanes; ++plane)
      std::memcpy(out + 2 * plane, planes + 2 * (plane * cells + x), 2 * sizeof(T));
}

/// One row of cells of one picture.
class CellRow {
 public:
  explicit CellRow(std::int64_t width)
      : width_(width),
        colours_(static_cast<std::size_t>(3 * 4 * width)),
        planes_(static_cast<std::size_t>(kPlanes * width)),
        narrow_(planes_.size()),
        sums_(static_cast<std::size_t>(width)) {}

  /// `pixels`: the picture; strides of colour, row and pixel.
  void Fill(const float* pixels, const std::int64_t (&strides)[3], std::int64_t height, std::int64_t cell) {
    for (std::int64_t colour = 0; colour < 3; ++colour) {
      const float* rows[4] = {};  // from one above the cell to one below it
      for (std::int64_t r = 0; r < 4; ++r) {
        const std::int64_t y = 2 * cell - 1 + r;
        if (y < 0 || y >= height) continue;
        float* row = colours_.data() + (colour * 4 + r) * width_;
        ScaleRow(pixels + colour * strides[0] + y * strides[1], strides[2], width_, row);
        rows[r] = row;
      }
      for (std::int64_t r = 0; r < 2; ++r) {
        std::copy_n(rows[r + 1], width_, planes_.data() + (2 * colour + r) * width_);
        ResidualRow(rows[r], rows[r + 1], rows[r + 2], width_, sums_.data(),
                    planes_.data() + (6 + 2 * colour + r) * width_);
      }
    }
  }
  void Write(float* out) { Interleave(planes_.data(), width_ / 2, out); }
  void Write(at::BFloat16* out) {
    NarrowRow(planes_.data(), static_cast<std::int64_t>(planes_.size()), narrow_.data());
    Interleave(narrow_.data(), width_ / 2, reinterpret_cast<nn::Bf16*>(out));
  }

 private:
  const std::int64_t width_;
  std::vector<float> colours_, planes_;
  std::vector<nn::Bf16> narrow_;
  std::vector<float> sums_;
};

template <typename T>
void FillInput(const torch::Tensor& pixels, T* out) {
  const std::int64_t height = pixels.size(2), width = pixels.size(3), cell_rows = height / 2;
  const std::int64_t strides[3] = {pixels.stride(1), pixels.stride(2), pixels.stride(3)};
  const float* first = pixels.data_ptr<float>();
  at::parallel_for(0, pixels.size(0) * cell_rows, 8, [&](std::int64_t begin, std::int64_t end) {
    CellRow row(width);
    for (std::int64_t n = begin; n < end; ++n) {
      row.Fill(first + n / cell_rows * pixels.stride(0), strides, height, n % cell_rows);
      row.Write(out + n * (width / 2) * kForensicInputs);
    }
  });
}

torch::Tensor ByOperations(const torch::Tensor& pixels) {
  const torch::Tensor x = pixels / 255 - 0.5;
  const torch::Tensor mean = torch::avg_pool2d(x, 3, 1, 1, false, false);
  return torch::pixel_unshuffle(torch::cat({x, ((x - mean) * kResidualGain).clamp(-1, 1)}, 1), 2);
}

}  // namespace

torch::Tensor ForensicInput(const torch::Tensor& pixels, torch::ScalarType type) {
  const torch::NoGradGuard no_grad;
  const bool known = type == torch::kFloat32 || type == torch::kBFloat16;
  if (!known || !pixels.device().is_cpu() || pixels.scalar_type() != torch::kFloat32)
    return ByOperations(pixels).to(type).contiguous(torch::MemoryFormat::ChannelsLast);
  TORCH_CHECK(pixels.dim() == 4 && pixels.size(1) == 3 && pixels.size(2) % 2 == 0 && pixels.size(3) % 2 == 0,
              "the forensic network takes N x 3 x even x even pixels");
  torch::Tensor input =
      torch::empty({pixels.size(0), kForensicInputs, pixels.size(2) / 2, pixels.size(3) / 2},
                   torch::TensorOptions(type).memory_format(torch::MemoryFormat::ChannelsLast));
  if (type == torch::kFloat32) {
    FillInput(pixels, input.data_ptr<float>());
  } else {
    FillInput(pixels, input.data_ptr<at::BFloat16>());
  }
  return input;
}

}  // namespace kantei::authenticity
