#include "kantei/authenticity/forensic_detector.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "kantei/authenticity/forensic_net.h"
#include "kantei/base/files.h"
#include "kantei/base/sha256.h"
#include "kantei/image/plane.h"
#include "kantei/nn/cpu_network.h"
#include "kantei/nn/safetensors.h"
#include "kantei/nn/weights_net.h"

namespace kantei::authenticity {
namespace {

constexpr int kCell = 32;                // picture pixels a cell of the topmost features stands for
constexpr int kMargin = 64;              // of a tile, looked at and thrown away
constexpr int kWindow = 8, kStride = 4;  // of the verdict, in cells: 256 and 128 px
constexpr int kMapStep = 4;              // picture pixels a value of the map stands for
constexpr std::int64_t kWindowBatch = 256;

int RoundUp(int value, int step) {
  return (value + step - 1) / step * step;
}

/// 1 x 3 x h x w floats 0..255 of a part of the picture; what reaches over its right or lower edge repeats the edge.
torch::Tensor PartOf(const image::Image& picture, int x0, int y0, int width, int height) {
  torch::Tensor part = torch::empty({height, width, 3}, torch::kUInt8);
  std::uint8_t* out = part.data_ptr<std::uint8_t>();
  const int inside = std::min(width, picture.width() - x0);
  for (int y = 0; y < height; ++y) {
    const std::uint8_t* row = picture.row(std::min(y0 + y, picture.height() - 1)) + 3 * x0;
    out = std::copy_n(row, 3 * inside, out);
    for (int x = inside; x < width; ++x) out = std::copy_n(row + 3 * (inside - 1), 3, out);
  }
  return part.unsqueeze(0).permute({0, 3, 1, 2}).to(torch::kFloat32);
}

/// Starts of windows of `size` on a line of `length`, `stride` apart, the last flush with the end.
std::vector<std::int64_t> Starts(std::int64_t length, std::int64_t size, std::int64_t stride) {
  std::vector<std::int64_t> starts;
  for (std::int64_t at = 0; at + size < length; at += stride) starts.push_back(at);
  starts.push_back(std::max<std::int64_t>(0, length - size));
  return starts;
}

double MeanOfHighest(std::vector<float> values, double share) {
  const std::size_t count =
      std::max<std::size_t>(1, static_cast<std::size_t>(share * static_cast<double>(values.size())));
  std::partial_sort(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(count), values.end(),
                    std::greater<>());
  double sum = 0;
  for (std::size_t i = 0; i < count; ++i) sum += values[i];
  return sum / static_cast<double>(count);
}

/// Logits 1 x 1 x h x w at a step of four pixels -> probabilities of a picture of width x height.
image::Plane FullSize(const torch::Tensor& logits, int width, int height) {
  const torch::Tensor share = torch::sigmoid(logits).contiguous();
  image::Plane cells(static_cast<int>(share.size(3)), static_cast<int>(share.size(2)));
  std::copy_n(share.data_ptr<float>(), cells.values.size(), cells.values.begin());
  image::Plane plane = image::ResizeBilinear(cells, kMapStep * cells.width, kMapStep * cells.height);
  // The cells cover the picture filled up to whole ones. Cut in place: a second map of 100 megapixels is 400 MB.
  for (int y = 0; y < height; ++y)
    std::copy_n(plane.row(y), width,
                plane.values.data() + static_cast<std::size_t>(y) * static_cast<std::size_t>(width));
  plane.width = width, plane.height = height;
  plane.values.resize(static_cast<std::size_t>(width) * static_cast<std::size_t>(height));
  return plane;
}

}  // namespace

struct ForensicDetector::Network {
  mutable ForensicNet net{nullptr};
};

ForensicDetector::ForensicDetector() : network_(std::make_unique<Network>()) {}
ForensicDetector::~ForensicDetector() = default;

Result<std::unique_ptr<ForensicDetector>> ForensicDetector::Open(const std::filesystem::path& path,
                                                                 const ForensicDetectorOptions& options) {
  if (options.tile < 256 || options.tile > 8192 || options.tile % kCell != 0)
    return Error{ErrorCode::kInvalidArgument, "tile must be 256 to 8192, a multiple of 32"};
  KANTEI_TRY(const nn::SafetensorsFile file, nn::SafetensorsFile::Open(path));
  const std::string name = DisplayPath(path);
  const auto architecture = file.metadata().find("kantei.architecture");
  if (architecture == file.metadata().end() || architecture->second != "forensic")
    return Error{ErrorCode::kInvalidArgument,
                 name + " is no forensic network; make one with kantei train authenticity"};
  KANTEI_TRY(const ForensicShape shape, ForensicShape::FromMetadata(file.metadata(), name));
  std::unique_ptr<ForensicDetector> detector(new ForensicDetector);
  detector->options_ = options;
  detector->options_.bfloat16 = options.bfloat16 && nn::CpuNetwork::HasBfloat16();
  ForensicNet& net = detector->network_->net;
  net = ForensicNet(shape);
  KANTEI_RETURN_IF_ERROR(nn::LoadModule(file, name, {}, *net));
  net->eval();
  net->Fold();
  KANTEI_TRY(const std::string digest, Sha256File(path));
  const auto stated = file.metadata().find("kantei.name");
  detector->id_ =
      (stated == file.metadata().end() ? path.stem().string() : stated->second) + " " + digest.substr(0, 12);
  const auto type = detector->options_.bfloat16 ? torch::kBFloat16 : torch::kFloat32;
  for (const auto& module : net->modules(false)) {
    auto* convolution = module->as<torch::nn::Conv2dImpl>();
    if (convolution == nullptr) continue;
    convolution->weight.set_data(convolution->weight.to(type).contiguous(torch::MemoryFormat::ChannelsLast));
    if (convolution->bias.defined()) convolution->bias = convolution->bias.detach().to(type);
  }
  return detector;
}

Result<PixelFindings> ForensicDetector::Analyse(const image::Image& picture,
                                                const CancellationToken& cancellation) const {
  if (picture.channels() != 3 || picture.width() < 64 || picture.height() < 64)
    return Error{ErrorCode::kInvalidArgument, "the picture is " + std::to_string(picture.width()) + " x " +
                                                  std::to_string(picture.height()) +
                                                  "; pixels are analysed from 64 x 64 on, in RGB"};
  try {
    const torch::InferenceMode inference;
    ForensicNet& net = network_->net;
    const int width = RoundUp(picture.width(), kCell), height = RoundUp(picture.height(), kCell);
    const std::int64_t channels = net->shape.widths.back();
    torch::Tensor mask = torch::empty({1, 1, height / kMapStep, width / kMapStep});
    torch::Tensor confidence = torch::empty_like(mask);
    torch::Tensor top = torch::empty({1, channels, height / kCell, width / kCell});
    // A tile's core is what is kept of it; a picture that fits one tile has no margins.
    const auto cores = [&](int length) {
      return length <= options_.tile ? length : options_.tile - 2 * kMargin;
    };
    const int core_width = cores(width), core_height = cores(height);
    for (int y = 0; y < height; y += core_height) {
      for (int x = 0; x < width; x += core_width) {
        KANTEI_RETURN_IF_ERROR(cancellation.Check());
        const int right = std::min(width, x + core_width), bottom = std::min(height, y + core_height);
        const int left_edge = std::max(0, x - kMargin), top_edge = std::max(0, y - kMargin);
        const int tile_width = std::min(width, right + kMargin) - left_edge;
        const int tile_height = std::min(height, bottom + kMargin) - top_edge;
        torch::Tensor part = PartOf(picture, left_edge, top_edge, tile_width, tile_height);
        const ForensicMaps maps = net->Maps(part);
        const auto keep = [&](const torch::Tensor& from, torch::Tensor* to, int step) {
          const auto cut = [&](const torch::Tensor& t, int x0, int y0, int w, int h) {
            return t.slice(2, y0 / step, (y0 + h) / step).slice(3, x0 / step, (x0 + w) / step);
          };
          cut(*to, x, y, right - x, bottom - y)
              .copy_(cut(from, x - left_edge, y - top_edge, right - x, bottom - y));
        };
        keep(maps.mask, &mask, kMapStep);
        keep(maps.confidence, &confidence, kMapStep);
        keep(maps.top, &top, kCell);
      }
    }

    const std::int64_t window_h = std::min<std::int64_t>(kWindow, top.size(2));
    const std::int64_t window_w = std::min<std::int64_t>(kWindow, top.size(3));
    std::vector<torch::Tensor> features, shares;
    std::vector<float> made, edited;
    const auto judge = [&] {
      if (features.empty()) return;
      const torch::Tensor verdict = net->Verdict(torch::cat(features), torch::cat(shares));
      for (std::int64_t i = 0; i < verdict.size(0); ++i) {
        made.push_back(verdict[i][0].item<float>());
        edited.push_back(verdict[i][1].item<float>());
      }
      features.clear();
      shares.clear();
    };
    constexpr std::int64_t kRatio = kCell / kMapStep;
    for (const std::int64_t y : Starts(top.size(2), window_h, kStride)) {
      for (const std::int64_t x : Starts(top.size(3), window_w, kStride)) {
        features.push_back(top.slice(2, y, y + window_h).slice(3, x, x + window_w));
        shares.push_back(
            mask.slice(2, y * kRatio, (y + window_h) * kRatio).slice(3, x * kRatio, (x + window_w) * kRatio));
        if (static_cast<std::int64_t>(features.size()) == kWindowBatch) judge();
      }
    }
    judge();
    PixelFindings findings;
    findings.ai_made_logit = MeanOfHighest(made, 1.0);
    findings.edited_logit = MeanOfHighest(edited, 0.1);
    findings.map = FullSize(mask, picture.width(), picture.height());
    findings.confidence = FullSize(confidence, picture.width(), picture.height());
    return findings;
  } catch (const c10::Error& error) {
    return Error{ErrorCode::kInternal,
                 std::string("the forensic network failed: ") + error.what_without_backtrace()};
  }
}

}  // namespace kantei::authenticity
