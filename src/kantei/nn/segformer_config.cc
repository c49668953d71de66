#include "kantei/nn/segformer_config.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "kantei/base/json_fields.h"

namespace kantei::nn {
namespace {

constexpr int kMostSide = 4096;
constexpr std::int64_t kMostParameters = 200'000'000;  // MiT-B5 with its head has 85 million
constexpr std::size_t kMostClasses = 4096, kMostNameBytes = 256;

struct Range {
  const char* name;
  const std::array<int, 4>& values;
  int least, most;
};

int Behind(int size, int kernel, int stride) {
  return (size + 2 * (kernel / 2) - kernel) / stride + 1;
}

template <typename Number, std::size_t count>
void ReadEach(JsonFields* fields, const char* key, const char* expected, std::array<Number, count>* values) {
  std::vector<Number> list(values->begin(), values->end());
  fields->Read(key, &list);
  if (list.size() == count)
    std::copy(list.begin(), list.end(), values->begin());
  else
    fields->Wrong(key, expected);
}

void ReadFour(JsonFields* fields, const char* key, std::array<int, 4>* values) {
  ReadEach(fields, key, "four whole numbers, one a stage", values);
}

void ReadColour(JsonFields* fields, const char* key, std::array<double, 3>* values) {
  ReadEach(fields, key, "three numbers, for red, green and blue", values);
}

/// {"0": "wall", ...}: each number from 0 on has one name.
void ReadNames(JsonFields* fields, std::vector<std::string>* names) {
  constexpr const char* kKey = "id2label";
  const Json* found = fields->Find(kKey);
  if (found == nullptr) {
    int count = static_cast<int>(names->size());
    fields->Read("num_labels", &count);
    if (count < 1 || count > static_cast<int>(kMostClasses)) {
      fields->Wrong("num_labels", "1 to " + std::to_string(kMostClasses));
      return;
    }
    names->clear();
    for (int i = 0; i < count; ++i) names->push_back("LABEL_" + std::to_string(i));
    return;
  }
  const std::string expected =
      "an object with a name for each number from 0 on, " + std::to_string(kMostClasses) + " at most";
  if (!found->is_object() || found->empty() || found->size() > kMostClasses)
    return fields->Wrong(kKey, expected);
  names->assign(found->size(), "");
  std::vector<bool> named(found->size());
  for (const auto& [key, name] : found->items()) {
    std::size_t number = 0;
    const auto [end, error] = std::from_chars(key.data(), key.data() + key.size(), number);
    if (error != std::errc() || end != key.data() + key.size() || number >= names->size() || named[number] ||
        !name.is_string() || name.get_ref<const std::string&>().size() > kMostNameBytes)
      return fields->Wrong(kKey, expected);
    named[number] = true;
    (*names)[number] = name.get<std::string>();
  }
}

}  // namespace

SegformerConfig::SegformerConfig() {
  encoder.widths = {32, 64, 160, 256};
  encoder.depths = {2, 2, 2, 2};
}

std::int64_t SegformerConfig::Parameters() const {
  std::int64_t sum = 0, before = encoder.in_channels;
  for (std::size_t i = 0; i < 4; ++i) {
    const std::int64_t c = encoder.widths[i], inner = c * encoder.mlp_ratios[i], r = encoder.reductions[i],
                       k = encoder.kernels[i];
    const std::int64_t reduce = r > 1 ? c * c * r * r + 3 * c : 0;
    const std::int64_t block = 4 * (c * c + c) + reduce + 2 * c * inner + c + inner + 10 * inner + 4 * c;
    sum += before * c * k * k + 3 * c + encoder.depths[i] * block + 2 * c + c * decoder_width + decoder_width;
    before = c;
  }
  const std::int64_t d = decoder_width;
  return sum + 4 * d * d + 4 * d + (d + 1) * static_cast<std::int64_t>(names.size());
}

std::int64_t SegformerConfig::MostScores(int width, int height) const {
  std::int64_t most = 0;
  for (std::size_t i = 0; i < 4; ++i) {
    width = Behind(width, encoder.kernels[i], encoder.strides[i]);
    height = Behind(height, encoder.kernels[i], encoder.strides[i]);
    const std::int64_t r = encoder.reductions[i];
    const std::int64_t reduced = (width / r) * (height / r);
    if (reduced == 0) return 0;
    most = std::max(most, std::int64_t{width} * height * reduced * encoder.heads[i]);
  }
  return most;
}

Status SegformerConfig::Validate() const {
  const auto bad = [](const std::string& what) { return Status(Error{ErrorCode::kInvalidArgument, what}); };
  const Range ranges[] = {{"hidden_sizes", encoder.widths, 1, 2048},
                          {"depths", encoder.depths, 1, 64},
                          {"num_attention_heads", encoder.heads, 1, 64},
                          {"sr_ratios", encoder.reductions, 1, 32},
                          {"mlp_ratios", encoder.mlp_ratios, 1, 16},
                          {"patch_sizes", encoder.kernels, 1, 31},
                          {"strides", encoder.strides, 1, 16}};
  for (const Range& range : ranges)
    for (const int value : range.values)
      if (value < range.least || value > range.most)
        return bad(std::string(range.name) + " must be " + std::to_string(range.least) + " to " +
                   std::to_string(range.most));
  for (std::size_t i = 0; i < 4; ++i) {
    if (encoder.widths[i] % encoder.heads[i] != 0)
      return bad("hidden_sizes must be multiples of num_attention_heads");
    // An even patch makes maps whose size depends on more than the stride.
    if (encoder.kernels[i] % 2 == 0) return bad("patch_sizes must be odd");
  }
  if (decoder_width < 1 || decoder_width > 4096) return bad("decoder_hidden_size must be 1 to 4096");
  if (names.empty() || names.size() > kMostClasses) return bad("there must be 1 to 4096 classes");
  if (Parameters() > kMostParameters)
    return bad("the network would have " + std::to_string(Parameters()) + " weights, more than " +
               std::to_string(kMostParameters));
  return {};
}

Status SegformerInput::Validate() const {
  const auto bad = [](const char* what) { return Status(Error{ErrorCode::kInvalidArgument, what}); };
  if ((width == 0) != (height == 0) || width < 0 || height < 0 || width > kMostSide || height > kMostSide)
    return bad("the size must be 1 to 4096 a side");
  if (!(scale > 0 && scale <= 1)) return bad("rescale_factor must be above 0 and at most 1");
  for (std::size_t c = 0; c < 3; ++c) {
    if (!(std::abs(mean[c]) <= 1000)) return bad("image_mean must be -1000 to 1000");
    if (!(deviation[c] >= 1e-6 && deviation[c] <= 1000)) return bad("image_std must be above 0");
  }
  return {};
}

Result<SegformerConfig> ReadSegformerConfig(const Json& json, std::string_view file_name) {
  JsonFields fields(json, file_name);
  SegformerConfig config;
  fields.Require({{"model_type", "segformer"},
                  {"num_channels", 3},
                  {"num_encoder_blocks", 4},
                  {"hidden_act", "gelu"},
                  {"reshape_last_stage", true}});
  ReadFour(&fields, "hidden_sizes", &config.encoder.widths);
  ReadFour(&fields, "depths", &config.encoder.depths);
  ReadFour(&fields, "num_attention_heads", &config.encoder.heads);
  ReadFour(&fields, "sr_ratios", &config.encoder.reductions);
  ReadFour(&fields, "mlp_ratios", &config.encoder.mlp_ratios);
  ReadFour(&fields, "patch_sizes", &config.encoder.kernels);
  ReadFour(&fields, "strides", &config.encoder.strides);
  fields.Read("decoder_hidden_size", &config.decoder_width);
  ReadNames(&fields, &config.names);
  return fields.Done(config);
}

Result<SegformerInput> ReadSegformerInput(const Json& json, std::string_view file_name) {
  JsonFields fields(json, file_name);
  SegformerInput input;
  constexpr int kBilinear = 2;  // Pillow's number
  fields.Require({{"resample", kBilinear}, {"do_rescale", true}});
  bool resize = true, normalise = true;
  fields.Read("do_resize", &resize);
  fields.Read("do_normalize", &normalise);
  fields.Read("rescale_factor", &input.scale);
  ReadColour(&fields, "image_mean", &input.mean);
  ReadColour(&fields, "image_std", &input.deviation);
  fields.Read(fields.Has("do_reduce_labels") ? "do_reduce_labels" : "reduce_labels", &input.reduced_labels);
  if (const Json* size = fields.Find("size"); size != nullptr && size->is_object()) {
    // Older files have one number for both sides.
    if (!size->contains("height") || !size->contains("width")) fields.Unsupported("size", "height and width");
    JsonFields sides(*size, file_name);
    sides.Read("width", &input.width);
    sides.Read("height", &input.height);
    if (auto read = sides.Done(input); !read.ok()) return read.error();
  } else {
    fields.Read("size", &input.width);
    input.height = size == nullptr ? input.height : input.width;
  }
  if (resize && input.width == 0) fields.Wrong("size", "1 to 4096 a side");
  if (!resize) input.width = input.height = 0;
  if (!normalise) input.mean = {0, 0, 0}, input.deviation = {1, 1, 1};
  return fields.Done(input);
}

}  // namespace kantei::nn
