#include "kantei/nn/norm_relu_net.h"

#include <ATen/Parallel.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

#include "kantei/base/cpu.h"
#include "kantei/nn/bfloat16.h"

namespace kantei::nn {
namespace {

// Rows of `channels` values. The sums of a stretch of rows in float, then in double: exact enough for any batch.
constexpr std::int64_t kStretch = 512;

/// sums[c] += x, squares[c] += x^2 over one stretch.
KANTEI_MULTIARCH void SumRows(const Bf16* x, std::int64_t rows, std::int64_t channels, float* sums,
                              float* squares) {
  for (std::int64_t r = 0; r < rows; ++r, x += channels) {
    for (std::int64_t c = 0; c < channels; ++c) {
      const float value = Wide(x[c]);
      sums[c] += value;
      squares[c] += value * value;
    }
  }
}

KANTEI_MULTIARCH void NormRows(const Bf16* x, const Bf16* residual, std::int64_t rows, std::int64_t channels,
                               const float* scale, const float* shift, float floor, Bf16* y) {
  for (std::int64_t r = 0; r < rows; ++r, x += channels, y += channels) {
    if (residual != nullptr) {
      for (std::int64_t c = 0; c < channels; ++c) {
        const float value = Wide(x[c]) * scale[c] + shift[c] + Wide(residual[c]);
        y[c] = Narrow(value < floor ? floor : value);
      }
      residual += channels;
    } else {
      for (std::int64_t c = 0; c < channels; ++c) {
        const float value = Wide(x[c]) * scale[c] + shift[c];
        y[c] = Narrow(value < floor ? floor : value);
      }
    }
  }
}

/// masked = dy where y > 0 (everywhere without ReLU, y null); sums[c] += masked, products[c] += masked * x.
KANTEI_MULTIARCH void SumGradients(const Bf16* x, const Bf16* y, const Bf16* dy, std::int64_t rows,
                                   std::int64_t channels, float* sums, float* products, Bf16* masked) {
  for (std::int64_t r = 0; r < rows; ++r, x += channels, dy += channels, masked += channels) {
    if (y != nullptr) {
      for (std::int64_t c = 0; c < channels; ++c) {
        // A bfloat16 is above zero when its bits are, as a signed number.
        const auto kept = static_cast<Bf16>(static_cast<std::int16_t>(y[c]) > 0 ? dy[c] : 0);
        const float value = Wide(kept);
        masked[c] = kept;
        sums[c] += value;
        products[c] += value * Wide(x[c]);
      }
      y += channels;
    } else {
      for (std::int64_t c = 0; c < channels; ++c) {
        const float value = Wide(dy[c]);
        masked[c] = dy[c];
        sums[c] += value;
        products[c] += value * Wide(x[c]);
      }
    }
  }
}

/// dx = masked * a + x * b + k, channel by channel.
KANTEI_MULTIARCH void GradientRows(const Bf16* x, const Bf16* masked, std::int64_t rows,
                                   std::int64_t channels, const float* a, const float* b, const float* k,
                                   Bf16* dx) {
  for (std::int64_t r = 0; r < rows; ++r, x += channels, masked += channels, dx += channels)
    for (std::int64_t c = 0; c < channels; ++c)
      dx[c] = Narrow(Wide(masked[c]) * a[c] + Wide(x[c]) * b[c] + k[c]);
}

/// work(first row, last row, part) on one stretch of rows a thread.
template <typename Work>
void ForParts(std::int64_t rows, std::int64_t parts, const Work& work) {
  at::parallel_for(0, parts, 1, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t part = begin; part < end; ++part)
      work(rows * part / parts, rows * (part + 1) / parts, part);
  });
}

