#include "kantei/train/picture_pool.h"

#include <algorithm>

#include "kantei/base/log.h"
#include "kantei/base/parallel.h"
#include "kantei/base/progress.h"
#include "kantei/image/decode.h"
#include "kantei/image/transform.h"

namespace kantei::train {
namespace {

using Pieces = Result<std::vector<image::Image>>;

Pieces LoadPieces(const std::filesystem::path& file, const PicturePoolOptions& options) {
  image::DecodeOptions decode;
  // Tiles need more than the shrunk picture; 12 tile sides bound the memory of a poster.
  decode.max_longer_side = options.tile_side > 0 ? 12 * options.tile_side : options.longer_side;
  KANTEI_TRY(image::DecodedImage decoded, image::DecodeImageFile(file, decode));
  const image::Image& whole = decoded.pixels;
  std::vector<image::Image> pieces;
  const int columns = options.tile_side > 0 ? whole.width() / options.tile_side : 0;
  const int rows = options.tile_side > 0 ? whole.height() / options.tile_side : 0;
  if (columns >= 2 && rows >= 2) {
    for (int r = 0; r < rows; ++r) {
      for (int c = 0; c < columns; ++c) {
        const int x0 = whole.width() * c / columns, x1 = whole.width() * (c + 1) / columns;
        const int y0 = whole.height() * r / rows, y1 = whole.height() * (r + 1) / rows;
        pieces.push_back(
            image::ResizeToFit(image::Crop(whole, {x0, y0, x1 - x0, y1 - y0}), options.longer_side));
      }
    }
  } else {
    pieces.push_back(image::ResizeToFit(whole, options.longer_side));
  }
  // A piece of blue sky is nobody's picture: the next tile of sky would be its false negative.
  std::erase_if(pieces, [](const image::Image& piece) {
    if (std::min(piece.width(), piece.height()) < 16) return true;
    const image::Plane luma = image::ToLuma(piece);
    double sum = 0, squares = 0;
    for (const float value : luma.values) {
      sum += value;
      squares += static_cast<double>(value) * value;
    }
    const double count = static_cast<double>(luma.values.size());
    return squares / count - (sum / count) * (sum / count) < 36.0;  // standard deviation 6 of 255
  });
  return pieces;
}

}  // namespace

Status PicturePoolOptions::Validate() const {
  if (longer_side < 32 || longer_side > 2048)
    return Error{ErrorCode::kInvalidArgument, "longer_side must be 32 to 2048 pixels"};
  if (tile_side != 0 && (tile_side < 128 || tile_side > 4096))
    return Error{ErrorCode::kInvalidArgument, "tile_side must be 0, or 128 to 4096 pixels"};
  return {};
}

Result<PicturePool> PicturePool::Load(const std::vector<std::filesystem::path>& files,
                                      const PicturePoolOptions& options,
                                      const CancellationToken& cancellation,
                                      std::vector<std::string>* skipped) {
  KANTEI_RETURN_IF_ERROR(options.Validate());
  PicturePool pool;
  Progress progress("Reading pictures", files.size(), "pictures");
  OrderedPipeline<Pieces>(
      files.size(), ThreadCount(options.threads), cancellation,
      [&](std::size_t index) {
        auto pieces = LoadPieces(files[index], options);
        progress.Advance();
        return pieces;
      },
      [&](std::size_t index, Pieces&& pieces) {
        if (!pieces.ok()) {
          if (skipped != nullptr) skipped->push_back(pieces.error().message);
          return true;
        }
        for (image::Image& piece : *pieces) {
          // FNV-1a over the size and a sample of the pixels.
          const auto mix = [&pool](std::uint64_t value) {
            pool.fingerprint_ = (pool.fingerprint_ ^ value) * 0x100000001B3ull;
          };
          mix(static_cast<std::uint64_t>(piece.width()) << 32 | static_cast<std::uint64_t>(piece.height()));
          const auto pixels = piece.pixels();
          for (std::size_t p = 0; p < pixels.size(); p += 97) mix(pixels[p]);
          pool.pictures_.push_back(image::ToRgb(piece));
          pool.files_.push_back(index);
        }
        return true;
      });
  KANTEI_RETURN_IF_ERROR(cancellation.Check());
  if (pool.pictures_.size() < 2)
    return Error{ErrorCode::kInvalidArgument,
                 "training needs at least two readable pictures with some detail, and " +
                     std::to_string(pool.pictures_.size()) + " of " + std::to_string(files.size()) +
                     " files gave one"};
  return pool;
}

Result<PicturePools> PicturePools::Load(const std::vector<std::filesystem::path>& training,
                                        const std::vector<std::filesystem::path>& validation,
                                        const PicturePoolOptions& options,
                                        const CancellationToken& cancellation) {
  std::vector<std::string> skipped;
  PicturePools pools;
  KANTEI_TRY(pools.training, PicturePool::Load(training, options, cancellation, &skipped));
  if (!validation.empty()) {
    KANTEI_TRY(pools.validation, PicturePool::Load(validation, options, cancellation, &skipped));
  }
  for (const std::string& line : skipped) LogWarning("skipped: " + line);
  return pools;
}

}  // namespace kantei::train
