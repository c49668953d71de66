// The parts and turns of a query under which a known picture may hide: pasted rectangles, quadrants, crops, flips, turns.
#pragma once

#include <string_view>
#include <vector>

#include "kantei/image/image.h"
#include "kantei/image/transform.h"

namespace kantei::copy {

/// Why a view was taken; --explain names it.
enum class ViewKind {
  kWhole,    ///< the query itself
  kTrimmed,  ///< without a uniform or near-uniform border, bars or padding
  kOverlay,  ///< a rectangle pasted onto something else, as found by FindPastedRectangles
  kSurround,  ///< what lies around an overlay: the whole with the overlay painted over in its surroundings' colour
  kQuadrant,  ///< a quarter, third or half of the picture (collages)
  kCrop,      ///< one of five crops: four corners and the centre, 2/3 of each side
  kTurned,    ///< the whole turned by 90, 180 or 270 degrees
  kMirrored,  ///< the whole mirrored left to right
};
std::string_view ViewKindName(ViewKind kind);  ///< "whole", "trimmed", "overlay", ...

struct QueryView {
  ViewKind kind = ViewKind::kWhole;
  image::Rect region;  ///< part of the query that the view shows, in the query's pixels
  int quarters = 0;    ///< clockwise quarter turns applied to it
  bool mirrored = false;
  double confidence =
      1;  ///< of overlays: 0..1, how surely the rectangle is one (score of the finder, not a probability)
  image::Image picture;  ///< the pixels
};

struct QueryViewOptions {
  bool trim = true, overlays = true, surround = true, quadrants = true, crops = true, turns = true,
       mirror = true;
  int max_overlays = 4;
};

/// A rectangle (axis-parallel) whose four sides are straight discontinuities, as a pasted picture's are.
struct PastedRectangle {
  image::Rect region;
  double confidence = 0;  ///< 0..1
};

/// Classical detection on the gradients: long straight axis-parallel steps that end in corners and separate unlike content;
/// collages give their cells. Best first, overlapping answers (IoU > 0.7) merged. Meant for queries of any size (works on a copy
/// with a longer side of about 400 px).
std::vector<PastedRectangle> FindPastedRectangles(const image::Image& picture, int most);

/// The largest part without uniform border: bars, padding, frames of one colour or a smooth gradient. The whole when there is none.
image::Rect TrimBorder(const image::Image& picture);

/// The whole first, then what the options ask for, without near-equal repetitions. RGB in, RGB out.
std::vector<QueryView> MakeQueryViews(const image::Image& query, const QueryViewOptions& options);

}  // namespace kantei::copy
