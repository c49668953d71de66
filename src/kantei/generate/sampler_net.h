// The loop over steps, and the seam where others look at it or steer it. Private: includes torch.
#pragma once

#include <torch/torch.h>

#include <exception>
#include <functional>
#include <new>

#include "kantei/generate/attention_net.h"
#include "kantei/generate/diffusion_model_net.h"
#include "kantei/generate/sampler.h"

namespace kantei::generate {

/// One step of the pictures first .. first + N - 1. Tensors are float32, (N, C, h, w), latents in the UNet's scale.
struct StepTensors {
  int first = 0, step = 0, steps = 0;  ///< counts from 0
  const SchedulerStep& numbers;
  const torch::Tensor& latents;     ///< before the step
  const torch::Tensor& output;      ///< of the network, guided
  const torch::Tensor& with_words;  ///< the two that `output` is mixed from, undefined without guidance
  const torch::Tensor& without_words;
  torch::Tensor
      clean;  ///< the picture as far as it is known. May be replaced: every scheduler steps towards it
};

struct SampleHooks {
  std::function<void(StepTensors&)> step;  ///< before each step is taken
  /// Attention to words; of 2N entries with guidance, those without words first.
  AttentionMapSink attention;
  /// Noise of unit variance that pictures first .. first + N - 1 begin with, (N, C, h, w): may be changed.
  std::function<void(int first, torch::Tensor& noise)> start;
  /// What attention to the words (not to the negative ones) is raised or lowered by at a step, as AttentionContext's bias; undefined:
  /// nothing.
  std::function<torch::Tensor(const SchedulerStep& numbers)> bias;
  /// The latents behind each step: may be changed.
  std::function<void(const StepTensors& step, torch::Tensor& next)> taken;
  /// Only so many steps are taken, and pictures have no pixels; 0: all.
  int only_steps = 0;
};

/// What SamplePictures does. Autograd is off, and a hook may switch it on for itself.
Result<SampleResult> SampleWithHooks(const DiffusionNets& nets, const SampleOptions& options,
                                     const SampleHooks& hooks, const SampleWatch& watch,
                                     const CancellationToken& cancellation);

/// For std::bad_alloc and c10::Error: kTooLarge where memory did not suffice, else kInternal.
Error TorchFailure(const std::exception& error);
/// `run()`, which gives a Result, without autograd; what LibTorch throws becomes its Error.
template <typename Run>
auto CatchTorch(const Run& run) -> decltype(run()) {
  try {
    const torch::NoGradGuard no_grad;
    return run();
  } catch (const std::bad_alloc& error) {
    return TorchFailure(error);
  } catch (const c10::Error& error) {
    return TorchFailure(error);
  }
}

}  // namespace kantei::generate
