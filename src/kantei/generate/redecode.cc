#include "kantei/generate/redecode.h"

#include <algorithm>
#include <mutex>
#include <vector>

#include "kantei/generate/diffusion_model_net.h"
#include "kantei/generate/sampler_inputs_net.h"
#include "kantei/generate/sampler_net.h"
#include "kantei/image/transform.h"

namespace kantei::generate {
namespace {

using image::Image;

constexpr int kTile = 512, kOverlap = 64, kLeastSide = 16;

Image Through(const DiffusionNets& nets, const Image& part) {
  AutoencoderKl vae = nets.vae;
  const torch::Tensor pictures = PictureTensor(part, vae->config().factor()).to(vae->device(), vae->type());
  return PictureOf(vae->Decode(vae->Encode(pictures).mean), 0, part.width(), part.height());
}

/// Where tiles begin along a side; the last ends at the side.
std::vector<int> Starts(int side) {
  std::vector<int> starts{0};
  while (starts.back() + kTile < side)
    starts.push_back(std::min(starts.back() + kTile - kOverlap, side - kTile));
  return starts;
}

/// How much a tile counts at `at` of `size`: rising over the overlap from both ends, never 0.
int Weight(int at, int size) {
  return std::min({at + 1, size - at, kOverlap});
}

}  // namespace

Result<Image> RedecodePicture(const DiffusionModel& model, const Image& rgb,
                              const CancellationToken& cancellation) {
  if (rgb.empty() || rgb.channels() != 3 || std::min(rgb.width(), rgb.height()) < kLeastSide)
    return Error{ErrorCode::kInvalidArgument, "a picture of 3 channels and 16 px a side or more is needed"};
  static std::mutex turn;
  return CatchTorch([&]() -> Result<Image> {
    const std::lock_guard lock(turn);
    if (std::max(rgb.width(), rgb.height()) <= kTile) {
      KANTEI_RETURN_IF_ERROR(cancellation.Check());
      return Through(model.nets(), rgb);
    }
    std::vector<std::uint32_t> sums(rgb.pixels().size(), 0), weights(rgb.pixels().size() / 3, 0);
    const auto width = static_cast<std::size_t>(rgb.width());
    for (const int top : Starts(rgb.height())) {
      for (const int left : Starts(rgb.width())) {
        KANTEI_RETURN_IF_ERROR(cancellation.Check());
        const image::Rect area{left, top, std::min(kTile, rgb.width()), std::min(kTile, rgb.height())};
        const Image tile = Through(model.nets(), image::Crop(rgb, area));
        for (int y = 0; y < tile.height(); ++y) {
          for (int x = 0; x < tile.width(); ++x) {
            const auto weight =
                static_cast<std::uint32_t>(Weight(x, tile.width()) * Weight(y, tile.height()));
            const std::size_t at =
                static_cast<std::size_t>(top + y) * width + static_cast<std::size_t>(left + x);
            weights[at] += weight;
            for (std::size_t c = 0; c < 3; ++c) sums[3 * at + c] += weight * tile.row(y)[3 * x + int(c)];
          }
        }
      }
    }
    Image whole(rgb.width(), rgb.height(), 3);
    for (std::size_t i = 0; i < sums.size(); ++i)
      whole.pixels()[i] = static_cast<std::uint8_t>((sums[i] + weights[i / 3] / 2) / weights[i / 3]);
    return whole;
  });
}

}  // namespace kantei::generate
