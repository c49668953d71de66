// The lists of public sets: AnimeDL-2M's and IMDL-BenCo's JSON, tables of TGIF and SAGI.
#include <algorithm>
#include <array>
#include <cctype>
#include <map>

#include "kantei/base/csv.h"
#include "kantei/base/files.h"
#include "kantei/base/json.h"
#include "kantei/dataset/authenticity_readers.h"
#include "kantei/dataset/authenticity_set.h"

namespace kantei::dataset {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMaxSamples = 5'000'000;
constexpr std::size_t kMaxPath = 4096;

std::string Lower(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return lower;
}

bool IsFitPath(std::string_view path) {
  return !path.empty() && path.size() <= kMaxPath && std::none_of(path.begin(), path.end(), [](char c) {
    return static_cast<unsigned char>(c) < 0x20 || c == 0x7F;
  });
}

/// Names of engines and sources from a list, fit for tables and for Kantei's own form.
std::string Word(std::string word, std::string_view otherwise) {
  std::erase_if(word, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; });
  if (word.size() > 100) word.resize(100);
  return word.empty() ? std::string(otherwise) : word;
}

std::string EngineOf(const AuthenticityReadOptions& options) {
  return options.engine.empty() ? "unknown" : options.engine;
}
std::string SourceOf(const AuthenticityReadOptions& options, std::string_view name) {
  return Word(options.source.empty() ? fs::path(std::string(name)).stem().string() : options.source,
              "unknown");
}

/// AnimeDL-2M states no engine; its files are named after the three it used.
std::string EngineInName(std::string_view path, const AuthenticityReadOptions& options) {
  if (!options.engine.empty()) return options.engine;
  const std::string lower = Lower(path);
  for (const std::string_view engine : {"flux", "sdxl", "sd"})
    if (lower.find(engine) != std::string::npos) return std::string(engine);
  return "unknown";
}

class ListReader {
 public:
  ListReader(std::string_view name, const fs::path& directory) : name_(name), directory_(directory) {}

  Error Corrupt(const std::string& place, const std::string& what) const {
    return {ErrorCode::kCorrupt, std::string(name_) + ", " + place + ": " + what};
  }
  Status Add(AuthenticitySample sample) {
    if (samples_.size() >= kMaxSamples)
      return Error{ErrorCode::kTooLarge,
                   std::string(name_) + " lists more than " + std::to_string(kMaxSamples) + " samples"};
    samples_.push_back(std::move(sample));
    return {};
  }
  /// A path of the list below `root` (the list's own folder when empty).
  Result<fs::path> Path(const std::string& place, std::string_view text, const fs::path& root) const {
    if (!IsFitPath(text))
      return Corrupt(place, "a path is empty, longer than " + std::to_string(kMaxPath) +
                                " bytes or holds a control character");
    return (root.empty() ? directory_ : root) / fs::path(std::string(text));
  }
  std::vector<AuthenticitySample> Take() { return std::move(samples_); }

 private:
  std::string_view name_;
  const fs::path& directory_;
  std::vector<AuthenticitySample> samples_;
};

bool IsNone(const Json& record, const char* key) {
  return !record.contains(key) || record.at(key).is_null() || record.at(key) == "null";
}

/// Values of a member that is a string, a list of strings, null or missing.
Result<std::vector<std::string>> Strings(const Json& record, const char* key, const ListReader& reader,
                                         const std::string& place) {
  std::vector<std::string> strings;
  if (IsNone(record, key)) return strings;
  const Json& value = record.at(key);
  if (value.is_string()) strings.push_back(value.get<std::string>());
  if (value.is_array()) {
    for (const Json& item : value) {
      if (!item.is_string()) break;
      strings.push_back(item.get<std::string>());
    }
  }
  if (value.is_array() ? strings.size() != value.size() : strings.empty())
    return reader.Corrupt(place, "\"" + std::string(key) + "\" is no path and no list of paths");
  return strings;
}

