#include "kantei/copy/geometry.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>
#include <set>

#include "kantei/base/result.h"

namespace kantei::copy {
namespace {

using image::Homography;
using image::Point;

// Solves a dense symmetric positive system in place by Cholesky with a tiny relative ridge; false when singular.
template <std::size_t N>
bool SolveSymmetric(std::array<std::array<double, N>, N> a, std::array<double, N> b,
                    std::array<double, N>* x) {
  double trace = 0;
  for (std::size_t i = 0; i < N; ++i) trace += a[i][i];
  if (!(trace > 0)) return false;
  for (std::size_t j = 0; j < N; ++j) {
    for (std::size_t k = 0; k < j; ++k) a[j][j] -= a[j][k] * a[j][k];
    if (!(a[j][j] > trace * 1e-13)) return false;
    a[j][j] = std::sqrt(a[j][j]);
    for (std::size_t i = j + 1; i < N; ++i) {
      for (std::size_t k = 0; k < j; ++k) a[i][j] -= a[i][k] * a[j][k];
      a[i][j] /= a[j][j];
    }
  }
  for (std::size_t i = 0; i < N; ++i) {
    for (std::size_t k = 0; k < i; ++k) b[i] -= a[i][k] * b[k];
    b[i] /= a[i][i];
  }
  for (std::size_t i = N; i-- > 0;) {
    for (std::size_t k = i + 1; k < N; ++k) b[i] -= a[k][i] * b[k];
    b[i] /= a[i][i];
  }
  *x = b;
  return true;
}

// Moves points to mean 0 and mean distance √2, as Hartley advises; returns the map.
Homography Normaliser(std::span<const Point> points) {
  double mx = 0, my = 0, spread = 0;
  for (const Point& p : points) {
    mx += p.x;
    my += p.y;
  }
  mx /= static_cast<double>(points.size());
  my /= static_cast<double>(points.size());
  for (const Point& p : points) spread += std::hypot(p.x - mx, p.y - my);
  spread /= static_cast<double>(points.size());
  const double s = spread > 1e-9 ? std::numbers::sqrt2 / spread : 1.0;
  return Homography{{s, 0, -s * mx, 0, s, -s * my, 0, 0, 1}};
}

Homography SimilarityOf(const Correspondence& c) {
  const double scale = static_cast<double>(c.k_scale) / c.q_scale;
  const double turn = static_cast<double>(c.k_angle) - c.q_angle;
  const double a = scale * std::cos(turn), b = scale * std::sin(turn);
  return Homography{{a, -b, c.kx - a * c.qx + b * c.qy, b, a, c.ky - b * c.qx - a * c.qy, 0, 0, 1}};
}

// The Jacobian's determinant and singular-value ratio at a point.
struct LocalScale {
  double determinant = 0, anisotropy = 1e9;
};
LocalScale LocalScaleAt(const Homography& h, double x, double y) {
  const auto& m = h.m;
  const double w = m[6] * x + m[7] * y + m[8];
  if (!(w > 1e-9)) return {};
  const double u = (m[0] * x + m[1] * y + m[2]) / w, v = (m[3] * x + m[4] * y + m[5]) / w;
  const double a = (m[0] - u * m[6]) / w, b = (m[1] - u * m[7]) / w, c = (m[3] - v * m[6]) / w,
               d = (m[4] - v * m[7]) / w;
  LocalScale local;
  local.determinant = a * d - b * c;
  const double sum = a * a + b * b + c * c + d * d;
  const double gap = std::sqrt(std::max(0.0, sum * sum - 4 * local.determinant * local.determinant));
  const double smaller = (sum - gap) / 2;
  local.anisotropy = smaller > 0 ? std::sqrt((sum + gap) / 2 / smaller) : 1e9;
  return local;
}

double AngleDifference(double a, double b) {
  return std::abs(std::remainder(a - b, 2 * std::numbers::pi));
}

struct Scorer {
  std::span<const Correspondence> matches;
  const GeometryOptions& options;

