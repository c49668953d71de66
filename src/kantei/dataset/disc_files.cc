#include "kantei/dataset/disc_files.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <unordered_map>
#include <unordered_set>

#include "kantei/base/csv.h"
#include "kantei/base/files.h"

namespace kantei::dataset {
namespace {

constexpr std::size_t kMaxRows = 5'000'000;
constexpr std::uint64_t kMaxBytes = 1ull << 30;
constexpr std::size_t kNone = static_cast<std::size_t>(-1);

/// For a message: at most 40 characters, without control characters.
std::string Shown(std::string_view field) {
  std::string shown(field.substr(0, 40));
  for (char& c : shown) c = static_cast<unsigned char>(c) < 0x20 || c == 0x7F ? ' ' : c;
  return '"' + shown + (field.size() > 40 ? "...\"" : "\"");
}

struct Place {
  std::string_view name;
  std::size_t line = 0;
  Error Corrupt(const std::string& what) const {
    return {ErrorCode::kCorrupt, std::string(name) + ", line " + std::to_string(line) + ": " + what};
  }
};

Error TooMany(std::string_view name) {
  return {ErrorCode::kTooLarge,
          std::string(name) + " has more than " + std::to_string(kMaxRows) + " rows; is it the right file?"};
}

std::size_t Column(std::span<const std::string> header, std::string_view name) {
  const auto found = std::find(header.begin(), header.end(), name);
  return found == header.end() ? kNone : static_cast<std::size_t>(found - header.begin());
}

std::string Field(const CsvRecord& record, std::size_t column) {
  return column < record.fields.size() ? record.fields[column] : std::string();
}

std::string PairKey(const std::string& query, const std::string& reference) {
  return query + '\n' + reference;  // no id holds a line break
}

Status CheckId(const Place& place, std::string_view column, const std::string& id) {
  if (IsPictureId(id)) return {};
  return place.Corrupt(std::string(column) + " is " + Shown(id) +
                       "; expected a name of 1 to 200 bytes without slashes, commas or quotes");
}

std::vector<std::string> Split(std::string_view text, char separator) {
  std::vector<std::string> parts;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(separator), text.size());
    if (end > 0) parts.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return parts;
}

std::string Join(const std::vector<std::string>& parts, char separator) {
  std::string text;
  for (const std::string& part : parts) text += (text.empty() ? "" : std::string(1, separator)) + part;
  return text;
}

}  // namespace

bool IsPictureId(std::string_view id) {
  if (id.empty() || id.size() > 200 || id.front() == '.' || id.front() == '#') return false;
  if (id.front() == ' ' || id.back() == ' ') return false;
  return std::all_of(id.begin(), id.end(), [](char c) {
    return static_cast<unsigned char>(c) >= 0x20 && c != 0x7F && c != '/' && c != '\\' && c != ',' &&
           c != '"';
  });
}

bool IsDiscId(std::string_view id, char letter) {
  return (id.size() == 6 || id.size() == 7) && id.front() == letter &&
         id.find_first_not_of("0123456789", 1) == std::string_view::npos;
}

Result<std::vector<TruthRow>> ParseGroundTruth(std::string_view csv, std::string_view name) {
  CsvReader reader(csv);
  CsvRecord record;
  std::vector<TruthRow> rows;
  std::unordered_set<std::string> pairs;
  std::unordered_map<std::string, bool> has_source;
  std::size_t query = 0, reference = 1, kind = kNone, level = kNone, edits = kNone, source = kNone,
              sha256 = kNone;
  for (bool first = true; reader.Next(&record); first = false) {
    const Place place{name, record.line};
    if (!record.problem.empty()) return place.Corrupt(record.problem);
    if (first && Column(record.fields, "query_id") != kNone) {
      query = Column(record.fields, "query_id");
      reference = Column(record.fields, "reference_id");
      if (reference == kNone) return place.Corrupt("the header names no reference_id");
      kind = Column(record.fields, "kind");
      level = Column(record.fields, "level");
      edits = Column(record.fields, "edits");
      source = Column(record.fields, "source");
      sha256 = Column(record.fields, "sha256");
      continue;
    }
    if (rows.size() >= kMaxRows) return TooMany(name);
    if (record.fields.size() <= std::max(query, reference))
      return place.Corrupt(
          "expected a query id and a reference id (which may be empty), separated by a comma");
    TruthRow row{record.fields[query], record.fields[reference],         Field(record, kind),
                 Field(record, level), Split(Field(record, edits), ' '), Field(record, source),
                 Field(record, sha256)};
    KANTEI_RETURN_IF_ERROR(CheckId(place, "query_id", row.query_id));
    if (!row.reference_id.empty()) KANTEI_RETURN_IF_ERROR(CheckId(place, "reference_id", row.reference_id));
    const auto [known, is_new] = has_source.try_emplace(row.query_id, !row.reference_id.empty());
    if (!is_new && (!known->second || row.reference_id.empty()))
      return place.Corrupt("the query " + row.query_id +
                           " stands there twice, at least once without a source");
    if (!row.reference_id.empty() && !pairs.insert(PairKey(row.query_id, row.reference_id)).second)
      return place.Corrupt("the pair (" + row.query_id + ", " + row.reference_id + ") stands there twice");
    rows.push_back(std::move(row));
  }
  return rows;
}

