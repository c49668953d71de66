#include "kantei/cli/text_format.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <utility>

#include "kantei/base/files.h"

namespace kantei::cli {
namespace {

/// The next code point of valid UTF-8 at *position, which moves on.
char32_t NextCodePoint(std::string_view text, std::size_t* position) {
  const auto lead = static_cast<unsigned char>(text[(*position)++]);
  if (lead < 0x80) return lead;
  int more = 1;
  if (lead >= 0xF0) {
    more = 3;
  } else if (lead >= 0xE0) {
    more = 2;
  }
  char32_t code = lead & (0x3Fu >> more);
  for (; more > 0 && *position < text.size(); --more) {
    code = (code << 6) | (static_cast<unsigned char>(text[(*position)++]) & 0x3Fu);
  }
  return code;
}

/// Unicode East Asian Width W and F, as far as file names and our own sentences use them.
constexpr std::array<std::pair<char32_t, char32_t>, 10> kWide = {{{0x1100, 0x115F},
                                                                  {0x2E80, 0x303E},
                                                                  {0x3041, 0x33FF},
                                                                  {0x3400, 0x4DBF},
                                                                  {0x4E00, 0x9FFF},
                                                                  {0xA000, 0xA4CF},
                                                                  {0xAC00, 0xD7A3},
                                                                  {0xF900, 0xFAFF},
                                                                  {0xFE30, 0xFE6F},
                                                                  {0xFF00, 0xFF60}}};

int CodePointWidth(char32_t code) {
  if (code >= 0x300 && code <= 0x36F) return 0;
  if (code >= 0x1F300 && code <= 0x1FAFF) return 2;
  if (code >= 0x20000 && code <= 0x3FFFD) return 2;
  for (const auto& [first, last] : kWide) {
    if (code >= first && code <= last) return 2;
  }
  return 1;
}

}  // namespace

std::string TerminalText(std::string_view text) {
  static constexpr std::string_view kHex = "0123456789abcdef";
  std::string out;
  for (std::size_t position = 0; position < text.size();) {
    const std::size_t start = position;
    const char32_t code = NextCodePoint(text, &position);
    if (code == '\n') {
      out += "\\n";
    } else if (code == '\t') {
      out += "\\t";
    } else if (code < 0x20 || (code >= 0x7F && code < 0xA0)) {
      out += "\\x";
      out += kHex[(code >> 4) & 15];
      out += kHex[code & 15];
    } else if ((code >= 0x202A && code <= 0x202E) || (code >= 0x2066 && code <= 0x2069)) {
      out += "\xEF\xBF\xBD";  // bidirectional overrides would show a name as another
    } else {
      out += text.substr(start, position - start);
    }
  }
  return out;
}

std::string TerminalPath(const std::filesystem::path& path) {
  return TerminalText(DisplayPath(path));
}

std::string CsvField(std::string_view text) {
  if (text.find_first_of(",\"\r\n") == std::string_view::npos) return std::string(text);
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"') out += '"';
    out += c;
  }
  return out + '"';
}

std::string CsvLine(const std::vector<std::string>& fields) {
  std::string line;
  for (std::size_t i = 0; i < fields.size(); ++i) {
    if (i > 0) line += ',';
    line += CsvField(fields[i]);
  }
  return line;
}

int DisplayWidth(std::string_view text) {
  int width = 0;
  for (std::size_t position = 0; position < text.size();)
    width += CodePointWidth(NextCodePoint(text, &position));
  return width;
}

std::string AlignColumns(const std::vector<std::vector<std::string>>& rows) {
  std::vector<int> widths;
  for (const auto& row : rows) {
    if (row.size() > widths.size()) widths.resize(row.size());
    for (std::size_t c = 0; c < row.size(); ++c) widths[c] = std::max(widths[c], DisplayWidth(row[c]));
  }
  std::string out;
  for (const auto& row : rows) {
    std::string line;
    for (std::size_t c = 0; c < row.size(); ++c) {
      line += row[c];
      if (c + 1 < row.size())
        line.append(static_cast<std::size_t>(widths[c] - DisplayWidth(row[c]) + 2), ' ');
    }
    line.erase(line.find_last_not_of(' ') + 1);
    out += line + '\n';
  }
  return out;
}

std::string WrapText(std::string_view text, int width, int indent) {
  std::string out;
  int column = indent;
  bool blank_before = false, after_opening = false;
  for (std::size_t position = 0; position < text.size();) {
    // A piece is one wide character, or a word up to the next blank or wide character.
    const std::size_t start = position;
    std::size_t end = position;
    bool wide = false;
    for (std::size_t next = start; next < text.size() && text[next] != ' ';) {
      const bool next_wide = CodePointWidth(NextCodePoint(text, &next)) == 2;
      if (next_wide && end > start) break;
      end = next;
      wide = next_wide;
      if (wide) break;
    }
    const std::string_view piece = text.substr(start, end - start);
    const int needed = DisplayWidth(piece);
    // No line starts with a closing mark of Japanese, and none ends with an opening one.
    const bool closing = piece == "\u3002" || piece == "\u3001" || piece == "\u300D" || piece == "\uFF09";
    if (column > indent && column + (blank_before ? 1 : 0) + needed > width && !closing && !after_opening) {
      out += '\n';
      out.append(static_cast<std::size_t>(indent), ' ');
      column = indent;
    } else if (blank_before && column > indent) {
      out += ' ';
      ++column;
    }
    out += piece;
    after_opening = piece == "\u300C" || piece == "\uFF08";
    column += needed;
    position = end;
    blank_before = position < text.size() && text[position] == ' ';
    while (position < text.size() && text[position] == ' ') ++position;
  }
  return out;
}

std::string FixedNumber(double value, int decimals) {
  std::array<char, 352> digits{};  // the longest double in fixed form has 309 digits before the point
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value,
                                 std::chars_format::fixed, std::clamp(decimals, 0, 17));
  return {digits.data(), end.ptr};
}

}  // namespace kantei::cli
