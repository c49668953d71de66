// Files of authentic pictures and cut-outs on their way into a set. Private to dataset/.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "kantei/base/cancellation.h"
#include "kantei/base/files.h"
#include "kantei/base/result.h"
#include "kantei/image/cutout.h"
#include "kantei/image/image.h"

namespace kantei::dataset {

/// 64 bits of the text's SHA-256: a seed.
std::uint64_t Hash(std::string_view text);

/// The folder directly below the root, or the root's own name for files that lie in it.
std::string SourceName(const std::filesystem::path& root, const std::filesystem::path& file);

/// At most 64 megapixels. Large ones may be shrunk while they are read, but never to less than twice `side`; 0: never.
Result<image::Cutout> DecodeSource(const Bytes& bytes, const std::filesystem::path& path, int side);

/// A picture whose luma hardly varies has nothing to forge.
bool IsBlank(const image::Image& rgb);
/// True for the black triangles that turning leaves in the corners of a picture (at least two of them).
bool HasBlackCorners(const image::Image& rgb);

/// Cut-outs are kept in memory: so many, at this size at most.
inline constexpr std::size_t kMostCutouts = 400;
inline constexpr int kCutoutSide = 320;

struct CutoutFile {
  std::filesystem::path file;
  image::Cutout cutout;
};
/// Those of the files, in their order, that have a transparency of which something is to be seen, until there are kMostCutouts.
Result<std::vector<CutoutFile>> ReadCutouts(const std::vector<std::filesystem::path>& files,
                                            const CancellationToken& cancellation,
                                            const std::function<void(const std::string&)>& bad_file);

}  // namespace kantei::dataset
