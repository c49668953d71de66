#include "kantei/dataset/authenticity_set.h"

#include <algorithm>
#include <array>
#include <unordered_set>

#include "kantei/base/files.h"

namespace kantei::dataset {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kHeader = "picture\tmask\toriginal\thistory\tengine\tsource\tsplit";
constexpr std::size_t kFields = 7;
constexpr std::size_t kMaxSamples = 5'000'000;
constexpr std::uint64_t kMaxBytes = 1ull << 30;
constexpr std::size_t kMaxPath = 4096;
constexpr std::size_t kMaxWord = 100;

bool HasControls(std::string_view text) {
  return std::any_of(text.begin(), text.end(),
                     [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; });
}

/// For a message: at most 60 characters, without control characters.
std::string Shown(std::string_view field) {
  std::string shown(field.substr(0, 60));
  for (char& c : shown) c = static_cast<unsigned char>(c) < 0x20 || c == 0x7F ? ' ' : c;
  return '"' + shown + (field.size() > 60 ? "...\"" : "\"");
}

/// What is wrong with a path of the table, empty when it is fit.
std::string PathProblem(std::string_view path) {
  if (path.size() > kMaxPath) return "is longer than " + std::to_string(kMaxPath) + " bytes";
  if (HasControls(path)) return "holds a control character";
  if (path.starts_with('/')) return "is absolute; expected a path relative to the set's folder";
  // One file has one spelling, or a picture could be listed twice.
  for (std::size_t at = 0; !path.empty() && at <= path.size();) {
    const std::size_t end = std::min(path.find('/', at), path.size());
    const std::string_view part = path.substr(at, end - at);
    if (part == "..") return "leads out of the set's folder";
    if (part.empty() || part == ".") return "has an empty part or a \".\"";
    at = end + 1;
  }
  return {};
}

std::string WordProblem(std::string_view word, bool may_be_empty) {
  if (word.empty()) return may_be_empty ? std::string() : "is empty";
  if (word.size() > kMaxWord) return "is longer than " + std::to_string(kMaxWord) + " bytes";
  if (HasControls(word)) return "holds a control character";
  return {};
}

using Row = std::array<std::string_view, kFields>;

/// What is wrong with a row, empty when nothing is.
std::string RowProblem(const Row& row) {
  static constexpr std::array<std::string_view, kFields> kNames = {"picture", "mask",   "original", "history",
                                                                   "engine",  "source", "split"};
  const auto say = [&](std::size_t field, const std::string& problem) {
    return std::string(kNames[field]) + " " + Shown(row[field]) + " " + problem;
  };
  if (row[0].empty()) return "the picture is missing";
  for (std::size_t field = 0; field < 3; ++field)
    if (const std::string problem = PathProblem(row[field]); !problem.empty()) return say(field, problem);
  const auto history = ParseHistory(row[3]);
  if (!history.ok()) return history.error().message;
  if (*history == History::kEdited && row[1].empty())
    return "an edited picture needs the mask of what was changed";
  if (*history != History::kEdited && !row[1].empty())
    return "only an edited picture has a mask; this one is " + std::string(HistoryName(*history));
  for (std::size_t field = 4; field < kFields; ++field)
    if (const std::string problem = WordProblem(row[field], field == 6); !problem.empty())
      return say(field, problem);
  return {};
}

/// Takes the next line off `text`, without its end.
std::string_view TakeLine(std::string_view* text) {
  const std::size_t end = std::min(text->find('\n'), text->size());
  std::string_view line = text->substr(0, end);
  text->remove_prefix(std::min(end + 1, text->size()));
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

fs::path Joined(const fs::path& directory, std::string_view relative) {
  return relative.empty() ? fs::path() : directory / fs::path(std::string(relative));
}

}  // namespace

std::string_view HistoryName(History history) {
  switch (history) {
    case History::kAuthentic:
      return "authentic";
    case History::kEdited:
      return "edited";
    case History::kGenerated:
      return "generated";
  }
  return "authentic";
}

Result<History> ParseHistory(std::string_view name) {
  for (const History history : {History::kAuthentic, History::kEdited, History::kGenerated})
    if (name == HistoryName(history)) return history;
  return Error{ErrorCode::kInvalidArgument,
               "the history is " + Shown(name) + "; expected authentic, edited or generated"};
}

Result<std::vector<AuthenticitySample>> ParseAuthenticitySet(std::string_view text, const fs::path& directory,
                                                             std::string_view name) {
  const auto corrupt = [&](std::size_t line, const std::string& what) {
    return Error{ErrorCode::kCorrupt, std::string(name) + ", line " + std::to_string(line) + ": " + what};
  };
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  if (TakeLine(&text) != kHeader)
    return corrupt(1,
                   "expected the header picture, mask, original, history, engine, source, split, "
                   "separated by tabs");
  std::vector<AuthenticitySample> samples;
  std::unordered_set<std::string_view> pictures;
  for (std::size_t line = 2; !text.empty(); ++line) {
    std::string_view rest = TakeLine(&text);
    if (rest.empty()) continue;
    if (samples.size() >= kMaxSamples)
      return Error{ErrorCode::kTooLarge, std::string(name) + " has more than " + std::to_string(kMaxSamples) +
                                             " samples; is it the right file?"};
    const auto tabs = static_cast<std::size_t>(std::count(rest.begin(), rest.end(), '\t'));
    if (tabs + 1 != kFields)
      return corrupt(line, "expected " + std::to_string(kFields) + " fields separated by tabs, there are " +
                               std::to_string(tabs + 1));
    Row row;
    for (std::string_view& field : row) {
      const std::size_t end = std::min(rest.find('\t'), rest.size());
      field = rest.substr(0, end);
      rest.remove_prefix(std::min(end + 1, rest.size()));
    }
    if (const std::string problem = RowProblem(row); !problem.empty()) return corrupt(line, problem);
    if (!pictures.insert(row[0]).second)
      return corrupt(line, "the picture " + Shown(row[0]) + " stands there twice");
    samples.push_back({Joined(directory, row[0]), Joined(directory, row[1]), Joined(directory, row[2]),
                       *ParseHistory(row[3]), std::string(row[4]), std::string(row[5]), std::string(row[6])});
  }
  return samples;
}

Result<std::string> FormatAuthenticitySet(std::span<const AuthenticitySample> samples,
                                          const fs::path& directory) {
  std::string text = std::string(kHeader) + '\n';
  std::unordered_set<std::string> pictures;
  for (const AuthenticitySample& sample : samples) {
    const auto relative = [&](const fs::path& file) {
      return file.empty() ? std::string() : file.lexically_relative(directory).generic_string();
    };
    const std::array<std::string, kFields> fields = {relative(sample.picture),
                                                     relative(sample.mask),
                                                     relative(sample.original),
                                                     std::string(HistoryName(sample.history)),
                                                     sample.engine,
                                                     sample.source,
                                                     sample.split};
    Row row;
    std::copy(fields.begin(), fields.end(), row.begin());
    std::string problem = RowProblem(row);
    if (problem.empty() && !pictures.insert(fields[0]).second) problem = "it is listed twice";
    if (!problem.empty())
      return Error{ErrorCode::kInvalidArgument,
                   DisplayPath(sample.picture) + " cannot be listed in a set: " + problem};
    for (std::size_t field = 0; field < kFields; ++field) text += (field > 0 ? "\t" : "") + fields[field];
    text += '\n';
  }
  return text;
}

Result<std::vector<AuthenticitySample>> ReadAuthenticitySet(const fs::path& directory) {
  const fs::path file = directory / kAuthenticitySetFile;
  KANTEI_TRY(const std::string text, ReadTextFile(file, kMaxBytes));
  return ParseAuthenticitySet(text, directory, DisplayPath(file));
}

Status WriteAuthenticitySet(const fs::path& directory, std::span<const AuthenticitySample> samples) {
  KANTEI_TRY(const std::string text, FormatAuthenticitySet(samples, directory));
  return WriteFileAtomic(directory / kAuthenticitySetFile, text);
}

}  // namespace kantei::dataset
