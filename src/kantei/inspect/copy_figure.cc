#include "kantei/inspect/copy_figure.h"

#include <algorithm>
#include <array>
#include <utility>

#include "kantei/image/draw.h"
#include "kantei/image/transform.h"
#include "kantei/inspect/copy_words.h"
#include "kantei/inspect/words.h"

namespace kantei::inspect {
namespace {

constexpr int kPanelSide = 480;
constexpr std::size_t kMaxDrawnRegions = 5;
constexpr float kOutline = 3.0f, kHalo = 6.0f;
constexpr image::Colour kWhite{255, 255, 255};
constexpr image::Colour kChanged{204, 0, 110};

/// Okabe and Ito's palette without its pale colours: told apart with any colour vision.
constexpr std::array<image::Colour, kMaxDrawnRegions> kRegionColours = {
    {{213, 94, 0}, {0, 114, 178}, {0, 158, 115}, {204, 121, 167}, {230, 159, 0}}};

image::Polygon Scaled(const image::Polygon& polygon, double x_factor, double y_factor) {
  image::Polygon out;
  out.reserve(polygon.size());
  for (const image::Point& point : polygon)
    out.push_back({static_cast<float>(point.x * x_factor), static_cast<float>(point.y * y_factor)});
  return out;
}

image::Homography Scaling(double x_factor, double y_factor) {
  return {{x_factor, 0, 0, 0, y_factor, 0, 0, 0, 1}};
}

/// White below the colour keeps the outline visible on any picture.
void Outline(image::Image* picture, const image::Polygon& polygon, image::Colour colour) {
  if (polygon.size() < 2) return;
  image::DrawPolygon(picture, polygon, kWhite, kHalo);
  image::DrawPolygon(picture, polygon, colour, kOutline);
}

struct Scale {
  double x = 1, y = 1;
};

Scale ScaleTo(const image::Image& picture, int full_width, int full_height) {
  return {static_cast<double>(picture.width()) / std::max(1, full_width),
          static_cast<double>(picture.height()) / std::max(1, full_height)};
}

/// The known picture in the query's frame where the regions say it lies; elsewhere the query, faded.
image::Image LayOnto(const copy::CopyMatch& match, const image::Image& query, Scale query_scale,
                     const image::Image& known, Scale known_scale) {
  image::Image out = query;
  for (std::uint8_t& value : out.pixels()) value = static_cast<std::uint8_t>(255 - (255 - value) / 4);
  const std::size_t count = std::min(match.regions.size(), kMaxDrawnRegions);
  for (std::size_t i = count; i-- > 0;) {  // the best region is drawn last, on top
    const copy::RegionMatch& region = match.regions[i];
    const image::Polygon outline = Scaled(region.query_region, query_scale.x, query_scale.y);
    if (outline.size() < 3) continue;
    const image::Homography map = Scaling(1 / query_scale.x, 1 / query_scale.y)
                                      .Then(region.query_to_known)
                                      .Then(Scaling(known_scale.x, known_scale.y));
    image::Image inside;
    const image::Image warped = image::Warp(known, map, out.width(), out.height(), 255, &inside);
    const image::Image mask = image::PolygonMask(outline, out.width(), out.height());
    for (int y = 0; y < out.height(); ++y) {
      const std::uint8_t* from = warped.row(y);
      const std::uint8_t* in = inside.row(y);
      const std::uint8_t* within = mask.row(y);
      std::uint8_t* to = out.row(y);
      for (int x = 0; x < out.width(); ++x)
        if (in[x] != 0 && within[x] != 0) std::copy_n(from + 3 * x, 3, to + 3 * x);
    }
    Outline(&out, outline, kRegionColours[i]);
  }
  return out;
}

}  // namespace

Figure DrawMatch(const copy::CopyMatch& match, const CopyView& view) {
  Figure figure;
  const std::string name = KnownName(match.picture);
  figure.title = Fill({"This picture beside “{0}” ({1})", "本画像と「{0}」（{1}）の照合"},
                      {Same(name), BankKindText(match.bank_kind)});
  if (view.query == nullptr || view.query->empty()) return figure;
  const image::Image plain = image::ToRgb(image::ResizeToFit(*view.query, kPanelSide));
  const Scale query_scale = ScaleTo(plain, view.full_width, view.full_height);
  const std::size_t count = std::min(match.regions.size(), kMaxDrawnRegions);

  image::Image query = plain;
  bool any_changed = false;
  for (std::size_t i = 0; i < count; ++i)
    for (const image::Polygon& polygon : match.regions[i].changed) {
      any_changed = true;
      image::FillPolygon(&query, Scaled(polygon, query_scale.x, query_scale.y), kChanged, 0.45f);
    }
  for (std::size_t i = 0; i < count; ++i)
    Outline(&query, Scaled(match.regions[i].query_region, query_scale.x, query_scale.y), kRegionColours[i]);
  Text caption = {"This picture", "本画像"};
  if (count > 0)
    caption = any_changed
                  ? Text{"This picture; outlined: matched region; tinted: differs from the known picture",
                         "本画像（枠線: 一致領域、着色: 既知画像と異なる部分）"}
                  : Text{"This picture; outlined: matched region", "本画像（枠線: 一致領域）"};
  figure.panels.push_back({std::move(query), std::move(caption)});

  if (!view.preview) return figure;
  auto preview = view.preview(match.picture.picture_id);
  if (!preview.ok() || preview->empty()) return figure;
  const image::Image known_plain = image::ToRgb(image::ResizeToFit(*preview, kPanelSide));
  const Scale known_scale = ScaleTo(known_plain, match.picture.width, match.picture.height);
  image::Image known = known_plain;
  for (std::size_t i = 0; i < count; ++i)
    Outline(&known, Scaled(match.regions[i].known_region, known_scale.x, known_scale.y), kRegionColours[i]);
  figure.panels.push_back({std::move(known), Fill({"Known picture “{0}”", "既知画像「{0}」"}, {Same(name)})});

  if (count > 0)
    figure.panels.push_back(
        {LayOnto(match, plain, query_scale, known_plain, known_scale),
         {"The known picture laid onto this one by the transform found; the rest of this picture is faded",
          "推定した変換で既知画像を本画像上に重ねたもの（その他の部分は淡色表示）"}});
  return figure;
}

}  // namespace kantei::inspect
