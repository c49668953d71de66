#include "kantei/authenticity/forensic_net.h"

#include <charconv>

#include "kantei/authenticity/forensic_input_net.h"
#include "kantei/nn/norm_relu_net.h"

namespace kantei::authenticity {
namespace {

constexpr int kHidden = 64;
constexpr std::size_t kContrastLevel = 1;  // of the pyramid: 1/8
constexpr double kLeastVariance = 0.01;

std::string Joined(const std::vector<int>& numbers) {
  std::string text;
  for (const int number : numbers) {
    if (!text.empty()) text.push_back(',');
    text.append(std::to_string(number));
  }
  return text;
}

bool ReadNumbers(const std::string& text, std::vector<int>* numbers) {
  numbers->clear();
  const char *at = text.data(), *end = at + text.size();
  while (at < end) {
    int value = 0;
    const auto [next, error] = std::from_chars(at, end, value);
    if (error != std::errc() || (next < end && *next != ',')) return false;
    numbers->push_back(value);
    at = next < end ? next + 1 : next;
  }
  return !numbers->empty();
}

torch::Tensor Twice(const torch::Tensor& x) {
  return torch::nn::functional::interpolate(x, torch::nn::functional::InterpolateFuncOptions()
                                                   .scale_factor(std::vector<double>{2.0, 2.0})
                                                   .mode(torch::kBilinear)
                                                   .align_corners(false));
}

}  // namespace

std::map<std::string, std::string> ForensicShape::Metadata() const {
  return {{"kantei.architecture", "forensic"},         {"kantei.stem", std::to_string(stem)},
          {"kantei.widths", Joined(widths)},           {"kantei.depths", Joined(depths)},
          {"kantei.decoder", std::to_string(decoder)}, {"kantei.contrast", std::to_string(contrast)}};
}

Result<ForensicShape> ForensicShape::FromMetadata(const std::map<std::string, std::string>& metadata,
                                                  const std::string& file) {
  const auto get = [&](const char* name) {
    const auto found = metadata.find(name);
    return found == metadata.end() ? std::string() : found->second;
  };
  ForensicShape shape;
  std::vector<int> stem, decoder, contrast{0};  // the first networks had none and did not say so
  if (!ReadNumbers(get("kantei.stem"), &stem) || !ReadNumbers(get("kantei.widths"), &shape.widths) ||
      !ReadNumbers(get("kantei.depths"), &shape.depths) || !ReadNumbers(get("kantei.decoder"), &decoder) ||
      (metadata.contains("kantei.contrast") && !ReadNumbers(get("kantei.contrast"), &contrast)))
    return Error{ErrorCode::kCorrupt, file + ": the metadata do not give the shape of a forensic network"};
  shape.stem = stem.front();
  shape.decoder = decoder.front();
  shape.contrast = contrast.front();
  if (const Status valid = shape.Validate(); !valid.ok())
    return Error{ErrorCode::kCorrupt, file + ": " + valid.error().message};
  return shape;
}

Status ForensicShape::Validate() const {
  const auto bad = [](const char* what) { return Status(Error{ErrorCode::kInvalidArgument, what}); };
  if (widths.size() != 4 || depths.size() != 4) return bad("widths and depths must be four numbers each");
  for (const int width : widths)
    if (width < 8 || width > 1024) return bad("widths must be 8 to 1024");
  for (const int depth : depths)
    if (depth < 0 || depth > 8) return bad("depths must be 0 to 8");
  if (contrast != 0 && (contrast < 8 || contrast > 512)) return bad("contrast must be 0 or 8 to 512");
  if (stem < 8 || stem > 512 || decoder < 8 || decoder > 512) return bad("stem and decoder must be 8 to 512");
  return {};
}

NormConvImpl::NormConvImpl(int in, int out, int stride)
    : conv(register_module(
          "conv",
          torch::nn::Conv2d(torch::nn::Conv2dOptions(in, out, 3).stride(stride).padding(1).bias(false)))),
      norm(register_module("norm", torch::nn::BatchNorm2d(out))) {}

torch::Tensor NormConvImpl::forward(const torch::Tensor& x, const torch::Tensor& residual, bool relu) {
  torch::Tensor y = conv(x);
  if (is_training() && nn::NormReluFits(y)) return nn::TrainNormRelu(y, norm, residual, relu);
  if (!folded) y = norm(y);
  if (residual.defined()) y = y + residual;
  return relu ? torch::relu(y) : y;
}

void NormConvImpl::Fold() {
  const torch::NoGradGuard no_grad;
  const torch::Tensor scale = norm->weight / (norm->running_var + norm->options.eps()).sqrt();
  conv->weight.mul_(scale.reshape({-1, 1, 1, 1}));
  conv->bias = norm->bias - norm->running_mean * scale;  // what Conv2d adds, registered or not
  folded = true;
}

ForensicNetImpl::ForensicNetImpl(const ForensicShape& of) : shape(of) {
  stem = register_module("stem", NormConv(kForensicInputs, shape.stem, 1));
  int channels = shape.stem;
  for (std::size_t s = 0; s < shape.widths.size(); ++s) {
    const std::string name = "stage" + std::to_string(s + 1);
    const int width = shape.widths[s];
    down.push_back(register_module(name + "_down", NormConv(channels, width, 2)));
    blocks.emplace_back();
    for (int b = 0; b < shape.depths[s]; ++b) {
      const std::string block = name + "_block" + std::to_string(b + 1);
      blocks.back().emplace_back(register_module(block + "_first", NormConv(width, width, 1)),
                                 register_module(block + "_second", NormConv(width, width, 1)));
    }
    lateral.push_back(register_module(name + "_lateral",
                                      torch::nn::Conv2d(torch::nn::Conv2dOptions(width, shape.decoder, 1))));
    channels = width;
  }
  if (shape.contrast > 0) {
    contrast = register_module("contrast", torch::nn::Conv2d(torch::nn::Conv2dOptions(
                                               shape.widths[kContrastLevel], shape.contrast, 1)));
    contrast_lateral = register_module(
        "contrast_lateral",
        torch::nn::Conv2d(torch::nn::Conv2dOptions(2 * shape.contrast, shape.decoder, 1).bias(false)));
    torch::nn::init::zeros_(
        contrast_lateral->weight);  // a network that was trained without it goes on as it was
  }
  merge = register_module("merge", NormConv(shape.decoder, shape.decoder, 1));
  head = register_module("head", torch::nn::Conv2d(torch::nn::Conv2dOptions(shape.decoder, 2, 1)));
  hidden = register_module("hidden", torch::nn::Linear(2 * channels + 2, kHidden));
  labels = register_module("labels", torch::nn::Linear(kHidden, 2));
}

ForensicMaps ForensicNetImpl::Maps(const torch::Tensor& pixels) {
  torch::Tensor x = stem(ForensicInput(pixels, stem->conv->weight.scalar_type()));
  std::vector<torch::Tensor> levels;
  for (std::size_t s = 0; s < down.size(); ++s) {
    x = down[s](x);
    for (auto& [first, second] : blocks[s]) x = second(first(x), x);
    levels.push_back(x);
  }
  torch::Tensor sum = lateral.back()(levels.back());
  for (std::size_t s = levels.size() - 1; s-- > 0;) {
    sum = Twice(sum) + lateral[s](levels[s]);
    if (s == kContrastLevel && shape.contrast > 0) sum = sum + Contrast(levels[s]);
  }
  const torch::Tensor maps = head(merge(sum)).to(torch::kFloat32);
  return {maps.slice(1, 0, 1), maps.slice(1, 1, 2), levels.back()};
}

torch::Tensor ForensicNetImpl::Contrast(const torch::Tensor& features) {
  const torch::Tensor f = contrast(features).to(torch::kFloat32);
  const torch::Tensor departure = f - f.mean({2, 3}, true);
  const torch::Tensor distance = departure * (departure.square().mean({2, 3}, true) + kLeastVariance).rsqrt();
  return contrast_lateral(torch::cat({distance, distance.abs()}, 1)
                              .to(features.scalar_type())
                              .contiguous(torch::MemoryFormat::ChannelsLast));
}

torch::Tensor ForensicNetImpl::Verdict(const torch::Tensor& top, const torch::Tensor& mask) {
  const torch::Tensor features = top.to(torch::kFloat32);
  // A few stray pixels are no finding: the strongest cell of 8 x 8 map pixels counts.
  const torch::Tensor share = torch::sigmoid(mask.to(torch::kFloat32));
  const torch::Tensor pooled = torch::cat({features.mean({2, 3}), features.amax({2, 3}), share.mean({2, 3}),
                                           torch::avg_pool2d(share, 8).amax({2, 3})},
                                          1);
  return labels(torch::relu(hidden(pooled)));
}

void ForensicNetImpl::Fold() {
  for (const auto& module : modules(false))
    if (auto* convolution = module->as<NormConvImpl>()) convolution->Fold();
}

}  // namespace kantei::authenticity
