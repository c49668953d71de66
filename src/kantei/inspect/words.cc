#include "kantei/inspect/words.h"

#include <array>
#include <cmath>
#include <cstddef>
#include <cstdio>
#include <vector>

namespace kantei::inspect {
namespace {

void FillOne(const std::string& pattern, const std::vector<const std::string*>& arguments, std::string* out) {
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    const bool slot = pattern[i] == '{' && i + 2 < pattern.size() && pattern[i + 2] == '}' &&
                      pattern[i + 1] >= '0' && pattern[i + 1] <= '9';
    const std::size_t index = slot ? static_cast<std::size_t>(pattern[i + 1] - '0') : arguments.size();
    if (index < arguments.size()) {
      *out += *arguments[index];
      i += 2;
    } else {
      *out += pattern[i];
    }
  }
}

template <typename... Values>
std::string Format(const char* format, Values... values) {
  std::array<char, 64> buffer{};
  std::snprintf(buffer.data(), buffer.size(), format, values...);
  return buffer.data();
}

}  // namespace

Text Fill(const Text& pattern, std::initializer_list<Text> arguments) {
  std::vector<const std::string*> en, ja;
  for (const Text& argument : arguments) {
    en.push_back(&argument.en);
    ja.push_back(&argument.ja);
  }
  Text out;
  FillOne(pattern.en, en, &out.en);
  FillOne(pattern.ja, ja, &out.ja);
  return out;
}

std::string Percent(double share) {
  const double percent = share * 100;
  if (!(percent > 0)) return "0%";
  if (percent < 0.1) return "<0.1%";
  if (percent < 0.95) return Format("%.1f%%", percent);
  return Format("%.0f%%", percent);
}

std::string Fixed(double value, int digits) {
  if (!std::isfinite(value)) return "–";
  return Format("%.*f", digits, value);
}

std::string Significant(double value) {
  if (!std::isfinite(value)) return "–";
  const double size = std::abs(value);
  if (size == 0) return "0";
  if (size < 1e-4 || size >= 1e7) return Format("%.3e", value);
  const int whole = static_cast<int>(std::floor(std::log10(size))) + 1;
  std::string text = Format("%.*f", whole >= 4 ? 0 : 4 - whole, value);
  if (size < 1) text.erase(text.find_last_not_of('0') + 1);
  return text;
}

std::string Count(std::int64_t count) {
  std::string digits = std::to_string(count);
  const std::size_t first = count < 0 ? 1 : 0;
  for (std::size_t i = digits.size(); i > first + 3;) {
    i -= 3;
    digits.insert(digits.begin() + static_cast<std::ptrdiff_t>(i), ',');
  }
  return digits;
}

Text ByteCount(std::int64_t bytes) {
  const Text exact = Fill({"{0} bytes", "{0} バイト"}, {Same(Count(bytes))});
  const double size = static_cast<double>(bytes);
  if (bytes < 1000) return exact;
  const std::string rounded = bytes < 1'000'000       ? Format("%.0f kB", size / 1e3)
                              : bytes < 1'000'000'000 ? Format("%.1f MB", size / 1e6)
                                                      : Format("%.2f GB", size / 1e9);
  return Fill({"{0} ({1})", "{0}（{1}）"}, {Same(rounded), exact});
}

Text Seconds(double seconds) {
  return Fill({"{0} s", "{0} 秒"}, {Same(Fixed(seconds, 2))});
}

std::string Shorten(std::string_view text, std::size_t limit) {
  if (text.size() <= limit) return std::string(text);
  std::size_t end = limit;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  std::string out(text.substr(0, end));
  out += "…";
  return out;
}

Text BandText(Band band) {
  switch (band) {
    case Band::kNone:
      return {"none", "なし"};
    case Band::kInconclusive:
      return {"inconclusive", "判断保留"};
    case Band::kModerate:
      return {"moderate", "中程度"};
    case Band::kStrong:
      return {"strong", "強い"};
  }
  return {"none", "なし"};
}

}  // namespace kantei::inspect
