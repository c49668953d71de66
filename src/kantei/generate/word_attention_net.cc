#include "kantei/generate/word_attention_net.h"

#include <algorithm>
#include <vector>

#include "kantei/base/result.h"

namespace kantei::generate {

WordAttention::WordAttention(const PromptWords& words, std::int64_t height, std::int64_t width)
    : height_(height), width_(width) {
  std::vector<std::int64_t> places;
  for (std::size_t i = 0; i < words.content.size(); ++i)
    if (words.content[i] > 0) places.push_back(static_cast<std::int64_t>(i));
  if (!places.empty()) content_ = torch::tensor(places, torch::kInt64);
}

void WordAttention::Add(const torch::Tensor& maps) {
  if (!content_.defined()) return;
  KANTEI_CHECK(maps.size(0) <= 2);
  const torch::Tensor share =
      maps.select(0, maps.size(0) - 1).index_select(0, content_.to(maps.device())).sum(0).cpu();
  const torch::Tensor full =
      torch::upsample_bilinear2d(share.unsqueeze(0).unsqueeze(0), {height_, width_}, false);
  now_ = now_.defined() ? now_ + full : full;
  ++layers_now_;
}

void WordAttention::EndStep(int step, int steps) {
  if (now_.defined() && 2 * step >= steps) {
    sum_ = sum_.defined() ? sum_ + now_ : now_;
    layers_ += layers_now_;
  }
  now_ = torch::Tensor(), layers_now_ = 0;
}

image::Plane WordAttention::Map() const {
  if (!sum_.defined()) return {};
  const torch::Tensor mean = (sum_ / layers_).contiguous();
  image::Plane map(static_cast<int>(width_), static_cast<int>(height_));
  std::copy_n(mean.data_ptr<float>(), map.values.size(), map.values.begin());
  return map;
}

}  // namespace kantei::generate
