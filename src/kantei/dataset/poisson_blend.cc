#include "kantei/dataset/poisson_blend.h"

#include <array>
#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

#include "kantei/dataset/edit_math.h"

namespace kantei::dataset {
namespace {

using image::Image;

/// How much of what the factorisation drops goes to the diagonal, and the least share of the diagonal that must be left (Bridson, Fluid
/// Simulation for Computer Graphics, section 5.4).
constexpr double kModified = 0.97, kLeastLeft = 0.25;
constexpr std::int32_t kNone = -1;

/// The unknown pixels in the order of rows, with their neighbours' places in that order.
struct Grid {
  std::vector<std::int32_t> x, y;
  std::vector<std::array<std::int32_t, 4>> next;  ///< left, above, right, below; kNone: not unknown
  std::vector<double> diagonal;                   ///< neighbours within the picture
  bool bounded = false;                           ///< some pixel of the ground is beside one
  std::size_t size() const { return x.size(); }
};
constexpr std::array<std::array<int, 2>, 4> kSteps{{{-1, 0}, {0, -1}, {1, 0}, {0, 1}}};

Grid MakeGrid(const Image& mask) {
  Grid grid;
  std::vector<std::int32_t> place(mask.pixels().size(), kNone);
  for (int y = 0; y < mask.height(); ++y) {
    for (int x = 0; x < mask.width(); ++x) {
      if (mask.row(y)[x] == 0) continue;
      place[static_cast<std::size_t>(y) * static_cast<std::size_t>(mask.width()) +
            static_cast<std::size_t>(x)] = static_cast<std::int32_t>(grid.size());
      grid.x.push_back(x);
      grid.y.push_back(y);
    }
  }
  grid.next.resize(grid.size());
  grid.diagonal.resize(grid.size(), 0);
  for (std::size_t i = 0; i < grid.size(); ++i) {
    for (std::size_t k = 0; k < 4; ++k) {
      const int u = grid.x[i] + kSteps[k][0], v = grid.y[i] + kSteps[k][1];
      grid.next[i][k] = kNone;
      if (u < 0 || v < 0 || u >= mask.width() || v >= mask.height()) continue;
      grid.diagonal[i] += 1;
      grid.next[i][k] = place[static_cast<std::size_t>(v) * static_cast<std::size_t>(mask.width()) +
                              static_cast<std::size_t>(u)];
      grid.bounded = grid.bounded || grid.next[i][k] == kNone;
    }
  }
  return grid;
}

/// Inverse diagonal of the incomplete factor. Off-diagonal entries are -1.
std::vector<double> Factorise(const Grid& grid) {
  std::vector<double> inverse(grid.size(), 1);
  for (std::size_t i = 0; i < grid.size(); ++i) {
    double left_over = grid.diagonal[i];
    // What a neighbour before this pixel also reaches: to its right seen from above, below it seen from the left.
    for (const auto& [before, other] : {std::pair<std::size_t, std::size_t>(0, 3), {1, 2}}) {
      const std::int32_t at = grid.next[i][before];
      if (at == kNone) continue;
      const double square = inverse[std::size_t(at)] * inverse[std::size_t(at)];
      left_over -= square;
      if (grid.next[std::size_t(at)][other] != kNone) left_over -= kModified * square;
    }
    if (left_over < kLeastLeft * grid.diagonal[i]) left_over = grid.diagonal[i];
    inverse[i] = 1 / std::sqrt(left_over);
  }
  return inverse;
}

void Precondition(const Grid& grid, const std::vector<double>& inverse, const std::vector<double>& residual,
                  std::vector<double>* out) {
  std::vector<double>& z = *out;
  for (std::size_t i = 0; i < grid.size(); ++i) {
    double value = residual[i];
    for (std::size_t k = 0; k < 2; ++k) {
      const std::int32_t at = grid.next[i][k];
      if (at != kNone) value += inverse[std::size_t(at)] * z[std::size_t(at)];
    }
    z[i] = value * inverse[i];
  }
  for (std::size_t i = grid.size(); i-- > 0;) {
    double value = z[i];
    for (std::size_t k = 2; k < 4; ++k) {
      const std::int32_t at = grid.next[i][k];
      if (at != kNone) value += inverse[i] * z[std::size_t(at)];
    }
    z[i] = value * inverse[i];
  }
}

void Multiply(const Grid& grid, const std::vector<double>& x, std::vector<double>* out) {
  for (std::size_t i = 0; i < grid.size(); ++i) {
    double value = grid.diagonal[i] * x[i];
    for (const std::int32_t at : grid.next[i])
      if (at != kNone) value -= x[std::size_t(at)];
    (*out)[i] = value;
  }
}

double Dot(const std::vector<double>& a, const std::vector<double>& b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += a[i] * b[i];
  return sum;
}

Status Solve(const Grid& grid, const std::vector<double>& inverse, const std::vector<double>& right,
             const PoissonOptions& options, const CancellationToken& cancellation, std::vector<double>* x) {
  std::vector<double> residual(grid.size()), z(grid.size()), along(grid.size()), image(grid.size());
  Multiply(grid, *x, &image);
  for (std::size_t i = 0; i < grid.size(); ++i) residual[i] = right[i] - image[i];
  const double begin = Dot(residual, residual);
  Precondition(grid, inverse, residual, &z);
  along = z;
  double rho = Dot(residual, z);
  for (int round = 0; round < options.most_rounds; ++round) {
    if (Dot(residual, residual) <= begin * options.tolerance * options.tolerance) break;
    KANTEI_RETURN_IF_ERROR(cancellation.Check());
    Multiply(grid, along, &image);
    const double alpha = rho / Dot(along, image);
    for (std::size_t i = 0; i < grid.size(); ++i) {
      (*x)[i] += alpha * along[i];
      residual[i] -= alpha * image[i];
    }
    Precondition(grid, inverse, residual, &z);
    const double next = Dot(residual, z);
    const double beta = next / rho;
    for (std::size_t i = 0; i < grid.size(); ++i) along[i] = z[i] + beta * along[i];
    rho = next;
  }
  return {};
}

}  // namespace

Status PoissonOptions::Validate() const {
  if (!(tolerance >= 1e-12 && tolerance <= 0.1))
    return Error{ErrorCode::kInvalidArgument, "the tolerance of a blend must be 1e-12 to 0.1"};
  if (most_rounds < 1 || most_rounds > 100'000)
    return Error{ErrorCode::kInvalidArgument, "choose 1 to 100000 rounds of a blend"};
  return {};
}

Result<Image> PoissonBlend(const Image& ground, const Image& source, const Image& mask,
                           const PoissonOptions& options, const CancellationToken& cancellation) {
  KANTEI_RETURN_IF_ERROR(options.Validate());
  const bool fits = !ground.empty() && ground.channels() == 3 && source.channels() == 3 &&
                    mask.channels() == 1 && ground.width() == source.width() &&
                    ground.width() == mask.width() && ground.height() == source.height() &&
                    ground.height() == mask.height();
  if (!fits)
    return Error{ErrorCode::kInvalidArgument,
                 "ground and source of a blend need 3 channels, the mask 1, and all one size"};
  const Grid grid = MakeGrid(mask);
  Image blended = ground;
  const auto at = [&](const Image& picture, std::size_t i, int dx, int dy, int c) {
    return int(picture.row(grid.y[i] + dy)[3 * (grid.x[i] + dx) + c]);
  };
  if (!grid.bounded) {
    for (std::size_t i = 0; i < grid.size(); ++i)
      for (int c = 0; c < 3; ++c)
        blended.row(grid.y[i])[3 * grid.x[i] + c] = source.row(grid.y[i])[3 * grid.x[i] + c];
    return blended;
  }
  const std::vector<double> inverse = Factorise(grid);
  std::vector<double> right(grid.size()), x(grid.size());
  for (int c = 0; c < 3; ++c) {
    for (std::size_t i = 0; i < grid.size(); ++i) {
      double sum = 0;
      for (std::size_t k = 0; k < 4; ++k) {
        const int dx = kSteps[k][0], dy = kSteps[k][1], u = grid.x[i] + dx, v = grid.y[i] + dy;
        if (u < 0 || v < 0 || u >= mask.width() || v >= mask.height()) continue;
        if (grid.next[i][k] == kNone) {
          sum += at(ground, i, dx, dy, c);
          continue;
        }
        int step = at(source, i, 0, 0, c) - at(source, i, dx, dy, c);
        if (options.mixed) {
          const int own = at(ground, i, 0, 0, c) - at(ground, i, dx, dy, c);
          if (std::abs(own) > std::abs(step)) step = own;
        }
        sum += step;
      }
      right[i] = sum;
      x[i] = at(source, i, 0, 0, c);
    }
    KANTEI_RETURN_IF_ERROR(Solve(grid, inverse, right, options, cancellation, &x));
    for (std::size_t i = 0; i < grid.size(); ++i) blended.row(grid.y[i])[3 * grid.x[i] + c] = ToByte(x[i]);
  }
  return blended;
}

}  // namespace kantei::dataset
