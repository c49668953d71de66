#include "kantei/generate/unicode_text.h"

#include <glib.h>

#include <algorithm>
#include <cstdint>
#include <memory>

namespace kantei::generate {
namespace {

constexpr char32_t kReplacement = 0xFFFD;

std::string ValidUtf8(std::string_view text) {
  std::string valid;
  valid.reserve(text.size());
  for (std::size_t at = 0; at < text.size();) AppendUtf8(NextCodePoint(text, &at), &valid);
  return valid;
}

}  // namespace

char32_t NextCodePoint(std::string_view text, std::size_t* at) {
  const auto byte = [&](std::size_t i) { return static_cast<std::uint8_t>(text[i]); };
  const std::uint8_t first = byte((*at)++);
  if (first < 0x80) return first;
  const std::size_t more = first >= 0xF0 ? 3 : first >= 0xE0 ? 2 : 1;
  if (first < 0xC2 || first > 0xF4 || text.size() - *at < more) return kReplacement;
  char32_t value = first & (0x3Fu >> more);
  for (std::size_t i = 0; i < more; ++i) {
    if ((byte(*at + i) & 0xC0u) != 0x80u) return kReplacement;
    value = value << 6 | (byte(*at + i) & 0x3Fu);
  }
  const bool shortest = value >= (more == 1 ? 0x80u : more == 2 ? 0x800u : 0x10000u);
  if (!shortest || value > 0x10FFFF || (value >= 0xD800 && value <= 0xDFFF)) return kReplacement;
  *at += more;
  return value;
}

void AppendUtf8(char32_t code_point, std::string* text) {
  const auto put = [&](std::uint32_t byte) { text->push_back(static_cast<char>(byte)); };
  if (code_point < 0x80) {
    put(code_point);
  } else if (code_point < 0x800) {
    put(0xC0u | code_point >> 6);
    put(0x80u | (code_point & 0x3Fu));
  } else if (code_point < 0x10000) {
    put(0xE0u | code_point >> 12);
    put(0x80u | (code_point >> 6 & 0x3Fu));
    put(0x80u | (code_point & 0x3Fu));
  } else {
    put(0xF0u | code_point >> 18);
    put(0x80u | (code_point >> 12 & 0x3Fu));
    put(0x80u | (code_point >> 6 & 0x3Fu));
    put(0x80u | (code_point & 0x3Fu));
  }
}

std::string ComposeText(std::string_view text) {
  const std::string valid = ValidUtf8(text);
  std::string composed;
  // glib stops at a zero byte, so the pieces between them are composed one by one.
  for (std::size_t begin = 0;; ++begin) {
    const std::size_t end = std::min(valid.find('\0', begin), valid.size());
    const std::unique_ptr<gchar, decltype(&g_free)> piece(
        g_utf8_normalize(valid.data() + begin, static_cast<gssize>(end - begin), G_NORMALIZE_NFC), &g_free);
    if (piece != nullptr) composed.append(piece.get());
    if (end == valid.size()) return composed;
    composed.push_back('\0');
    begin = end;
  }
}

std::string LowerText(std::string_view text) {
  std::string lower;
  for (std::size_t at = 0; at < text.size();) {
    const char32_t code_point = NextCodePoint(text, &at);
    if (code_point == 0x130) {  // the only letter whose lower case is two code points
      lower.append("i\u0307");
    } else if (code_point >= 0x2160 && code_point <= 0x216F) {  // Roman numbers are no letters to glib,
      AppendUtf8(code_point + 0x10, &lower);
    } else if (code_point >= 0x24B6 && code_point <= 0x24CF) {  // nor are letters in circles
      AppendUtf8(code_point + 0x1A, &lower);
    } else {
      AppendUtf8(g_unichar_tolower(code_point), &lower);
    }
  }
  return lower;
}

bool IsLetter(char32_t code_point) {
  switch (g_unichar_type(code_point)) {
    case G_UNICODE_LOWERCASE_LETTER:
    case G_UNICODE_MODIFIER_LETTER:
    case G_UNICODE_OTHER_LETTER:
    case G_UNICODE_TITLECASE_LETTER:
    case G_UNICODE_UPPERCASE_LETTER:
      return true;
    default:
      return false;
  }
}

bool IsNumber(char32_t code_point) {
  switch (g_unichar_type(code_point)) {
    case G_UNICODE_DECIMAL_NUMBER:
    case G_UNICODE_LETTER_NUMBER:
    case G_UNICODE_OTHER_NUMBER:
      return true;
    default:
      return false;
  }
}

bool IsSpace(char32_t c) {
  return (c >= 0x9 && c <= 0xD) || c == 0x20 || c == 0x85 || c == 0xA0 || c == 0x1680 ||
         (c >= 0x2000 && c <= 0x200A) || c == 0x2028 || c == 0x2029 || c == 0x202F || c == 0x205F ||
         c == 0x3000;
}

}  // namespace kantei::generate
