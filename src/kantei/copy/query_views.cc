#include "kantei/copy/query_views.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <utility>

#include "kantei/copy/pasted_rectangles.h"

namespace kantei::copy {
namespace {

using image::Image;
using image::Rect;

constexpr double kSameView = 0.85;  ///< overlap from which two views of the same turn are one
constexpr int kSmallestSide = 32;   ///< of a view; less shows nothing that a descriptor could hold on to
constexpr double kSurroundSureness =
    0.2;  ///< confidence from which the rest of the picture is shown without the overlay
constexpr double kLargestOverlay = 0.75;  ///< share of the picture that may be painted over
constexpr double kStrip = 1.8;            ///< aspect from which a picture is taken for cells in a row

class Views {
 public:
  explicit Views(Image query) : query_(std::move(query)) {}

  Rect All() const { return {0, 0, query_.width(), query_.height()}; }
  const Image& query() const { return query_; }

  /// Adds a part of the query unless it is tiny, blank or nearly there already.
  void AddPart(ViewKind kind, const Rect& region, double confidence = 1) {
    if (region.width < kSmallestSide || region.height < kSmallestSide || Repeats(region, 0, false)) return;
    Image part = image::Crop(query_, region);
    if (Blank(part)) return;
    views_.push_back({kind, region, 0, false, confidence, std::move(part)});
  }
  void AddWhole(ViewKind kind, int quarters, bool mirrored) {
    Image picture = mirrored ? image::FlipHorizontal(query_) : image::RotateQuarter(query_, quarters);
    views_.push_back({kind, All(), quarters, mirrored, 1, std::move(picture)});
  }
  void Add(QueryView view) { views_.push_back(std::move(view)); }
  std::vector<QueryView> Take() { return std::move(views_); }

 private:
  bool Repeats(const Rect& region, int quarters, bool mirrored) const {
    return std::any_of(views_.begin(), views_.end(), [&](const QueryView& view) {
      return view.kind != ViewKind::kSurround && view.quarters == quarters && view.mirrored == mirrored &&
             IntersectionOverUnion(view.region, region) > kSameView;
    });
  }
  /// A fine grid of pixels shows no more than noise.
  static bool Blank(const Image& part) {
    constexpr int kGrid = 32, kNoise = 6;
    std::array<int, 3> low{255, 255, 255}, high{};
    for (int j = 0; j < kGrid; ++j) {
      const std::uint8_t* row = part.row((2 * j + 1) * part.height() / (2 * kGrid));
      for (int i = 0; i < kGrid; ++i) {
        const std::uint8_t* pixel =
            row + static_cast<std::ptrdiff_t>((2 * i + 1) * part.width() / (2 * kGrid)) * 3;
        for (std::size_t c = 0; c < 3; ++c) {
          low[c] = std::min<int>(low[c], pixel[c]);
          high[c] = std::max<int>(high[c], pixel[c]);
        }
      }
    }
    return high[0] - low[0] <= kNoise && high[1] - low[1] <= kNoise && high[2] - low[2] <= kNoise;
  }