  // Error in known pixels; infinity when scale or angle of the pair contradict the transform's local behaviour.
  double Error(const Homography& h, const Correspondence& c, double tolerance_factor = 1) const {
    const Point mapped = h.Apply({c.qx, c.qy});
    const double dx = mapped.x - c.kx, dy = mapped.y - c.ky;
    const double squared = dx * dx + dy * dy;
    const double limit = static_cast<double>(options.tolerance) * tolerance_factor;
    // A keypoint of large scale is located less precisely.
    const double slack = 1.0 + 0.12 * std::max(0.0f, c.k_scale - 2.0f);
    if (!(squared <= limit * limit * slack * slack)) return INFINITY;
    const LocalScale local = LocalScaleAt(h, c.qx, c.qy);
    if (!(local.determinant > 0)) return INFINITY;
    const double scale = std::sqrt(local.determinant);
    const double ratio = static_cast<double>(c.k_scale) / (c.q_scale * scale);
    if (ratio < 0.5 || ratio > 2.0) return INFINITY;
    const Point ahead = h.Apply({c.qx + std::cos(c.q_angle), c.qy + std::sin(c.q_angle)});
    const double turned = std::atan2(ahead.y - mapped.y, ahead.x - mapped.x);
    if (AngleDifference(turned, c.k_angle) > 0.55) return INFINITY;  // 32°
    return std::sqrt(squared) / slack;
  }
};

int DistinctCount(std::span<const Correspondence> matches, std::span<const std::uint32_t> inliers) {
  constexpr float kCell = 3.0f;
  std::set<std::pair<int, int>> in_query, in_known;
  for (std::uint32_t i : inliers) {
    in_query.insert({static_cast<int>(matches[i].qx / kCell), static_cast<int>(matches[i].qy / kCell)});
    in_known.insert({static_cast<int>(matches[i].kx / kCell), static_cast<int>(matches[i].ky / kCell)});
  }
  return static_cast<int>(std::min(in_query.size(), in_known.size()));
}

// log10 of hypotheses × P(at least k of n agree by chance): a contrario (Desolneux, Moisan, Morel 2000), with the binomial
// tail bounded by Hoeffding's inequality.
double Log10Nfa(int n, int k, double chance, double hypotheses) {
  if (k <= 0 || n <= 0) return std::log10(std::max(1.0, hypotheses));
  const double r = std::min(1.0, static_cast<double>(k) / n);
  if (r <= chance) return std::log10(std::max(1.0, hypotheses));
  double log_tail = r * std::log(chance / r);
  if (r < 1) log_tail += (1 - r) * std::log((1 - chance) / (1 - r));
  return std::log10(hypotheses) + n * log_tail / std::numbers::ln10;
}

}  // namespace

bool FitHomography(std::span<const Point> from, std::span<const Point> to, std::span<const double> weights,
                   Homography* out) {
  if (from.size() < 4 || from.size() != to.size()) return false;
  const Homography a = Normaliser(from), b = Normaliser(to);
  std::array<std::array<double, 8>, 8> normal{};
  std::array<double, 8> right{};
  for (std::size_t i = 0; i < from.size(); ++i) {
    const double w = weights.empty() ? 1.0 : weights[i];
    const Point p = a.Apply(from[i]), q = b.Apply(to[i]);
    const std::array<double, 8> rows[2] = {{p.x, p.y, 1, 0, 0, 0, -p.x * q.x, -p.y * q.x},
                                           {0, 0, 0, p.x, p.y, 1, -p.x * q.y, -p.y * q.y}};
    const double values[2] = {q.x, q.y};
    for (int e = 0; e < 2; ++e) {
      for (std::size_t r = 0; r < 8; ++r) {
        for (std::size_t c = 0; c <= r; ++c) normal[r][c] += w * rows[e][r] * rows[e][c];
        right[r] += w * rows[e][r] * values[e];
      }
    }
  }
  std::array<double, 8> x{};
  if (!SolveSymmetric<8>(normal, right, &x)) return false;
  Homography back;
  if (!b.Invert(&back)) return false;
  *out = a.Then(Homography{{x[0], x[1], x[2], x[3], x[4], x[5], x[6], x[7], 1}}).Then(back);
  const double scale = out->m[8];
  if (!(std::abs(scale) > 1e-12)) return false;
  for (double& value : out->m) value /= scale;
  return std::all_of(out->m.begin(), out->m.end(), [](double v) { return std::isfinite(v); });
}

bool FitAffine(std::span<const Point> from, std::span<const Point> to, std::span<const double> weights,
               Homography* out) {
  if (from.size() < 3 || from.size() != to.size()) return false;
  const Homography a = Normaliser(from);
  std::array<std::array<double, 3>, 3> normal{};
  std::array<double, 3> rx{}, ry{};
  for (std::size_t i = 0; i < from.size(); ++i) {
    const double w = weights.empty() ? 1.0 : weights[i];
    const Point p = a.Apply(from[i]);
    const std::array<double, 3> row{p.x, p.y, 1};
    for (std::size_t r = 0; r < 3; ++r) {
      for (std::size_t c = 0; c <= r; ++c) normal[r][c] += w * row[r] * row[c];
      rx[r] += w * row[r] * to[i].x;
      ry[r] += w * row[r] * to[i].y;
    }
  }
  std::array<double, 3> x{}, y{};
  if (!SolveSymmetric<3>(normal, rx, &x) || !SolveSymmetric<3>(normal, ry, &y)) return false;
  *out = a.Then(Homography{{x[0], x[1], x[2], y[0], y[1], y[2], 0, 0, 1}});
  return true;
}

bool IsPlausible(const Homography& map, float x0, float y0, float x1, float y1,
                 const GeometryOptions& options) {
  const double limit = static_cast<double>(options.max_scale) * options.max_scale;
  double least = INFINITY, most = 0;
  for (const Point p :
       {Point{x0, y0}, Point{x1, y0}, Point{x0, y1}, Point{x1, y1}, Point{(x0 + x1) / 2, (y0 + y1) / 2}}) {
    const LocalScale local = LocalScaleAt(map, p.x, p.y);
    if (!(local.determinant > 1 / limit) || local.determinant > limit ||
        local.anisotropy > options.max_anisotropy)
      return false;
    least = std::min(least, local.determinant);
    most = std::max(most, local.determinant);
  }
  return most < 16 * least;  // perspective: the near side at most four times as large as the far side
}

std::vector<GeometricModel> FindTransforms(std::span<const Correspondence> matches, int known_width,
                                           int known_height, const GeometryOptions& options) {
  std::vector<GeometricModel> models;
  const Scorer scorer{matches, options};
  // Chance that a wrong match agrees with a proposal: position × angle (64° of 360°) × scale (2 octaves of about 8).
  const double circle = std::numbers::pi * options.tolerance * options.tolerance;
  const double chance = std::clamp(
      circle / (static_cast<double>(known_width) * known_height) * (1.1 / (2 * std::numbers::pi)) * 0.25 * 4,
      1e-7, 0.5);

  std::vector<std::uint32_t> left(matches.size());
  for (std::uint32_t i = 0; i < left.size(); ++i) left[i] = i;
  const auto inliers_of = [&](const Homography& h, double factor) {
    std::vector<std::uint32_t> inliers;
    for (std::uint32_t i : left) {
      if (scorer.Error(h, matches[i], factor) < INFINITY) inliers.push_back(i);
    }
    return inliers;
  };
  const auto refit = [&](const std::vector<std::uint32_t>& inliers, const Homography& current,
                         bool projective, Homography* out) {
    std::vector<Point> from, to;
    std::vector<double> weights;
    for (std::uint32_t i : inliers) {
      const Correspondence& c = matches[i];
      const Point mapped = current.Apply({c.qx, c.qy});
      const double error2 = (mapped.x - c.kx) * (mapped.x - c.kx) + (mapped.y - c.ky) * (mapped.y - c.ky);
      from.push_back({c.qx, c.qy});
      to.push_back({c.kx, c.ky});
      weights.push_back(1.0 / (1.0 + error2));  // Cauchy with σ of one pixel
    }
    return projective ? FitHomography(from, to, weights, out) : FitAffine(from, to, weights, out);
  };
  const auto bounds_plausible = [&](const Homography& h, const std::vector<std::uint32_t>& inliers) {
    float x0 = 1e9f, y0 = 1e9f, x1 = -1e9f, y1 = -1e9f;
    for (std::uint32_t i : inliers) {
      x0 = std::min(x0, matches[i].qx);
      x1 = std::max(x1, matches[i].qx);
      y0 = std::min(y0, matches[i].qy);
      y1 = std::max(y1, matches[i].qy);
    }
    return IsPlausible(h, x0, y0, x1, y1, options);
  };

  while (static_cast<int>(models.size()) < options.max_regions &&
         static_cast<int>(left.size()) >= options.min_inliers) {
    // Proposals are similarities without lens or perspective: a wider tolerance gathers, refinement tightens.
    constexpr double kProposalFactor = 3.0;
    std::vector<std::pair<int, std::uint32_t>> proposals;
    for (std::uint32_t i : left) {
      const Homography h = SimilarityOf(matches[i]);
      if (!bounds_plausible(h, {i})) continue;
      int support = 0;
      for (std::uint32_t j : left) support += scorer.Error(h, matches[j], kProposalFactor) < INFINITY;
      proposals.push_back({support, i});
    }
    std::sort(proposals.begin(), proposals.end(), [](const auto& a, const auto& b) {
      return a.first != b.first ? a.first > b.first : a.second < b.second;
    });
    if (proposals.size() > 12) proposals.resize(12);

    GeometricModel best;
    for (const auto& [support, index] : proposals) {
      if (support < 3) break;
      Homography h = SimilarityOf(matches[index]);
      std::vector<std::uint32_t> inliers = inliers_of(h, kProposalFactor);
      for (int step = 0; step < 6; ++step) {
        const bool projective = step >= 2 && inliers.size() >= 10;
        Homography refined;
        if (inliers.size() < 3 || !refit(inliers, h, projective, &refined) ||
            !bounds_plausible(refined, inliers))
          break;
        std::vector<std::uint32_t> next = inliers_of(refined, step < 2 ? 2.0 : 1.0);
        if (step >= 3 && next.size() < inliers.size()) break;
        h = refined;
        inliers = std::move(next);
      }
      inliers = inliers_of(h, 1.0);
      const int distinct = DistinctCount(matches, inliers);
      if (distinct > best.distinct_inliers && bounds_plausible(h, inliers)) {
        best.query_to_known = h;
        best.inliers = std::move(inliers);
        best.distinct_inliers = distinct;
      }
    }
    if (best.distinct_inliers < options.min_inliers) break;
    // Affine maps rest on 3 pairs and homographies on 4: those agree by construction.
    const int free = best.inliers.size() >= 10 ? 4 : 3;
    best.log10_nfa = Log10Nfa(static_cast<int>(matches.size()) - free, best.distinct_inliers - free, chance,
                              static_cast<double>(matches.size()) * 12);
    std::set<std::uint32_t> taken(best.inliers.begin(), best.inliers.end());
    std::erase_if(left, [&](std::uint32_t i) { return taken.contains(i); });
    models.push_back(std::move(best));
  }
  std::sort(models.begin(), models.end(),
            [](const auto& a, const auto& b) { return a.distinct_inliers > b.distinct_inliers; });
  return models;
}

image::Polygon ConvexHull(std::vector<Point> points) {
  std::sort(points.begin(), points.end(),
            [](Point a, Point b) { return a.x != b.x ? a.x < b.x : a.y < b.y; });
  points.erase(
      std::unique(points.begin(), points.end(), [](Point a, Point b) { return a.x == b.x && a.y == b.y; }),
      points.end());
  if (points.size() < 3) return points;
  const auto cross = [](Point o, Point a, Point b) {
    return (static_cast<double>(a.x) - o.x) * (static_cast<double>(b.y) - o.y) -
           (static_cast<double>(a.y) - o.y) * (static_cast<double>(b.x) - o.x);
  };
  image::Polygon hull(2 * points.size());
  std::size_t k = 0;
  for (const Point& p : points) {
    while (k >= 2 && cross(hull[k - 2], hull[k - 1], p) <= 0) --k;
    hull[k++] = p;
  }
  const std::size_t lower = k + 1;
  for (std::size_t i = points.size() - 1; i-- > 0;) {
    while (k >= lower && cross(hull[k - 2], hull[k - 1], points[i]) <= 0) --k;
    hull[k++] = points[i];
  }
  hull.resize(k - 1);
  return hull;
}

double PolygonArea(const image::Polygon& polygon) {
  double twice = 0;
  for (std::size_t i = 0; i < polygon.size(); ++i) {
    const Point& a = polygon[i];
    const Point& b = polygon[(i + 1) % polygon.size()];
    twice += static_cast<double>(a.x) * b.y - static_cast<double>(b.x) * a.y;
  }
  return std::abs(twice) / 2;
}

image::Polygon ClipToRect(const image::Polygon& convex, float width, float height) {
  image::Polygon current = convex;
  // Sutherland-Hodgman against the four sides: inside is a*x + b*y + c >= 0.
  const std::array<std::array<float, 3>, 4> sides = {{{1, 0, 0}, {-1, 0, width}, {0, 1, 0}, {0, -1, height}}};
  for (const auto& side : sides) {
    image::Polygon next;
    const auto distance = [&](Point p) { return side[0] * p.x + side[1] * p.y + side[2]; };
    for (std::size_t i = 0; i < current.size(); ++i) {
      const Point a = current[i], b = current[(i + 1) % current.size()];
      const float da = distance(a), db = distance(b);
      if (da >= 0) next.push_back(a);
      if ((da > 0 && db < 0) || (da < 0 && db > 0)) {
        const float t = da / (da - db);
        next.push_back({a.x + t * (b.x - a.x), a.y + t * (b.y - a.y)});
      }
    }
    current = std::move(next);
  }
  return current;
}

}  // namespace kantei::copy
