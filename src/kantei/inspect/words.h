// Sentences in both languages from patterns and numbers. Private to inspect.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

#include "kantei/base/band.h"
#include "kantei/base/text.h"

namespace kantei::inspect {

/// The same words in every language: names, numbers, values of the file.
inline Text Same(std::string words) {
  return {words, words};
}

/// Puts arguments for {0} … {9}, each in its language. Braces inside arguments stay as they are.
Text Fill(const Text& pattern, std::initializer_list<Text> arguments);

/// 0.256 -> "26%", below one percent with one digit, "<0.1%" for less than that.
std::string Percent(double share);
std::string Fixed(double value, int digits);
/// Four significant digits, without exponent where that reads well.
std::string Significant(double value);
/// 10000 -> "10,000".
std::string Count(std::int64_t count);
/// 1234567 -> "1.2 MB (1,234,567 bytes)", the unit in its language.
Text ByteCount(std::int64_t bytes);
/// 0.314 -> "0.31 s" / "0.31 秒".
Text Seconds(double seconds);
/// At most `limit` bytes of valid UTF-8; "…" marks a cut.
std::string Shorten(std::string_view text, std::size_t limit);

/// "strong" / "強い".
Text BandText(Band band);

}  // namespace kantei::inspect
