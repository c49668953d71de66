// TrimBorder: bars, padding, frames, margins and caption bars are walked over from each side inwards.
#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <vector>

#include "kantei/copy/query_views.h"

namespace kantei::copy {
namespace {

using image::Image;
using image::Rect;

constexpr int kSamples = 256;           ///< pixels that are looked at along a line
constexpr int kNearColour = 18;         ///< greatest difference of a channel that JPEG and slight noise make
constexpr int kNearGradient = 8;        ///< the same against a gradient
constexpr int kDrift = 6;               ///< from the first line of a bar to the last
constexpr double kUniformShare = 0.97;  ///< of a line's pixels that have the bar's colour
constexpr double kCleanShare = 0.995;   ///< the same where a drawing's tips must not be cut
constexpr double kPictureShare = 0.35;  ///< fewer: the line is no part of a bar with text
constexpr double kDeepestCaption = 0.45;  ///< share of the side that a bar with text may take
constexpr double kLeastKept = 0.4;        ///< of each side of the whole
constexpr double kDrawingMargin = 0.02;   ///< left around what stands free on one colour
constexpr int kPasses = 6;                ///< a frame in a frame in bars

enum class Side { kTop, kBottom, kLeft, kRight };
using Colour = std::array<int, 3>;

bool Across(Side side) {
  return side == Side::kTop || side == Side::kBottom;
}

/// The lines of a box that are parallel to one of its sides, from that side inwards.
class Lines {
 public:
  Lines(const Image& picture, const Rect& box, Side side) : picture_(picture), box_(box), side_(side) {
    const int length = Across(side) ? box.width : box.height;
    samples_ = std::min(length, kSamples);
    length_ = length;
  }
  int depth() const { return Across(side_) ? box_.height : box_.width; }
  int samples() const { return samples_; }
  /// Sample i of line `at`, 0 being the outermost.
  Colour At(int at, int i) const {
    const int along = static_cast<int>((static_cast<std::int64_t>(2 * i + 1) * length_) / (2 * samples_));
    int x = box_.x, y = box_.y;
    switch (side_) {
      case Side::kTop:
        x += along, y += at;
        break;
      case Side::kBottom:
        x += along, y += box_.height - 1 - at;
        break;
      case Side::kLeft:
        x += at, y += along;
        break;
      case Side::kRight:
        x += box_.width - 1 - at, y += along;
        break;
    }
    const std::uint8_t* pixel = picture_.row(y) + static_cast<std::ptrdiff_t>(x) * picture_.channels();
    return picture_.channels() == 3 ? Colour{pixel[0], pixel[1], pixel[2]}
                                    : Colour{pixel[0], pixel[0], pixel[0]};
  }
  /// Median of each channel over the samples [from, to).
  Colour Median(int at, int from, int to) const {
    Colour median{};
    std::array<std::uint8_t, kSamples> values;
    for (std::size_t c = 0; c < 3; ++c) {
      const auto end = values.begin() + (to - from);
      for (int i = from; i < to; ++i)
        values[static_cast<std::size_t>(i - from)] = static_cast<std::uint8_t>(At(at, i)[c]);
      const auto middle = values.begin() + (to - from) / 2;
      std::nth_element(values.begin(), middle, end);
      median[c] = *middle;
    }
    return median;
  }

