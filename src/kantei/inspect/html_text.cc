#include "kantei/inspect/html_text.h"

#include <array>
#include <cstdint>
#include <cstdio>

#include "kantei/base/base64.h"
#include "kantei/image/encode.h"

namespace kantei::inspect {
namespace {

constexpr int kJpegQuality = 86;
constexpr std::string_view kReplacement = "\xEF\xBF\xBD";

/// The code point at text[0] and its length; length 0 when the bytes are not valid UTF-8.
struct CodePoint {
  std::uint32_t value = 0;
  std::size_t length = 0;
};

CodePoint ReadCodePoint(std::string_view text) {
  const auto byte = [&](std::size_t i) {
    return static_cast<std::uint32_t>(static_cast<unsigned char>(text[i]));
  };
  const std::uint32_t lead = byte(0);
  if (lead < 0x80) return {lead, 1};
  const std::size_t length = lead >= 0xF0 && lead < 0xF5   ? 4
                             : lead >= 0xE0 && lead < 0xF0 ? 3
                             : lead >= 0xC2 && lead < 0xE0 ? 2
                                                           : 0;
  if (length == 0 || text.size() < length) return {};
  std::uint32_t value = lead & (0xFFu >> (length + 1));
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xC0) != 0x80) return {};
    value = value << 6 | (byte(i) & 0x3F);
  }
  const bool overlong = (length == 3 && value < 0x800) || (length == 4 && value < 0x10000);
  if (overlong || value > 0x10FFFF || (value >= 0xD800 && value < 0xE000)) return {};
  return {value, length};
}

/// Characters that would make a reader see something else than what stands there.
bool IsDeceptive(std::uint32_t c) {
  return (c < 0x20 && c != '\n' && c != '\t') || (c >= 0x7F && c < 0xA0) || c == 0xAD || c == 0x61C ||
         c == 0x180E || c == 0x200B || c == 0x200E || c == 0x200F || (c >= 0x2028 && c <= 0x202E) ||
         (c >= 0x2060 && c <= 0x206F) || c == 0xFEFF || (c >= 0xFFF9 && c <= 0xFFFB) ||
         (c >= 0xE0000 && c <= 0xE007F);
}

}  // namespace

void AppendEscaped(std::string_view text, std::string* out) {
  while (!text.empty()) {
    const CodePoint point = ReadCodePoint(text);
    if (point.length == 0) {
      *out += kReplacement;
      text.remove_prefix(1);
      continue;
    }
    switch (point.value) {
      case '&':
        *out += "&amp;";
        break;
      case '<':
        *out += "&lt;";
        break;
      case '>':
        *out += "&gt;";
        break;
      case '"':
        *out += "&quot;";
        break;
      case '\'':
        *out += "&#39;";
        break;
      default:
        if (IsDeceptive(point.value)) {
          std::array<char, 16> name{};
          std::snprintf(name.data(), name.size(), "[U+%04X]", static_cast<unsigned>(point.value));
          *out += name.data();
        } else {
          *out += text.substr(0, point.length);
        }
    }
    text.remove_prefix(point.length);
  }
}

std::string Escaped(std::string_view text) {
  std::string out;
  out.reserve(text.size() + 16);
  AppendEscaped(text, &out);
  return out;
}

void AppendImage(const image::Image& picture, std::string_view alternative, std::string_view css_class,
                 std::string* out) {
  if (picture.empty()) {
    *out += "<span class=\"no-picture\">–</span>";
    return;
  }
  const auto jpeg = image::EncodeJpeg(picture, kJpegQuality);
  if (!jpeg.ok()) {
    *out += "<span class=\"no-picture\">–</span>";
    return;
  }
  *out += "<img class=\"";
  *out += css_class;
  *out += "\" width=\"" + std::to_string(picture.width()) + "\" height=\"" +
          std::to_string(picture.height()) + "\" alt=\"";
  AppendEscaped(alternative, out);
  *out += "\" src=\"data:image/jpeg;base64,";
  AppendBase64(*jpeg, out);
  *out += "\">";
}

}  // namespace kantei::inspect
