#include "kantei/dataset/edit_files.h"

#include <algorithm>
#include <cctype>
#include <fstream>
#include <map>
#include <set>
#include <utility>

#include "kantei/base/csv.h"
#include "kantei/base/files.h"
#include "kantei/base/parallel.h"
#include "kantei/base/sha256.h"
#include "kantei/image/decode.h"
#include "kantei/image/encode.h"

namespace kantei::dataset {
namespace {

namespace fs = std::filesystem;

constexpr const char* kHeader = "query,source,source_sha256,level,edits,seed";
constexpr std::uint64_t kMostManifestBytes = 1ull << 30;
/// Enough variety, at most 75 MB.
constexpr std::size_t kMostOthers = 96;
constexpr int kOtherSide = 512;
/// Of the source's digest in the name of a result.
constexpr std::size_t kDigits = 10;

struct Row {
  std::string query, source, sha256, level, edits, seed;
};

std::string Line(const Row& row) {
  return CsvField(row.query) + "," + CsvField(row.source) + "," + row.sha256 + "," + row.level + "," +
         row.edits + "," + row.seed + "\n";
}

struct Source {
  std::string sha256;
  image::Image picture;
};

Result<Bytes> Read(const fs::path& path) {
  return ReadFile(path, image::DecodeLimits{}.max_file_bytes);
}

Result<image::Image> Decode(const Bytes& bytes, const fs::path& path, int side) {
  image::DecodeOptions options;
  options.max_longer_side = side;
  KANTEI_TRY(image::DecodedImage decoded, image::DecodeImage(bytes, DisplayPath(path), options));
  return std::move(decoded.pixels);
}

/// Letters, digits, '-' and '_' of the name, so that a query can be an id anywhere.
std::string PlainName(const fs::path& path) {
  std::string name;
  for (const char c : path.stem().string().substr(0, 48)) {
    const bool plain = std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '-' || c == '_';
    name += plain && static_cast<unsigned char>(c) < 128 ? c : '_';
  }
  return name.empty() ? "picture" : name;
}

/// Eight bytes of a digest as a number: seeds that follow the content.
std::uint64_t Number(const std::string& sha256) {
  return std::stoull(sha256.substr(0, 16), nullptr, 16);
}

/// The manifest: rows that are whole, then appended to.
class Manifest {
 public:
  static Result<Manifest> Open(const fs::path& path, std::uint64_t seed) {
    Manifest manifest;
    std::string kept = std::string(kHeader) + "\n";
    std::error_code ignored;
    if (fs::exists(path, ignored)) {
      KANTEI_TRY(std::string text, ReadTextFile(path, kMostManifestBytes));
      // A run that was killed may have left half a line.
      text.resize(text.rfind('\n') == std::string::npos ? 0 : text.rfind('\n') + 1);
      KANTEI_RETURN_IF_ERROR(manifest.Take(text, path, seed, &kept));
    }
    KANTEI_RETURN_IF_ERROR(WriteFileAtomic(path, kept));
    manifest.path_ = path;
    manifest.file_.open(path, std::ios::binary | std::ios::app);
    if (!manifest.file_) return FileError(path, "cannot be written");
    return manifest;
  }

  const std::set<std::string>& known() const { return known_; }

  Status Append(const std::vector<Row>& rows) {
    for (const Row& row : rows) {
      if (known_.insert(row.query).second) file_ << Line(row);
    }
    file_.flush();
    if (!file_)
      return Error{ErrorCode::kUnavailable, DisplayPath(path_) + " cannot be written; is the disk full?"};
    return {};
  }

 private:
  Status Take(const std::string& text, const fs::path& path, std::uint64_t seed, std::string* kept) {
    CsvReader reader(text);
    CsvRecord record;
    for (bool first = true; reader.Next(&record); first = false) {
      if (first) {
        std::string header;
        for (const std::string& field : record.fields) header += (header.empty() ? "" : ",") + field;
        if (header == kHeader) continue;
        return Error{ErrorCode::kInvalidArgument,
                     DisplayPath(path) + " is no manifest of edited pictures (expected the columns " +
                         kHeader + "); choose another --out"};
      }
      if (!record.problem.empty() || record.fields.size() != 6) continue;
      auto& f = record.fields;
      if (f[5] != std::to_string(seed)) {
        return Error{ErrorCode::kInvalidArgument, DisplayPath(path) + " was made with --seed " + f[5] +
                                                      "; use that seed or another --out"};
      }
      if (known_.insert(f[0]).second) *kept += Line({f[0], f[1], f[2], f[3], f[4], f[5]});
    }
    return {};
  }

