#include "kantei/generate/autoencoder.h"

#include <charconv>

#include "kantei/base/files.h"
#include "kantei/generate/autoencoder_net.h"
#include "kantei/nn/safetensors.h"
#include "kantei/nn/weights_net.h"

namespace kantei::generate {
namespace {

constexpr std::pair<Upsampling, std::string_view> kNames[] = {{Upsampling::kNearest, "nearest"},
                                                              {Upsampling::kBilinear, "bilinear"},
                                                              {Upsampling::kTransposed, "transposed"},
                                                              {Upsampling::kShuffle, "shuffle"}};

Result<AutoencoderShape> ReadShape(const std::map<std::string, std::string>& metadata,
                                   const std::string& file) {
  const auto get = [&](const char* name) {
    const auto found = metadata.find(name);
    return found == metadata.end() ? std::string() : found->second;
  };
  if (get("kantei.architecture") != "autoencoder")
    return Error{ErrorCode::kInvalidArgument,
                 file + " is no autoencoder; make one with kantei train autoencoder"};
  AutoencoderShape shape;
  KANTEI_TRY(shape.upsampling, ParseUpsampling(get("kantei.upsampling")));
  const auto number = [](std::string_view text, int* value) {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), *value);
    return error == std::errc() && end == text.data() + text.size();
  };
  bool sound = number(get("kantei.latent"), &shape.latent);
  shape.widths.clear();
  std::string widths = get("kantei.widths") + ",";
  for (std::size_t comma = widths.find(','); sound && comma != std::string::npos; comma = widths.find(',')) {
    shape.widths.emplace_back();
    sound = number(std::string_view(widths).substr(0, comma), &shape.widths.back());
    widths.erase(0, comma + 1);
  }
  if (const Status valid = shape.Validate(); !sound || !valid.ok())
    return Error{ErrorCode::kCorrupt, file + ": the shape in the metadata is not one of an autoencoder"};
  return shape;
}

}  // namespace

struct Autoencoder::Network {
  AutoencoderNet net{nullptr};
};

std::string_view UpsamplingName(Upsampling upsampling) {
  for (const auto& [value, name] : kNames)
    if (value == upsampling) return name;
  return "";
}

Result<Upsampling> ParseUpsampling(std::string_view name) {
  for (const auto& [value, known] : kNames)
    if (known == name) return value;
  return Error{ErrorCode::kInvalidArgument, "upsampling \"" + std::string(name) +
                                                "\" is not one of nearest, bilinear, transposed, shuffle"};
}

Status AutoencoderShape::Validate() const {
  if (latent < 1 || latent > 64) return Error{ErrorCode::kInvalidArgument, "latent must be 1 to 64 channels"};
  if (widths.size() < 2 || widths.size() > 5)
    return Error{ErrorCode::kInvalidArgument, "widths must be 2 to 5 numbers, one a resolution"};
  for (const int width : widths)
    if (width < 4 || width > 512) return Error{ErrorCode::kInvalidArgument, "widths must be 4 to 512"};
  return {};
}

Autoencoder::~Autoencoder() = default;

Result<std::unique_ptr<Autoencoder>> Autoencoder::Open(const std::filesystem::path& path) {
  KANTEI_TRY(const nn::SafetensorsFile file, nn::SafetensorsFile::Open(path));
  std::unique_ptr<Autoencoder> opened(new Autoencoder);
  KANTEI_TRY(opened->shape_, ReadShape(file.metadata(), DisplayPath(path)));
  opened->network_ = std::make_unique<Network>();
  AutoencoderNet& net = opened->network_->net;
  net = AutoencoderNet(opened->shape_);
  KANTEI_RETURN_IF_ERROR(nn::LoadModule(file, DisplayPath(path), {}, *net));
  net->eval();
  for (torch::Tensor& parameter : net->parameters())
    if (parameter.dim() == 4) parameter.set_data(parameter.contiguous(torch::MemoryFormat::ChannelsLast));
  return opened;
}

Result<image::Image> Autoencoder::Reconstruct(const image::Image& picture) const {
  if (picture.channels() != 3 || picture.width() < 8 || picture.height() < 8)
    return Error{ErrorCode::kInvalidArgument, "an autoencoder takes RGB pictures of at least 8 x 8 pixels"};
  try {
    const torch::InferenceMode inference;
    const std::int64_t width = picture.width(), height = picture.height(), factor = shape_.factor();
    // from_blob wants a pointer to what may change; nothing here writes to it.
    torch::Tensor input = torch::from_blob(const_cast<std::uint8_t*>(picture.pixels().data()),
                                           {1, height, width, 3}, torch::kUInt8)
                              .permute({0, 3, 1, 2})
                              .to(torch::kFloat32)
                              .div(255);
    input = torch::replication_pad2d(
        input, {0, (factor - width % factor) % factor, 0, (factor - height % factor) % factor});
    input = input.contiguous(torch::MemoryFormat::ChannelsLast);
    AutoencoderNet& net = network_->net;
    const torch::Tensor bytes = net->Decode(net->Encode(input))
                                    .slice(2, 0, height)
                                    .slice(3, 0, width)
                                    .mul(255)
                                    .round()
                                    .clamp(0, 255)
                                    .to(torch::kUInt8)
                                    .permute({0, 2, 3, 1})
                                    .contiguous();
    const std::uint8_t* data = bytes.data_ptr<std::uint8_t>();
    return image::Image(picture.width(), picture.height(), 3,
                        std::vector<std::uint8_t>(data, data + bytes.numel()));
  } catch (const c10::Error& error) {
    return Error{ErrorCode::kInternal,
                 std::string("the autoencoder failed: ") + error.what_without_backtrace()};
  }
}

}  // namespace kantei::generate
