#include "kantei/copy/detector.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <mutex>
#include <numbers>

#include "kantei/copy/alignment.h"
#include "kantei/copy/geometry.h"
#include "kantei/copy/library_index.h"
#include "kantei/copy/matching.h"
#include "kantei/copy/pdq.h"
#include "kantei/copy/query_sides.h"
#include "kantei/copy/verdict.h"
#include "kantei/copy/vocabulary.h"
#include "kantei/copy/working_size.h"
#include "kantei/image/decode.h"

namespace kantei::copy {
namespace {

using image::Homography;
using image::Image;
using image::Point;
using image::Polygon;

constexpr int kQueryFeatures = 1200;
constexpr int kQueryAssignments = 3;
constexpr float kMatchRatio = 0.85f;
// Geometry is judged in known pictures scaled to this longer side, so that tolerances mean one thing.
constexpr double kGeometrySide = 512;
// A hash of a picture with few gradients says little (the reference advises 50) and is no evidence alone, but it still
// proposes candidates: flat drawings have nothing else, and the photometric check decides.
constexpr int kPdqMinQuality = 10;

using Sides = std::array<QuerySide, kQuerySides>;

struct Candidate {
  std::int64_t picture_id = 0;
  double rank = 0;
  int pdq_distance = 256;
  int pdq_variant = 0;
  unsigned sides = 0;  // bit i: the inverted file found it with side i of the query
};

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

// Share of `inner` (convex) that lies within `outer` (convex), by clipping outer's bounding test at grid points.
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

}  // namespace

Status DetectorOptions::Validate() const {
  if (pdq_radius < 0 || pdq_radius > 255)
    return Error{ErrorCode::kInvalidArgument, "pdq_radius must be 0 to 255"};
  if (max_verified < 1) return Error{ErrorCode::kInvalidArgument, "max_verified must be at least 1"};
  if (max_matches < 1) return Error{ErrorCode::kInvalidArgument, "max_matches must be at least 1"};
  if (!use_pdq && !use_local)
    return Error{ErrorCode::kInvalidArgument, "at least one of PDQ and local features must be used"};
  return {};
}

struct CopyDetector::State {
  DetectorOptions options;
  std::shared_ptr<const Vocabulary> vocabulary;
  std::unique_ptr<store::Catalog> catalog;
  std::unique_ptr<LibraryIndex> index;
  std::map<std::string, store::BankKind> bank_kinds;
  mutable std::mutex catalog_mutex;  // SQLite reads are short; matching runs outside

  std::vector<Candidate> FindCandidates(const PdqDihedral& pdq, const Sides& sides,
                                        CopyFindings* findings) const {
    std::map<std::int64_t, Candidate> by_id;
    if (options.use_pdq && pdq.quality >= kPdqMinQuality) {
      // Exchanging light and dark exchanges the bits.
      std::array<Code256, 16> codes;
      for (std::size_t v = 0; v < 8; ++v) {
        codes[v] = codes[v + 8] = pdq.codes[v];
        for (std::uint64_t& word : codes[v + 8].words) word = ~word;
      }
      for (const PdqHit& hit : index->SearchPdq(codes, options.pdq_radius)) {
        Candidate& candidate = by_id[hit.picture_id];
        candidate.picture_id = hit.picture_id;
        if (hit.distance < candidate.pdq_distance) {
          candidate.pdq_distance = hit.distance;
          candidate.pdq_variant = hit.query % 8;
          candidate.rank = std::max(candidate.rank, 1000.0 - hit.distance);
        }
      }
      findings->candidates_pdq = static_cast<int>(by_id.size());
    }
    if (options.use_local) {
      store::InvertedQueryOptions query_options;
      query_options.max_hits = options.max_verified;
      for (std::size_t side = 0; side < sides.size(); ++side) {
        const auto hits = index->SearchLocal(sides[side].postings, query_options);
        findings->candidates_local += static_cast<int>(hits.size());
        for (const store::InvertedHit& hit : hits) {
          Candidate& candidate = by_id[hit.picture_id];
          candidate.picture_id = hit.picture_id;
          candidate.sides |= 1u << side;
          candidate.rank = std::max(candidate.rank, static_cast<double>(hit.score));
        }
      }
    }
    std::vector<Candidate> candidates;
    for (const auto& [id, candidate] : by_id) candidates.push_back(candidate);
    std::sort(candidates.begin(), candidates.end(), [](const Candidate& a, const Candidate& b) {
      return a.rank != b.rank ? a.rank > b.rank : a.picture_id < b.picture_id;
    });
    if (candidates.size() > static_cast<std::size_t>(options.max_verified))
      candidates.resize(static_cast<std::size_t>(options.max_verified));
    return candidates;
  }

