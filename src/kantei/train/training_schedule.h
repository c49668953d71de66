// How long and how fast a network is trained, whatever it learns.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "kantei/base/json.h"
#include "kantei/base/result.h"

namespace kantei::train {

struct TrainingSchedule {
  std::int64_t steps = 10'000;
  int accumulate = 1;           ///< batches whose gradients are added up before an optimiser step
  double learning_rate = 1e-3;  ///< of AdamW after warm-up
  double weight_decay = 0.05;   ///< not on biases and norms
  double warm_up = 0.05;        ///< share of the steps; rises linearly from 1 % of the rate
  double hold = 0.0;            ///< share of the steps at the full rate before the cosine falls to zero
  double ema = 0.999;           ///< decay of the averaged weights that are exported; 0: none
  double clip_norm = 5.0;       ///< gradients are scaled down to this norm; 0: never
  std::uint64_t seed = 1;
  std::string device = "cpu";
  bool bfloat16 = true;    ///< convolutions in bfloat16 (float32 weights and loss)
  int threads = 0;         ///< of the network on the CPU; 0: all cores
  int loader_threads = 0;  ///< making views; 0: all cores
  int log_every = 10;      ///< steps a row of the log stands for
  int checkpoint_every = 200;
  int validate_every = 200;  ///< 0: never
  Status Validate() const;
  double LearningRate(std::int64_t step) const;
  /// What must be equal for a run to go on bit for bit.
  Json Essentials() const;
};

/// What a watcher is told at each row of the log.
struct TrainingState {
  std::int64_t step = 0, steps = 0;
  double loss = 0;
  double views_per_second = 0;
  double loader_wait = 0;                                  ///< share of the time spent waiting for views
  std::vector<std::pair<std::string, double>> validation;  ///< empty: not measured at this row
};

}  // namespace kantei::train
