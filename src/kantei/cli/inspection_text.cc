#include "kantei/cli/inspection_text.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <vector>

#include "kantei/base/files.h"
#include "kantei/cli/text_format.h"

namespace kantei::cli {
namespace {

/// The grounds below a headline on a terminal; --json and the report have all of them.
constexpr std::size_t kGroundsShown = 2;
constexpr int kKeyColumn = 14, kBandColumn = 14;
constexpr int kTextColumn = 2 + kKeyColumn + kBandColumn;

/// A script wants the same columns whatever checks ran.
constexpr std::array<std::string_view, 4> kCsvChecks = {"copy", "metadata", "realism", "authenticity"};

std::string Padded(std::string text, int width) {
  text.append(static_cast<std::size_t>(std::max(1, width - DisplayWidth(text))), ' ');
  return text;
}

std::string FileLine(const inspect::FileFacts& file) {
  std::string line = TerminalPath(file.path);
  if (file.width > 0) {
    line += "  " + std::to_string(file.width) + "×" + std::to_string(file.height) + " " + file.format;
  }
  if (!file.sha256.empty()) line += "  sha256 " + file.sha256.substr(0, 12) + "…";
  return line + "\n";
}

const inspect::CheckReport* FindCheck(const inspect::Inspection& inspection, std::string_view key) {
  const auto found = std::find_if(inspection.checks.begin(), inspection.checks.end(),
                                  [key](const inspect::CheckReport& check) { return check.key == key; });
  return found == inspection.checks.end() ? nullptr : &*found;
}

/// A field of the best match in the copy check's own JSON; empty when there is none.
std::string BestMatch(const inspect::CheckReport* copy, const char* field) {
  if (copy == nullptr || !copy->json.is_object()) return {};
  const auto matches = copy->json.find("matches");
  if (matches == copy->json.end() || !matches->is_array() || matches->empty()) return {};
  const auto value = matches->front().find(field);
  if (value == matches->front().end()) return {};
  if (value->is_string()) return value->get<std::string>();
  return value->is_number_float() ? FixedNumber(value->get<double>(), 3) : DumpJson(*value);
}

}  // namespace

std::string InspectionText(const inspect::Inspection& inspection, Language language, int width) {
  const bool japanese = language == Language::kJapanese;
  const auto row = [width](const std::string& key, const std::string& band, const std::string& sentence) {
    const std::string head =
        "  " + Padded(key, kKeyColumn) + (band.empty() ? band : Padded(band, kBandColumn));
    return head + WrapText(TerminalText(sentence), width, DisplayWidth(head)) + "\n";
  };
  std::string out = FileLine(inspection.file);
  if (inspection.error) return out + row(japanese ? "エラー" : "error", "", inspection.error->message) + "\n";
  if (!inspection.file.warning.empty()) out += row(japanese ? "注意" : "note", "", inspection.file.warning);
  for (const inspect::CheckReport& check : inspection.checks) {
    std::string band = check.gives_verdict ? std::string(BandName(check.band)) : "-";
    if (check.error) band = japanese ? "エラー" : "error";
    const std::string& sentence = check.error ? check.error->message : check.headline.In(language);
    out += row(check.key, band, sentence);
    std::size_t shown = 0;
    for (const Text& ground : check.grounds) {
      if (ground.In(language) == sentence) continue;
      if (shown++ == (check.gives_verdict ? kGroundsShown : 1)) break;
      out.append(kTextColumn, ' ');
      out += "· " + WrapText(TerminalText(ground.In(language)), width, kTextColumn + 2) + "\n";
    }
  }
  for (const Text& conflict : inspection.conflicts) {
    out += row(japanese ? "矛盾" : "conflict", "", conflict.In(language));
  }
  return out + "\n";
}

std::string InspectionCsvHeader() {
  std::vector<std::string> fields = {"path", "sha256", "format", "width", "height"};
  for (const std::string_view key : kCsvChecks) {
    fields.push_back(std::string(key) + "_band");
    fields.push_back(std::string(key) + "_headline");
  }
  for (const char* name : {"copy_path", "copy_bank", "copy_similarity", "conflicts", "error"})
    fields.emplace_back(name);
  return CsvLine(fields);
}

std::string InspectionCsv(const inspect::Inspection& inspection, Language language) {
  const inspect::FileFacts& file = inspection.file;
  std::vector<std::string> fields = {DisplayPath(file.path), file.sha256, file.format,
                                     std::to_string(file.width), std::to_string(file.height)};
  std::string error = inspection.error ? inspection.error->message : "";
  for (const std::string_view key : kCsvChecks) {
    const inspect::CheckReport* check = FindCheck(inspection, key);
    const bool answered = check != nullptr && !check->error;
    fields.emplace_back(answered && check->gives_verdict ? BandName(check->band) : std::string_view());
    fields.push_back(answered ? check->headline.In(language) : "");
    if (check != nullptr && check->error)
      error += (error.empty() ? "" : " ") + std::string(key) + ": " + check->error->message;
  }
  const inspect::CheckReport* copy = FindCheck(inspection, "copy");
  for (const char* field : {"path", "bank", "similarity"}) fields.push_back(BestMatch(copy, field));
  std::string conflicts;
  for (const Text& conflict : inspection.conflicts)
    conflicts += (conflicts.empty() ? "" : " ") + conflict.In(language);
  fields.push_back(conflicts);
  fields.push_back(error);
  return CsvLine(fields);
}

}  // namespace kantei::cli