std::string FormatGroundTruth(std::span<const TruthRow> rows) {
  std::string csv = "query_id,reference_id,kind,level,edits,source,sha256\n";
  for (const TruthRow& row : rows) {
    csv += CsvField(row.query_id) + ',' + CsvField(row.reference_id) + ',' + CsvField(row.kind) + ',' +
           CsvField(row.level) + ',' + CsvField(Join(row.edits, ' ')) + ',' + CsvField(row.source) + ',' +
           CsvField(row.sha256) + '\n';
  }
  return csv;
}

Result<std::vector<PredictionRow>> ParsePredictions(std::string_view csv, std::string_view name) {
  CsvReader reader(csv);
  CsvRecord record;
  std::vector<PredictionRow> rows;
  std::unordered_set<std::string> pairs;
  std::size_t query = 0, reference = 1, score = 2;
  for (bool first = true; reader.Next(&record); first = false) {
    const Place place{name, record.line};
    if (!record.problem.empty()) return place.Corrupt(record.problem);
    if (first && Column(record.fields, "query_id") != kNone) {
      query = Column(record.fields, "query_id");
      reference = Column(record.fields, "reference_id");
      score = Column(record.fields, "score");
      if (reference == kNone || score == kNone)
        return place.Corrupt("the header must name query_id, reference_id and score");
      continue;
    }
    if (rows.size() >= kMaxRows) return TooMany(name);
    if (record.fields.size() <= std::max({query, reference, score}))
      return place.Corrupt("expected query_id, reference_id and score");
    PredictionRow row{record.fields[query], record.fields[reference], 0};
    KANTEI_RETURN_IF_ERROR(CheckId(place, "query_id", row.query_id));
    KANTEI_RETURN_IF_ERROR(CheckId(place, "reference_id", row.reference_id));
    const std::string& text = record.fields[score];
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), row.score);
    if (error != std::errc() || end != text.data() + text.size() || !std::isfinite(row.score))
      return place.Corrupt("the score is " + Shown(text) + "; expected a finite number");
    if (!pairs.insert(PairKey(row.query_id, row.reference_id)).second)
      return place.Corrupt("the pair (" + row.query_id + ", " + row.reference_id + ") stands there twice");
    rows.push_back(std::move(row));
  }
  return rows;
}

std::string FormatPredictions(std::span<const PredictionRow> rows) {
  std::string csv = "query_id,reference_id,score\n";
  for (const PredictionRow& row : rows) {
    char number[40];
    const auto end = std::to_chars(number, number + sizeof number, row.score).ptr;
    csv += CsvField(row.query_id) + ',' + CsvField(row.reference_id) + ',' + std::string(number, end) + '\n';
  }
  return csv;
}

Result<std::vector<TruthRow>> ReadGroundTruth(const std::filesystem::path& path) {
  KANTEI_TRY(const std::string text, ReadTextFile(path, kMaxBytes));
  return ParseGroundTruth(text, DisplayPath(path));
}

Result<std::vector<PredictionRow>> ReadPredictions(const std::filesystem::path& path) {
  KANTEI_TRY(const std::string text, ReadTextFile(path, kMaxBytes));
  return ParsePredictions(text, DisplayPath(path));
}

}  // namespace kantei::dataset
