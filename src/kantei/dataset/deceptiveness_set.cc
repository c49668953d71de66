#include "kantei/dataset/deceptiveness_set.h"

#include <algorithm>
#include <cstdio>
#include <mutex>
#include <unordered_map>
#include <utility>

#include "kantei/base/append_file.h"
#include "kantei/base/csv.h"
#include "kantei/base/files.h"
#include "kantei/base/parallel.h"
#include "kantei/base/random.h"
#include "kantei/dataset/authenticity_set.h"
#include "kantei/image/decode.h"

namespace kantei::dataset {
namespace {

namespace fs = std::filesystem;

constexpr const char* kHeader =
    "picture,outcome,realistic,realism_confidence,found_second,found_second_confidence,found_first,found_"
    "first_confidence,model,reason";
constexpr std::size_t kFields = 10;
constexpr std::uint64_t kMaxBytes = 1ull << 30;

std::string Number(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.3g", value);
  return text;
}

std::string Answer(std::optional<bool> yes, double confidence) {
  return yes ? std::string(*yes ? "yes," : "no,") + Number(confidence) : ",";
}

std::string FormatRow(const std::string& picture, const DeceptivenessVerdict& verdict,
                      const std::string& model) {
  const auto comparison = [](const std::optional<Comparison>& one) {
    return one ? Answer(one->found, one->confidence) : Answer({}, 0);
  };
  std::string reason = verdict.reason;
  std::replace_if(
      reason.begin(), reason.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20; }, ' ');
  return CsvField(picture) + "," + std::string(DeceptivenessName(verdict.outcome)) + "," +
         Answer(verdict.realistic, verdict.realism_confidence) + "," + comparison(verdict.edited_second) +
         "," + comparison(verdict.edited_first) + "," + CsvField(model) + "," + CsvField(reason);
}

struct Task {
  std::string picture;
  fs::path edited, original;
};

/// In the order of samples.tsv.
Result<std::vector<Task>> ListTasks(const fs::path& set) {
  KANTEI_TRY(const std::vector<AuthenticitySample> samples, ReadAuthenticitySet(set));
  std::vector<Task> tasks;
  for (const AuthenticitySample& sample : samples)
    if (!sample.original.empty() && sample.history != History::kAuthentic)
      tasks.push_back(
          {sample.picture.lexically_relative(set).generic_string(), sample.picture, sample.original});
  if (tasks.empty())
    return Error{ErrorCode::kNotFound,
                 DisplayPath(set) + " has no edited picture with its original; there is nothing to judge"};
  return tasks;
}

Result<DeceptivenessVerdict> JudgeTask(const Task& task, const DeceptivenessJudge& judge, std::uint64_t seed,
                                       const CancellationToken& cancellation) {
  image::DecodeOptions options;
  options.max_longer_side = judge.options().side;
  KANTEI_TRY(const image::DecodedImage edited, image::DecodeImageFile(task.edited, options));
  KANTEI_TRY(const image::DecodedImage original, image::DecodeImageFile(task.original, options));
  return judge.Judge(original.pixels, edited.pixels, seed, cancellation);
}

}  // namespace

Status JudgeSetOptions::Validate() const {
  const auto bad = [](const std::string& what) { return Error{ErrorCode::kInvalidArgument, what}; };
  if (set.empty()) return bad("the set is not named");
  if (pictures < 0) return bad("pictures must not be negative");
  if (threads < 1 || threads > 256) return bad("threads must be between 1 and 256");
  return {};
}

