// Which feature matches of two pictures agree with one plane-to-plane transform: local geometric verification.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "kantei/image/transform.h"

namespace kantei::copy {

/// A tentative correspondence, in pixels of the two pictures that were given; scales are Gaussian σ, angles radians.
struct Correspondence {
  float qx = 0, qy = 0, q_scale = 1, q_angle = 0;
  float kx = 0, ky = 0, k_scale = 1, k_angle = 0;
};

struct GeometryOptions {
  float tolerance = 4.0f;       ///< pixels in the known picture, at its working size; the error is symmetric
  int max_regions = 4;          ///< transforms found one after the other, >= 1
  int min_inliers = 5;          ///< distinct positions in both pictures
  float max_scale = 16.0f;      ///< largest enlargement or reduction between the pictures
  float max_anisotropy = 4.0f;  ///< largest ratio of the two singular values of the local affine map
};

/// One transform with the matches that agree.
struct GeometricModel {
  image::Homography query_to_known;
  std::vector<std::uint32_t> inliers;  ///< indices into the correspondences
  int distinct_inliers = 0;            ///< inliers at distinct positions (cells of 3 px) in both pictures
  double log10_nfa = 0;  ///< expected number of such agreements by chance, log10; the lower the better
};

/// Models best first. Every match proposes a similarity by its scales and angles (no random sampling); the best proposals
/// are refined to affine maps and, with enough support, to homographies by reweighted least squares; degenerate transforms
/// (folding, collapsing, beyond the scale limits) are dropped. `known_width` and `known_height` bound the chance model.
std::vector<GeometricModel> FindTransforms(std::span<const Correspondence> matches, int known_width,
                                           int known_height, const GeometryOptions& options);

/// True when the map is orientation-preserving, within the scale and anisotropy limits on the whole rectangle.
bool IsPlausible(const image::Homography& map, float x0, float y0, float x1, float y1,
                 const GeometryOptions& options);

/// Least-squares homography (normalised DLT) of weighted pairs; false when degenerate. weights may be empty (all 1).
bool FitHomography(std::span<const image::Point> from, std::span<const image::Point> to,
                   std::span<const double> weights, image::Homography* out);
/// Least-squares affine map; false when degenerate.
bool FitAffine(std::span<const image::Point> from, std::span<const image::Point> to,
               std::span<const double> weights, image::Homography* out);

/// Convex hull, counter-clockwise in a y-up frame; fewer than 3 distinct points give what there is.
image::Polygon ConvexHull(std::vector<image::Point> points);
double PolygonArea(const image::Polygon& polygon);
/// The part of a convex polygon inside the rectangle [0, width] × [0, height].
image::Polygon ClipToRect(const image::Polygon& convex, float width, float height);

}  // namespace kantei::copy
