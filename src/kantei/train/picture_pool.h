// Training pictures held in memory, shrunk once, so that views cost no decoding.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "kantei/base/cancellation.h"
#include "kantei/base/result.h"
#include "kantei/image/image.h"

namespace kantei::train {

struct PicturePoolOptions {
  int longer_side = 320;  ///< pictures are shrunk to this, 32..2048
  /// Pictures of at least twice this many pixels on both sides are cut into disjoint tiles of about this side, and the tiles
  /// taken as pictures of their own instead of the whole (a wallpaper then counts for what it holds). 0: never.
  int tile_side = 512;
  int threads = 0;  ///< 0: all cores
  Status Validate() const;
};

/// Immutable after Load; thread-safe.
class PicturePool {
 public:
  /// Files that cannot be read are skipped and named in `skipped` (one line each). kInvalidArgument when fewer than two
  /// pictures remain. The order is that of the files, so that the same list gives the same pool.
  static Result<PicturePool> Load(const std::vector<std::filesystem::path>& files,
                                  const PicturePoolOptions& options, const CancellationToken& cancellation,
                                  std::vector<std::string>* skipped);

  std::size_t size() const { return pictures_.size(); }
  const image::Image& at(std::size_t index) const { return pictures_[index]; }
  /// Index into `files` of the file that a picture comes from.
  std::size_t file_of(std::size_t index) const { return files_[index]; }
  /// A number that differs when the pictures do: resuming a run on others is refused.
  std::uint64_t fingerprint() const { return fingerprint_; }

 private:
  std::vector<image::Image> pictures_;
  std::vector<std::size_t> files_;
  std::uint64_t fingerprint_ = 0;
};

/// What a network learns from, and what its log is measured on.
struct PicturePools {
  PicturePool training;
  std::optional<PicturePool> validation;
  const PicturePool* held() const { return validation ? &*validation : nullptr; }

  /// No `validation` files: no such pool. What is skipped is logged as a warning.
  static Result<PicturePools> Load(const std::vector<std::filesystem::path>& training,
                                   const std::vector<std::filesystem::path>& validation,
                                   const PicturePoolOptions& options, const CancellationToken& cancellation);
};

}  // namespace kantei::train
