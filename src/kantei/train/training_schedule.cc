#include "kantei/train/training_schedule.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace kantei::train {

Status TrainingSchedule::Validate() const {
  const auto bad = [](const char* what) { return Status(Error{ErrorCode::kInvalidArgument, what}); };
  if (steps < 1) return bad("steps must be at least 1");
  if (accumulate < 1 || accumulate > 1024) return bad("accumulate must be 1 to 1024");
  if (!(learning_rate > 0 && learning_rate <= 10)) return bad("learning_rate must be above 0 and at most 10");
  if (!(weight_decay >= 0 && weight_decay <= 1)) return bad("weight_decay must be 0 to 1");
  if (!(warm_up >= 0 && hold >= 0 && warm_up + hold <= 1))
    return bad("warm_up and hold must be shares of the steps");
  if (!(ema >= 0 && ema < 1)) return bad("ema must be 0 or more and below 1");
  if (!(clip_norm >= 0)) return bad("clip_norm must not be negative");
  if (log_every < 1 || checkpoint_every < 1 || validate_every < 0)
    return bad("log_every and checkpoint_every must be at least 1");
  return {};
}

double TrainingSchedule::LearningRate(std::int64_t step) const {
  const double at = static_cast<double>(step) / static_cast<double>(steps);
  if (at < warm_up) return learning_rate * (0.01 + 0.99 * at / warm_up);
  if (at < warm_up + hold) return learning_rate;
  const double rest = 1 - warm_up - hold;
  return learning_rate * 0.5 *
         (1 + std::cos(std::numbers::pi * (at - warm_up - hold) / std::max(rest, 1e-9)));
}

Json TrainingSchedule::Essentials() const {
  return Json{{"accumulate", accumulate},
              {"steps", steps},
              {"learning_rate", learning_rate},
              {"weight_decay", weight_decay},
              {"warm_up", warm_up},
              {"hold", hold},
              {"ema", ema},
              {"clip_norm", clip_norm},
              {"seed", seed},
              {"bfloat16", bfloat16}};
}

}  // namespace kantei::train