  fs::path path_;
  std::set<std::string> known_;
  std::ofstream file_;
};

/// What one result is made of.
struct Task {
  EditLevel level;
  const EditInfo* edit;  ///< nullptr: drawn, or a chain
  int number;            ///< 1..count
};

std::vector<Task> Tasks(const EditFilesOptions& options) {
  std::vector<const EditInfo*> edits;
  for (const std::string& name : options.edits) edits.push_back(FindEdit(name));
  if (edits.empty()) edits.push_back(nullptr);
  std::vector<Task> tasks;
  for (const EditLevel level : options.levels) {
    for (const EditInfo* edit : edits) {
      for (int k = 1; k <= options.count; ++k) tasks.push_back({level, edit, k});
    }
  }
  return tasks;
}

std::string TaskName(const Task& task, const EditFilesOptions& options) {
  const std::string edit = task.edit != nullptr ? std::string(task.edit->name)
                           : options.chain      ? "chain"
                                                : "any";
  return std::string(EditLevelName(task.level)) + "-" + edit + "-" + std::to_string(task.number);
}

EditedPicture Make(const Task& task, const EditFilesOptions& options, const image::Image& picture,
                   std::span<const image::Image* const> others, Random& random) {
  if (options.chain) return ApplyRandomEdits(picture, task.level, others, random);
  const EditInfo* edit = task.edit;
  while (edit == nullptr || (edit->needs_others && others.size() < 3))
    edit = &AllEdits()[random.Below(AllEdits().size())];
  return {ApplyEdit(*edit, picture, task.level, others, random), {std::string(edit->name)}};
}

std::string Joined(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : "+") + name;
  return text;
}

/// A random choice of the files, read and shrunk; what cannot be read is reported when `report_bad`.
std::vector<Source> LoadOthers(const std::vector<fs::path>& files, bool report_bad,
                               const EditFilesOptions& options, const CancellationToken& cancellation,
                               const EditFilesReport& report) {
  std::vector<fs::path> chosen = files;
  std::sort(chosen.begin(), chosen.end());  // the order of the command line says nothing
  Random random(options.seed ^ 0x6F7468657273ull);
  const std::size_t count = std::min(kMostOthers, chosen.size());
  for (std::size_t i = 0; i < count; ++i) std::swap(chosen[i], chosen[i + random.Below(chosen.size() - i)]);
  std::vector<Source> others;
  std::set<std::string> seen;
  OrderedPipeline<Result<Source>>(
      count, ThreadCount(options.threads), cancellation,
      [&](std::size_t i) -> Result<Source> {
        KANTEI_TRY(const Bytes bytes, Read(chosen[i]));
        KANTEI_TRY(image::Image picture, Decode(bytes, chosen[i], kOtherSide));
        return Source{Sha256Hex(bytes), std::move(picture)};
      },
      [&](std::size_t, Result<Source>&& other) {
        if (other.ok()) {
          if (seen.insert(other->sha256).second) others.push_back(std::move(*other));
        } else if (report_bad) {
          report.bad_file(other.error().message);
        }
        return true;
      });
  return others;
}

struct Made {
  Status source;  ///< of reading the picture
  Status disk;    ///< of writing
  std::vector<Row> rows;
  std::int64_t written = 0, kept = 0;
};

class Writer {
 public:
  Writer(const EditFilesOptions& options, const std::set<std::string>& done,
         const std::vector<Source>& others, const CancellationToken& cancellation)
      : options_(options),
        done_(done),
        others_(others),
        tasks_(Tasks(options)),
        cancellation_(cancellation) {}

  Made Edit(const fs::path& path) const {
    Made made;
    Result<Bytes> bytes = Read(path);
    if (!bytes.ok()) {
      made.source = bytes.error();
      return made;
    }
    const std::string sha256 = Sha256Hex(*bytes);
    image::Image picture;
    std::vector<const image::Image*> others;
    for (const Source& other : others_) {
      if (other.sha256 != sha256) others.push_back(&other.picture);
    }
    for (const Task& task : tasks_) {
      if (cancellation_.cancelled()) return made;
      const std::string task_name = TaskName(task, options_);
      const std::string query = PlainName(path) + "-" + sha256.substr(0, kDigits) + "-" + task_name +
                                (options_.format == "png" ? ".png" : ".jpg");
      std::error_code ignored;
      if (done_.contains(query) && fs::exists(options_.directory / query, ignored)) {
        ++made.kept;
        continue;
      }
      if (picture.empty()) {
        Result<image::Image> decoded = Decode(*bytes, path, options_.side);
        if (!decoded.ok()) {
          made.source = decoded.error();
          return made;
        }
        picture = std::move(*decoded);
      }
      if (task.edit != nullptr && task.edit->needs_others && others.size() < 3) continue;
      Random random(options_.seed ^ Number(sha256) ^ Number(Sha256Hex(task_name)));
      const EditedPicture edited = Make(task, options_, picture, others, random);
      made.disk = image::WriteImage(options_.directory / query, edited.picture, options_.quality);
      if (!made.disk.ok()) return made;
      ++made.written;
      made.rows.push_back({query, DisplayPath(path), sha256, std::string(EditLevelName(task.level)),
                           Joined(edited.edits), std::to_string(options_.seed)});
    }
    return made;
  }