  Image query_;
  std::vector<QueryView> views_;
};

/// The query with `hole` in the mean colour of a ring around it.
Image PaintedOver(const Image& query, const Rect& hole) {
  const int deep = std::max(2, std::min(hole.width, hole.height) / 16);
  // The outermost pixels of an overlay are mixed with it by resizing and JPEG: the paint covers them.
  const int rim = std::max(1, std::max(query.width(), query.height()) / kRectangleSide);
  const int x1 = std::max(0, hole.x - rim), x2 = std::min(query.width(), hole.x + hole.width + rim);
  const int y1 = std::max(0, hole.y - rim), y2 = std::min(query.height(), hole.y + hole.height + rim);
  std::array<std::uint64_t, 3> sum{};
  std::uint64_t count = 0;
  for (int y = std::max(0, y1 - deep); y < std::min(query.height(), y2 + deep); ++y) {
    const std::uint8_t* row = query.row(y);
    for (int x = std::max(0, x1 - deep); x < std::min(query.width(), x2 + deep); ++x) {
      if (x >= x1 && x < x2 && y >= y1 && y < y2) {
        x = x2 - 1;
        continue;
      }
      for (std::size_t c = 0; c < 3; ++c) sum[c] += row[static_cast<std::size_t>(x) * 3 + c];
      ++count;
    }
  }
  Image out = query;
  std::array<std::uint8_t, 3> colour{};
  for (std::size_t c = 0; c < 3; ++c)
    colour[c] = static_cast<std::uint8_t>((sum[c] + count / 2) / std::max<std::uint64_t>(1, count));
  for (int y = y1; y < y2; ++y) {
    std::uint8_t* row = out.row(y);
    for (int x = x1; x < x2; ++x) std::copy_n(colour.data(), 3, row + static_cast<std::ptrdiff_t>(x) * 3);
  }
  return out;
}

/// Part i of n of a length.
std::pair<int, int> Part(int length, int i, int n) {
  const int from = static_cast<int>(static_cast<std::int64_t>(length) * i / n);
  return {from, static_cast<int>(static_cast<std::int64_t>(length) * (i + 1) / n) - from};
}

void AddGrid(Views* views, int across, int down) {
  for (int j = 0; j < down; ++j) {
    for (int i = 0; i < across; ++i) {
      const auto [x, width] = Part(views->query().width(), i, across);
      const auto [y, height] = Part(views->query().height(), j, down);
      views->AddPart(ViewKind::kQuadrant, {x, y, width, height});
    }
  }
}

/// Cells where collages have them most often; other layouts are left to FindPastedRectangles, which knows the real places.
void AddQuadrants(Views* views) {
  const double aspect = static_cast<double>(views->query().width()) / views->query().height();
  if (aspect >= kStrip || aspect <= 1 / kStrip) {
    // A row or a column of pictures: quarters of it would be narrow strips of two of them.
    const bool wide = aspect > 1;
    AddGrid(views, wide ? 2 : 1, wide ? 1 : 2);
    AddGrid(views, wide ? 3 : 1, wide ? 1 : 3);
    return;
  }
  AddGrid(views, 2, 2);
  AddGrid(views, 2, 1);
  AddGrid(views, 1, 2);
}

/// Four corners and the centre, 2/3 of each side: what padding, other pictures at one side or a frame leave.
void AddCrops(Views* views) {
  const int width = views->query().width(), height = views->query().height();
  const int w = std::max(1, width * 2 / 3), h = std::max(1, height * 2 / 3);
  for (const auto& [x, y] :
       {std::pair{(width - w) / 2, (height - h) / 2}, std::pair{0, 0}, std::pair{width - w, 0},
        std::pair{0, height - h}, std::pair{width - w, height - h}})
    views->AddPart(ViewKind::kCrop, {x, y, w, h});
}

/// Only around the surest overlay: where it is wrong it hides part of the picture.
void AddSurround(Views* views, const std::vector<PastedRectangle>& overlays) {
  const Image& query = views->query();
  for (const PastedRectangle& overlay : overlays) {
    if (overlay.confidence < kSurroundSureness) return;
    const Rect& hole = overlay.region;
    const double share =
        static_cast<double>(hole.width) * hole.height / (static_cast<double>(query.width()) * query.height());
    if (share > kLargestOverlay) continue;
    views->Add({ViewKind::kSurround, views->All(), 0, false, overlay.confidence, PaintedOver(query, hole)});
    return;
  }
}

}  // namespace

std::string_view ViewKindName(ViewKind kind) {
  constexpr std::array<std::string_view, 8> kNames{"whole",    "trimmed", "overlay", "surround",
                                                   "quadrant", "crop",    "turned",  "mirrored"};
  return kNames[static_cast<std::size_t>(kind)];
}

std::vector<QueryView> MakeQueryViews(const Image& query, const QueryViewOptions& options) {
  if (query.empty()) return {};
  Views views(image::ToRgb(query));
  views.AddWhole(ViewKind::kWhole, 0, false);
  if (options.trim) views.AddPart(ViewKind::kTrimmed, TrimBorder(views.query()));
  if (options.overlays || options.surround) {
    const auto overlays =
        FindPastedRectangles(views.query(), std::max(options.max_overlays, options.surround ? 1 : 0));
    for (std::size_t i = 0;
         options.overlays && i < overlays.size() && static_cast<int>(i) < options.max_overlays; ++i)
      views.AddPart(ViewKind::kOverlay, overlays[i].region, overlays[i].confidence);
    if (options.surround) AddSurround(&views, overlays);
  }
  if (options.quadrants) AddQuadrants(&views);
  if (options.crops) AddCrops(&views);
  for (int quarters = 1; options.turns && quarters <= 3; ++quarters)
    views.AddWhole(ViewKind::kTurned, quarters, false);
  if (options.mirror) views.AddWhole(ViewKind::kMirrored, 0, true);
  return views.Take();
}

}  // namespace kantei::copy
