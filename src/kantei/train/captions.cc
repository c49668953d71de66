#include "kantei/train/captions.h"

#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <string_view>
#include <unordered_map>

#include "kantei/base/files.h"

namespace kantei::train {
namespace {

constexpr std::uint64_t kMaxTableBytes = 256ull << 20;
constexpr std::size_t kMaxCaptionBytes = 2000;
constexpr double kCommon = 0.9;  ///< share of the captions from which on a word says nothing
constexpr auto kEmptyWords = std::to_array<std::string_view>(
    {"image", "images",  "img",      "imgs",  "dsc",  "dscn", "dscf", "photo", "photos", "pic",
     "pics",  "picture", "pictures", "jpg",   "jpeg", "png",  "webp", "copy",  "final",  "edited",
     "file",  "files",   "data",     "train", "test", "val",  "set",  "thumb"});

bool IsLetter(char c) {
  return (c >= 'a' && c <= 'z') || static_cast<unsigned char>(c) >= 0x80;
}
bool IsHex(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
}

/// Eight and more hexadecimal digits with a number among them.
bool IsHash(std::string_view text) {
  return text.size() >= 8 && std::all_of(text.begin(), text.end(), IsHex) &&
         std::any_of(text.begin(), text.end(), [](char c) { return c <= '9'; });
}

std::vector<std::string> WordsOf(const std::filesystem::path& path) {
  std::string text = DisplayPath(path.parent_path() / path.stem()) + "/";
  for (char& c : text)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  std::vector<std::string> words;
  std::string run, word;  // run: letters and digits
  const auto take = [&] {
    if (word.size() > 1 && std::find(kEmptyWords.begin(), kEmptyWords.end(), word) == kEmptyWords.end() &&
        std::find(words.begin(), words.end(), word) == words.end())
      words.push_back(word);
    word.clear();
  };
  for (const char c : text) {
    if (IsLetter(c) || (c >= '0' && c <= '9')) {
      run += c;
      continue;
    }
    if (!IsHash(run)) {
      for (const char part : run) {
        if (IsLetter(part))
          word += part;
        else
          take();
      }
      take();
    }
    run.clear();
  }
  return words;
}

std::string Joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : " ") + word;
  return text;
}

std::filesystem::path BelowRoot(const std::filesystem::path& file,
                                const std::vector<std::filesystem::path>& roots) {
  for (const std::filesystem::path& root : roots) {
    const std::filesystem::path below = file.lexically_normal().lexically_relative(root.lexically_normal());
    if (!below.empty() && *below.begin() != ".." && below != ".") return below;
  }
  return file.filename();
}

using Table = std::unordered_map<std::string, std::string>;

Result<Table> ReadTable(const std::filesystem::path& path) {
  KANTEI_TRY(const std::string text, ReadTextFile(path, kMaxTableBytes));
  Table table;
  std::size_t number = 0;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    std::string_view line = std::string_view(text).substr(at, end - at);
    at = end + 1;
    ++number;
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.empty() || line == "path\tcaption") continue;
    const std::size_t tab = line.find('\t');
    const std::string_view caption =
        tab == std::string_view::npos ? "" : line.substr(tab + 1, line.find('\t', tab + 1) - tab - 1);
    if (tab == std::string_view::npos || tab == 0 || caption.size() > kMaxCaptionBytes)
      return Error{ErrorCode::kCorrupt, DisplayPath(path) + ": line " + std::to_string(number) +
                                            " is not a path, a tab and a caption of at most " +
                                            std::to_string(kMaxCaptionBytes) + " bytes"};
    const std::filesystem::path named(line.substr(0, tab));
    for (const auto& key : {named, path.parent_path() / named})
      table.try_emplace(key.lexically_normal().string(), caption);
  }
  return table;
}

}  // namespace

std::string CaptionFromPath(const std::filesystem::path& path) {
  return Joined(WordsOf(path));
}

Result<std::vector<std::string>> CaptionPictures(const std::vector<std::filesystem::path>& files,
                                                 const std::vector<std::filesystem::path>& roots,
                                                 const std::filesystem::path& table_file) {
  std::vector<std::string> captions;
  if (!table_file.empty()) {
    KANTEI_TRY(const Table table, ReadTable(table_file));
    std::size_t found = 0;
    for (const std::filesystem::path& file : files) {
      const auto entry = table.find(file.lexically_normal().string());
      captions.push_back(entry == table.end() ? "" : entry->second);
      found += entry == table.end() ? 0 : 1;
    }
    if (found == 0 && !files.empty())
      return Error{ErrorCode::kNotFound, DisplayPath(table_file) +
                                             " names none of the pictures; its paths must be as on the "
                                             "command line, or relative to its own folder"};
    return captions;
  }
  std::vector<std::vector<std::string>> words;
  std::map<std::string, std::size_t> count;
  for (const std::filesystem::path& file : files) {
    words.push_back(WordsOf(BelowRoot(file, roots)));
    for (const std::string& word : words.back()) ++count[word];
  }
  for (std::vector<std::string>& of_file : words) {
    if (files.size() >= 10)
      std::erase_if(of_file, [&](const std::string& word) {
        return static_cast<double>(count[word]) >= kCommon * static_cast<double>(files.size());
      });
    captions.push_back(Joined(of_file));
  }
  return captions;
}

}  // namespace kantei::train
