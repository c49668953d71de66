// Forms that are read, all found in the wild of the ThreatExchange tools:
//   with a header, in any order          `threatexchange dataset -P --csv`: collab,signal_type,signal_str,category,tags
//   hash[,quality[,filename]]            the PDQ reference program
//   hash,id,time,tags                    sample data of hasher-matcher-actioner
//   type,hash[,tags...]                  `threatexchange` output
//   id,hash,descriptor id,time,tags      cache of the older command line
#include "kantei/store/hash_list.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <span>

#include "kantei/base/csv.h"

namespace kantei::store {
namespace {

constexpr std::size_t kMaxProblems = 1000;
constexpr std::size_t kNone = static_cast<std::size_t>(-1);

std::string Lower(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  return lower;
}

bool IsHash(std::string_view text) {
  return text.size() == 64 && text.find_first_not_of("0123456789abcdefABCDEF") == std::string_view::npos;
}

bool IsNumber(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

std::optional<int> ParseQuality(std::string_view text) {
  int quality = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), quality);
  if (error != std::errc() || end != text.data() + text.size() || quality < 0 || quality > 100)
    return std::nullopt;
  return quality;
}

bool IsPdqType(std::string_view type) {
  const std::string lower = Lower(type);
  return lower.empty() || lower == "pdq" || lower == "hash_pdq" || lower == "pdq_hash";
}

/// For a message: at most 40 characters of a field, without control characters.
std::string Shown(std::string_view field) {
  std::string shown(field.substr(0, 40));
  for (char& c : shown) c = static_cast<unsigned char>(c) < 0x20 || c == 0x7F ? ' ' : c;
  return shown + (field.size() > 40 ? "..." : "");
}

/// Where the columns stand, by the names in a header; earlier names are preferred.
struct Columns {
  std::size_t hash = kNone, type = kNone, quality = kNone, tags = kNone, id = kNone;

  static std::size_t Find(std::span<const std::string> header, std::span<const std::string_view> names) {
    for (const std::string_view name : names) {
      for (std::size_t i = 0; i < header.size(); ++i) {
        if (Lower(header[i]) == name) return i;
      }
    }
    return kNone;
  }

  /// Nothing when the record is not a header.
  static std::optional<Columns> Of(std::span<const std::string> record) {
    static constexpr std::array<std::string_view, 7> kHash = {
        "pdq", "pdq_hash", "signal_str", "signal", "indicator", "hash_value", "hash"};
    static constexpr std::array<std::string_view, 4> kType = {"signal_type", "indicator_type", "hash_type",
                                                              "type"};
    static constexpr std::array<std::string_view, 2> kQuality = {"quality", "pdq_quality"};
    static constexpr std::array<std::string_view, 4> kTags = {"tags", "label", "labels", "tag"};
    static constexpr std::array<std::string_view, 7> kId = {
        "id", "source_id", "indicator_id", "descriptor_id", "filename", "filepath", "file"};
    if (std::any_of(record.begin(), record.end(), IsHash)) return std::nullopt;
    Columns columns;
    columns.hash = Find(record, kHash);
    if (columns.hash == kNone) return std::nullopt;
    columns.type = Find(record, kType);
    columns.quality = Find(record, kQuality);
    columns.tags = Find(record, kTags);
    columns.id = Find(record, kId);
    return columns;
  }
};

/// A row before its values are checked.
struct RawRow {
  std::string type, hash, quality, tags, id;
};

RawRow ByColumns(const Columns& columns, const std::vector<std::string>& fields) {
  const auto at = [&](std::size_t column) { return column < fields.size() ? fields[column] : std::string(); };
  return {at(columns.type), at(columns.hash), at(columns.quality), at(columns.tags), at(columns.id)};
}

RawRow ByPosition(const std::vector<std::string>& fields) {
  const auto at = [&](std::size_t column) { return column < fields.size() ? fields[column] : std::string(); };
  RawRow row;
  if (IsHash(fields[0])) {
    row.hash = fields[0];
    if (ParseQuality(at(1))) {
      row.quality = at(1);
      row.id = at(2);
      row.tags = at(3);
    } else {
      row.id = at(1);
      row.tags = fields.size() >= 4 ? at(3) : at(2);
    }
  } else if (IsNumber(fields[0]) && IsHash(at(1))) {
    row.id = fields[0];
    row.hash = at(1);
    if (fields.size() >= 3) row.tags = fields.back();
  } else if (fields.size() >= 2) {
    row.type = fields[0];
    row.hash = at(1);
    for (std::size_t i = 2; i < fields.size(); ++i) row.tags += (row.tags.empty() ? "" : " ") + fields[i];
  } else {
    row.hash = fields[0];
  }
  return row;
}

/// A sentence when the row cannot be used, else nothing.
std::string Check(const RawRow& raw, HashListRow* row) {
  if (!IsPdqType(raw.type)) return "the signal type '" + Shown(raw.type) + "' is not PDQ";
  if (!IsHash(raw.hash)) return "'" + Shown(raw.hash) + "' is not a PDQ hash of 64 hexadecimal digits";
  if (!raw.quality.empty()) {
    const std::optional<int> quality = ParseQuality(raw.quality);
    if (!quality) return "the quality '" + Shown(raw.quality) + "' is not a whole number from 0 to 100";
    row->quality = *quality;
  }
  row->pdq = Code256::FromHex(raw.hash).value();
  row->label = raw.tags;
  row->source_id = raw.id;
  return {};
}

}  // namespace

Result<HashList> ParseHashList(std::string_view csv) {
  HashList list;
  CsvReader reader(csv);
  CsvRecord record;
  std::optional<Columns> columns;
  bool first = true;
  std::size_t problems = 0;
  while (reader.Next(&record)) {
    std::string problem = record.problem;
    if (problem.empty()) {
      if (first) {
        first = false;
        columns = Columns::Of(record.fields);
        if (columns) continue;
      }
      HashListRow row;
      problem = Check(columns ? ByColumns(*columns, record.fields) : ByPosition(record.fields), &row);
      if (problem.empty()) list.rows.push_back(std::move(row));
    }
    if (problem.empty()) continue;
    if (++problems <= kMaxProblems)
      list.problems.push_back("line " + std::to_string(record.line) + ": " + problem);
  }
  if (list.rows.empty()) {
    return Error{ErrorCode::kCorrupt,
                 "the hash list has no usable line" +
                     (list.problems.empty() ? "" : " (" + list.problems.front() + ")") +
                     "; expected CSV with a column of PDQ hashes, 64 hexadecimal digits each"};
  }
  if (problems > kMaxProblems) {
    list.problems.push_back(std::to_string(problems - kMaxProblems) +
                            " more lines were skipped for like reasons");
  }
  return list;
}

std::string FormatHashList(const std::vector<HashListRow>& rows) {
  // The first five columns are those of `threatexchange dataset -P --csv`; its readers go by name and pass
  // over the others.
  std::string csv = "collab,signal_type,signal_str,category,tags,quality,id\n";
  for (const HashListRow& row : rows) {
    csv += "kantei,pdq," + row.pdq.ToHex() + ",WORTH_INVESTIGATING," + CsvField(row.label) + ',' +
           std::to_string(row.quality) + ',' + CsvField(row.source_id) + '\n';
  }
  return csv;
}

}  // namespace kantei::store