/// Two sums a channel over all rows: add(first row, rows, sums, others) works on float sums of a stretch.
template <typename Add>
void SumChannels(std::int64_t rows, std::int64_t channels, std::int64_t parts, const Add& add,
                 std::vector<double>* totals, std::vector<double>* other_totals) {
  const auto width = static_cast<std::size_t>(channels);
  std::vector<std::vector<double>> of_part(static_cast<std::size_t>(parts), std::vector<double>(2 * width));
  ForParts(rows, parts, [&](std::int64_t first, std::int64_t last, std::int64_t part) {
    std::vector<double>& sums = of_part[static_cast<std::size_t>(part)];
    std::vector<float> stretch(2 * width);
    for (std::int64_t row = first; row < last; row += kStretch) {
      std::fill(stretch.begin(), stretch.end(), 0.0f);
      add(row, std::min(kStretch, last - row), stretch.data(), stretch.data() + width);
      for (std::size_t i = 0; i < stretch.size(); ++i) sums[i] += static_cast<double>(stretch[i]);
    }
  });
  totals->assign(width, 0);
  other_totals->assign(width, 0);
  for (const auto& sums : of_part) {
    for (std::size_t c = 0; c < width; ++c) {
      (*totals)[c] += sums[c];
      (*other_totals)[c] += sums[width + c];
    }
  }
}

const Bf16* Values(const torch::Tensor& x) {
  return reinterpret_cast<const Bf16*>(x.data_ptr<at::BFloat16>());
}
Bf16* Writable(const torch::Tensor& x) {
  return reinterpret_cast<Bf16*>(x.data_ptr<at::BFloat16>());
}

torch::Tensor AsRows(const torch::Tensor& x) {
  return x.to(torch::kBFloat16).contiguous(torch::MemoryFormat::ChannelsLast);
}