  // The transforms that features propose, from query pixels to pixels of the known picture scaled to kGeometrySide.
  void ProposeByFeatures(const Candidate& candidate, const Sides& sides, const LocalFeatures& known,
                         double known_scale, std::vector<RegionMatch>* proposals) const {
    const double kw = known.width * known_scale, kh = known.height * known_scale;
    for (std::size_t i = 0; i < sides.size(); ++i) {
      // A candidate of its hash alone is tried plain and mirrored.
      if ((candidate.sides >> i & 1) == 0 && (candidate.pdq_distance > 255 || sides[i].inverted)) continue;
      const LocalFeatures& query = sides[i].features;
      const auto matches = MatchMutualRatio(query, known, kMatchRatio, true);
      const auto pairs = Correspondences(query, known, matches, known_scale);
      for (const GeometricModel& model :
           FindTransforms(pairs, static_cast<int>(kw), static_cast<int>(kh), GeometryOptions{})) {
        RegionMatch region;
        region.inliers = model.distinct_inliers;
        region.mirrored = sides[i].mirrored;
        const Homography mirror{{-1, 0, static_cast<double>(query.width), 0, 1, 0, 0, 0, 1}};
        region.query_to_known = sides[i].mirrored ? mirror.Then(model.query_to_known) : model.query_to_known;
        proposals->push_back(std::move(region));
      }
    }
  }

  Result<std::optional<CopyMatch>> Verify(const Candidate& candidate, const Sides& sides, int pdq_quality,
                                          const Image& query_grey, int full_width, int full_height) const {
    CopyMatch match;
    Bytes feature_bytes, preview_bytes;
    {
      const std::lock_guard lock(catalog_mutex);
      auto picture = catalog->Get(candidate.picture_id);
      if (!picture.ok()) {
        // Removed by another process since the index was opened.
        if (picture.error().code == ErrorCode::kNotFound) return std::optional<CopyMatch>();
        return picture.error();
      }
      match.picture = std::move(*picture);
      if (match.picture.has_features) {
        KANTEI_TRY(feature_bytes, catalog->GetFeatures(candidate.picture_id));
      }
    }
    const auto bank = bank_kinds.find(match.picture.bank);
    match.bank_kind = bank != bank_kinds.end() ? bank->second : store::BankKind::kDeny;
    match.pdq_distance = candidate.pdq_distance;
    match.pdq_variant = static_cast<image::Dihedral>(candidate.pdq_variant);

    std::vector<RegionMatch> proposals;
    double known_scale = 1;
    if (!feature_bytes.empty()) {
      KANTEI_TRY(const LocalFeatures known, ParseFeatures(feature_bytes));
      known_scale = kGeometrySide / std::max({known.width, known.height, 1});
      if (options.use_local) ProposeByFeatures(candidate, sides, known, known_scale, &proposals);
      const double gw = known.width * known_scale, gh = known.height * known_scale;
      if (candidate.pdq_distance <= options.pdq_radius) {
        RegionMatch whole;
        whole.query_to_known =
            DihedralMap(match.pdq_variant, query_grey.width(), query_grey.height(), gw, gh);
        whole.mirrored = Determinant(whole.query_to_known) < 0;
        proposals.push_back(std::move(whole));
      }
      if (!proposals.empty()) {
        {
          const std::lock_guard lock(catalog_mutex);
          KANTEI_TRY(preview_bytes, catalog->GetPreview(candidate.picture_id));
        }
        auto preview = image::DecodeImage(preview_bytes, "the stored preview");
        if (preview.ok()) {
          JudgeRegions(query_grey, image::ToGrey(preview->pixels), gw, gh, full_width, full_height,
                       std::move(proposals), &match);
        }
      }
    }
    const bool hash_counts = std::min(pdq_quality, match.picture.pdq_quality) >= kPdqTrustedQuality;
    const MatchVerdict verdict = JudgeMatch(match, hash_counts);
    if (verdict.band == Band::kNone) return std::optional<CopyMatch>();
    match.band = verdict.band;
    match.similarity = verdict.similarity;
    const bool by_hash = match.pdq_distance <= options.pdq_radius, by_local = candidate.sides != 0;
    match.found_by = by_hash && by_local ? "pdq+local" : by_hash ? "pdq" : "local";
    return std::optional<CopyMatch>(std::move(match));
  }

