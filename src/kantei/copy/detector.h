// Finds the known pictures of which a query is a copy, crop, collage or disguise: candidates, verification, score.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "kantei/base/band.h"
#include "kantei/base/cancellation.h"
#include "kantei/base/result.h"
#include "kantei/copy/descriptor_search.h"
#include "kantei/image/image.h"
#include "kantei/image/transform.h"
#include "kantei/store/catalog.h"

namespace kantei::copy {

/// One region of the query that shows a region of a known picture. All coordinates are pixels of the upright full-size
/// pictures (not of working copies).
struct RegionMatch {
  image::Homography query_to_known;
  bool mirrored = false;
  bool inverted = false;        ///< light and dark changed places
  int inliers = 0;              ///< feature pairs that agree with the transform
  image::Polygon query_region;  ///< where in the query
  image::Polygon known_region;  ///< where in the known picture
  double query_share = 0;       ///< area of query_region / area of the query, 0..1
  double known_share = 0;       ///< area of known_region / area of the known picture, 0..1
  double agreement = 0;     ///< photometric: detail correlation of the aligned region, -1..1; more is closer
  int agreeing_blocks = 0;  ///< blocks of the compared picture whose detail agrees
  double agreeing_share = 0;            ///< share of the region's blocks whose detail agrees, 0..1
  std::vector<image::Polygon> changed;  ///< parts of query_region whose detail differs from the known picture
  double changed_share = 0;             ///< area of `changed` / area of query_region
};

struct CopyMatch {
  store::Picture picture;
  store::BankKind bank_kind = store::BankKind::kDeny;
  Band band = Band::kNone;
  double similarity = 0;   ///< 0..1, monotone in the evidence; not a probability
  int pdq_distance = 256;  ///< best over the eight dihedral variants
  image::Dihedral pdq_variant = image::Dihedral::kOriginal;  ///< the variant of the query that is closest
  std::vector<RegionMatch> regions;                          ///< best first; empty when only PDQ matched
  std::string found_by;  ///< "pdq", "local", "descriptor", or several joined by "+" in this order
  /// Of the descriptor search; nothing when it did not name the picture.
  std::optional<DescriptorHit> descriptor;
  ViewFacts descriptor_view;  ///< the part or turn of the query that was nearest
};

/// A known picture near the query by descriptor, whether a match or not.
struct NearKnown {
  store::Picture picture;
  store::BankKind bank_kind = store::BankKind::kDeny;
  DescriptorHit descriptor;
};

/// What one step of the search brought, for --explain.
struct SearchStep {
  std::string name;    ///< "pdq", "local", "descriptor whole", "descriptor overlay", "verification", ...
  int candidates = 0;  ///< known pictures that it named
  int only_here = 0;   ///< of these, those that no earlier step had named
  int confirmed = 0;   ///< of these, those that became matches
  double seconds = 0;
};

struct CopyFindings {
  Band band = Band::kNone;          ///< of the best match that is not silenced
  std::vector<CopyMatch> matches;   ///< best first, band >= inconclusive; none from ignore banks
  std::vector<CopyMatch> silenced;  ///< the same evidence, silenced by an ignore bank
  /// By descriptor, best first, at most max_matches; none from ignore banks, none that they silence.
  std::vector<NearKnown> near;
  int candidates_pdq = 0, candidates_local = 0, candidates_descriptor = 0, verified = 0;
  int views = 0;                         ///< parts and turns of the query that were described
  std::vector<SearchStep> steps;         ///< in the order of the search
  std::int64_t missing_descriptors = 0;  ///< known pictures that the network has not described yet
  Code256 pdq;                           ///< of the query
  int pdq_quality = 0;
  int query_features = 0;  ///< below 20 local matching has little to work with
  std::int64_t library_pictures = 0;
};

struct DetectorOptions {
  bool use_pdq = true;
  bool use_local = true;
  bool use_descriptor = true;      ///< libraries without descriptors are searched without them
  bool use_verification = true;    ///< false: descriptor scores alone name pictures
  DescriptorModelOptions network;  ///< must be the one that the library was described by
  DescriptorSearchOptions descriptor;
  int pdq_radius = 31;    ///< 0..255
  int max_verified = 40;  ///< candidates that are verified, best first
  int max_matches = 10;   ///< matches that are reported
  Status Validate() const;
};

/// The descriptor network that a detector uses.
struct DetectorNetwork {
  std::string id;  ///< DescriptorModel::id
  /// DescriptorHit::probability of a score at the threshold of 90 % precision; none without a profile.
  std::optional<double> threshold_probability;
  std::string threshold_source;  ///< on which pairs it was calibrated
};

/// Opens a library for searching. Indexes are loaded when their checkpoint fits, else rebuilt from the catalogue (and saved
/// when the directory can be written). Find is thread-safe.
class CopyDetector {
 public:
  static Result<std::unique_ptr<CopyDetector>> Open(const std::filesystem::path& library,
                                                    const DetectorOptions& options,
                                                    const CancellationToken& cancellation);
  ~CopyDetector();

  /// `query` is upright, at full size or shrunk; `full_width`, `full_height` are the size that coordinates refer to.
  Result<CopyFindings> Find(const image::Image& query, int full_width, int full_height) const;

  /// Known pictures whose hash is within `radius` (0..255) of this one, nearest first, at most
  /// `limit`. Much cheaper than Find.
  struct HashMatch {
    store::Picture picture;
    store::BankKind bank_kind = store::BankKind::kDeny;
    int distance = 256;
  };
  Result<std::vector<HashMatch>> FindHash(const Code256& pdq, int radius, int limit) const;

  /// The stored preview of a known picture (longer side at most 480 px).
  Result<image::Image> Preview(std::int64_t picture_id) const;
  const DetectorOptions& options() const;
  /// Nothing when descriptors are not used.
  std::optional<DetectorNetwork> network() const;

 private:
  struct State;
  explicit CopyDetector(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace kantei::copy
