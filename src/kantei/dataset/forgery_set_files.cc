#include "kantei/dataset/forgery_set_files.h"

#include <algorithm>
#include <cctype>
#include <system_error>
#include <utility>

#include "kantei/base/files.h"
#include "kantei/base/json.h"
#include "kantei/image/encode.h"

namespace kantei::dataset {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kHeader = "picture\tmask\toriginal\thistory\tengine\tsource\tsplit\n";
constexpr std::size_t kColumns = 7;
/// Raised whenever the same options give other pixels.
constexpr int kRecipe = 3;

std::string Line(const SampleRow& row) {
  return row.picture + "\t" + row.mask + "\t" + row.original + "\t" + row.history + "\t" + row.engine + "\t" +
         row.source + "\t" + row.split + "\n";
}

std::optional<SampleRow> ParseLine(std::string_view line) {
  std::vector<std::string> fields(1);
  for (const char c : line) {
    if (c == '\t') {
      fields.emplace_back();
    } else {
      fields.back() += c;
    }
  }
  if (fields.size() != kColumns) return std::nullopt;
  return SampleRow{fields[0], fields[1], fields[2], fields[3], fields[4], fields[5], fields[6]};
}

Status MakeFolder(const fs::path& path) {
  std::error_code failure;
  fs::create_directories(path, failure);
  if (failure)
    return Error{ErrorCode::kUnavailable, DisplayPath(path) + " cannot be made: " + failure.message()};
  return {};
}

Json PathList(const std::vector<fs::path>& paths) {
  Json list = Json::array();
  for (const fs::path& path : paths) list.push_back(DisplayPath(path));
  return list;
}

/// What decides the pixels. The number of threads does not.
Json Describe(const ForgerySetOptions& options) {
  return Json{{"recipe", kRecipe},
              {"sources", PathList(options.sources)},
              {"donors", PathList(options.donors)},
              {"cutouts", PathList(options.cutouts)},
              {"generated", PathList(options.generated)},
              {"generated_engine", options.generated_engine},
              {"tiles", options.tiles},
              {"engines", options.engines},
              {"held_out", options.held_out},
              {"count", options.count},
              {"pictures", options.pictures},
              {"side", options.side},
              {"least_side", options.least_side},
              {"split", options.split},
              {"seed", options.seed},
              {"least_share", options.forgery.mask.least_share},
              {"most_share", options.forgery.mask.most_share},
              {"dilation", options.forgery.mask.dilation},
              {"feather_chance", options.forgery.feather_chance},
              {"most_feather", options.forgery.most_feather},
              {"grain_chance", options.forgery.grain_chance},
              {"least_changed", options.forgery.least_changed},
              {"most_flat", options.forgery.most_flat},
              {"attempts", options.forgery.attempts}};
}

}  // namespace

Status WriteSamplesTable(const fs::path& path, std::span<const SampleRow> rows) {
  std::string text(kHeader);
  for (const SampleRow& row : rows) text += Line(row);
  return WriteFileAtomic(path, text);
}

std::string PlainFileName(std::string_view name) {
  std::string plain;
  for (const char c : name) {
    const auto byte = static_cast<unsigned char>(c);
    const bool fits = byte < 128 && (std::isalnum(byte) != 0 || c == '-' || c == '.' || c == '_');
    plain += fits ? c : '_';
  }
  if (plain.empty()) plain = "pictures";
  if (plain[0] == '.') plain[0] = '_';
  return plain;
}

Status ForgerySetFiles::Begin(const ForgerySetOptions& options) {
  KANTEI_RETURN_IF_ERROR(MakeFolder(options.out));
  const fs::path path = options.out / "set.json";
  const std::string wished = DumpJson(Describe(options), 2) + "\n";
  std::error_code ignored;
  if (fs::exists(path, ignored)) {
    KANTEI_TRY(const std::string there, ReadTextFile(path, 1 << 20));
    if (there == wished) return {};
    return Error{
        ErrorCode::kInvalidArgument,
        DisplayPath(options.out) +
            " holds a set that was made with other options (set.json has them); use those or another --out"};
  }
  if (fs::exists(options.out / kSamplesFile, ignored))
    return Error{ErrorCode::kInvalidArgument,
                 DisplayPath(options.out) + " holds another set; choose another --out"};
  return WriteFileAtomic(path, wished);
}

Status ForgerySetFiles::Write(const std::string& name, const image::Image& picture) const {
  const fs::path path = out_ / name;
  KANTEI_RETURN_IF_ERROR(MakeFolder(path.parent_path()));
  return image::WriteImage(path, picture);
}

fs::path ForgerySetFiles::RowsPath(const std::string& key) const {
  return out_ / ".finished" / (key + ".tsv");
}

std::optional<std::vector<SampleRow>> ForgerySetFiles::Finished(const std::string& key) const {
  std::error_code ignored;
  const fs::path path = RowsPath(key);
  if (!fs::exists(path, ignored)) return std::nullopt;
  const Result<std::string> text = ReadTextFile(path, 1 << 20);
  if (!text.ok()) return std::nullopt;
  std::vector<SampleRow> rows;
  std::string_view rest = *text;
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find('\n'), rest.size() - 1);
    std::optional<SampleRow> row = ParseLine(rest.substr(0, end));
    if (!row || !fs::exists(out_ / row->picture, ignored) ||
        (!row->mask.empty() && !fs::exists(out_ / row->mask, ignored)))
      return std::nullopt;
    rows.push_back(std::move(*row));
    rest.remove_prefix(end + 1);
  }
  return rows;
}

Status ForgerySetFiles::Finish(const std::string& key, std::span<const SampleRow> rows) const {
  const fs::path path = RowsPath(key);
  KANTEI_RETURN_IF_ERROR(MakeFolder(path.parent_path()));
  std::string text;
  for (const SampleRow& row : rows) text += Line(row);
  return WriteFileAtomic(path, text);
}

Status ForgerySetFiles::WriteReadme(const ForgerySetOptions& options, const ForgerySetSummary& summary) {
  const auto n = [](std::int64_t count) { return std::to_string(count); };
  std::string text =
      "# Pictures with a known history\n\n"
      "Made by `kantei dataset forgeries`. `samples.tsv` names every picture, its mask (255 where pixels "
      "were replaced), the\n"
      "authentic picture it was made from, its history, the engine, the source and the split.\n\n";
  text += n(summary.authentic) + " authentic, " + n(summary.edited) + " edited, " + n(summary.generated) +
          " generated" + (summary.finished ? ".\n" : "; the run was stopped and can go on.\n");
  text += "Left out: " + n(summary.small) + " too small, " + n(summary.blank) +
          " blank or with black corners, " + n(summary.failed) + " unreadable; " + n(summary.fruitless) +
          " forgeries came to nothing.\n\n";
  text += "| engine | pictures |\n|---|---|\n";
  for (const auto& [engine, count] : summary.engines) text += "| " + engine + " | " + n(count) + " |\n";
  text +=
      "\nAll classes passed the same steps: up to 7 rows and columns cut from the top left, shrunk by area "
      "averaging to at\n"
      "most " +
      std::to_string(options.side) +
      " pixels a side if larger, cut to even sides, transparency over a random colour, PNG without "
      "metadata.\n"
      "The originals keep what their own files did to them (JPEG, WebP): re-encode and resize all classes "
      "alike before\n"
      "training and before scoring.\n\n## Options\n\n```json\n" +
      DumpJson(Describe(options), 2) + "\n```\n";
  return WriteFileAtomic(options.out / "README.md", text);
}

}  // namespace kantei::dataset
