// Shapes and text drawn by code onto a transparent layer. Private to dataset/.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "kantei/base/random.h"
#include "kantei/dataset/edit_pixels.h"

namespace kantei::dataset {

/// RGBA, not premultiplied; transparent at first.
class Layer {
 public:
  Layer(int width, int height);
  int width() const { return width_; }
  int height() const { return height_; }
  std::uint8_t* row(int y) {
    return rgba_.data() + static_cast<std::size_t>(y) * static_cast<std::size_t>(width_) * 4;
  }
  const std::uint8_t* row(int y) const {
    return rgba_.data() + static_cast<std::size_t>(y) * static_cast<std::size_t>(width_) * 4;
  }

  /// Even-odd, anti-aliased (4 lines a row, exact coverage along a line), clipped.
  void FillPolygon(std::span<const Point> polygon, Colour colour);
  /// A line with round ends.
  void Stroke(Point a, Point b, double thickness, Colour colour);
  void FillEllipse(double x, double y, double radius_x, double radius_y, Colour colour);
  void FillRoundRect(double x, double y, double width, double height, double radius, Colour colour);

 private:
  void Cover(int x, int y, float share, Colour colour);

  int width_, height_;
  std::vector<std::uint8_t> rgba_;
  std::vector<float> crossings_, covered_;
};

/// Mixes the layer in with its top left at (x, y), clipped; opacity in 256ths.
void Composite(Image* canvas, const Layer& layer, int x, int y, int opacity = kOpaque);

constexpr int kEmojiKinds = 14;
/// A square layer with one picture character: faces, hearts, stars and the like, turned by some degrees.
Layer DrawEmoji(int kind, int side, double degrees);
/// A sticker: burst, bubble, ribbon, arrow, tape or ring in random colours, width × height.
Layer DrawSticker(int width, int height, Random& random);

struct TextStyle {
  Colour ink;
  double height = 20;    ///< of a capital letter, pixels
  double weight = 0.13;  ///< thickness of a stroke as a share of the height
  double slant = 0;      ///< shift to the right per height
  double degrees = 0;    ///< the line turns about its start, clockwise
  bool outline = false;  ///< a rim in `rim`
  Colour rim;
};
/// Width in pixels of `text` drawn in `style`.
double TextWidth(std::string_view text, const TextStyle& style);
/// One line; capitals, digits and common signs, other characters are blank. The letters start at (x, y), top left.
void DrawText(Layer* layer, std::string_view text, double x, double y, const TextStyle& style);
/// The line on a layer of its own, cut to fit.
Layer TextLayer(std::string_view text, const TextStyle& style);
/// Letters as high as fit into a box, centred in it; nothing when the box is too small to read.
void DrawTextInBox(Layer* layer, std::string_view text, const image::Rect& box, TextStyle style);
/// Words of made-up letters and digits, about `length` characters.
std::string RandomText(int length, Random& random);

}  // namespace kantei::dataset
