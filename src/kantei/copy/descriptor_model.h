// A descriptor network ready for use: which file, at which scales, against which background.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "kantei/base/files.h"
#include "kantei/base/result.h"
#include "kantei/copy/descriptor_profile.h"
#include "kantei/image/image.h"
#include "kantei/nn/embedding_network.h"

namespace kantei::copy {

/// The file name of the shipped network.
inline constexpr std::string_view kShippedDescriptor = "copy-descriptor.safetensors";

struct DescriptorModelOptions {
  /// A file, or the name of one in the user's or the shipped model directory; empty: the shipped network.
  std::string model;
  std::string device = "cpu";
  int threads = 1;
  bool bfloat16 = false;
  bool multi_scale = true;  ///< average over the profile's scales; false: the network's own side alone
  bool profile = true;      ///< false: a profile beside the weights is not looked at
};

/// Immutable after Open, thread-safe.
class DescriptorModel {
 public:
  static Result<std::shared_ptr<const DescriptorModel>> Open(const DescriptorModelOptions& options);

  /// The same network under another profile (its scales too).
  std::shared_ptr<const DescriptorModel> WithProfile(DescriptorProfile profile) const;

  const nn::NetworkInfo& info() const { return network_->info(); }
  int dimension() const { return network_->info().dimension; }
  /// What descriptors are tied to: the weights' digest and the scales. Libraries keep it.
  const std::string& id() const { return id_; }
  /// Null for networks that were brought without one: scores are then plain cosines and no probability can be given.
  const DescriptorProfile* profile() const { return profile_ ? &*profile_ : nullptr; }

  /// One unit row per picture; a row of zeros for a picture that is nearly of one colour and so has no descriptor.
  Result<nn::Descriptors> Describe(std::span<const image::Image> pictures) const;

 private:
  DescriptorModel() = default;
  void SetScales(const std::vector<int>& scales);
  std::shared_ptr<const nn::EmbeddingNetwork> network_;
  std::optional<DescriptorProfile> profile_;
  std::vector<int> scales_;
  std::string id_;
};

/// True when the picture shows next to nothing: standard deviation of the luma below 4 of 255.
bool IsBlank(const image::Image& picture);

/// rows x dimension as float16, for the catalogue; empty for a row of zeros.
Bytes SerializeDescriptor(std::span<const float> descriptor);
/// kCorrupt when the bytes are not one descriptor of that dimension. Empty bytes give an empty vector.
Result<std::vector<float>> ParseDescriptor(std::span<const std::byte> bytes, int dimension);

}  // namespace kantei::copy
