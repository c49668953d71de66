// Reading cases: rows, lists, filters, thresholds.
#include <charconv>
#include <utility>
#include <variant>

#include "kantei/store/case_rows.h"
#include "kantei/store/case_store.h"
#include "kantei/store/server_state.h"

namespace kantei::store {
namespace {

std::optional<double> Score(const Statement& row, int column) {
  if (row.IsNull(column)) return std::nullopt;
  return static_cast<double>(row.Int(column)) / 1e6;
}

/// "4:123:17" -> three numbers.
std::optional<std::vector<std::int64_t>> ParseCursor(const std::string& text, std::size_t count) {
  std::vector<std::int64_t> numbers;
  const char* at = text.data();
  const char* end = at + text.size();
  while (at != end) {
    std::int64_t number = 0;
    const auto [after, failure] = std::from_chars(at, end, number);
    if (failure != std::errc()) return std::nullopt;
    numbers.push_back(number);
    at = after;
    if (at != end && *at++ != ':') return std::nullopt;
  }
  if (numbers.size() != count) return std::nullopt;
  return numbers;
}

/// Conditions with their values, joined by AND.
struct Conditions {
  std::string text = "1";
  std::vector<std::variant<std::int64_t, std::string>> values;

  void Add(const std::string& condition) { text += " AND " + condition; }
  template <typename... Values>
  void Add(const std::string& condition, const Values&... bound) {
    text += " AND " + condition;
    (values.emplace_back(bound), ...);
  }
  void Bind(Statement* statement) const {
    for (const auto& value : values) std::visit([&](const auto& v) { BindValue(statement, v); }, value);
  }
};

Conditions ConditionsOf(const CaseFilter& filter) {
  Conditions where;
  const auto number = [](Band band) { return static_cast<std::int64_t>(band); };
  if (filter.band) where.Add("band = ?", number(*filter.band));
  if (filter.min_band) where.Add("band >= ?", number(*filter.min_band));
  if (!filter.states.empty()) {
    std::string marks;
    for (const std::string& state : filter.states) {
      marks += marks.empty() ? "?" : ", ?";
      where.values.emplace_back(state);
    }
    where.Add("state IN (" + marks + ")");
  }
  if (!filter.label.empty())
    where.Add("inspection_id IN (SELECT inspection_id FROM labels WHERE label = ?)", filter.label);
  if (!filter.from.empty()) where.Add("created_at >= ?", filter.from);
  if (!filter.to.empty()) where.Add("created_at < ?", filter.to);
  if (!filter.text.empty())
    where.Add("(instr(lower(file_name), lower(?)) > 0 OR substr(sha256, 1, length(?)) = lower(?))",
              filter.text, filter.text, filter.text);
  if (filter.assignee && *filter.assignee == 0) where.Add("assignee IS NULL");
  if (filter.assignee && *filter.assignee != 0) where.Add("assignee = ?", *filter.assignee);
  if (filter.job_id) where.Add("job_id = ?", *filter.job_id);
  if (filter.only_flagged) where.Add(kFlagged);
  return where;
}

}  // namespace

Result<Case> ReadCase(const Statement& row) {
  Case out;
  out.inspection_id = row.Int(0);
  out.job_id = row.Int(1);
  out.user_id = row.Int(2);
  out.source = row.Text(3);
  out.created_at = row.Text(4);
  out.updated_at = row.Text(5);
  out.file_name = row.Text(6);
  CaseFindings& findings = out.findings;
  findings.sha256 = row.Text(7);
  findings.bytes = row.Int(8);
  findings.format = row.Text(9);
  findings.width = static_cast<int>(row.Int(10));
  findings.height = static_cast<int>(row.Int(11));
  findings.pdq = row.Text(12);
  findings.pdq_quality = static_cast<int>(row.Int(13));
  findings.band = static_cast<Band>(row.Int(14));
  KANTEI_TRY(findings.bands, ParseJson(row.Text(15), "stored bands"));
  findings.score_copy = Score(row, 16);
  findings.score_ai_made = Score(row, 17);
  findings.score_edited = Score(row, 18);
  findings.evidence = Score(row, 19).value_or(0);
  if (!row.IsNull(20)) {
    KANTEI_TRY(findings.top_match, ParseJson(row.Text(20), "a stored match"));
  }
  findings.error = OptionalText(row, 21);
  out.runs = row.Int(22);
  out.folder = row.Text(23);
  out.erased = row.Int(24) != 0;
  out.state = row.Text(25);
  if (!row.IsNull(26)) out.decided_band = static_cast<Band>(row.Int(26));
  out.decided_at = OptionalText(row, 27);
  out.assignee = OptionalInt(row, 28);
  out.retroactive = row.Int(29);
  KANTEI_TRY(const Json labels, ParseJson(row.Text(30), "stored labels"));
  for (const Json& label : labels) out.labels.push_back(label.get<std::string>());
  out.decisions = row.Int(31);
  out.notes = row.Int(32);
  out.flagged = row.Int(33) != 0;
  return out;
}

Result<CaseList> Cases::List(const CaseFilter& filter) {
  Conditions where = ConditionsOf(filter);
  if (!filter.cursor.empty()) {
    const auto at = ParseCursor(filter.cursor, filter.by_evidence ? 3 : 1);
    if (!at) return Error{ErrorCode::kInvalidArgument, "the cursor is not one that this list gave"};
    if (filter.by_evidence) {
      where.Add("(band, evidence, inspection_id) < (?, ?, ?)", (*at)[0], (*at)[1], (*at)[2]);
    } else {
      where.Add("inspection_id < ?", (*at)[0]);
    }
  }
  const LockedDatabase database(database_);
  KANTEI_TRY(Statement row,
             database->Prepare(CaseColumns() + " WHERE " + where.text + " ORDER BY " +
                               (filter.by_evidence ? "band DESC, evidence DESC, inspection_id DESC"
                                                   : "inspection_id DESC") +
                               " LIMIT ?"));
  where.Bind(&row);
  row.Bind(static_cast<std::int64_t>(filter.limit) + 1);
  CaseList list;
  while (true) {
    KANTEI_TRY(const bool more, row.Step());
    if (!more) return list;
    if (list.cases.size() == static_cast<std::size_t>(filter.limit)) {
      const Case& last = list.cases.back();
      const std::string id = std::to_string(last.inspection_id);
      const auto evidence = static_cast<std::int64_t>(last.findings.evidence * 1e6 + 0.5);
      list.next = !filter.by_evidence ? id
                                      : std::to_string(static_cast<int>(last.findings.band)) + ":" +
                                            std::to_string(evidence) + ":" + id;
      return list;
    }
    KANTEI_TRY(Case next, ReadCase(row));
    list.cases.push_back(std::move(next));
  }
}

Result<Json> Cases::StateCounts() {
  const LockedDatabase database(database_);
  KANTEI_TRY(Statement row, Query(database, "SELECT state, count(*) FROM inspections WHERE " +
                                                std::string(kFlagged) + " GROUP BY state"));
  Json counts{{"open", 0},      {"pending_second", 0}, {"confirmed", 0},
              {"dismissed", 0}, {"escalated", 0},      {"inconclusive", 0}};
  while (true) {
    KANTEI_TRY(const bool more, row.Step());
    if (!more) return counts;
    counts[row.Text(0)] = row.Int(1);
  }
}

Result<ThresholdProfile> Cases::Profile() {
  const LockedDatabase database(database_);
  ThresholdProfile profile;
  for (const auto& [name, score] :
       {std::pair{"threshold.copy", &profile.copy}, std::pair{"threshold.ai_made", &profile.ai_made},
        std::pair{"threshold.edited", &profile.edited}}) {
    KANTEI_TRY(Statement row, Query(database, "SELECT value + 0 FROM settings WHERE name = ?", name));
    KANTEI_TRY(const bool found, row.Step());
    if (found) *score = static_cast<double>(row.Int(0)) / 1e6;
  }
  return profile;
}

Status Cases::SetProfile(const ThresholdProfile& profile) {
  KANTEI_TRY(ServerDatabase::Transaction change, database_->Begin());
  const LockedDatabase database(database_);
  for (const auto& [name, score] :
       {std::pair{"threshold.copy", profile.copy}, std::pair{"threshold.ai_made", profile.ai_made},
        std::pair{"threshold.edited", profile.edited}}) {
    if (score) {
      KANTEI_RETURN_IF_ERROR(
          database_->SetSetting(name, std::to_string(static_cast<std::int64_t>(*score * 1e6 + 0.5))));
    } else {
      KANTEI_RETURN_IF_ERROR(Run(database, "DELETE FROM settings WHERE name = ?", name));
    }
  }
  return change.Commit();
}

}  // namespace kantei::store
