// A stroke font of our own: capitals, digits and signs on a grid 4 wide and 6 high.
#include <algorithm>
#include <array>
#include <cmath>
#include <string>

#include "kantei/dataset/edit_math.h"
#include "kantei/dataset/edit_shapes.h"

namespace kantei::dataset {
namespace {

constexpr double kGrid = 6, kAdvance = 5.6, kBlank = 3.4;

struct Glyph {
  char sign;
  std::string_view strokes;  ///< points "xy", lines of them parted by '|'; y runs down
};

constexpr std::array kGlyphs = {
    Glyph{'A', "0620 46|1434"},
    Glyph{'B', "000636454433|03334241 3000"},
    Glyph{'C', "4130100105163645"},
    Glyph{'D', "00062644422000"},
    Glyph{'E', "40000646|0333"},
    Glyph{'F', "400006|0333"},
    Glyph{'G', "413010010516364543 23"},
    Glyph{'H', "0006|4046|0343"},
    Glyph{'I', "1030|2026|1636"},
    Glyph{'J', "4045361605"},
    Glyph{'K', "0006|400346"},
    Glyph{'L', "000646"},
    Glyph{'M', "0600234046"},
    Glyph{'N', "06004640"},
    Glyph{'O', "103041453616050110"},
    Glyph{'P', "06003041423303"},
    Glyph{'Q', "103041453616050110|2446"},
    Glyph{'R', "06003041423303|2346"},
    Glyph{'S', "413010010213334445361605"},
    Glyph{'T', "0040|2026"},
    Glyph{'U', "000516364540"},
    Glyph{'V', "002640"},
    Glyph{'W', "0016233640"},
    Glyph{'X', "0046|4006"},
    Glyph{'Y', "002340|2326"},
    Glyph{'Z', "00400646"},
    Glyph{'0', "103041453616050110|4105"},
    Glyph{'1', "112026|1636"},
    Glyph{'2', "0110304142 0646"},
    Glyph{'3', "0040223344 45361605"},
    Glyph{'4', "36300444"},
    Glyph{'5', "40000232 43453606"},
    Glyph{'6', "301001051636454433 03"},
    Glyph{'7', "004016"},
    Glyph{'8', "103041423313020110|130405163645 4433"},
    Glyph{'9', "431302011030414536 16"},
    Glyph{'!', "2024|2626"},
    Glyph{'?', "0110304142 2324|2626"},
    Glyph{'.', "2626"},
    Glyph{',', "2517"},
    Glyph{':', "2222|2525"},
    Glyph{'-', "1333"},
    Glyph{'+', "2125|0343"},
    Glyph{'/', "0640"},
    Glyph{'#', "1016|3036|0242|0444"},
    Glyph{'@', "43332224344345361605011030414 3"},
    Glyph{'%', "0640|0101|4545"},
    Glyph{'&', "46120110213004051626 44"},
    Glyph{'*', "2125|0442|0244"},
    Glyph{'$', "413010010213334445361605|2026"},
};

const Glyph* FindGlyph(char sign) {
  if (sign >= 'a' && sign <= 'z') sign = static_cast<char>(sign - 'a' + 'A');
  for (const Glyph& glyph : kGlyphs) {
    if (glyph.sign == sign) return &glyph;
  }
  return nullptr;
}

}  // namespace

double TextWidth(std::string_view text, const TextStyle& style) {
  double width = 0;
  for (const char sign : text) width += FindGlyph(sign) != nullptr ? kAdvance : kBlank;
  return width * style.height / kGrid + std::abs(style.slant) * style.height;
}

void DrawText(Layer* layer, std::string_view text, double x, double y, const TextStyle& style) {
  const SinCos turn = SinCosDegrees(style.degrees);
  const double unit = style.height / kGrid, thickness = std::max(1.0, style.weight * style.height);
  for (int pass = style.outline ? 0 : 1; pass < 2; ++pass) {
    const Colour colour = pass == 0 ? style.rim : style.ink;
    const double width = pass == 0 ? thickness + std::max(2.0, 0.08 * style.height) : thickness;
    double at = x;
    for (const char sign : text) {
      const Glyph* glyph = FindGlyph(sign);
      if (glyph == nullptr) {
        at += kBlank * unit;
        continue;
      }
      Point pen{};
      bool down = false, dot = false;
      int digit = -1;
      for (const char c : glyph->strokes) {
        if (c == ' ') continue;
        if (c == '|') {
          if (dot) layer->Stroke(pen, pen, width, colour);
          down = dot = false;
          continue;
        }
        if (digit < 0) {
          digit = c - '0';
          continue;
        }
        const double gx = digit, gy = c - '0';
        digit = -1;
        const double dx = at - x + gx * unit + style.slant * (kGrid - gy) * unit, dy = gy * unit;
        const Point next{static_cast<float>(x + dx * turn.cos - dy * turn.sin),
                         static_cast<float>(y + dx * turn.sin + dy * turn.cos)};
        if (down) layer->Stroke(pen, next, width, colour);
        dot = !down;
        pen = next;
        down = true;
      }
      if (dot) layer->Stroke(pen, pen, width, colour);
      at += kAdvance * unit;
    }
  }
}

Layer TextLayer(std::string_view text, const TextStyle& style) {
  const double margin = style.height * (0.1 + style.weight) + 2;
  Layer layer(static_cast<int>(std::ceil(TextWidth(text, style) + 2 * margin)),
              static_cast<int>(std::ceil(style.height * 7 / kGrid + 2 * margin)));
  DrawText(&layer, text, margin, margin, style);
  return layer;
}

void DrawTextInBox(Layer* layer, std::string_view text, const image::Rect& box, TextStyle style) {
  style.height = 1;
  const double fits = std::min(box.height * 0.85, box.width * 0.96 / TextWidth(text, style));
  if (fits < 3) return;
  style.height = fits;
  DrawText(layer, text, box.x + (box.width - TextWidth(text, style)) / 2, box.y + (box.height - fits) / 2,
           style);
}

std::string RandomText(int length, Random& random) {
  static constexpr std::string_view kCommon = "ETAOINSHRDLUCMFYWGPBVKXQJZ";
  static constexpr std::string_view kSigns = "0123456789!?.,:-+/#@%&*$";
  std::string text;
  int word = Between(random, 2, 8);
  while (static_cast<int>(text.size()) < length) {
    if (word-- == 0) {
      text += ' ';
      word = Between(random, 2, 8);
    } else if (random.Chance(0.12)) {
      text += kSigns[random.Below(kSigns.size())];
    } else {
      // Squared: frequent letters first.
      const double at = random.Uniform();
      text += kCommon[static_cast<std::size_t>(at * at * static_cast<double>(kCommon.size()))];
    }
  }
  return text;
}

}  // namespace kantei::dataset