/// One pattern for CsvPatterns; see there.
class Pattern {
 public:
  static Result<Pattern> Parse(const std::string& text, const std::map<std::string, std::size_t>& columns,
                               std::string_view name) {
    Pattern pattern;
    const auto add_column = [&](const std::string& column) -> Status {
      const auto found = columns.find(Lower(column));
      if (found == columns.end())
        return Error{ErrorCode::kInvalidArgument,
                     std::string(name) + " has no column \"" + column + "\", which a pattern names"};
      pattern.parts_.push_back({"", found->second});
      return {};
    };
    if (text.find('{') == std::string::npos) {
      KANTEI_RETURN_IF_ERROR(add_column(text));
      return pattern;
    }
    for (std::size_t at = 0; at < text.size();) {
      const std::size_t open = std::min(text.find('{', at), text.size());
      if (open > at) pattern.parts_.push_back({text.substr(at, open - at), kText});
      if (open == text.size()) break;
      const std::size_t close = text.find('}', open);
      if (close == std::string::npos)
        return Error{ErrorCode::kInvalidArgument, "the pattern " + text + " has a { without a }"};
      KANTEI_RETURN_IF_ERROR(add_column(text.substr(open + 1, close - open - 1)));
      at = close + 1;
    }
    return pattern;
  }
  bool empty() const { return parts_.empty(); }
  /// Empty when a column that it needs is empty.
  std::string Fill(const std::vector<std::string>& fields) const {
    std::string text;
    for (const Part& part : parts_) {
      if (part.column == kText) {
        text += part.text;
      } else {
        if (part.column >= fields.size() || fields[part.column].empty()) return {};
        text += fields[part.column];
      }
      if (text.size() > 2 * kMaxPath) break;  // refused as a path anyway
    }
    return text;
  }

 private:
  static constexpr std::size_t kText = static_cast<std::size_t>(-1);
  struct Part {
    std::string text;
    std::size_t column;
  };
  std::vector<Part> parts_;
};

}  // namespace

Result<std::vector<AuthenticitySample>> ParseAnimeDl2m(std::string_view json,
                                                       const AuthenticityReadOptions& options,
                                                       const fs::path& directory, std::string_view name) {
  KANTEI_TRY(const Json root, ParseJson(json, name));
  ListReader reader(name, directory);
  if (!root.is_array())
    return reader.Corrupt("top", "expected a list of records with raw, mask, inpaint and t2i");
  const fs::path& fake_root = options.fake_root.empty() ? options.raw_root : options.fake_root;
  const std::string source = SourceOf(options, "AnimeDL-2M");
  for (std::size_t i = 0; i < root.size(); ++i) {
    const std::string place = "record " + std::to_string(i + 1);
    const Json& record = root[i];
    if (!record.is_object())
      return reader.Corrupt(place, "expected an object with raw, mask, inpaint and t2i");
    KANTEI_TRY(const auto raws, Strings(record, "raw", reader, place));
    KANTEI_TRY(const auto masks, Strings(record, "mask", reader, place));
    KANTEI_TRY(const auto inpaints, Strings(record, "inpaint", reader, place));
    KANTEI_TRY(const auto t2is, Strings(record, "t2i", reader, place));
    if (raws.size() > 1) return reader.Corrupt(place, "\"raw\" names more than one picture");
    fs::path raw;
    if (!raws.empty()) {
      KANTEI_TRY(raw, reader.Path(place, raws[0], options.raw_root));
      KANTEI_RETURN_IF_ERROR(reader.Add({raw, {}, {}, History::kAuthentic, "authentic", source, ""}));
    }
    if (!inpaints.empty() && masks.size() != 1 && masks.size() != inpaints.size())
      return reader.Corrupt(place, "there are " + std::to_string(inpaints.size()) + " edited pictures and " +
                                       std::to_string(masks.size()) + " masks");
    for (std::size_t k = 0; k < inpaints.size(); ++k) {
      KANTEI_TRY(const fs::path picture, reader.Path(place, inpaints[k], fake_root));
      KANTEI_TRY(const fs::path mask, reader.Path(place, masks[masks.size() == 1 ? 0 : k], fake_root));
      KANTEI_RETURN_IF_ERROR(
          reader.Add({picture, mask, raw, History::kEdited, EngineInName(inpaints[k], options), source, ""}));
    }
    // A picture made from a caption is not aligned with anything.
    for (const std::string& t2i : t2is) {
      KANTEI_TRY(const fs::path picture, reader.Path(place, t2i, fake_root));
      KANTEI_RETURN_IF_ERROR(
          reader.Add({picture, {}, {}, History::kGenerated, EngineInName(t2i, options), source, ""}));
    }
  }
  return reader.Take();
}

Result<std::vector<AuthenticitySample>> ParsePairs(std::string_view json,
                                                   const AuthenticityReadOptions& options,
                                                   const fs::path& directory, std::string_view name) {
  KANTEI_TRY(const Json root, ParseJson(json, name));
  ListReader reader(name, directory);
  if (!root.is_array()) return reader.Corrupt("top", "expected a list of pairs [picture, mask]");
  const std::string source = SourceOf(options, name);
  for (std::size_t i = 0; i < root.size(); ++i) {
    const std::string place = "record " + std::to_string(i + 1);
    const Json& record = root[i];
    if (!record.is_array() || record.size() != 2 || !record[0].is_string() || !record[1].is_string())
      return reader.Corrupt(place, "expected [\"picture\", \"mask\"] or [\"picture\", \"Negative\"]");
    KANTEI_TRY(const fs::path picture, reader.Path(place, record[0].get<std::string>(), options.raw_root));
    if (record[1] == "Negative") {
      KANTEI_RETURN_IF_ERROR(reader.Add({picture, {}, {}, History::kAuthentic, "authentic", source, ""}));
      continue;
    }
    KANTEI_TRY(const fs::path mask, reader.Path(place, record[1].get<std::string>(), options.raw_root));
    KANTEI_RETURN_IF_ERROR(reader.Add({picture, mask, {}, History::kEdited, EngineOf(options), source, ""}));
  }
  return reader.Take();
}