  // Aligns each proposal with the preview, keeps those whose detail is worth naming, in full-size coordinates.
  static void JudgeRegions(const Image& query, const Image& preview, double geometry_width,
                           double geometry_height, int full_width, int full_height,
                           std::vector<RegionMatch> proposals, CopyMatch* match) {
    const Homography to_preview =
        Scaling(preview.width() / geometry_width, preview.height() / geometry_height);
    const Homography query_to_full = Scaling(static_cast<double>(full_width) / query.width(),
                                             static_cast<double>(full_height) / query.height());
    const Homography full_to_query = Scaling(static_cast<double>(query.width()) / full_width,
                                             static_cast<double>(query.height()) / full_height);
    const double known_width = match->picture.width, known_height = match->picture.height;
    const Homography preview_to_known =
        Scaling(known_width / preview.width(), known_height / preview.height());
    std::vector<RegionMatch> judged;
    for (RegionMatch& proposal : proposals) {
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
      const bool duplicate =
          std::any_of(match->regions.begin(), match->regions.end(), [&](RegionMatch& kept) {
            const bool same =
                kept.mirrored == region.mirrored &&
                (SameTransform(kept.query_to_known, region.query_to_known, region.query_region, tolerance) ||
                 CoveredShare(region.query_region, kept.query_region) > 0.7);
            if (same &&
                SameTransform(kept.query_to_known, region.query_to_known, region.query_region, tolerance)) {
              kept.inliers = std::max(kept.inliers, region.inliers);
            }
            return same;
          });
      if (!duplicate) match->regions.push_back(std::move(region));
    }
    // Regions too weak to show are dropped, except the best: it is the ground of the band.
    const auto weak = [](const RegionMatch& region) { return !RegionCounts(region); };
    if (match->regions.size() > 1)
      match->regions.erase(std::remove_if(match->regions.begin() + 1, match->regions.end(), weak),
                           match->regions.end());
  }
};

CopyDetector::CopyDetector(std::unique_ptr<State> state) : state_(std::move(state)) {}
CopyDetector::~CopyDetector() = default;

Result<std::unique_ptr<CopyDetector>> CopyDetector::Open(const std::filesystem::path& library,
                                                         const DetectorOptions& options,
                                                         const CancellationToken& cancellation) {
  KANTEI_RETURN_IF_ERROR(options.Validate());
  auto state = std::make_unique<State>();
  state->options = options;
  KANTEI_TRY(state->vocabulary, Vocabulary::Shipped());
  KANTEI_TRY(state->catalog, store::Catalog::Open(library, store::OpenMode::kReadOnly));
  KANTEI_TRY(const auto made_with, state->catalog->GetSetting("vocabulary"));
  if (made_with && *made_with != state->vocabulary->id()) {
    return Error{ErrorCode::kUnsupported,
                 "the library " + DisplayPath(library) + " was made with vocabulary " + *made_with +
                     ", this program has " + state->vocabulary->id() +
                     ": make the library anew, or use the version of Kantei that made it"};
  }
  KANTEI_TRY(state->index, LibraryIndex::Open(state->catalog.get(), *state->vocabulary, true, cancellation));
  KANTEI_TRY(const std::vector<store::Bank> banks, state->catalog->Banks());
  for (const store::Bank& bank : banks) state->bank_kinds[bank.name] = bank.kind;
  return std::unique_ptr<CopyDetector>(new CopyDetector(std::move(state)));
}

Result<CopyFindings> CopyDetector::Find(const Image& query, int full_width, int full_height) const {
  if (query.empty() || full_width < 1 || full_height < 1)
    return Error{ErrorCode::kInvalidArgument, "the query picture is empty"};
  CopyFindings findings;
  findings.library_pictures = state_->index->pictures();
  const Image working = image::ResizeToFit(query, kWorkingSide);
  const PdqDihedral pdq = ComputePdqDihedral(query, full_width, full_height);
  findings.pdq_quality = pdq.quality;

  Sides sides;
  if (state_->options.use_local) {
    LocalFeatureOptions feature_options;
    feature_options.working_side = kWorkingSide;
    feature_options.max_features = kQueryFeatures;
    LocalFeatures features = ExtractLocalFeatures(working, feature_options);
    findings.query_features = static_cast<int>(features.size());
    sides = MakeQuerySides(std::move(features), *state_->vocabulary, kQueryAssignments);
  }
  const auto candidates = state_->FindCandidates(pdq, sides, &findings);
  const Image grey = image::ToGrey(working);
  std::vector<CopyMatch> matches;
  for (const Candidate& candidate : candidates) {
    KANTEI_TRY(std::optional<CopyMatch> match,
               state_->Verify(candidate, sides, pdq.quality, grey, full_width, full_height));
    ++findings.verified;
    if (match) matches.push_back(std::move(*match));
  }
  std::stable_sort(matches.begin(), matches.end(), [](const CopyMatch& a, const CopyMatch& b) {
    return a.band != b.band ? a.band > b.band : a.similarity > b.similarity;
  });

  // An ignore bank silences its own match and whatever rests on the same region of the query.
  std::vector<const CopyMatch*> ignores;
  for (const CopyMatch& match : matches) {
    if (match.bank_kind == store::BankKind::kIgnore && match.band >= Band::kModerate)
      ignores.push_back(&match);
  }
  const auto silenced = [&](const CopyMatch& match) {
    if (match.bank_kind == store::BankKind::kIgnore) return true;
    return std::any_of(ignores.begin(), ignores.end(), [&](const CopyMatch* ignore) {
      if (match.regions.empty())
        return ignore->pdq_distance <= match.pdq_distance && match.pdq_distance < 256;
      return std::all_of(match.regions.begin(), match.regions.end(), [&](const RegionMatch& region) {
        return std::any_of(ignore->regions.begin(), ignore->regions.end(), [&](const RegionMatch& covering) {
          return CoveredShare(region.query_region, covering.query_region) >= 0.8;
        });
      });
    });
  };
  std::vector<std::uint8_t> quiet;
  for (const CopyMatch& match : matches) quiet.push_back(silenced(match));
  for (std::size_t i = 0; i < matches.size(); ++i) {
    auto& list = quiet[i] ? findings.silenced : findings.matches;
    if (list.size() < static_cast<std::size_t>(state_->options.max_matches))
      list.push_back(std::move(matches[i]));
  }
  if (!findings.matches.empty()) findings.band = findings.matches.front().band;
  return findings;
}

Result<Image> CopyDetector::Preview(std::int64_t picture_id) const {
  Bytes bytes;
  {
    const std::lock_guard lock(state_->catalog_mutex);
    KANTEI_TRY(bytes, state_->catalog->GetPreview(picture_id));
  }
  if (bytes.empty())
    return Error{ErrorCode::kNotFound,
                 "the library keeps no preview of picture " + std::to_string(picture_id)};
  KANTEI_TRY(image::DecodedImage decoded, image::DecodeImage(bytes, "the stored preview"));
  return std::move(decoded.pixels);
}

const DetectorOptions& CopyDetector::options() const {
  return state_->options;
}

}  // namespace kantei::copy
