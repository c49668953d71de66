#include "kantei/nn/group_norm_silu_net.h"

#include <ATen/Parallel.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <vector>

#include "kantei/base/cpu.h"
#include "kantei/nn/bfloat16.h"

namespace kantei::nn {
namespace {

#define KANTEI_INLINE inline __attribute__((always_inline))

KANTEI_INLINE float Read(float value) {
  return value;
}
KANTEI_INLINE float Read(Bf16 value) {
  return Wide(value);
}
KANTEI_INLINE void Write(float value, float* to) {
  *to = value;
}
KANTEI_INLINE void Write(float value, Bf16* to) {
  *to = Narrow(value);
}

/// e^x within 2e-7 of its size for |x| <= 87, beyond that of the nearer bound; NaN stays one. Written out so that loops over it become
/// vector code: 2^k from the exponent's bits, times the polynomial of the remainder.
KANTEI_INLINE float Exp(float x) {
  const float bounded = x < -87.0F ? -87.0F : (x > 87.0F ? 87.0F : x);
  constexpr float kRounder = 12582912.0F;  // 1.5 * 2^23: adding it rounds to a whole number
  const float shifted = bounded * 1.44269504F + kRounder;
  const float whole = shifted - kRounder;
  const float rest = (bounded - whole * 0.693145752F) - whole * 1.42860677e-6F;
  float p = 1.0F / 720;
  p = p * rest + 1.0F / 120;
  p = p * rest + 1.0F / 24;
  p = p * rest + 1.0F / 6;
  p = p * rest + 0.5F;
  p = p * rest + 1.0F;
  p = p * rest + 1.0F;
  return p * std::bit_cast<float>((std::bit_cast<std::uint32_t>(shifted) << 23) + 0x3F800000U);
}

KANTEI_INLINE float Sigmoid(float x) {
  return 1.0F / (1.0F + Exp(-x));
}

// Rows are places of one picture, `channels` values each.

/// sums[c] += x - origin[c], squares[c] += (x - origin[c])^2
template <typename T>
KANTEI_INLINE void AddSums(const T* x, std::int64_t rows, std::int64_t channels, const float* origin,
                           float* sums, float* squares) {
  for (std::int64_t r = 0; r < rows; ++r, x += channels) {
    for (std::int64_t c = 0; c < channels; ++c) {
      const float value = Read(x[c]) - origin[c];
      sums[c] += value;
      squares[c] += value * value;
    }
  }
}

template <typename T>
KANTEI_INLINE void Apply(const T* x, std::int64_t rows, std::int64_t channels, const float* scale,
                         const float* shift, bool silu, T* y) {
  for (std::int64_t r = 0; r < rows; ++r, x += channels, y += channels) {
    if (silu) {
      for (std::int64_t c = 0; c < channels; ++c) {
        const float z = Read(x[c]) * scale[c] + shift[c];
        Write(z * Sigmoid(z), y + c);
      }
    } else {
      for (std::int64_t c = 0; c < channels; ++c) Write(Read(x[c]) * scale[c] + shift[c], y + c);
    }
  }
}

/// dz: the gradient before SiLU. sums[c] += dz, products[c] += dz (x - mean[c]).
template <typename T>
KANTEI_INLINE void AddGradients(const T* x, const T* dy, std::int64_t rows, std::int64_t channels,
                                const float* scale, const float* shift, const float* mean, bool silu,
                                float* sums, float* products, T* dz) {
  for (std::int64_t r = 0; r < rows; ++r, x += channels, dy += channels, dz += channels) {
    if (silu) {
      for (std::int64_t c = 0; c < channels; ++c) {
        const float in = Read(x[c]), z = in * scale[c] + shift[c], s = Sigmoid(z);
        const float value = Read(dy[c]) * s * (1.0F + z * (1.0F - s));
        Write(value, dz + c);
        sums[c] += value;
        products[c] += value * (in - mean[c]);
      }
    } else {
      for (std::int64_t c = 0; c < channels; ++c) {
        const float value = Read(dy[c]);
        Write(value, dz + c);
        sums[c] += value;
        products[c] += value * (Read(x[c]) - mean[c]);
      }
    }
  }
}

/// dx = dz a + x b + k; dz and dx may be the same memory.
template <typename T>
KANTEI_INLINE void Mix(const T* x, const T* dz, std::int64_t rows, std::int64_t channels, const float* a,
                       const float* b, const float* k, T* dx) {
  for (std::int64_t r = 0; r < rows; ++r, x += channels, dz += channels, dx += channels)
    for (std::int64_t c = 0; c < channels; ++c) Write(Read(dz[c]) * a[c] + Read(x[c]) * b[c] + k[c], dx + c);
}

// Clones for several instruction sets cannot be made of templates.
#define KANTEI_ROW_KERNELS(T)                                                                               \
  KANTEI_MULTIARCH void SumRows(const T* x, std::int64_t rows, std::int64_t channels, const float* origin,  \
                                float* sums, float* squares) {                                              \
    AddSums(x, rows, channels, origin, sums, squares);                                                      \
  }                                                                                                         \
  KANTEI_MULTIARCH void ApplyRows(const T* x, std::int64_t rows, std::int64_t channels, const float* scale, \
                                  const float* shift, bool silu, T* y) {                                    \
    Apply(x, rows, channels, scale, shift, silu, y);                                                        \
  }                                                                                                         \
  KANTEI_MULTIARCH void GradientRows(const T* x, const T* dy, std::int64_t rows, std::int64_t channels,     \
                                     const float* scale, const float* shift, const float* mean, bool silu,  \
                                     float* sums, float* products, T* dz) {                                 \
    AddGradients(x, dy, rows, channels, scale, shift, mean, silu, sums, products, dz);                      \
  }                                                                                                         \
  KANTEI_MULTIARCH void MixRows(const T* x, std::int64_t rows, std::int64_t channels, const float* a,       \
                                const float* b, const float* k, T* dx) {                                    \
    Mix(x, dx, rows, channels, a, b, k, dx);                                                                \
  }
KANTEI_ROW_KERNELS(float)
KANTEI_ROW_KERNELS(Bf16)
#undef KANTEI_ROW_KERNELS

// The sums of a stretch of rows in float, of all stretches in double. Which rows belong together does not depend on the threads.
constexpr std::int64_t kStretch = 256;

struct Layout {
  explicit Layout(const torch::Tensor& x, std::int64_t groups_)
      : pictures(x.size(0)), channels(x.size(1)), rows(x.size(2) * x.size(3)), groups(groups_) {}
  std::int64_t stretches() const { return (rows + kStretch - 1) / kStretch; }
  std::int64_t group_width() const { return channels / groups; }
  double group_size() const { return static_cast<double>(rows * group_width()); }
  std::int64_t pictures, channels, rows, groups;
};

/// work(picture, first row, rows, number of the stretch over all pictures)
template <typename Work>
void ForStretches(const Layout& layout, const Work& work) {
  const std::int64_t each = layout.stretches();
  const std::int64_t grain = std::max<std::int64_t>(1, 32'768 / (layout.channels * kStretch));
  at::parallel_for(0, layout.pictures * each, grain, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) {
      const std::int64_t first = i % each * kStretch;
      work(i / each, first, std::min(kStretch, layout.rows - first), i);
    }
  });
}

/// Two sums a picture and channel, (pictures, 2, channels). add(picture, first row, rows, sums, others) adds those of a stretch.
template <typename Add>
std::vector<double> SumChannels(const Layout& layout, const Add& add) {
  const auto width = static_cast<std::size_t>(2 * layout.channels);
  const auto each = static_cast<std::size_t>(layout.stretches());
  std::vector<float> parts(static_cast<std::size_t>(layout.pictures) * each * width);
  ForStretches(layout, [&](std::int64_t picture, std::int64_t first, std::int64_t rows, std::int64_t i) {
    float* part = parts.data() + static_cast<std::size_t>(i) * width;
    add(picture, first, rows, part, part + layout.channels);
  });
  std::vector<double> sums(static_cast<std::size_t>(layout.pictures) * width);
  for (std::size_t n = 0; n < static_cast<std::size_t>(layout.pictures); ++n)
    for (std::size_t part = 0; part < each; ++part)
      for (std::size_t i = 0; i < width; ++i)
        sums[n * width + i] += static_cast<double>(parts[(n * each + part) * width + i]);
  return sums;
}

template <typename T>
T* Values(const torch::Tensor& x) {
  return reinterpret_cast<T*>(x.data_ptr());
}

/// What turns x into z, and the means, a picture and channel.
struct Coefficients {
  explicit Coefficients(const Layout& layout)
      : scale(static_cast<std::size_t>(layout.pictures * layout.channels)),
        shift(scale.size()),
        mean(scale.size()) {}
  std::vector<float> scale, shift, mean;
};

/// moments: (pictures, groups, 2), mean and 1 / deviation, float64.
Coefficients MakeCoefficients(const Layout& layout, const torch::Tensor& moments, const torch::Tensor& weight,
                              const torch::Tensor& bias) {
  Coefficients made(layout);
  const double* of_group = moments.data_ptr<double>();
  const float *gain = weight.data_ptr<float>(), *offset = bias.data_ptr<float>();
  for (std::int64_t n = 0; n < layout.pictures; ++n) {
    for (std::int64_t c = 0; c < layout.channels; ++c) {
      const double* group = of_group + 2 * (n * layout.groups + c / layout.group_width());
      const auto at = static_cast<std::size_t>(n * layout.channels + c);
      const double scale = static_cast<double>(gain[c]) * group[1];
      made.scale[at] = static_cast<float>(scale);
      made.shift[at] = static_cast<float>(static_cast<double>(offset[c]) - group[0] * scale);
      made.mean[at] = static_cast<float>(group[0]);
    }
  }
  return made;
}

template <typename T>
torch::Tensor Moments(const torch::Tensor& x, const Layout& layout, double eps) {
  const T* in = Values<T>(x);
  const auto picture_of = [&](std::int64_t n) { return in + n * layout.rows * layout.channels; };
  // Measured from a value of the channel's own: means much above the deviation then cost no digits.
  std::vector<float> origin(static_cast<std::size_t>(layout.pictures * layout.channels));
  for (std::int64_t n = 0; n < layout.pictures; ++n)
    for (std::int64_t c = 0; c < layout.channels; ++c)
      origin[static_cast<std::size_t>(n * layout.channels + c)] = Read(picture_of(n)[c]);
  const std::vector<double> sums = SumChannels(
      layout, [&](std::int64_t n, std::int64_t first, std::int64_t rows, float* sum, float* square) {
        SumRows(picture_of(n) + first * layout.channels, rows, layout.channels,
                origin.data() + n * layout.channels, sum, square);
      });
  torch::Tensor moments = torch::empty({layout.pictures, layout.groups, 2}, torch::kFloat64);
  double* out = moments.data_ptr<double>();
  const auto rows = static_cast<double>(layout.rows);
  for (std::int64_t n = 0; n < layout.pictures; ++n) {
    const double *sum = sums.data() + 2 * n * layout.channels, *square = sum + layout.channels;
    const float* from = origin.data() + n * layout.channels;
    for (std::int64_t g = 0; g < layout.groups; ++g) {
      const std::int64_t first = g * layout.group_width(), last = first + layout.group_width();
      double mean = 0, variance = 0;
      for (std::int64_t c = first; c < last; ++c) mean += static_cast<double>(from[c]) + sum[c] / rows;
      mean /= static_cast<double>(layout.group_width());
      for (std::int64_t c = first; c < last; ++c) {
        const double away = static_cast<double>(from[c]) - mean;
        variance += square[c] / rows + away * (2 * sum[c] / rows + away);
      }
      variance = std::max(0.0, variance / static_cast<double>(layout.group_width()));
      *out++ = mean;
      *out++ = 1 / std::sqrt(variance + eps);
    }
  }
  return moments;
}

template <typename T>
torch::Tensor Forward(const torch::Tensor& x, const Layout& layout, const torch::Tensor& moments,
                      const torch::Tensor& weight, const torch::Tensor& bias, bool silu) {
  const Coefficients numbers = MakeCoefficients(layout, moments, weight, bias);
  torch::Tensor y = torch::empty_like(x);
  const T* in = Values<T>(x);
  T* out = Values<T>(y);
  ForStretches(layout, [&](std::int64_t n, std::int64_t first, std::int64_t rows, std::int64_t) {
    const std::int64_t at = (n * layout.rows + first) * layout.channels, of = n * layout.channels;
    ApplyRows(in + at, rows, layout.channels, numbers.scale.data() + of, numbers.shift.data() + of, silu,
              out + at);
  });
  return y;
}

struct Gradients {
  torch::Tensor x, weight, bias;
};

template <typename T>
Gradients Backward(const torch::Tensor& x, const torch::Tensor& dy, const Layout& layout,
                   const torch::Tensor& moments, const torch::Tensor& weight, const torch::Tensor& bias,
                   bool silu) {
  const Coefficients numbers = MakeCoefficients(layout, moments, weight, bias);
  Gradients back{torch::empty_like(x), torch::zeros({layout.channels}), torch::zeros({layout.channels})};
  const T *in = Values<T>(x), *down = Values<T>(dy);
  T* out = Values<T>(back.x);
  const auto start = [&](std::int64_t n, std::int64_t row) {
    return (n * layout.rows + row) * layout.channels;
  };
  const std::vector<double> sums = SumChannels(
      layout, [&](std::int64_t n, std::int64_t first, std::int64_t rows, float* sum, float* product) {
        const std::int64_t at = start(n, first), of = n * layout.channels;
        GradientRows(in + at, down + at, rows, layout.channels, numbers.scale.data() + of,
                     numbers.shift.data() + of, numbers.mean.data() + of, silu, sum, product, out + at);
      });
  const double* of_group = moments.data_ptr<double>();
  const float* gain = weight.data_ptr<float>();
  float *d_weight = back.weight.data_ptr<float>(), *d_bias = back.bias.data_ptr<float>();
  std::vector<float> a(numbers.scale.size()), b(a.size()), k(a.size());
  for (std::int64_t n = 0; n < layout.pictures; ++n) {
    const double *sum = sums.data() + 2 * n * layout.channels, *product = sum + layout.channels;
    for (std::int64_t g = 0; g < layout.groups; ++g) {
      const double mean = of_group[2 * (n * layout.groups + g)],
                   inverse = of_group[2 * (n * layout.groups + g) + 1];
      const std::int64_t first = g * layout.group_width(), last = first + layout.group_width();
      double plain = 0, along = 0;  // means over the group of w dz and of w dz xhat
      for (std::int64_t c = first; c < last; ++c) {
        plain += static_cast<double>(gain[c]) * sum[c];
        along += static_cast<double>(gain[c]) * product[c] * inverse;
        d_weight[c] += static_cast<float>(product[c] * inverse);
        d_bias[c] += static_cast<float>(sum[c]);
      }
      plain /= layout.group_size(), along /= layout.group_size();
      for (std::int64_t c = first; c < last; ++c) {
        const auto at = static_cast<std::size_t>(n * layout.channels + c);
        a[at] = numbers.scale[at];
        b[at] = static_cast<float>(-inverse * inverse * along);
        k[at] = static_cast<float>(inverse * (mean * inverse * along - plain));
      }
    }
  }
  ForStretches(layout, [&](std::int64_t n, std::int64_t first, std::int64_t rows, std::int64_t) {
    const std::int64_t at = start(n, first), of = n * layout.channels;
    MixRows(in + at, rows, layout.channels, a.data() + of, b.data() + of, k.data() + of, out + at);
  });
  return back;
}

torch::Tensor Flat(const torch::Tensor& values) {
  return values.to(torch::kFloat32).contiguous();
}

bool IsFloat(const torch::Tensor& x) {
  return x.scalar_type() == torch::kFloat32;
}

torch::Tensor MomentsOf(const torch::Tensor& x, const Layout& layout, double eps) {
  return IsFloat(x) ? Moments<float>(x, layout, eps) : Moments<Bf16>(x, layout, eps);
}

torch::Tensor ForwardOf(const torch::Tensor& x, const Layout& layout, const torch::Tensor& moments,
                        const torch::Tensor& weight, const torch::Tensor& bias, bool silu) {
  return IsFloat(x) ? Forward<float>(x, layout, moments, weight, bias, silu)
                    : Forward<Bf16>(x, layout, moments, weight, bias, silu);
}

class Fused : public torch::autograd::Function<Fused> {
 public:
  static torch::Tensor forward(torch::autograd::AutogradContext* context, const torch::Tensor& x,
                               const torch::Tensor& weight, const torch::Tensor& bias, std::int64_t groups,
                               double eps, bool silu) {
    const Layout layout(x, groups);
    const torch::Tensor gain = Flat(weight), offset = Flat(bias), moments = MomentsOf(x, layout, eps);
    context->save_for_backward({x, weight, bias, moments});
    context->saved_data["groups"] = groups;
    context->saved_data["silu"] = silu;
    return ForwardOf(x, layout, moments, gain, offset, silu);
  }

  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context,
                                                 const torch::autograd::variable_list& gradients) {
    const auto saved = context->get_saved_variables();
    const torch::Tensor& x = saved[0];
    const Layout layout(x, context->saved_data["groups"].toInt());
    const bool silu = context->saved_data["silu"].toBool();
    const torch::Tensor dy = gradients[0].to(x.scalar_type()).contiguous(torch::MemoryFormat::ChannelsLast),
                        gain = Flat(saved[1]), offset = Flat(saved[2]);
    const Gradients back = IsFloat(x) ? Backward<float>(x, dy, layout, saved[3], gain, offset, silu)
                                      : Backward<Bf16>(x, dy, layout, saved[3], gain, offset, silu);
    const torch::Tensor none;
    return {back.x, back.weight.to(saved[1].scalar_type()), back.bias.to(saved[2].scalar_type()), none, none,
            none};
  }
};

}  // namespace

bool GroupNormSiluFits(const torch::Tensor& x) {
  return x.device().is_cpu() && (x.scalar_type() == torch::kFloat32 || x.scalar_type() == torch::kBFloat16) &&
         x.dim() == 4 && x.numel() > 0 && x.is_contiguous(torch::MemoryFormat::ChannelsLast);
}

torch::Tensor GroupNormSilu(const torch::Tensor& x, std::int64_t groups, const torch::Tensor& weight,
                            const torch::Tensor& bias, double eps, bool silu) {
  if (torch::GradMode::is_enabled() && (x.requires_grad() || weight.requires_grad() || bias.requires_grad()))
    return Fused::apply(x, weight, bias, groups, eps, silu);
  const Layout layout(x, groups);
  return ForwardOf(x, layout, MomentsOf(x, layout, eps), Flat(weight), Flat(bias), silu);
}

}  // namespace kantei::nn
