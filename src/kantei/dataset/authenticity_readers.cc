#include "kantei/dataset/authenticity_readers.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <map>

#include "kantei/base/files.h"
#include "kantei/dataset/authenticity_set.h"

namespace kantei::dataset {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kMaxBytes = 1ull << 30;

struct NamedLayout {
  AuthenticityLayout layout;
  std::string_view name;
};
constexpr std::array<NamedLayout, 6> kLayouts = {{{AuthenticityLayout::kSet, "set"},
                                                  {AuthenticityLayout::kAnimeDl2m, "animedl2m"},
                                                  {AuthenticityLayout::kPairs, "pairs"},
                                                  {AuthenticityLayout::kTpGt, "tp-gt"},
                                                  {AuthenticityLayout::kCasia, "casia"},
                                                  {AuthenticityLayout::kCsv, "csv"}}};

std::string Lower(std::string text) {
  for (char& c : text) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return text;
}

bool IsFolder(const fs::path& path) {
  std::error_code failure;
  return fs::is_directory(path, failure);
}
bool IsFile(const fs::path& path) {
  std::error_code failure;
  return fs::is_regular_file(path, failure);
}

Result<std::vector<fs::path>> Pictures(const fs::path& folder) {
  KANTEI_TRY(std::vector<fs::path> files, ListFiles(std::array{folder}));
  std::erase_if(files, [](const fs::path& file) { return !HasImageExtension(file); });
  return files;
}

/// The subfolder whose name in lower case satisfies `fits`; the first in order of names, empty when there is none.
template <typename Fits>
fs::path Subfolder(const fs::path& directory, const Fits& fits) {
  std::vector<fs::path> found;
  std::error_code failure;
  for (fs::directory_iterator it(directory, failure), end; !failure && it != end; it.increment(failure))
    if (IsFolder(it->path()) && fits(Lower(it->path().filename().string()))) found.push_back(it->path());
  return found.empty() ? fs::path() : *std::min_element(found.begin(), found.end());
}
fs::path Named(const fs::path& directory, std::string_view name) {
  return Subfolder(directory, [&](const std::string& folder) { return folder == name; });
}
fs::path Masks(const fs::path& directory) {
  return Subfolder(directory, [](const std::string& folder) {
    return folder == "gt" || folder == "mask" || folder == "masks" ||
           folder.find("groundtruth") != std::string::npos ||
           folder.find("ground_truth") != std::string::npos;
  });
}

std::string SourceOf(const AuthenticityReadOptions& options, const fs::path& path) {
  if (!options.source.empty()) return options.source;
  const fs::path name = path.has_filename() ? path.filename() : path.parent_path().filename();
  const std::string shown = DisplayPath(name);
  return shown.empty() ? "unknown" : shown.substr(0, 100);
}
std::string EngineOf(const AuthenticityReadOptions& options, std::string otherwise = "unknown") {
  return options.engine.empty() ? std::move(otherwise) : options.engine;
}

Result<std::vector<AuthenticitySample>> ReadTpGt(const fs::path& directory,
                                                 const AuthenticityReadOptions& options) {
  const fs::path tampered = Named(directory, "tp"), truth = Named(directory, "gt");
  if (tampered.empty() || truth.empty())
    return Error{ErrorCode::kNotFound, DisplayPath(directory) + " has no folders Tp and Gt"};
  KANTEI_TRY(const std::vector<fs::path> pictures, Pictures(tampered));
  KANTEI_TRY(const std::vector<fs::path> masks, Pictures(truth));
  if (pictures.size() != masks.size())
    return Error{ErrorCode::kCorrupt, DisplayPath(directory) + " has " + std::to_string(pictures.size()) +
                                          " pictures in Tp and " + std::to_string(masks.size()) +
                                          " masks in Gt; they are paired by order and must be as many"};
  std::vector<AuthenticitySample> samples;
  for (std::size_t i = 0; i < pictures.size(); ++i)
    samples.push_back(
        {pictures[i], masks[i], {}, History::kEdited, EngineOf(options), SourceOf(options, directory), ""});
  return samples;
}

/// Tp_D_CRN_... of CASIA: D copies from another picture, S moves within the same one.
std::string CasiaEngine(const fs::path& picture) {
  const std::string name = Lower(picture.filename().string());
  if (name.starts_with("tp_d")) return "splice";
  if (name.starts_with("tp_s") || name.starts_with("sp_s")) return "copy-move";
  return "unknown";
}

Result<std::vector<AuthenticitySample>> ReadCasia(const fs::path& directory,
                                                  const AuthenticityReadOptions& options) {
  const fs::path authentic = Named(directory, "au"), tampered = Named(directory, "tp"),
                 truth = Masks(directory);
  if (authentic.empty() || tampered.empty() || truth.empty())
    return Error{
        ErrorCode::kNotFound,
        DisplayPath(directory) + " has no folders Au, Tp and one of masks (Gt, masks or ...groundtruth)"};
  std::map<std::string, fs::path> masks;
  KANTEI_TRY(const std::vector<fs::path> truths, Pictures(truth));
  for (const fs::path& mask : truths) {
    std::string stem = mask.stem().string();
    for (const std::string_view ending : {"_gt", "_mask"})
      if (stem.ends_with(ending)) {
        stem.resize(stem.size() - ending.size());
        break;
      }
    masks.emplace(stem, mask);
  }
  std::vector<AuthenticitySample> samples;
  KANTEI_TRY(const std::vector<fs::path> real, Pictures(authentic));
  for (const fs::path& picture : real)
    samples.push_back({picture, {}, {}, History::kAuthentic, "authentic", SourceOf(options, directory), ""});
  KANTEI_TRY(const std::vector<fs::path> fakes, Pictures(tampered));
  for (const fs::path& picture : fakes) {
    const auto mask = masks.find(picture.stem().string());
    if (mask == masks.end())
      return Error{ErrorCode::kNotFound, DisplayPath(picture) + " has no mask in " + DisplayPath(truth) +
                                             "; expected " + DisplayPath(picture.stem()) + "_gt.png"};
    samples.push_back({picture,
                       mask->second,
                       {},
                       History::kEdited,
                       EngineOf(options, CasiaEngine(picture)),
                       SourceOf(options, directory),
                       ""});
  }
  return samples;
}

/// AnimeDL-2M's lists are one file or a folder of them.
Result<std::vector<AuthenticitySample>> ReadAnimeDl2m(const fs::path& path,
                                                      const AuthenticityReadOptions& options) {
  std::vector<fs::path> files = {path};
  if (IsFolder(path)) {
    KANTEI_TRY(files, ListFiles(std::array{path}));
    std::erase_if(files, [](const fs::path& file) { return file.extension() != ".json"; });
    if (files.empty()) return Error{ErrorCode::kNotFound, DisplayPath(path) + " holds no .json lists"};
  }
  std::vector<AuthenticitySample> samples;
  for (const fs::path& file : files) {
    KANTEI_TRY(const std::string text, ReadTextFile(file, kMaxBytes));
    KANTEI_TRY(std::vector<AuthenticitySample> more,
               ParseAnimeDl2m(text, options, file.parent_path(), DisplayPath(file)));
    samples.insert(samples.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
  }
  return samples;
}

Result<AuthenticityLayout> Guess(const fs::path& path) {
  std::error_code failure;
  if (!fs::exists(path, failure)) return FileError(path, "cannot be read");
  if (IsFolder(path)) {
    if (IsFile(path / kAuthenticitySetFile)) return AuthenticityLayout::kSet;
    if (!Named(path, "au").empty()) return AuthenticityLayout::kCasia;
    if (!Named(path, "tp").empty()) return AuthenticityLayout::kTpGt;
    for (fs::directory_iterator it(path, failure), end; !failure && it != end; it.increment(failure))
      if (it->path().extension() == ".json") return AuthenticityLayout::kAnimeDl2m;
  } else {
    const std::string extension = Lower(path.extension().string());
    if (path.filename() == kAuthenticitySetFile) return AuthenticityLayout::kSet;
    if (extension == ".csv") return AuthenticityLayout::kCsv;
    if (extension == ".json") {
      // Both kinds of list are arrays; their first records differ.
      KANTEI_TRY(const std::string text, ReadTextFile(path, kMaxBytes));
      const std::size_t open = text.find('[');
      const std::size_t next = open == std::string::npos ? open : text.find_first_not_of(" \t\r\n", open + 1);
      return next != std::string::npos && text[next] == '[' ? AuthenticityLayout::kPairs
                                                            : AuthenticityLayout::kAnimeDl2m;
    }
  }
  return Error{ErrorCode::kInvalidArgument,
               DisplayPath(path) +
                   " is in no known layout: expected a folder with samples.tsv, Tp and Gt, or Au, Tp "
                   "and masks, a .json list or a .csv table"};
}

}  // namespace

std::string_view LayoutName(AuthenticityLayout layout) {
  for (const NamedLayout& named : kLayouts)
    if (named.layout == layout) return named.name;
  return "set";
}

Result<AuthenticityLayout> ParseLayout(std::string_view name) {
  for (const NamedLayout& named : kLayouts)
    if (named.name == name) return named.layout;
  return Error{ErrorCode::kInvalidArgument,
               "the layout \"" + std::string(name) +
                   "\" is not known; choose set, animedl2m, pairs, tp-gt, casia or csv"};
}

Result<std::vector<AuthenticitySample>> ReadAuthenticitySamples(const fs::path& path,
                                                                const AuthenticityReadOptions& options) {
  Result<AuthenticityLayout> layout =
      options.layout ? Result<AuthenticityLayout>(*options.layout) : Guess(path);
  if (!layout.ok()) return layout.error();
  const auto read = [&]() -> Result<std::vector<AuthenticitySample>> {
    switch (*layout) {
      case AuthenticityLayout::kSet:
        return ReadAuthenticitySet(IsFolder(path) ? path : path.parent_path());
      case AuthenticityLayout::kAnimeDl2m:
        return ReadAnimeDl2m(path, options);
      case AuthenticityLayout::kTpGt:
        return ReadTpGt(path, options);
      case AuthenticityLayout::kCasia:
        return ReadCasia(path, options);
      case AuthenticityLayout::kPairs:
      case AuthenticityLayout::kCsv:
        break;
    }
    KANTEI_TRY(const std::string text, ReadTextFile(path, kMaxBytes));
    const auto parse = *layout == AuthenticityLayout::kPairs ? ParsePairs : ParseSampleCsv;
    return parse(text, options, path.parent_path(), DisplayPath(path));
  };
  KANTEI_TRY(std::vector<AuthenticitySample> samples, read());
  if (!options.split.empty())
    std::erase_if(samples, [&](const AuthenticitySample& sample) { return sample.split != options.split; });
  if (samples.empty())
    return Error{ErrorCode::kNotFound,
                 DisplayPath(path) + " has no samples" +
                     (options.split.empty() ? "" : " of the split \"" + options.split + "\"")};
  return samples;
}

Result<std::vector<AuthenticitySample>> ReadTwoFolders(const fs::path& authentic, const fs::path& fake,
                                                       History history,
                                                       const AuthenticityReadOptions& options) {
  std::vector<AuthenticitySample> samples;
  for (const bool is_fake : {false, true}) {
    const fs::path& folder = is_fake ? fake : authentic;
    if (!IsFolder(folder))
      return Error{ErrorCode::kNotFound, DisplayPath(folder) + " is no folder; expected one with pictures"};
    KANTEI_TRY(const std::vector<fs::path> files, Pictures(folder));
    if (files.empty()) return Error{ErrorCode::kNotFound, DisplayPath(folder) + " holds no pictures"};
    for (const fs::path& file : files)
      samples.push_back({file,
                         {},
                         {},
                         is_fake ? history : History::kAuthentic,
                         is_fake ? EngineOf(options, SourceOf(options, folder)) : std::string("authentic"),
                         SourceOf(options, folder),
                         ""});
  }
  return samples;
}

}  // namespace kantei::dataset
