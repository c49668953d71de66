#include "kantei/nn/backbone_net.h"

#include <utility>

#include "kantei/nn/norm_relu_net.h"

namespace kantei::nn {
namespace {

// The module that holds `dotted`, made with its parents when it is not there yet; `dotted` becomes its last part.
torch::nn::Module* Holder(torch::nn::Module* root, std::string* dotted) {
  for (std::size_t dot = dotted->find('.'); dot != std::string::npos; dot = dotted->find('.')) {
    const std::string part = dotted->substr(0, dot);
    *dotted = dotted->substr(dot + 1);
    const auto children = root->named_children();
    const std::shared_ptr<torch::nn::Module>* child = children.find(part);
    root = child ? child->get() : root->register_module(part, std::make_shared<torch::nn::Module>()).get();
  }
  return root;
}

template <typename ModuleHolder>
ModuleHolder RegisterAt(torch::nn::Module* root, std::string dotted, ModuleHolder module) {
  torch::nn::Module* holder = Holder(root, &dotted);
  return holder->register_module(dotted, std::move(module));
}

}  // namespace

BackboneImpl::Unit BackboneImpl::MakeUnit(const ConvSpec& spec, double norm_weight) {
  Unit unit;
  unit.conv = RegisterAt(this, spec.conv,
                         torch::nn::Conv2d(torch::nn::Conv2dOptions(spec.in, spec.out, spec.kernel)
                                               .stride(spec.stride)
                                               .padding(spec.kernel / 2)
                                               .groups(spec.groups)
                                               .bias(false)));
  unit.norm = RegisterAt(this, spec.norm,
                         torch::nn::BatchNorm2d(torch::nn::BatchNormOptions(spec.out).eps(kBatchNormEps)));
  unit.relu = spec.relu;
  torch::NoGradGuard no_grad;
  torch::nn::init::kaiming_normal_(unit.conv->weight, 0, torch::kFanOut, torch::kReLU);
  unit.norm->weight.fill_(norm_weight);
  return unit;
}

BackboneImpl::BackboneImpl(BackboneSpec spec, bool zero_last) : spec_(std::move(spec)) {
  for (const ConvSpec& conv : spec_.stem) stem_.push_back(MakeUnit(conv, 1));
  for (const auto& stage : spec_.stages) {
    auto& blocks = stages_.emplace_back();
    for (const BlockSpec& block_spec : stage) {
      Block& block = blocks.emplace_back();
      for (std::size_t i = 0; i < block_spec.chain.size(); ++i) {
        const bool last = i + 1 == block_spec.chain.size();
        block.chain.push_back(MakeUnit(block_spec.chain[i], last && zero_last ? 0 : 1));
      }
      if (block_spec.shortcut) block.shortcut = MakeUnit(*block_spec.shortcut, 1);
    }
  }
  for (const ConvSpec& conv : spec_.tail) tail_.push_back(MakeUnit(conv, 1));
}

torch::Tensor BackboneImpl::Unit::Run(const torch::Tensor& x, const torch::Tensor& residual) {
  const torch::Tensor y = conv->forward(x);
  const bool rectify = relu || residual.defined();
  if (norm->is_training() && NormReluFits(y)) return TrainNormRelu(y, norm, residual, rectify);
  torch::Tensor z = norm->forward(y);
  if (residual.defined()) z = z.add_(residual);
  return rectify ? z.relu_() : z;
}

torch::Tensor BackboneImpl::forward(torch::Tensor x, const StageHook& hook) {
  for (Unit& unit : stem_) x = unit.Run(x);
  if (spec_.max_pool) x = torch::max_pool2d(x, 3, 2, 1);
  for (std::size_t stage = 0; stage < stages_.size(); ++stage) {
    for (Block& block : stages_[stage]) {
      torch::Tensor y = x;
      for (std::size_t i = 0; i + 1 < block.chain.size(); ++i) y = block.chain[i].Run(y);
      x = block.chain.back().Run(y, block.shortcut ? block.shortcut->Run(x) : x);
    }
    if (hook) x = hook(static_cast<int>(stage) + 1, x);
  }
  for (Unit& unit : tail_) x = unit.Run(x);
  return x;
}

}  // namespace kantei::nn
