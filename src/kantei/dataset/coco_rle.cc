#include "kantei/dataset/coco_rle.h"

#include <algorithm>

namespace kantei::dataset {
namespace {

constexpr std::uint64_t kMostPixels = 268'000'000;
constexpr int kBits = 5, kFirst = 48, kMore = 1 << kBits, kSign = 1 << (kBits - 1);

}  // namespace

CocoRle EncodeRle(const image::Image& mask) {
  CocoRle rle{mask.height(), mask.width(), {}};
  bool set = false;
  std::uint32_t run = 0;
  for (int x = 0; x < mask.width(); ++x) {
    for (int y = 0; y < mask.height(); ++y) {
      if ((mask.row(y)[x] != 0) != set) {
        rle.counts.push_back(run);
        run = 0;
        set = !set;
      }
      ++run;
    }
  }
  rle.counts.push_back(run);
  return rle;
}

Result<image::Image> DecodeRle(const CocoRle& rle) {
  if (rle.width < 1 || rle.height < 1)
    return Error{ErrorCode::kCorrupt, "run lengths of a mask without width or height"};
  const std::uint64_t pixels = static_cast<std::uint64_t>(rle.width) * static_cast<std::uint64_t>(rle.height);
  if (pixels > kMostPixels)
    return Error{ErrorCode::kTooLarge, "run lengths of a mask of " + std::to_string(pixels) + " pixels"};
  std::uint64_t sum = 0;
  for (const std::uint32_t count : rle.counts) sum += count;
  if (sum != pixels)
    return Error{ErrorCode::kCorrupt, "run lengths sum up to " + std::to_string(sum) +
                                          " pixels and the mask has " + std::to_string(pixels)};
  image::Image mask(rle.width, rle.height, 1);
  int x = 0, y = 0;
  bool set = false;
  for (std::uint32_t count : rle.counts) {
    for (; count > 0; --count) {
      if (set) mask.row(y)[x] = 255;
      if (++y == rle.height) ++x, y = 0;
    }
    set = !set;
  }
  return mask;
}

std::uint64_t RleArea(const CocoRle& rle) {
  std::uint64_t area = 0;
  for (std::size_t i = 1; i < rle.counts.size(); i += 2) area += rle.counts[i];
  return area;
}

std::string RleString(const std::vector<std::uint32_t>& counts) {
  std::string text;
  for (std::size_t i = 0; i < counts.size(); ++i) {
    std::int64_t rest = counts[i];
    if (i > 2) rest -= counts[i - 2];
    for (bool more = true; more;) {
      std::int64_t digit = rest & (kMore - 1);
      rest >>= kBits;
      more = (digit & kSign) != 0 ? rest != -1 : rest != 0;
      if (more) digit |= kMore;
      text += static_cast<char>(digit + kFirst);
    }
  }
  return text;
}

Result<std::vector<std::uint32_t>> ParseRleString(std::string_view text) {
  const auto corrupt = [](const char* what) {
    return Error{ErrorCode::kCorrupt, std::string("compressed run lengths ") + what};
  };
  std::vector<std::uint32_t> counts;
  for (std::size_t at = 0; at < text.size();) {
    std::int64_t value = 0;
    for (int shift = 0;; shift += kBits) {
      if (at == text.size()) return corrupt("break off in a number");
      const int digit = static_cast<unsigned char>(text[at++]) - kFirst;
      if (digit < 0 || digit >= 2 * kMore) return corrupt("hold a character that stands for no number");
      if (shift > 35) return corrupt("hold a number that is too large");
      value |= static_cast<std::int64_t>(digit & (kMore - 1)) << shift;
      if ((digit & kMore) != 0) continue;
      if ((digit & kSign) != 0) value -= std::int64_t{1} << (shift + kBits);
      break;
    }
    if (counts.size() > 2) value += counts[counts.size() - 2];
    if (value < 0 || value > 0xFFFFFFFFll) return corrupt("hold a number that is negative or too large");
    counts.push_back(static_cast<std::uint32_t>(value));
  }
  return counts;
}

}  // namespace kantei::dataset
