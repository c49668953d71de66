#include "kantei/dataset/source_files.h"

#include <algorithm>
#include <utility>

#include "kantei/base/sha256.h"
#include "kantei/dataset/forgery_set_files.h"
#include "kantei/dataset/mask_maker.h"
#include "kantei/image/transform.h"

namespace kantei::dataset {
namespace {

namespace fs = std::filesystem;
using image::Image;

constexpr double kLeastContrast = 4;

}  // namespace

std::uint64_t Hash(std::string_view text) {
  return std::stoull(Sha256Hex(text).substr(0, 16), nullptr, 16);
}

std::string SourceName(const fs::path& root, const fs::path& file) {
  const fs::path below = file.lexically_relative(root);
  std::string name;
  if (below.empty() || below.begin() == below.end() || std::next(below.begin()) == below.end()) {
    const fs::path plain = fs::absolute(root).lexically_normal();
    name = (plain.has_filename() ? plain : plain.parent_path()).filename().string();
    if (fs::is_regular_file(root)) name = fs::absolute(root).parent_path().filename().string();
  } else {
    name = below.begin()->string();
  }
  return PlainFileName(name);
}

Result<image::Cutout> DecodeSource(const Bytes& bytes, const fs::path& path, int side) {
  image::DecodeOptions options;
  options.limits.max_pixels = 64'000'000;
  // So that the last step of shrinking is the same for all.
  options.max_longer_side = side > 0 ? std::max(4096, 2 * side) : 0;
  return image::DecodeCutout(bytes, DisplayPath(path), options);
}

bool IsBlank(const Image& rgb) {
  const Image grey = image::ToGrey(rgb);
  double sum = 0, squares = 0;
  for (const std::uint8_t value : grey.pixels()) {
    sum += value;
    squares += double(value) * value;
  }
  const double n = static_cast<double>(grey.pixels().size());
  return squares / n - sum / n * (sum / n) < kLeastContrast * kLeastContrast;
}

bool HasBlackCorners(const Image& rgb) {
  const int reach = std::max(6, std::min(rgb.width(), rgb.height()) / 12);
  const auto black = [&](int x, int y) {
    const std::uint8_t* p = rgb.row(y) + 3 * x;
    return p[0] <= 14 && p[1] <= 14 && p[2] <= 14;
  };
  int triangles = 0;
  for (int corner = 0; corner < 4; ++corner) {
    int dark = 0, all = 0;
    for (int v = 0; v < reach; ++v) {
      for (int u = 0; u < reach - v; ++u) {
        const int x = corner % 2 == 0 ? u : rgb.width() - 1 - u,
                  y = corner / 2 == 0 ? v : rgb.height() - 1 - v;
        dark += black(x, y) ? 1 : 0;
        ++all;
      }
    }
    triangles += dark * 100 >= all * 90 ? 1 : 0;
  }
  return triangles >= 2;
}

Result<std::vector<CutoutFile>> ReadCutouts(const std::vector<fs::path>& files,
                                            const CancellationToken& cancellation,
                                            const std::function<void(const std::string&)>& bad_file) {
  std::vector<CutoutFile> cutouts;
  for (const fs::path& file : files) {
    KANTEI_RETURN_IF_ERROR(cancellation.Check());
    if (cutouts.size() >= kMostCutouts) break;
    const Result<Bytes> bytes = ReadFile(file, image::DecodeLimits{}.max_file_bytes);
    Result<image::Cutout> read = bytes.ok() ? DecodeSource(*bytes, file, 0) : bytes.error();
    if (!read.ok()) {
      bad_file(read.error().message);
      continue;
    }
    if (read->alpha.empty()) continue;
    read->colour = image::ResizeToFit(read->colour, kCutoutSide);
    read->alpha = image::ResizeToFit(read->alpha, kCutoutSide);
    // A shadow all over is no cut-out.
    const double share = MaskShare(read->alpha);
    if (share > 0.02 && share < 0.97) cutouts.push_back({file, std::move(*read)});
  }
  return cutouts;
}

}  // namespace kantei::dataset
