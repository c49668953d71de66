// The tables of DISC21 (2106.09672) and of benchmarks in its form: ground truth and predictions as CSV.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "kantei/base/result.h"

namespace kantei::dataset {

/// One line of a ground truth: a query and one of its sources, or a query without any.
struct TruthRow {
  std::string query_id;
  std::string reference_id;  ///< empty: the query has no source
  // What Kantei's own benchmarks add; empty in DISC21.
  std::string kind;                ///< "copy", "stranger", "look-alike"
  std::string level;               ///< "easy", "medium", "hard"
  std::vector<std::string> edits;  ///< in the order of application
  std::string source;              ///< the set the picture comes from
  std::string sha256;              ///< of the query's file
};

struct PredictionRow {
  std::string query_id, reference_id;
  double score = 0;
};

/// A header names the columns in any order (query_id and reference_id are needed, others are left aside); without one, the
/// first two fields are query and reference. kCorrupt names the line: a missing or unfit id, a pair given twice, a query with
/// and without a source. kTooLarge above 5 million rows. `name` is used in messages.
Result<std::vector<TruthRow>> ParseGroundTruth(std::string_view csv, std::string_view name);
std::string FormatGroundTruth(std::span<const TruthRow> rows);

/// query_id,reference_id,score with or without a header. kCorrupt names the line: a score that is no finite number, a pair
/// given twice, a missing field. kTooLarge above 5 million rows.
Result<std::vector<PredictionRow>> ParsePredictions(std::string_view csv, std::string_view name);
/// Scores are written so that reading gives the same number.
std::string FormatPredictions(std::span<const PredictionRow> rows);

Result<std::vector<TruthRow>> ReadGroundTruth(const std::filesystem::path& path);
Result<std::vector<PredictionRow>> ReadPredictions(const std::filesystem::path& path);

/// Name of the table of pairs that count neither as right nor as wrong, in the form of a ground truth.
inline constexpr std::string_view kSamePairsFile = "same_pairs.csv";

/// Ids name files and stand in reports: 1 to 200 bytes without control characters, slashes, commas, quotes or a leading dot.
bool IsPictureId(std::string_view id);
/// The form of DISC21: the letter and five or six digits.
bool IsDiscId(std::string_view id, char letter);

}  // namespace kantei::dataset
