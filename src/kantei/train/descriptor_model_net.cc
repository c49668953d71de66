#include "kantei/train/descriptor_model_net.h"

#include "kantei/nn/compact_net.h"
#include "kantei/nn/resnet_net.h"
#include "kantei/nn/weights_net.h"
#include "kantei/train/device_net.h"
#include "kantei/train/losses_net.h"

namespace kantei::train {
namespace {

constexpr double kLeak = 0.2;

torch::nn::Linear Dense(int in, int out, bool bias = true) {
  return torch::nn::Linear(torch::nn::LinearOptions(in, out).bias(bias));
}

nn::BackboneSpec SpecOf(const DescriptorTrainingOptions& options) {
  if (options.backbone == "compact")
    return nn::CompactSpec({.widths = options.widths, .depths = options.depths});
  auto resnet = nn::ResNetOptionsOf(options.backbone).value();  // Validate has seen the name
  resnet.last_stride_1 = options.objective == Objective::kIdentities;
  return nn::ResNetSpec(resnet);
}

}  // namespace

DescriptorModelImpl::DescriptorModelImpl(const DescriptorTrainingOptions& options, std::int64_t identities)
    : options_(options) {
  backbone_ = register_module("backbone", nn::Backbone(SpecOf(options)));
  const int channels = backbone_->channels(), wide = options.projector;
  switch (options.objective) {
    case Objective::kInfoNce:
      head_ = register_module("head", Dense(channels, options.dimension));
      break;
    case Objective::kBarlowTwins:
      wide1_ = register_module("wide1", Dense(channels, wide, false));
      wide_bn1_ = register_module("wide_bn1", torch::nn::BatchNorm1d(wide));
      wide2_ = register_module("wide2", Dense(wide, wide, false));
      wide_bn2_ = register_module("wide_bn2", torch::nn::BatchNorm1d(wide));
      wide3_ = register_module("wide3", Dense(wide, wide, false));
      break;
    case Objective::kIdentities:
      if (options.gem) gem_ = register_module("gem", nn::Gem());
      wide1_ = register_module("wide1", Dense(channels, wide / 2));
      wide_bn1_ = register_module("wide_bn1", torch::nn::BatchNorm1d(wide / 2));
      wide2_ = register_module("wide2", Dense(wide / 2, wide));
      wide_bn2_ = register_module("wide_bn2", torch::nn::BatchNorm1d(wide));
      compress_bn_ = register_module("compress_bn", torch::nn::BatchNorm1d(wide));
      head_ = register_module("head", Dense(wide, options.dimension));
      // Necks do not shift: the direction alone tells identities apart.
      wide_bn2_->bias.set_requires_grad(false);
      wide_classes_ = register_module("wide_classes", Dense(wide, static_cast<int>(identities), false));
      narrow_classes_ =
          register_module("narrow_classes", Dense(options.dimension, static_cast<int>(identities), false));
      torch::nn::init::normal_(wide_classes_->weight, 0, 0.001);
      torch::nn::init::normal_(narrow_classes_->weight, 0, 0.001);
      break;
  }
  if (options.objective == Objective::kBarlowTwins) return;
  // Pooled features are all positive, so fresh descriptors lie in one narrow cone, where no temperature tells them apart:
  // without the norm a run of small batches stays there for thousands of steps.
  neck_ = register_module("neck", torch::nn::BatchNorm1d(options.dimension));
  neck_->bias.set_requires_grad(false);
}

torch::Tensor DescriptorModelImpl::Pool(const torch::Tensor& map) {
  if (!options_.gem) return map.to(torch::kFloat32).mean({2, 3});
  return gem_.is_empty() ? nn::GemPool(map, 3.0) : gem_->forward(map);
}

torch::Tensor DescriptorModelImpl::Wide(const torch::Tensor& feature) {
  torch::Tensor x = torch::leaky_relu(wide_bn1_->forward(wide1_->forward(feature)), kLeak);
  return wide_bn2_->forward(wide2_->forward(x));
}

DescriptorOutputs DescriptorModelImpl::Forward(const torch::Tensor& x, double wave2, double wave3,
                                               bool bfloat16) {
  DescriptorOutputs out;
  {
    const Bfloat16Scope scope(bfloat16, x.device());
    const nn::StageHook hook = [&](int stage, torch::Tensor map) {
      if (stage == 2 && wave2 >= 0) return WaveBlock(map, wave2);
      if (stage == 3 && wave3 >= 0) return WaveBlock(map, wave3);
      return map;
    };
    out.feature = Pool(backbone_->forward(x, hook));
  }
  switch (options_.objective) {
    case Objective::kInfoNce:
      out.descriptor = torch::nn::functional::normalize(neck_->forward(head_->forward(out.feature)));
      break;
    case Objective::kBarlowTwins: {
      out.descriptor = out.feature;
      torch::Tensor y = torch::relu(wide_bn1_->forward(wide1_->forward(out.feature)));
      y = torch::relu(wide_bn2_->forward(wide2_->forward(y)));
      out.wide = wide3_->forward(y);
      break;
    }
    case Objective::kIdentities:
      out.wide = Wide(out.feature);
      out.descriptor =
          neck_->forward(head_->forward(torch::leaky_relu(compress_bn_->forward(out.wide), kLeak)));
      out.wide_logits = wide_classes_->forward(out.wide);
      out.narrow_logits = narrow_classes_->forward(out.descriptor);
      break;
  }
  return out;
}

torch::Tensor DescriptorModelImpl::Describe(const torch::Tensor& x, bool bfloat16) {
  torch::Tensor feature;
  {
    const Bfloat16Scope scope(bfloat16, x.device());
    feature = Pool(backbone_->forward(x));
  }
  torch::Tensor y = feature;
  if (options_.objective == Objective::kInfoNce) y = neck_->forward(head_->forward(feature));
  if (options_.objective == Objective::kIdentities)
    y = neck_->forward(head_->forward(torch::leaky_relu(compress_bn_->forward(Wide(feature)), kLeak)));
  return torch::nn::functional::normalize(y);
}

Status DescriptorModelImpl::Export(const std::filesystem::path& path,
                                   const std::map<std::string, std::string>& metadata) const {
  nn::NamedTensors tensors = nn::StateOf(*backbone_, "backbone.");
  std::map<std::string, std::string> all = metadata;
  all["kantei.architecture"] = options_.backbone;
  all["kantei.side"] = std::to_string(options_.side);
  all["kantei.input_mode"] = "squash";
  all["kantei.mean"] = "0.485,0.456,0.406";
  all["kantei.std"] = "0.229,0.224,0.225";
  // At test the exponent is 3 whatever was learnt (BoT's own choice); average pooling is the exponent 1.
  all["kantei.gem_p"] = options_.gem ? "3" : "1";
  if (options_.backbone == "compact") {
    const auto list = [](const std::vector<int>& numbers) {
      std::string text;
      for (const int number : numbers) {
        if (!text.empty()) text += ',';
        text += std::to_string(number);
      }
      return text;
    };
    all["kantei.widths"] = list(options_.widths);
    all["kantei.depths"] = list(options_.depths);
  }
  if (options_.backbone != "compact")
    all["kantei.last_stride"] = options_.objective == Objective::kIdentities ? "1" : "2";
  // A linear layer and the batch norm behind it are one affine map.
  const auto scale_of = [](const torch::nn::BatchNorm1d& norm) {
    return norm->weight / (norm->running_var + norm->options.eps()).sqrt();
  };
  const auto fold = [&](const torch::nn::Linear& linear, const torch::nn::BatchNorm1d& norm) {
    const torch::Tensor scale = scale_of(norm);
    return std::pair{(linear->weight * scale.unsqueeze(1)).detach(),
                     ((linear->bias - norm->running_mean) * scale + norm->bias).detach()};
  };
  switch (options_.objective) {
    case Objective::kBarlowTwins:
      all["kantei.head"] = "none";
      break;
    case Objective::kInfoNce: {
      all["kantei.head"] = "linear";
      auto [weight, bias] = fold(head_, neck_);
      tensors["head.weight"] = weight, tensors["head.bias"] = bias;
      break;
    }
    case Objective::kIdentities: {
      // So are two batch norms in a row: the file holds three linear layers with leaky ReLU between them.
      all["kantei.head"] = "mlp";
      auto [w1, b1] = fold(wide1_, wide_bn1_);
      auto [w2, b2] = fold(wide2_, wide_bn2_);
      const torch::Tensor scale = scale_of(compress_bn_);
      w2 = (w2 * scale.unsqueeze(1)).detach();
      b2 = ((b2 - compress_bn_->running_mean) * scale + compress_bn_->bias).detach();
      auto [w3, b3] = fold(head_, neck_);
      tensors["head.0.weight"] = w1, tensors["head.0.bias"] = b1;
      tensors["head.1.weight"] = w2, tensors["head.1.bias"] = b2;
      tensors["head.2.weight"] = w3, tensors["head.2.bias"] = b3;
      break;
    }
  }
  return nn::SaveTensors(tensors, all, path, {.float16 = true});
}

Status DescriptorModelImpl::Initialise(const std::filesystem::path& exported) {
  KANTEI_TRY(const nn::SafetensorsFile file, nn::SafetensorsFile::Open(exported));
  KANTEI_RETURN_IF_ERROR(nn::LoadModule(file, exported.string(), {.prefix = "backbone."}, *backbone_));
  const auto head = file.metadata().find("kantei.head");
  if (options_.objective == Objective::kInfoNce && head != file.metadata().end() && head->second == "linear")
    KANTEI_RETURN_IF_ERROR(nn::LoadModule(file, exported.string(), {.prefix = "head."}, *head_));
  return {};
}

torch::Tensor NormaliseViews(const torch::Tensor& bytes, const torch::Device& device) {
  const torch::Tensor mean = torch::tensor({123.675f, 116.28f, 103.53f}, device);
  const torch::Tensor inverse = torch::tensor({1 / 58.395f, 1 / 57.12f, 1 / 57.375f}, device);
  return ((bytes.to(device).to(torch::kFloat32) - mean) * inverse).permute({0, 3, 1, 2});
}

}  // namespace kantei::train
