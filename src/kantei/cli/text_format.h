// Text for terminals and CSV: names of files are hostile here too.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace kantei::cli {

/// Control characters (a newline or an escape sequence in a file name) become visible escapes such as \n and
/// \x1b; the rest is kept. `text` is valid UTF-8.
std::string TerminalText(std::string_view text);
/// DisplayPath made fit for a terminal line.
std::string TerminalPath(const std::filesystem::path& path);

/// One field of RFC 4180: quoted when it holds a comma, a quote or a line break.
std::string CsvField(std::string_view text);
/// Fields joined by commas, without the line end.
std::string CsvLine(const std::vector<std::string>& fields);

/// Columns that a terminal needs for UTF-8 text: 2 for East Asian wide characters, 0 for combining marks.
int DisplayWidth(std::string_view text);

/// Rows in aligned columns, two blanks apart, the last column ragged. The first row is the header.
std::string AlignColumns(const std::vector<std::vector<std::string>>& rows);

/// Lines of at most `width` columns, broken at blanks or between wide characters; every line after the first
/// starts with `indent` blanks. A word that is wider than a line stands alone.
std::string WrapText(std::string_view text, int width, int indent);

/// `decimals` places, '.' as the point in every locale.
std::string FixedNumber(double value, int decimals);

}  // namespace kantei::cli