class Fused : public torch::autograd::Function<Fused> {
 public:
  static torch::Tensor forward(torch::autograd::AutogradContext* context, const torch::Tensor& x,
                               const c10::optional<torch::Tensor>& residual, const torch::Tensor& weight,
                               const torch::Tensor& bias, const torch::Tensor& running_mean,
                               const torch::Tensor& running_var, double momentum, double eps, bool relu) {
    const std::int64_t channels = x.size(1), rows = x.numel() / channels;
    const std::int64_t parts = at::get_num_threads();
    const Bf16* in = Values(x);
    std::vector<double> sums, squares;
    SumChannels(
        rows, channels, parts,
        [&](std::int64_t row, std::int64_t count, float* sum, float* square) {
          SumRows(in + row * channels, count, channels, sum, square);
        },
        &sums, &squares);
    const auto width = static_cast<std::size_t>(channels);
    std::vector<float> scale(width), shift(width);
    torch::Tensor mean = torch::empty({channels}, torch::kFloat64),
                  inverse = torch::empty({channels}, torch::kFloat64);
    const auto count = static_cast<double>(rows);
    auto* means = mean.data_ptr<double>();
    auto* inverses = inverse.data_ptr<double>();
    const float *gain = weight.data_ptr<float>(), *offset = bias.data_ptr<float>();
    float *kept_mean = running_mean.data_ptr<float>(), *kept_var = running_var.data_ptr<float>();
    for (std::size_t c = 0; c < width; ++c) {
      means[c] = sums[c] / count;
      const double variance = std::max(0.0, squares[c] / count - means[c] * means[c]);
      inverses[c] = 1 / std::sqrt(variance + eps);
      scale[c] = static_cast<float>(static_cast<double>(gain[c]) * inverses[c]);
      shift[c] = static_cast<float>(static_cast<double>(offset[c]) -
                                    means[c] * static_cast<double>(gain[c]) * inverses[c]);
      const auto mix = [&](float kept, double now) {
        return static_cast<float>((1 - momentum) * static_cast<double>(kept) + momentum * now);
      };
      kept_mean[c] = mix(kept_mean[c], means[c]);
      kept_var[c] = mix(kept_var[c], variance * count / std::max(1.0, count - 1));
    }
    torch::Tensor y = torch::empty_like(x);
    Bf16* out = Writable(y);
    const torch::Tensor added = residual ? AsRows(*residual) : torch::Tensor();
    const Bf16* add = residual ? Values(added) : nullptr;
    const float floor = relu ? 0.0f : -INFINITY;
    ForParts(rows, parts, [&](std::int64_t first, std::int64_t last, std::int64_t) {
      const std::int64_t at = first * channels;
      NormRows(in + at, add != nullptr ? add + at : nullptr, last - first, channels, scale.data(),
               shift.data(), floor, out + at);
    });
    context->save_for_backward({x, relu ? y : torch::Tensor(), weight, mean, inverse});
    context->saved_data["residual"] = residual.has_value();
    return y;
  }

  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context,
                                                 const torch::autograd::variable_list& gradients) {
    const auto saved = context->get_saved_variables();
    const torch::Tensor &x = saved[0], &y = saved[1], &weight = saved[2];
    const torch::Tensor dy = AsRows(gradients[0]);
    const std::int64_t channels = x.size(1), rows = x.numel() / channels;
    const std::int64_t parts = at::get_num_threads();
    const Bf16 *in = Values(x), *out = y.defined() ? Values(y) : nullptr, *down = Values(dy);
    const torch::Tensor masked = torch::empty_like(x);
    Bf16* kept = Writable(masked);
    std::vector<double> sums, products;
    SumChannels(
        rows, channels, parts,
        [&](std::int64_t row, std::int64_t count, float* sum, float* product) {
          const std::int64_t at = row * channels;
          SumGradients(in + at, out != nullptr ? out + at : nullptr, down + at, count, channels, sum, product,
                       kept + at);
        },
        &sums, &products);
    const auto width = static_cast<std::size_t>(channels);
    const double *means = saved[3].data_ptr<double>(), *inverses = saved[4].data_ptr<double>();
    const float* gain = weight.data_ptr<float>();
    const auto count = static_cast<double>(rows);
    torch::Tensor d_weight = torch::empty({channels}), d_bias = torch::empty({channels});
    std::vector<float> a(width), b(width), k(width);
    for (std::size_t c = 0; c < width; ++c) {
      // sum of masked * xhat, xhat = (x - mean) * inverse
      const double along = (products[c] - means[c] * sums[c]) * inverses[c];
      d_weight.data_ptr<float>()[c] = static_cast<float>(along);
      d_bias.data_ptr<float>()[c] = static_cast<float>(sums[c]);
      const double scale = static_cast<double>(gain[c]) * inverses[c],
                   slope = scale * along * inverses[c] / count;
      a[c] = static_cast<float>(scale);
      b[c] = static_cast<float>(-slope);
      k[c] = static_cast<float>(means[c] * slope - scale * sums[c] / count);
    }
    const torch::Tensor dx = torch::empty_like(x);
    Bf16* back = Writable(dx);
    ForParts(rows, parts, [&](std::int64_t first, std::int64_t last, std::int64_t) {
      const std::int64_t at = first * channels;
      GradientRows(in + at, kept + at, last - first, channels, a.data(), b.data(), k.data(), back + at);
    });
    const torch::Tensor none;
    return {dx,       context->saved_data["residual"].toBool() ? masked : none,
            d_weight, d_bias,
            none,     none,
            none,     none,
            none};
  }
};

}  // namespace

bool NormReluFits(const torch::Tensor& x) {
  return x.device().is_cpu() && x.scalar_type() == torch::kBFloat16 && x.dim() == 4 &&
         x.is_contiguous(torch::MemoryFormat::ChannelsLast);
}

torch::Tensor TrainNormRelu(const torch::Tensor& x, torch::nn::BatchNorm2d& norm,
                            const torch::Tensor& residual, bool relu) {
  norm->num_batches_tracked.add_(1);
  return Fused::apply(x, residual.defined() ? c10::optional<torch::Tensor>(residual) : c10::nullopt,
                      norm->weight, norm->bias, norm->running_mean, norm->running_var,
                      norm->options.momentum().value_or(0.1), norm->options.eps(), relu);
}

}  // namespace kantei::nn
