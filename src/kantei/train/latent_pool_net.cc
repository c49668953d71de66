#include "kantei/train/latent_pool_net.h"

#include <algorithm>
#include <new>
#include <string>

#include "kantei/base/progress.h"
#include "kantei/base/random.h"
#include "kantei/train/crops.h"
#include "kantei/train/device_net.h"
#include "kantei/train/picture_batch_net.h"

namespace kantei::train {
namespace {

constexpr std::int64_t kBatch = 16;

}  // namespace

Result<LatentPool> LatentPool::Make(generate::AutoencoderKl vae, const PicturePool& pictures,
                                    const LatentPoolOptions& options, const torch::Device& device,
                                    const CancellationToken& cancellation) {
  const torch::NoGradGuard no_grad;
  const generate::AutoencoderKlConfig& config = vae->config();
  const auto total = static_cast<std::int64_t>(pictures.size()) * options.crops;
  const std::int64_t side = options.side / config.factor();
  LatentPool pool;
  pool.crops_ = options.crops;
  try {
    pool.latents_ = torch::empty({total, side, side, config.latent_channels}, torch::kFloat16);
  } catch (const std::exception&) {
    return Error{ErrorCode::kTooLarge, "there is not enough memory for the latents of " +
                                           std::to_string(total) + " crops; keep fewer of each picture"};
  }
  Progress progress("Encoding", static_cast<std::uint64_t>(total), "crops");
  for (std::int64_t first = 0; first < total; first += kBatch) {
    KANTEI_RETURN_IF_ERROR(cancellation.Check());
    const std::int64_t count = std::min(kBatch, total - first);
    ViewBatch batch;
    batch.side = options.side;
    for (std::int64_t i = first; i < first + count; ++i) {
      Random random = Random(options.seed).Fork(static_cast<std::uint64_t>(i));
      AppendView(RandomSquareOf(pictures.at(static_cast<std::size_t>(i / options.crops)),
                                options.smallest_crop, options.side, random),
                 i, &batch);
    }
    const Bfloat16Scope mixed(options.bfloat16, device);
    const torch::Tensor latents =
        vae->Scale(vae->Encode(PictureBatch(batch, device) / 127.5 - 1).mean.to(torch::kFloat32));
    pool.latents_.narrow(0, first, count).copy_(latents.permute({0, 2, 3, 1}));
    progress.Advance(static_cast<std::uint64_t>(count));
  }
  return pool;
}

torch::Tensor LatentPool::Take(std::span<const std::int64_t> crops, const torch::Device& device) const {
  const torch::Tensor rows = torch::tensor(torch::ArrayRef<std::int64_t>(crops.data(), crops.size()));
  return latents_.index_select(0, rows).to(device, torch::kFloat32).permute({0, 3, 1, 2});
}

}  // namespace kantei::train
