#include "kantei/copy/descriptor_model.h"

#include <cstring>

#include "kantei/base/float16.h"
#include "kantei/copy/descriptor_math.h"
#include "kantei/image/transform.h"
#include "kantei/nn/model_store.h"

namespace kantei::copy {
namespace fs = std::filesystem;
namespace {

Result<fs::path> Locate(const std::string& model) {
  if (model.empty()) return FindModel(kShippedDescriptor);
  return nn::FindNetwork(model);
}

}  // namespace

bool IsBlank(const image::Image& picture) {
  const image::Image small = image::ResizeToFit(picture, 64);
  const image::Plane luma = image::ToLuma(small);
  double sum = 0, squares = 0;
  for (const float value : luma.values) sum += value, squares += static_cast<double>(value) * value;
  const double count = static_cast<double>(luma.values.size());
  return squares / count - (sum / count) * (sum / count) < 16.0;
}

Result<std::shared_ptr<const DescriptorModel>> DescriptorModel::Open(const DescriptorModelOptions& options) {
  KANTEI_TRY(const fs::path weights, Locate(options.model));
  const std::shared_ptr<DescriptorModel> model(new DescriptorModel);
  KANTEI_TRY(model->network_,
             nn::EmbeddingNetwork::Open(weights, {options.device, options.threads, options.bfloat16}));
  const nn::NetworkInfo& info = model->network_->info();
  const fs::path profile_path = ProfilePath(weights);
  std::error_code ignored;
  if (options.profile && fs::exists(profile_path, ignored)) {
    KANTEI_TRY(DescriptorProfile profile, LoadDescriptorProfile(profile_path));
    if (profile.weights_sha256 != info.sha256 || profile.dimension != info.dimension)
      return Error{ErrorCode::kInvalidArgument, DisplayPath(profile_path) +
                                                    " belongs to other weights than " + DisplayPath(weights) +
                                                    "; make a new one with kantei models profile"};
    model->profile_ = std::move(profile);
  }
  model->SetScales(options.multi_scale && model->profile_ ? model->profile_->scales : std::vector<int>());
  return std::shared_ptr<const DescriptorModel>(model);
}

void DescriptorModel::SetScales(const std::vector<int>& scales) {
  scales_ = scales.empty() ? std::vector<int>{info().side} : scales;
  id_ = info().sha256;
  for (std::size_t i = 0; i < scales_.size(); ++i) id_ += (i == 0 ? "@" : ",") + std::to_string(scales_[i]);
}

std::shared_ptr<const DescriptorModel> DescriptorModel::WithProfile(DescriptorProfile profile) const {
  const std::shared_ptr<DescriptorModel> model(new DescriptorModel);
  model->network_ = network_;
  model->SetScales(profile.scales);
  model->profile_ = std::move(profile);
  return model;
}

Result<nn::Descriptors> DescriptorModel::Describe(std::span<const image::Image> pictures) const {
  nn::Descriptors sum;
  for (const int scale : scales_) {
    KANTEI_TRY(const nn::Descriptors one, network_->Embed(pictures, scale));
    if (sum.values.empty())
      sum = one;
    else
      for (std::size_t i = 0; i < sum.values.size(); ++i) sum.values[i] += one.values[i];
  }
  sum.dimension = dimension();
  for (std::size_t p = 0; p < pictures.size(); ++p) {
    const auto row =
        std::span(sum.values)
            .subspan(p * static_cast<std::size_t>(sum.dimension), static_cast<std::size_t>(sum.dimension));
    if (IsBlank(pictures[p]) || !NormaliseRow(row)) std::fill(row.begin(), row.end(), 0.0f);
  }
  return sum;
}

Bytes SerializeDescriptor(std::span<const float> descriptor) {
  bool any = false;
  for (const float value : descriptor) any |= value != 0;
  if (!any) return {};
  Bytes bytes(descriptor.size() * 2);
  for (std::size_t i = 0; i < descriptor.size(); ++i) {
    const std::uint16_t half = ToFloat16(descriptor[i]);
    std::memcpy(bytes.data() + 2 * i, &half, 2);
  }
  return bytes;
}

Result<std::vector<float>> ParseDescriptor(std::span<const std::byte> bytes, int dimension) {
  std::vector<float> values;
  if (bytes.empty()) return values;
  if (bytes.size() != static_cast<std::size_t>(dimension) * 2)
    return Error{ErrorCode::kCorrupt, "a stored descriptor has " + std::to_string(bytes.size()) +
                                          " bytes where " + std::to_string(dimension * 2) + " were expected"};
  values.resize(static_cast<std::size_t>(dimension));
  for (std::size_t i = 0; i < values.size(); ++i) {
    std::uint16_t half = 0;
    std::memcpy(&half, bytes.data() + 2 * i, 2);
    values[i] = FromFloat16(half);
  }
  if (!NormaliseRow(values)) return Error{ErrorCode::kCorrupt, "a stored descriptor is not a finite vector"};
  return values;
}

}  // namespace kantei::copy
