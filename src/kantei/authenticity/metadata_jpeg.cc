// What the quantisation tables and the sampling of a JPEG tell about its encoder.
#include <algorithm>
#include <cmath>
#include <string>

#include "kantei/authenticity/metadata_internal.h"

namespace kantei::authenticity::origin {
namespace {

using Table = std::array<std::uint16_t, 64>;

// ITU-T T.81 tables K.1 and K.2, which libjpeg scales by its quality setting.
constexpr Table kLuma = {16, 11, 10, 16, 24,  40,  51,  61,  12, 12, 14, 19, 26,  58,  60,  55,
                         14, 13, 16, 24, 40,  57,  69,  56,  14, 17, 22, 29, 51,  87,  80,  62,
                         18, 22, 37, 56, 68,  109, 103, 77,  24, 35, 55, 64, 81,  104, 113, 92,
                         49, 64, 78, 87, 103, 121, 120, 101, 72, 92, 95, 98, 112, 100, 103, 99};
constexpr Table kChroma = {17, 18, 24, 47, 99, 99, 99, 99, 18, 21, 26, 66, 99, 99, 99, 99,
                           24, 26, 56, 99, 99, 99, 99, 99, 47, 66, 99, 99, 99, 99, 99, 99,
                           99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99,
                           99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99};
// mozjpeg's default (its table set 3, after N. Robidoux), one for luma and chroma.
constexpr Table kMozjpeg = {16, 16, 16, 18,  25,  37,  56,  85,  16, 17, 20,  27,  34,  40,  53,  75,
                            16, 20, 24, 31,  43,  62,  91,  135, 18, 27, 31,  40,  53,  74,  106, 156,
                            25, 34, 43, 53,  69,  94,  131, 189, 37, 40, 62,  74,  94,  124, 169, 238,
                            56, 53, 91, 106, 131, 169, 226, 311, 85, 75, 135, 156, 189, 238, 311, 418};

// libjpeg's scaling; 8-bit tables are clamped to 255 (its "force baseline").
Table Scaled(const Table& base, int quality, bool wide) {
  const int scale = quality < 50 ? 5000 / quality : 200 - 2 * quality;
  Table table{};
  for (std::size_t i = 0; i < 64; ++i) {
    table[i] = static_cast<std::uint16_t>(std::clamp((base[i] * scale + 50) / 100, 1, wide ? 32767 : 255));
  }
  return table;
}

double Deviation(const Table& a, const Table& b) {
  int sum = 0;
  for (std::size_t i = 0; i < 64; ++i) sum += std::abs(a[i] - b[i]);
  return sum / 64.0;
}

struct Fit {
  int quality = 0;
  double deviation = 0;
};

// The libjpeg quality whose table is nearest. Of equals the highest, which for a table of ones is 100.
Fit Nearest(const Table& table, const Table& base) {
  const bool wide = *std::max_element(table.begin(), table.end()) > 255;
  Fit best{0, 1e9};
  for (int quality = 1; quality <= 100; ++quality) {
    const double deviation = Deviation(table, Scaled(base, quality, wide));
    if (deviation <= best.deviation) best = {quality, deviation};
  }
  return best;
}

std::string Subsampling(const std::vector<JpegComponent>& components) {
  if (components.size() == 1) return "grey";
  const JpegComponent& first = components[0];
  const auto same = [](const JpegComponent& a, const JpegComponent& b) { return a.h == b.h && a.v == b.v; };
  const bool divides = components.size() >= 3 && same(components[1], components[2]) &&
                       first.h % components[1].h == 0 && first.v % components[1].v == 0 &&
                       (components.size() == 3 || same(components[3], first));
  if (divides) {
    switch (first.h / components[1].h * 10 + first.v / components[1].v) {
      case 11:
        return "4:4:4";
      case 12:
        return "4:4:0";
      case 21:
        return "4:2:2";
      case 22:
        return "4:2:0";
      case 41:
        return "4:1:1";
      case 42:
        return "4:1:0";
      default:
        break;
    }
  }
  std::string factors;
  for (const JpegComponent& component : components) {
    factors += (factors.empty() ? "" : ",") + std::to_string(component.h) + "x" + std::to_string(component.v);
  }
  return factors;
}

// Named only where tables or markers say so; the tables of most cameras are their maker's own.
std::string Family(const Table& luma, const Table* chroma, const Fit& fit, const JpegHeader& header) {
  if (fit.deviation == 0) {
    if (chroma == nullptr || Nearest(*chroma, kChroma).deviation == 0) return "IJG/libjpeg";
    if (*chroma == luma) return "IJG/libjpeg luma table for all components";
  }
  const Fit moz = Nearest(luma, kMozjpeg);
  if (moz.deviation == 0 && moz.quality < 98 &&
      (chroma == nullptr || Nearest(*chroma, kMozjpeg).deviation == 0)) {
    return "mozjpeg (its default tables)";
  }
  if (header.photoshop || header.adobe) return "Adobe (by marker)";
  return fit.deviation == 0 ? "IJG/libjpeg luma table, other chroma table" : "camera or other";
}

}  // namespace

std::optional<JpegCoding> ReadJpegCoding(const JpegHeader& header) {
  JpegCoding coding;
  for (const auto& table : header.tables) {
    if (table) coding.tables.push_back(*table);
  }
  if (!header.frame && coding.tables.empty()) return std::nullopt;
  coding.progressive = header.progressive;
  if (header.frame) coding.subsampling = Subsampling(header.components);
  const auto table_of = [&](std::size_t component, int otherwise) -> const Table* {
    const int id = component < header.components.size() ? header.components[component].table : otherwise;
    const auto& table = header.tables[static_cast<std::size_t>(id)];
    return table ? &*table : nullptr;
  };
  const Table* luma = table_of(0, 0);
  if (luma == nullptr) return coding;
  const Fit fit = Nearest(*luma, kLuma);
  coding.estimated_quality = fit.quality;
  coding.quality_deviation = fit.deviation;
  const Table* chroma = header.components.size() >= 3 ? table_of(1, 1) : nullptr;
  coding.encoder_family = Family(*luma, chroma, fit, header);
  return coding;
}

}  // namespace kantei::authenticity::origin