Result<std::vector<AuthenticitySample>> ParseSampleCsv(std::string_view csv,
                                                       const AuthenticityReadOptions& options,
                                                       const fs::path& directory, std::string_view name) {
  CsvReader rows(csv);
  CsvRecord record;
  ListReader reader(name, directory);
  const auto line = [&] { return "line " + std::to_string(record.line); };
  if (!rows.Next(&record) || !record.problem.empty())
    return reader.Corrupt("line 1", "expected a header that names the columns");
  std::map<std::string, std::size_t> columns;
  for (std::size_t i = 0; i < record.fields.size(); ++i) columns.try_emplace(Lower(record.fields[i]), i);
  const auto first_of = [&](std::initializer_list<const char*> names) {
    for (const char* candidate : names)
      if (columns.contains(candidate)) return std::string(candidate);
    return std::string();
  };
  // SAGI's table of results names what went in as image_path and what came out as output_path.
  const bool has_output = columns.contains("output_path");
  const auto pattern = [&](const std::string& given, const std::string& usual) -> Result<Pattern> {
    const std::string& text = given.empty() ? usual : given;
    if (text.empty()) return Pattern();
    return Pattern::Parse(text, columns, name);
  };
  KANTEI_TRY(
      const Pattern picture_of,
      pattern(options.csv.picture, first_of({"output_path", "picture", "image", "image_path", "path"})));
  KANTEI_TRY(const Pattern mask_of, pattern(options.csv.mask, first_of({"mask", "mask_path"})));
  KANTEI_TRY(const Pattern original_of,
             pattern(options.csv.original, has_output ? first_of({"original", "original_path", "image_path"})
                                                      : first_of({"original", "original_path"})));
  if (picture_of.empty())
    return reader.Corrupt("line 1",
                          "no column names the picture (output_path, picture, image, image_path or path); "
                          "give a pattern for it");
  const auto field = [&](std::initializer_list<const char*> names) {
    const auto found = columns.find(first_of(names));
    return found == columns.end() || found->second >= record.fields.size() ? std::string()
                                                                           : record.fields[found->second];
  };
  const std::string source = SourceOf(options, name);
  while (rows.Next(&record)) {
    if (!record.problem.empty()) return reader.Corrupt(line(), record.problem);
    const std::string status = Lower(field({"status"}));
    if (!status.empty() && status != "success" && status != "ok") continue;
    AuthenticitySample sample;
    KANTEI_TRY(sample.picture, reader.Path(line(), picture_of.Fill(record.fields), options.raw_root));
    const std::string mask = mask_of.Fill(record.fields), original = original_of.Fill(record.fields);
    const std::string history = field({"history"}), label = Lower(field({"label"}));
    if (!history.empty()) {
      const auto parsed = ParseHistory(history);
      if (!parsed.ok()) return reader.Corrupt(line(), parsed.error().message);
      sample.history = *parsed;
    } else if (!label.empty()) {
      static constexpr std::array kAuthenticLabels = {"0", "authentic", "real", "pristine", "negative"};
      const bool authentic =
          std::find(kAuthenticLabels.begin(), kAuthenticLabels.end(), label) != kAuthenticLabels.end();
      sample.history = authentic      ? History::kAuthentic
                       : mask.empty() ? History::kGenerated
                                      : History::kEdited;
    } else {
      sample.history = mask.empty() ? History::kAuthentic : History::kEdited;
    }
    if (sample.history == History::kEdited) {
      if (mask.empty()) return reader.Corrupt(line(), "an edited picture needs a mask");
      KANTEI_TRY(sample.mask, reader.Path(line(), mask, options.raw_root));
    }
    if (sample.history != History::kAuthentic && !original.empty()) {
      KANTEI_TRY(sample.original, reader.Path(line(), original, options.raw_root));
    }
    const std::string engine =
        options.engine.empty() ? field({"engine", "inpainting_model", "model"}) : options.engine;
    sample.engine = sample.history == History::kAuthentic ? "authentic" : Word(engine, "unknown");
    sample.source = Word(options.source.empty() ? field({"source", "dataset"}) : options.source, source);
    sample.split = Word(field({"split"}), "");
    KANTEI_RETURN_IF_ERROR(reader.Add(std::move(sample)));
  }
  return reader.Take();
}

}  // namespace kantei::dataset
