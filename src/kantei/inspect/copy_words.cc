#include "kantei/inspect/copy_words.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <string_view>

#include "kantei/base/files.h"
#include "kantei/copy/pdq.h"
#include "kantei/inspect/words.h"

namespace kantei::inspect {
namespace {

std::string_view VariantName(image::Dihedral variant) {
  switch (variant) {
    case image::Dihedral::kOriginal:
      return "original";
    case image::Dihedral::kRotate90:
      return "rotate90";
    case image::Dihedral::kRotate180:
      return "rotate180";
    case image::Dihedral::kRotate270:
      return "rotate270";
    case image::Dihedral::kFlipX:
      return "flip_x";
    case image::Dihedral::kFlipY:
      return "flip_y";
    case image::Dihedral::kFlipPlus1:
      return "flip_plus1";
    case image::Dihedral::kFlipMinus1:
      return "flip_minus1";
  }
  return "original";
}

Text VariantText(image::Dihedral variant) {
  switch (variant) {
    case image::Dihedral::kOriginal:
      return {"", ""};
    case image::Dihedral::kRotate90:
    case image::Dihedral::kRotate180:
    case image::Dihedral::kRotate270:
      return {" after a rotation", "（回転後）"};
    default:
      return {" after mirroring", "（反転後）"};
  }
}

image::Point Centre(const image::Polygon& polygon) {
  image::Point sum;
  for (const image::Point& point : polygon) {
    sum.x += point.x;
    sum.y += point.y;
  }
  const float count = static_cast<float>(std::max<std::size_t>(1, polygon.size()));
  return {sum.x / count, sum.y / count};
}

/// "mirrored left to right, scaled to 52%", joined in each language; empty when the region lies as it is in
/// the known picture.
Text PlacementText(const copy::RegionMatch& region) {
  Text words;
  const auto add = [&words](const Text& part) {
    if (!words.en.empty()) {
      words.en += ", ";
      words.ja += "、";
    }
    words.en += part.en;
    words.ja += part.ja;
  };
  if (region.mirrored) add({"mirrored left to right", "左右反転"});
  if (region.inverted) add({"with light and dark exchanged", "明暗反転"});
  const Placement placement = PlacementOf(region);
  if (placement.known && std::abs(placement.scale - 1) >= 0.02)
    add(Fill({"scaled to {0}", "倍率 {0}"}, {Same(Percent(placement.scale))}));
  if (placement.known && std::abs(placement.degrees) >= 0.5) {
    const std::string degrees = Fixed(std::abs(placement.degrees), std::abs(placement.degrees) < 9.5 ? 1 : 0);
    add(Fill(placement.degrees > 0 ? Text{"rotated {0}° clockwise", "時計回りに {0}° 回転"}
                                   : Text{"rotated {0}° anticlockwise", "反時計回りに {0}° 回転"},
             {Same(degrees)}));
  }
  return words;
}

/// A share that rounds to all is said as such.
bool IsAll(double share) {
  return share > 0.985;
}

Text RegionText(const copy::RegionMatch& region, const std::string& name) {
  Text placement = PlacementText(region);
  if (!placement.en.empty()) placement = Fill({", {0}", "（{0}）"}, {placement});
  const Text where = IsAll(region.query_share)
                         ? Text{"The whole picture", "本画像の全体"}
                         : Fill({"The region that covers {0} of the picture", "本画像の {0} を占める領域"},
                                {Same(Percent(region.query_share))});
  const Text what = IsAll(region.known_share) ? Text{"all", "全体"}
                                              : Fill({"{0}", " {0} "}, {Same(Percent(region.known_share))});
  return Fill(
      {"{0} shows {1} of “{2}”{3}; {4} feature pairs agree with one transform; detail agreement is {5} (the "
       "detail "
       "agrees in {6} of the region).",
       "{0}が、既知画像「{2}」の{1}に対応する{3}。一致点 {4} 組が単一の幾何変換に整合し、測光一致度は {5}"
       "（領域の {6} で細部が一致）である。"},
      {where, what, Same(name), placement, Same(std::to_string(region.inliers)),
       Same(Fixed(region.agreement, 2)), Same(Percent(region.agreeing_share))});
}

Json PolygonJson(const image::Polygon& polygon) {
  Json points = Json::array();
  // A tenth of a pixel is finer than any match.
  const auto tenth = [](float value) { return std::round(static_cast<double>(value) * 10) / 10; };
  for (const image::Point& point : polygon) points.push_back({tenth(point.x), tenth(point.y)});
  return points;
}

Json RegionJson(const copy::RegionMatch& region) {
  Json json;
  json["inliers"] = region.inliers;
  json["mirrored"] = region.mirrored;
  json["inverted"] = region.inverted;
  json["agreement"] = region.agreement;
  json["agreeing_blocks"] = region.agreeing_blocks;
  json["agreeing_share"] = region.agreeing_share;
  json["query_region"] = PolygonJson(region.query_region);
  json["known_region"] = PolygonJson(region.known_region);
  json["query_share"] = region.query_share;
  json["known_share"] = region.known_share;
  json["homography"] = region.query_to_known.m;
  json["changed"] = Json::array();
  for (const image::Polygon& polygon : region.changed) json["changed"].push_back(PolygonJson(polygon));
  json["changed_share"] = region.changed_share;
  return json;
}

}  // namespace

std::string KnownName(const store::Picture& picture) {
  const std::string file = DisplayPath(std::filesystem::path(picture.path).filename());
  if (!picture.label.empty() && !file.empty() && picture.label != file)
    return Shorten(picture.label, 120) + " (" + Shorten(file, 120) + ")";
  if (!picture.label.empty()) return Shorten(picture.label, 120);
  if (!file.empty()) return Shorten(file, 160);
  return "PDQ " + picture.pdq.ToHex().substr(0, 12) + "…";
}

Placement PlacementOf(const copy::RegionMatch& region) {
  Placement placement;
  image::Homography known_to_query;
  if (region.query_region.empty() || !region.query_to_known.Invert(&known_to_query)) return placement;
  const image::Point centre = region.query_to_known.Apply(Centre(region.query_region));
  // Jacobian of the projective map at the centre.
  const auto& m = known_to_query.m;
  const double x = centre.x, y = centre.y;
  const double w = m[6] * x + m[7] * y + m[8];
  if (!(std::abs(w) > 1e-12)) return placement;
  const double u = (m[0] * x + m[1] * y + m[2]) / w, v = (m[3] * x + m[4] * y + m[5]) / w;
  double a = (m[0] - u * m[6]) / w, b = (m[1] - u * m[7]) / w;
  double c = (m[3] - v * m[6]) / w, d = (m[4] - v * m[7]) / w;
  const double determinant = a * d - b * c;
  if (!std::isfinite(determinant) || determinant == 0) return placement;
  if (determinant < 0) {  // take the mirroring x -> -x out: what is left is a rotation with scale
    a = -a;
    c = -c;
  }
  placement.scale = std::sqrt(std::abs(determinant));
  placement.degrees = std::atan2(c - b, a + d) * 180 / std::numbers::pi;
  placement.known = std::isfinite(placement.scale) && std::isfinite(placement.degrees);
  return placement;
}

bool IsSameFile(const copy::CopyMatch& match, std::string_view query_sha256) {
  return !query_sha256.empty() && match.picture.sha256 == query_sha256;
}

int BestInliers(const copy::CopyMatch& match) {
  int best = 0;
  for (const copy::RegionMatch& region : match.regions) best = std::max(best, region.inliers);
  return best;
}

Text BankKindText(store::BankKind kind) {
  switch (kind) {
    case store::BankKind::kAllow:
      return {"known and permitted", "既知・使用可"};
    case store::BankKind::kDeny:
      return {"known", "既知"};
    case store::BankKind::kIgnore:
      return {"ignored", "対象外"};
  }
  return {"known", "既知"};
}

namespace {

Text ViewText(copy::ViewKind kind) {
  switch (kind) {
    case copy::ViewKind::kWhole:
      return {"the whole picture", "画像全体"};
    case copy::ViewKind::kTrimmed:
      return {"the picture without its border", "縁を除いた画像"};
    case copy::ViewKind::kOverlay:
      return {"a rectangle that looks pasted in", "貼り込みとみられる矩形"};
    case copy::ViewKind::kSurround:
      return {"what surrounds a rectangle that looks pasted in", "貼り込みとみられる矩形の周囲"};
    case copy::ViewKind::kQuadrant:
      return {"a quarter or half of the picture", "画像の四分の一または半分"};
    case copy::ViewKind::kCrop:
      return {"a crop of the picture", "画像の一部の切り抜き"};
    case copy::ViewKind::kTurned:
      return {"the picture turned", "回転した画像"};
    case copy::ViewKind::kMirrored:
      return {"the picture mirrored", "左右反転した画像"};
  }
  return {};
}

}  // namespace

std::vector<Text> MatchGrounds(const copy::CopyMatch& match, std::string_view query_sha256) {
  const std::string name = KnownName(match.picture);
  std::vector<Text> grounds;
  if (IsSameFile(match, query_sha256))
    grounds.push_back(
        Fill({"The file is byte for byte the known file “{0}” (same SHA-256).",
              "本ファイルは既知画像「{0}」のファイルとバイト単位で同一である（SHA-256 が一致）。"},
             {Same(name)}));
  for (const copy::RegionMatch& region : match.regions) {
    grounds.push_back(RegionText(region, name));
    if (!region.changed.empty())
      grounds.push_back(
          Fill({"Inside the matched region, {0} of the area differs from “{1}”: possibly altered there.",
                "一致領域のうち面積比 {0} の部分は既知画像「{1}」と内容が異なり、改変された可能性がある。"},
               {Same(Percent(region.changed_share)), Same(name)}));
  }
  if (match.found_by.find("pdq") != std::string::npos)
    grounds.push_back(
        Fill({"Its perceptual hash (PDQ) differs from that of “{0}” in {1} of 256 bits{2}; two pictures "
              "within {3} bits are "
              "usually versions of one picture.",
              "知覚ハッシュ（PDQ）は「{0}」と 256 ビット中 {1} ビット異なる{2}。差が {3} ビット以内であれば、"
              "通常は同一画像の派生版とみなされる。"},
             {Same(name), Same(std::to_string(match.pdq_distance)), VariantText(match.pdq_variant),
              Same(std::to_string(copy::kPdqMatchDistance))}));
  if (match.descriptor && match.descriptor->probability)
    grounds.push_back(Fill(
        {"The descriptor network finds it near “{0}” ({1}): on the pairs that its scores were calibrated "
         "with, {2} of those "
         "that scored so high were copies.",
         "記述子ネットワークでは「{0}」に近い（{1}）。較正に用いた画像対のうち、同程度の評価値を得たものの "
         "{2} が複製であった。"},
        {Same(name), ViewText(match.descriptor_view.kind), Same(Percent(*match.descriptor->probability))}));
  if (match.bank_kind == store::BankKind::kAllow)
    grounds.push_back(Fill({"“{0}” is in the bank “{1}”: known and permitted.",
                            "「{0}」はバンク「{1}」に登録された、使用可の既知画像である。"},
                           {Same(name), Same(match.picture.bank)}));
  return grounds;
}

Json MatchJson(const copy::CopyMatch& match, std::string_view query_sha256) {
  const store::Picture& picture = match.picture;
  Json json;
  json["path"] = DisplayPath(picture.path);
  json["bank"] = picture.bank;
  json["bank_kind"] = store::BankKindName(match.bank_kind);
  json["label"] = picture.label;
  json["owner"] = picture.owner;
  json["source"] = picture.source;
  json["picture_id"] = picture.picture_id;
  json["sha256"] = picture.sha256;
  json["identical_file"] = IsSameFile(match, query_sha256);
  json["band"] = BandName(match.band);
  json["similarity"] = match.similarity;
  json["pdq_distance"] = match.pdq_distance;
  json["pdq_variant"] = VariantName(match.pdq_variant);
  json["found_by"] = match.found_by;
  if (match.descriptor) {
    const copy::DescriptorHit& hit = *match.descriptor;
    const image::Rect& region = match.descriptor_view.region;
    json["descriptor"] = {{"cosine", hit.cosine},
                          {"score", hit.score},
                          {"probability", hit.probability ? Json(*hit.probability) : Json(nullptr)},
                          {"view", copy::ViewKindName(match.descriptor_view.kind)},
                          {"view_region", {region.x, region.y, region.width, region.height}}};
  }
  json["inliers"] = BestInliers(match);
  json["regions"] = Json::array();
  for (const copy::RegionMatch& region : match.regions) json["regions"].push_back(RegionJson(region));
  return json;
}

}  // namespace kantei::inspect
