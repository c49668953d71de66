// Does the query show this known picture? Features, geometry and the photometric check of one pair, without a library.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "kantei/base/files.h"
#include "kantei/copy/detector.h"
#include "kantei/copy/pdq.h"
#include "kantei/copy/query_sides.h"
#include "kantei/image/image.h"

namespace kantei::copy {

/// A query made ready for many pairs.
struct PreparedQuery {
  std::array<QuerySide, kQuerySides> sides;  ///< without postings
  image::Image grey;                         ///< working copy, longer side at most kWorkingSide
  PdqDihedral pdq;
  int full_width = 0, full_height = 0;
};
/// `query` is upright, at full size or shrunk; `full_width`, `full_height` are the size that coordinates refer to.
PreparedQuery PrepareQuery(const image::Image& query, int full_width, int full_height);

/// What is kept of a known picture, as a library does.
struct StoredKnown {
  Bytes features, preview;  ///< SerializeFeatures; JPEG
  Code256 pdq;
  int pdq_quality = 0;
  int full_width = 0, full_height = 0;
};
/// `known` is upright; kInternal when its preview cannot be coded.
Result<StoredKnown> StoreKnown(const image::Image& known, int full_width, int full_height);

/// The same made ready for comparison.
struct PreparedKnown {
  LocalFeatures features;
  image::Image preview_grey;
  Code256 pdq;
  int pdq_quality = 0;
  int full_width = 0, full_height = 0;
};
/// kCorrupt when the stored form is damaged.
Result<PreparedKnown> PrepareKnown(const StoredKnown& stored);

struct PairOptions {
  int pdq_radius = 31;  ///< 0..255: a hash this near proposes the whole picture as a region
  unsigned sides = 15;  ///< bit i: side i of the query (plain, mirrored, inverted, both) is matched
};

struct PairFindings {
  std::vector<RegionMatch>
      regions;             ///< best first, in full-size coordinates; those too weak to show are dropped
  int pdq_distance = 256;  ///< best over the eight dihedral variants, 256 when beyond the radius
  image::Dihedral pdq_variant = image::Dihedral::kOriginal;
  Band band = Band::kNone;
  double similarity = 0;  ///< 0..1, monotone in the evidence; not a probability
  double evidence = 0;  ///< log-odds form of the similarity: orders pairs where the similarity is near 0 or 1
};
/// Thread-safe.
PairFindings VerifyPair(const PreparedQuery& query, const PreparedKnown& known,
                        const PairOptions& options = {});

/// The part that needs no prepared pictures: proposals of features and hash, judged against the preview.
std::vector<RegionMatch> FindRegions(const std::array<QuerySide, kQuerySides>& sides, unsigned side_mask,
                                     const image::Image& query_grey, int query_width, int query_height,
                                     const LocalFeatures& known, const image::Image& preview_grey,
                                     int known_width, int known_height, bool hash_is_near,
                                     image::Dihedral variant);

/// Share of `inner` (convex) that lies within `outer` (convex), 0..1.
double CoveredShare(const image::Polygon& inner, const image::Polygon& outer);

}  // namespace kantei::copy