 private:
  const EditFilesOptions& options_;
  const std::set<std::string>& done_;
  const std::vector<Source>& others_;
  std::vector<Task> tasks_;
  const CancellationToken& cancellation_;
};

}  // namespace

bool IsEditedName(std::string_view name) {
  for (const EditLevel level : {EditLevel::kEasy, EditLevel::kMedium, EditLevel::kHard}) {
    const std::size_t at = name.rfind("-" + std::string(EditLevelName(level)) + "-");
    if (at == std::string_view::npos || at <= kDigits || name[at - kDigits - 1] != '-') continue;
    const std::string_view digits = name.substr(at - kDigits, kDigits);
    if (digits.find_first_not_of("0123456789abcdef") == std::string_view::npos) return true;
  }
  return false;
}

Status EditFilesOptions::Validate() const {
  const auto bad = [](const std::string& text) { return Error{ErrorCode::kInvalidArgument, text}; };
  if (directory.empty()) return bad("no directory for the edited pictures is named; add --out DIR");
  if (levels.empty()) return bad("no level is named; choose easy, medium, hard or all");
  for (const std::string& name : edits) {
    if (FindEdit(name) == nullptr)
      return bad("no edit is called '" + name + "'; kantei dataset edits --list names all of them");
  }
  if (chain && !edits.empty()) return bad("--chain draws its own edits; leave out --edits");
  if (count < 1 || count > 10'000) return bad("--count is " + std::to_string(count) + "; choose 1 to 10000");
  if (format != "jpeg" && format != "png")
    return bad("no format is called '" + format + "'; choose jpeg or png");
  if (quality < 1 || quality > 100)
    return bad("--quality is " + std::to_string(quality) + "; choose 1 to 100");
  if (side < 64 || side > 8192) return bad("--side is " + std::to_string(side) + "; choose 64 to 8192");
  return {};
}

Result<EditFilesOutcome> WriteEditedFiles(const std::vector<fs::path>& sources,
                                          const EditFilesOptions& options,
                                          const CancellationToken& cancellation,
                                          const EditFilesReport& report) {
  KANTEI_RETURN_IF_ERROR(options.Validate());
  std::error_code failure;
  fs::create_directories(options.directory, failure);
  if (failure) {
    return Error{ErrorCode::kUnavailable,
                 DisplayPath(options.directory) + " cannot be made: " + failure.message()};
  }
  EditFilesOutcome outcome;
  const bool own_others = !options.others.empty();
  const std::vector<Source> others =
      LoadOthers(own_others ? options.others : sources, own_others, options, cancellation, report);
  // One less: a picture is never pasted onto itself.
  const std::size_t usable = others.empty() ? 0 : others.size() - 1;
  for (const std::string& name : options.edits) {
    if (cancellation.cancelled() || !FindEdit(name)->needs_others || usable >= 3) continue;
    return Error{ErrorCode::kInvalidArgument,
                 "'" + name + "' needs three other pictures besides the one it edits and found " +
                     std::to_string(usable) + "; add --others DIR"};
  }
  KANTEI_TRY(Manifest manifest, Manifest::Open(options.directory / kEditManifest, options.seed));
  const std::set<std::string> done = manifest.known();
  const Writer writer(options, done, others, cancellation);
  std::size_t handled = 0;
  Status disk;
  OrderedPipeline<Made>(
      sources.size(), ThreadCount(options.threads), cancellation,
      [&](std::size_t i) { return writer.Edit(sources[i]); },
      [&](std::size_t, Made&& made) {
        ++handled;
        disk = manifest.Append(made.rows);
        if (!made.disk.ok()) disk = made.disk;
        outcome.written += made.written;
        outcome.kept += made.kept;
        if (!made.source.ok()) {
          ++outcome.failed;
          report.bad_file(made.source.error().message);
        }
        report.source_done();
        return disk.ok();
      });
  if (!disk.ok()) return disk.error();
  outcome.finished = handled == sources.size() && !cancellation.cancelled();
  return outcome;
}

}  // namespace kantei::dataset
