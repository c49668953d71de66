#include "kantei/copy/pair_verification.h"

#include <algorithm>
#include <cmath>

#include "kantei/copy/alignment.h"
#include "kantei/copy/geometry.h"
#include "kantei/copy/matching.h"
#include "kantei/copy/verdict.h"
#include "kantei/copy/working_size.h"
#include "kantei/image/decode.h"
#include "kantei/image/encode.h"

namespace kantei::copy {
namespace {

using image::Homography;
using image::Image;
using image::Point;
using image::Polygon;

constexpr int kQueryFeatures = 1200;
constexpr float kMatchRatio = 0.85f;
// Geometry is judged in known pictures scaled to this longer side, so that tolerances mean one thing.
constexpr double kGeometrySide = 512;

// The map from the query's pixels to the known picture's when the known picture equals the given variant of the query.
Homography DihedralMap(image::Dihedral variant, double qw, double qh, double kw, double kh) {
  // Unit-square maps (u, v) -> (u', v'): where a point of the query lies in the transformed query.
  const std::array<std::array<double, 6>, 8> unit = {{
      {1, 0, 0, 0, 1, 0},    // original
      {0, 1, 0, -1, 0, 1},   // rotate90, counter-clockwise as PDQ counts
      {-1, 0, 1, 0, -1, 1},  // rotate180
      {0, -1, 1, 1, 0, 0},   // rotate270
      {1, 0, 0, 0, -1, 1},   // flipX: top and bottom change places
      {-1, 0, 1, 0, 1, 0},   // flipY: left and right change places
      {0, 1, 0, 1, 0, 0},    // flipPlus1: transposed
      {0, -1, 1, -1, 0, 1},  // flipMinus1: transposed about the other diagonal
  }};
  const auto& m = unit[static_cast<std::size_t>(variant)];
  return Homography{
      {kw * m[0] / qw, kw * m[1] / qh, kw * m[2], kh * m[3] / qw, kh * m[4] / qh, kh * m[5], 0, 0, 1}};
}

Homography Scaling(double x, double y) {
  return Homography{{x, 0, 0, 0, y, 0, 0, 0, 1}};
}

Polygon Map(const Polygon& polygon, const Homography& map) {
  Polygon mapped;
  mapped.reserve(polygon.size());
  for (const Point& p : polygon) mapped.push_back(map.Apply(p));
  return mapped;
}

double Determinant(const Homography& h) {
  return h.m[0] * h.m[4] - h.m[1] * h.m[3];
}

std::vector<Correspondence> Correspondences(const LocalFeatures& query, const LocalFeatures& known,
                                            const std::vector<Match>& matches, double known_scale) {
  std::vector<Correspondence> pairs;
  pairs.reserve(matches.size());
  const auto s = static_cast<float>(known_scale);
  for (const Match& match : matches) {
    const Keypoint& q = query.keypoints[match.query];
    const Keypoint& k = known.keypoints[match.known];
    pairs.push_back({q.x, q.y, q.scale, q.angle, k.x * s, k.y * s, k.scale * s, k.angle});
  }
  return pairs;
}

// Two transforms that put the query's corners to about the same places are one.
bool SameTransform(const Homography& a, const Homography& b, const Polygon& region, double tolerance) {
  for (const Point& p : region) {
    const Point u = a.Apply(p), v = b.Apply(p);
    if (std::hypot(u.x - v.x, u.y - v.y) > tolerance) return false;
  }
  return true;
}

// Aligns each proposal with the preview, keeps those whose detail is worth naming, in full-size coordinates.
std::vector<RegionMatch> JudgeRegions(const Image& query, const Image& preview, double geometry_width,
                                      double geometry_height, int full_width, int full_height,
                                      double known_width, double known_height,
                                      const std::vector<RegionMatch>& proposals) {
  std::vector<RegionMatch> kept_regions;
  const Homography to_preview = Scaling(preview.width() / geometry_width, preview.height() / geometry_height);
  const Homography query_to_full = Scaling(static_cast<double>(full_width) / query.width(),
                                           static_cast<double>(full_height) / query.height());
  const Homography full_to_query = Scaling(static_cast<double>(query.width()) / full_width,
                                           static_cast<double>(query.height()) / full_height);
  const Homography preview_to_known = Scaling(known_width / preview.width(), known_height / preview.height());
  std::vector<RegionMatch> judged;
  for (const RegionMatch& proposal : proposals) {
    const Alignment alignment = CompareAligned(query, preview, proposal.query_to_known.Then(to_preview));
    RegionMatch region;
    region.inliers = proposal.inliers;
    region.mirrored = proposal.mirrored;
    region.inverted = alignment.inverted;
    region.agreement = alignment.agreement;
    region.agreeing_share = alignment.agreeing_share;
    region.agreeing_blocks = alignment.agreeing_blocks;
    region.query_to_known = full_to_query.Then(alignment.query_to_known).Then(preview_to_known);
    if (alignment.query_region.size() < 3) continue;
    region.query_region = Map(alignment.query_region, query_to_full);
    region.known_region = Map(region.query_region, region.query_to_known);
    region.query_share =
        std::min(1.0, PolygonArea(region.query_region) / (static_cast<double>(full_width) * full_height));
    region.known_share = std::min(1.0, PolygonArea(region.known_region) / (known_width * known_height));
    for (const Polygon& polygon : alignment.changed) region.changed.push_back(Map(polygon, query_to_full));
    region.changed_share = alignment.changed_share;
    judged.push_back(std::move(region));
  }
  std::stable_sort(judged.begin(), judged.end(), [](const RegionMatch& a, const RegionMatch& b) {
    return RegionStrength(a) > RegionStrength(b);
  });
  for (RegionMatch& region : judged) {
    const double tolerance = 0.04 * std::hypot(known_width, known_height);
    const bool duplicate = std::any_of(kept_regions.begin(), kept_regions.end(), [&](RegionMatch& kept) {
      const bool same =
          kept.mirrored == region.mirrored &&
          (SameTransform(kept.query_to_known, region.query_to_known, region.query_region, tolerance) ||
           CoveredShare(region.query_region, kept.query_region) > 0.7);
      if (same && SameTransform(kept.query_to_known, region.query_to_known, region.query_region, tolerance)) {
        kept.inliers = std::max(kept.inliers, region.inliers);
      }
      return same;
    });
    if (!duplicate) kept_regions.push_back(std::move(region));
  }
  // Regions too weak to show are dropped, except the best: it is the ground of the band.
  const auto weak = [](const RegionMatch& region) { return !RegionCounts(region); };
  if (kept_regions.size() > 1)
    kept_regions.erase(std::remove_if(kept_regions.begin() + 1, kept_regions.end(), weak),
                       kept_regions.end());
  return kept_regions;
}

}  // namespace

double CoveredShare(const Polygon& inner, const Polygon& outer) {
  if (inner.size() < 3 || outer.size() < 3) return 0;
  const auto inside = [](const Polygon& polygon, Point p) {
    bool odd = false;
    for (std::size_t i = 0, j = polygon.size() - 1; i < polygon.size(); j = i++) {
      const Point a = polygon[i], b = polygon[j];
      if ((a.y > p.y) != (b.y > p.y) && p.x < (b.x - a.x) * (p.y - a.y) / (b.y - a.y) + a.x) odd = !odd;
    }
    return odd;
  };
  float x0 = inner[0].x, x1 = x0, y0 = inner[0].y, y1 = y0;
  for (const Point& p : inner) {
    x0 = std::min(x0, p.x);
    x1 = std::max(x1, p.x);
    y0 = std::min(y0, p.y);
    y1 = std::max(y1, p.y);
  }
  constexpr int kGrid = 24;
  int total = 0, covered = 0;
  for (int r = 0; r < kGrid; ++r) {
    for (int c = 0; c < kGrid; ++c) {
      const Point p{x0 + (x1 - x0) * (static_cast<float>(c) + 0.5f) / kGrid,
                    y0 + (y1 - y0) * (static_cast<float>(r) + 0.5f) / kGrid};
      if (!inside(inner, p)) continue;
      ++total;
      covered += inside(outer, p);
    }
  }
  return total > 0 ? static_cast<double>(covered) / total : 0;
}

PreparedQuery PrepareQuery(const Image& query, int full_width, int full_height) {
  PreparedQuery prepared;
  prepared.full_width = full_width;
  prepared.full_height = full_height;
  prepared.pdq = ComputePdqDihedral(query, full_width, full_height);
  const Image working = image::ResizeToFit(query, kWorkingSide);
  LocalFeatureOptions options;
  options.working_side = kWorkingSide;
  options.max_features = kQueryFeatures;
  prepared.sides[0].features = ExtractLocalFeatures(working, options);
  prepared.sides[1].features = MirrorFeatures(prepared.sides[0].features);
  prepared.sides[2].features = InvertFeatures(prepared.sides[0].features);
  prepared.sides[3].features = InvertFeatures(prepared.sides[1].features);
  for (std::size_t i = 0; i < kQuerySides; ++i) {
    prepared.sides[i].mirrored = (i & 1) != 0;
    prepared.sides[i].inverted = (i & 2) != 0;
  }
  prepared.grey = image::ToGrey(working);
  return prepared;
}

Result<StoredKnown> StoreKnown(const Image& known, int full_width, int full_height) {
  StoredKnown stored;
  stored.full_width = full_width;
  stored.full_height = full_height;
  const PdqHash pdq = ComputePdq(known, full_width, full_height);
  stored.pdq = pdq.code;
  stored.pdq_quality = pdq.quality;
  stored.features = SerializeFeatures(ExtractLocalFeatures(known));
  KANTEI_TRY(stored.preview, image::EncodeJpeg(image::ResizeToFit(known, kPreviewSide), kPreviewQuality));
  return stored;
}

Result<PreparedKnown> PrepareKnown(const StoredKnown& stored) {
  PreparedKnown prepared;
  prepared.pdq = stored.pdq;
  prepared.pdq_quality = stored.pdq_quality;
  prepared.full_width = stored.full_width;
  prepared.full_height = stored.full_height;
  KANTEI_TRY(prepared.features, ParseFeatures(stored.features));
  KANTEI_TRY(const image::DecodedImage preview, image::DecodeImage(stored.preview, "the stored preview"));
  prepared.preview_grey = image::ToGrey(preview.pixels);
  return prepared;
}

std::vector<RegionMatch> FindRegions(const std::array<QuerySide, kQuerySides>& sides, unsigned side_mask,
                                     const Image& query_grey, int query_width, int query_height,
                                     const LocalFeatures& known, const Image& preview_grey, int known_width,
                                     int known_height, bool hash_is_near, image::Dihedral variant) {
  const double known_scale = kGeometrySide / std::max({known.width, known.height, 1});
  const double gw = known.width * known_scale, gh = known.height * known_scale;
  std::vector<RegionMatch> proposals;
  for (std::size_t i = 0; i < sides.size(); ++i) {
    if ((side_mask >> i & 1) == 0) continue;
    const LocalFeatures& query = sides[i].features;
    const auto pairs =
        Correspondences(query, known, MatchMutualRatio(query, known, kMatchRatio, true), known_scale);
    for (const GeometricModel& model :
         FindTransforms(pairs, static_cast<int>(gw), static_cast<int>(gh), GeometryOptions{})) {
      RegionMatch region;
      region.inliers = model.distinct_inliers;
      region.mirrored = sides[i].mirrored;
      const Homography mirror{{-1, 0, static_cast<double>(query.width), 0, 1, 0, 0, 0, 1}};
      region.query_to_known = sides[i].mirrored ? mirror.Then(model.query_to_known) : model.query_to_known;
      proposals.push_back(std::move(region));
    }
  }
  if (hash_is_near) {
    RegionMatch whole;
    whole.query_to_known = DihedralMap(variant, query_grey.width(), query_grey.height(), gw, gh);
    whole.mirrored = Determinant(whole.query_to_known) < 0;
    proposals.push_back(std::move(whole));
  }
  if (proposals.empty()) return {};
  return JudgeRegions(query_grey, preview_grey, gw, gh, query_width, query_height, known_width, known_height,
                      proposals);
}

PairFindings VerifyPair(const PreparedQuery& query, const PreparedKnown& known, const PairOptions& options) {
  PairFindings findings;
  for (std::size_t v = 0; v < query.pdq.codes.size(); ++v) {
    const int distance = HammingDistance(query.pdq.codes[v], known.pdq);
    if (distance > options.pdq_radius || distance >= findings.pdq_distance) continue;
    findings.pdq_distance = distance;
    findings.pdq_variant = static_cast<image::Dihedral>(v);
  }
  CopyMatch match;
  match.pdq_distance = findings.pdq_distance;
  match.picture.has_features = true;
  match.regions = FindRegions(query.sides, options.sides, query.grey, query.full_width, query.full_height,
                              known.features, known.preview_grey, known.full_width, known.full_height,
                              findings.pdq_distance <= options.pdq_radius, findings.pdq_variant);
  const bool hash_counts = std::min(query.pdq.quality, known.pdq_quality) >= kPdqTrustedQuality;
  const MatchVerdict verdict = JudgeMatch(match, hash_counts);
  findings.band = verdict.band;
  findings.similarity = verdict.similarity;
  const double share = std::clamp(verdict.similarity, 1e-15, 1 - 1e-15);
  findings.evidence = std::log(share / (1 - share));
  findings.regions = std::move(match.regions);
  return findings;
}

}  // namespace kantei::copy
