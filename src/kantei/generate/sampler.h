// Pictures from a diffusion model: from words, from another picture, or into a hole of one.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "kantei/base/cancellation.h"
#include "kantei/base/result.h"
#include "kantei/generate/diffusion_model.h"
#include "kantei/generate/mitigation.h"
#include "kantei/generate/scheduler.h"
#include "kantei/image/image.h"

namespace kantei::generate {

inline constexpr double kDefaultStrength = 0.75;

struct SampleOptions {
  std::string prompt, negative_prompt;
  SchedulerOptions scheduler;
  double guidance =
      7.5;  ///< 0..100, of classifier-free guidance (2207.12598); 1 and less: none, at half the cost
  int width = 0,
      height =
          0;  ///< multiples of the model's factor; both 0: those of `init`, else what the model was trained for
  std::uint64_t seed = 0;  ///< of the first picture; each further one has the next
  int count = 1;           ///< pictures, 1..10000
  /// Pictures in one pass through the network, 1..64. Noise does not depend on it; the last bits of sums may.
  int batch = 1;

  image::Image init;  ///< RGB; empty: none. Scaled to width x height when these are given
  std::optional<double>
      strength;  ///< 0 < s <= 1: share of the steps that change `init`; default kDefaultStrength, with a mask 1
  image::Image mask;  ///< 1 channel, the size of `init`, 128 and more: make anew; empty: none
  /// Pixels outside the mask are those of `init`, bit for bit; else all of the picture went through the autoencoder.
  bool paste_back = true;
  image::Image control;  ///< RGB, for the model's ControlNet (segments, edges); empty: none. Scaled to fit
  double control_strength = 1;  ///< 0..2
  /// Pulls the picture as far as it is known towards what real pictures are like (generate/soft_realism_net.h), in the steps where more
  /// than half of it is signal, 0..10; each of those costs a pass through the decoder and back. Needs a model that knows what real
  /// pictures are like (kantei train diffusion --realism-weight).
  double realism_guidance = 0;
  /// Scores of attention in memory at once, in thousands; less needs less memory and takes a little longer. 0: the network's own
  int attention_slice = 0;
  /// Against memorised pictures; empty: none. Those that put other words in depend on each picture's seed: one picture a batch then.
  std::vector<MitigationUse> mitigations;

  /// What can be said without the model. kInvalidArgument.
  Status Validate() const;
};

struct SampledPicture {
  image::Image pixels;
  std::uint64_t seed = 0;  ///< gives this picture with count = 1
  /// At each step the length of (noise predicted with the words - without): long from the first step on where the words are bound
  /// to a memorised picture (2407.21720). Empty without guidance.
  std::vector<double> guidance_norms;
};

struct SampleResult {
  std::vector<SampledPicture> pictures;
  std::vector<std::string> notes;  ///< what the user should know, one sentence each
  int width = 0, height = 0;       ///< of the pictures
};

/// What one is told while pictures are made. Functions may be empty; all are called from the caller's thread.
struct SampleWatch {
  std::function<void(int picture, int step, int steps)>
      step;  ///< after each; step from 1; counts from 0 over all pictures
  std::function<void(int picture, int step, const image::Image& rough)> preview;
  int preview_every = 0;  ///< steps; 0: never
  /// Takes each picture as soon as it is finished, with the notes so far; it is then not in the result. An error ends the run.
  std::function<Status(SampledPicture&& picture, const std::vector<std::string>& notes)> finished;
};

/// kInvalidArgument (options that do not fit the model), kTooLarge (memory), kCancelled (between steps).
Result<SampleResult> SamplePictures(const DiffusionModel& model, const SampleOptions& options,
                                    const SampleWatch& watch = {},
                                    const CancellationToken& cancellation = {});

}  // namespace kantei::generate