Result<std::vector<JudgedPicture>> ReadDeceptiveness(const fs::path& table) {
  std::error_code failure;
  if (!fs::exists(table, failure)) return std::vector<JudgedPicture>();
  KANTEI_TRY(const std::string text, ReadTextFile(table, kMaxBytes));
  // An interrupted first write may have left nothing but a part of the header.
  if (std::string(kHeader).starts_with(text)) return std::vector<JudgedPicture>();
  if (!text.starts_with(std::string(kHeader) + "\n"))
    return Error{ErrorCode::kCorrupt,
                 DisplayPath(table) + " is no table of verdicts; expected the header " + kHeader};
  CsvReader reader(text);
  CsvRecord record;
  reader.Next(&record);
  std::vector<JudgedPicture> rows;
  std::unordered_map<std::string, std::size_t> places;
  while (reader.Next(&record)) {
    if (!record.problem.empty() || record.fields.size() != kFields ||
        !ParseDeceptiveness(record.fields[1]).ok())
      continue;
    std::string line;
    for (const std::string& field : record.fields) line += (line.empty() ? "" : ",") + CsvField(field);
    const auto [place, is_new] = places.emplace(record.fields[0], rows.size());
    if (is_new) rows.emplace_back();
    rows[place->second] = {record.fields[0], record.fields[1], std::move(line)};
  }
  return rows;
}

Result<JudgeSetSummary> JudgeSet(const JudgeSetOptions& options, const DeceptivenessJudge& judge,
                                 const CancellationToken& cancellation, const JudgeSetReport& report) {
  KANTEI_RETURN_IF_ERROR(options.Validate());
  const fs::path table = options.table.empty() ? options.set / kDeceptivenessFile : options.table;
  KANTEI_TRY(const std::vector<Task> all, ListTasks(options.set));
  KANTEI_TRY(const std::vector<JudgedPicture> earlier, ReadDeceptiveness(table));
  const std::string unknown(DeceptivenessName(Deceptiveness::kUnknown));
  std::unordered_map<std::string, JudgedPicture> rows;
  for (const JudgedPicture& row : earlier) rows.emplace(row.picture, row);

  JudgeSetSummary summary;
  std::vector<std::size_t> tasks;
  for (std::size_t i = 0; i < all.size(); ++i) {
    const auto row = rows.find(all[i].picture);
    if (row != rows.end() && !(options.unknown_again && row->second.outcome == unknown)) {
      ++summary.kept;
    } else if (options.pictures == 0 || static_cast<std::int64_t>(tasks.size()) < options.pictures) {
      tasks.push_back(i);
    }
  }
  if (report.begin) report.begin(tasks.size());

  const Random seeds(options.seed);
  Status failure;
  {
    const bool is_new = earlier.empty();
    if (is_new) KANTEI_RETURN_IF_ERROR(WriteFileAtomic(table, std::string(kHeader) + "\n"));
    KANTEI_TRY(AppendFile file, AppendFile::Open(table));
    std::mutex mutex;
    const CancellationToken stop;  // the disk is full
    ParallelFor(tasks.size(), options.threads, stop, [&](std::size_t n) {
      if (cancellation.cancelled()) return;
      const Task& task = all[tasks[n]];
      auto verdict = JudgeTask(task, judge, seeds.Fork(tasks[n]).Next(), cancellation);
      const std::lock_guard lock(mutex);
      if (!verdict.ok()) {
        if (verdict.error().code == ErrorCode::kCancelled) return;
        ++summary.unreadable;
        if (report.bad_picture) report.bad_picture(verdict.error().message);
        verdict = DeceptivenessVerdict{};
        verdict.value().reason = "not judged: " + task.picture + " or its original cannot be read";
      }
      JudgedPicture row{task.picture, std::string(DeceptivenessName(verdict->outcome)),
                        FormatRow(task.picture, *verdict, options.model)};
      if (const Status written = file.AppendLine(row.line); !written.ok()) {
        failure = written;
        stop.Cancel();
        return;
      }
      rows.insert_or_assign(task.picture, std::move(row));
      ++summary.judged;
      if (report.picture_done) report.picture_done();
    });
  }
  KANTEI_RETURN_IF_ERROR(failure);

  std::string text = std::string(kHeader) + "\n";
  for (const Task& task : all) {
    const auto row = rows.find(task.picture);
    if (row == rows.end()) continue;
    text += row->second.line + "\n";
    ++summary.outcomes[row->second.outcome];
  }
  KANTEI_RETURN_IF_ERROR(WriteFileAtomic(table, text));
  summary.finished = !cancellation.cancelled();
  return summary;
}

}  // namespace kantei::dataset