 private:
  const Image& picture_;
  Rect box_;
  Side side_;
  int length_ = 0, samples_ = 0;
};

int Difference(const Colour& a, const Colour& b) {
  return std::max({std::abs(a[0] - b[0]), std::abs(a[1] - b[1]), std::abs(a[2] - b[2])});
}

double ShareNear(const Lines& lines, int at, const Colour& colour) {
  int near = 0;
  for (int i = 0; i < lines.samples(); ++i)
    near += Difference(lines.At(at, i), colour) <= kNearColour ? 1 : 0;
  return static_cast<double>(near) / lines.samples();
}

/// JPEG's ringing (blocks of 8, of 16 in its colours) and the blur of a resize make the last lines of a bar uneven.
int Fringe(const Lines& lines) {
  return std::clamp(lines.depth() / 25, 3, 16);
}

/// Lines of one colour, from the side inwards, to be cut. The colour is that of line `from`; lines before it may be uneven.
int OneColour(const Lines& lines, int from, bool drawings) {
  if (from >= lines.depth()) return 0;
  const Colour colour = lines.Median(from, 0, lines.samples());
  int clean_end = from;    // after the first lines, as long as nothing else is on them
  int uniform_end = from;  // after the last even line
  bool caption = false;    // uneven lines before that
  int at = from;
  for (; at < lines.depth(); ++at) {
    const double share = ShareNear(lines, at, colour);
    if (share < kPictureShare) break;
    if (clean_end == at && share >= kCleanShare) clean_end = at + 1;
    if (share < kUniformShare) continue;
    caption = caption || uniform_end != at;
    uniform_end = at + 1;
  }
  if (uniform_end == from) return 0;
  // A colour that drifts away leaves the bar without an edge. The fringe's own colour says nothing.
  const auto drifted = [&](int end) {
    const int last = std::max(from, end - 1 - Fringe(lines));
    return Difference(lines.Median(last, 0, lines.samples()), colour) > kDrift;
  };
  const bool sharp = at < lines.depth() && at - uniform_end <= Fringe(lines);
  if (sharp && (!caption || at <= kDeepestCaption * lines.depth())) return drifted(uniform_end) ? 0 : at;
  if (!drawings || clean_end == lines.depth() || drifted(clean_end)) return 0;
  // Something stands free on the colour: it keeps a margin.
  return std::max(0, clean_end - std::max(1, static_cast<int>(std::lround(kDrawingMargin * lines.depth()))));
}

/// Share of a line that fits a straight gradient through the medians of its halves; *middle: its colour in the middle.
double GradientShare(const Lines& lines, int at, Colour* middle) {
  const int count = lines.samples();
  const Colour a = lines.Median(at, 0, count / 2), b = lines.Median(at, count / 2, count);
  int near = 0;
  for (int i = 0; i < count; ++i) {
    const double t = (i + 0.5) / count * 2 - 0.5;  // 0 and 1 in the middles of the halves
    Colour fit{};
    for (std::size_t c = 0; c < 3; ++c) fit[c] = static_cast<int>(std::lround(a[c] + t * (b[c] - a[c])));
    near += Difference(lines.At(at, i), fit) <= kNearGradient ? 1 : 0;
  }
  for (std::size_t c = 0; c < 3; ++c) (*middle)[c] = (a[c] + b[c]) / 2;
  return static_cast<double>(near) / count;
}

/// Lines of a smooth gradient, to be cut; only with a straight end, for the sky of a photograph is smooth too.
int Gradient(const Lines& lines) {
  if (lines.samples() < 8) return 0;
  constexpr int kStep = 6;  // from one line to the next
  Colour before{}, middle{};
  int smooth = 0, at = 0;
  for (; at < lines.depth(); ++at) {
    const double share = GradientShare(lines, at, &middle);
    if (share < kPictureShare) break;
    if (at > 0 && Difference(before, middle) > kStep && share >= kUniformShare) return 0;
    before = middle;
    if (share >= kUniformShare) smooth = at + 1;
    if (at - smooth > Fringe(lines) || at > (1 - kLeastKept) * lines.depth()) return 0;
  }
  return at < lines.depth() && smooth > 0 ? at : 0;
}

Rect Cut(const Rect& box, Side side, int lines) {
  switch (side) {
    case Side::kTop:
      return {box.x, box.y + lines, box.width, box.height - lines};
    case Side::kBottom:
      return {box.x, box.y, box.width, box.height - lines};
    case Side::kLeft:
      return {box.x + lines, box.y, box.width - lines, box.height};
    case Side::kRight:
      break;
  }
  return {box.x, box.y, box.width - lines, box.height};
}

/// [from, from + length) grown about its middle to kLeastKept of the whole.
void KeepEnough(int whole, int* from, int* length) {
  const int least = static_cast<int>(std::ceil(kLeastKept * whole));
  if (*length >= least) return;
  *from = std::clamp(*from + (*length - least) / 2, 0, whole - least);
  *length = least;
}

}  // namespace

Rect TrimBorder(const Image& picture) {
  Rect box{0, 0, picture.width(), picture.height()};
  if (picture.empty()) return box;
  for (int pass = 0; pass < kPasses; ++pass) {
    bool changed = false;
    for (const Side side : {Side::kTop, Side::kBottom, Side::kLeft, Side::kRight}) {
      const Lines lines(picture, box, side);
      int cut = OneColour(lines, 0, pass == 0);
      // The outermost lines may be the fringe of the frame that the pass before has cut.
      if (pass > 0) cut = std::max(cut, OneColour(lines, Fringe(lines), false));
      if (cut == 0) cut = Gradient(lines);
      if (cut <= 0 || cut >= lines.depth()) continue;
      box = Cut(box, side, cut);
      changed = true;
    }
    if (!changed) break;
  }
  KeepEnough(picture.width(), &box.x, &box.width);
  KeepEnough(picture.height(), &box.y, &box.height);
  return box;
}

}  // namespace kantei::copy
