#include "kantei/generate/segmented_subject.h"

#include <algorithm>
#include <array>
#include <functional>
#include <optional>
#include <utility>

#include "kantei/generate/avoid_masks.h"

namespace kantei::generate {
namespace {

constexpr std::size_t kListed = 12;
// What fills the rest of a scene in ADE20K, Cityscapes, COCO-Stuff and Pascal.
constexpr std::array<std::string_view, 44> kBackdrops = {
    "background", "void",   "unlabeled", "other",      "wall",   "sky",      "clouds", "floor",
    "ceiling",    "road",   "sidewalk",  "pavement",   "path",   "grass",    "earth",  "ground",
    "field",      "sea",    "water",     "sand",       "river",  "lake",     "hill",   "land",
    "dirt",       "runway", "terrain",   "vegetation", "snow",   "fog",      "leaves", "mountain",
    "windowpane", "window", "curtain",   "rug",        "carpet", "building", "tree",   "platform",
    "parking",    "gravel", "mud",       "swimming"};

/// Words in lower case; everything but letters and digits (and what is beyond ASCII) parts them.
std::vector<std::string> WordsIn(std::string_view text) {
  std::vector<std::string> words;
  bool open = false;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    const bool letter = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || byte >= 0x80;
    const bool capital = c >= 'A' && c <= 'Z';
    if (letter || capital) {
      if (!open) words.emplace_back();
      words.back() += capital ? static_cast<char>(c - 'A' + 'a') : c;
    }
    open = letter || capital;
  }
  return words;
}

/// The names of a class: "person, individual" has two.
std::vector<std::vector<std::string>> NamesIn(std::string_view class_name) {
  std::vector<std::vector<std::string>> names;
  while (true) {
    const std::size_t end = class_name.find_first_of(",;");
    std::vector<std::string> words = WordsIn(class_name.substr(0, end));
    if (!words.empty()) names.push_back(std::move(words));
    if (end == std::string_view::npos) return names;
    class_name.remove_prefix(end + 1);
  }
}

bool IsPluralOf(std::string_view longer, std::string_view shorter) {
  return longer.starts_with(shorter) &&
         (longer.substr(shorter.size()) == "s" || longer.substr(shorter.size()) == "es");
}

bool SameWord(std::string_view a, std::string_view b) {
  return a == b || IsPluralOf(a, b) || IsPluralOf(b, a);
}

bool Follows(const std::vector<std::string>& words, const std::vector<std::string>& name) {
  return std::search(words.begin(), words.end(), name.begin(), name.end(), SameWord) != words.end();
}

/// The largest of the classes that fit and whose mask is a subject's.
std::optional<SubjectMask> LargestOf(const nn::Segmentation& segmentation,
                                     const std::vector<std::string>& class_names,
                                     const std::function<bool(const std::string&)>& fits, const char* by) {
  std::vector<std::size_t> found;
  for (std::size_t i = 0; i < class_names.size(); ++i)
    if (segmentation.shares[i] > 0 && fits(class_names[i])) found.push_back(i);
  std::stable_sort(found.begin(), found.end(), [&](std::size_t a, std::size_t b) {
    return segmentation.shares[a] > segmentation.shares[b];
  });
  for (const std::size_t i : found) {
    // Pixels are of the class or not: a map of two levels.
    auto mask = MaskOfRegion(segmentation.MaskOf(static_cast<int>(i)), MaskSource::kSegmentation, 1);
    if (!mask) continue;
    mask->class_name = class_names[i];
    mask->class_by = by;
    return mask;
  }
  return std::nullopt;
}

bool HasName(const std::string& class_name, const std::string& subject) {
  const std::vector<std::string> wanted = WordsIn(subject);
  const auto names = NamesIn(class_name);
  return WordsIn(class_name) == wanted || std::find(names.begin(), names.end(), wanted) != names.end();
}

}  // namespace

bool NamesClass(const std::vector<std::string>& words, std::string_view class_name) {
  std::vector<std::string> kinds;
  for (const std::string& word : words)
    if (const std::string_view kind = SceneClassOf(word); !kind.empty()) kinds.emplace_back(kind);
  for (const std::vector<std::string>& name : NamesIn(class_name)) {
    if (Follows(words, name)) return true;
    if (name.size() == 1 && std::find(kinds.begin(), kinds.end(), name.front()) != kinds.end()) return true;
  }
  return false;
}

bool IsBackdrop(std::string_view class_name) {
  const auto names = NamesIn(class_name);
  if (names.empty()) return true;
  return std::find(kBackdrops.begin(), kBackdrops.end(), names.front().front()) != kBackdrops.end();
}

Status CheckSubjectName(const std::vector<std::string>& class_names, const std::string& subject) {
  for (const std::string& name : class_names)
    if (HasName(name, subject)) return {};
  std::string known;
  for (std::size_t i = 0; i < std::min(kListed, class_names.size()); ++i)
    known += (i == 0 ? "" : ", ") + class_names[i];
  return Error{ErrorCode::kNotFound, "the segmenter has no class named " + subject + "; of its " +
                                         std::to_string(class_names.size()) + " the first are " + known};
}

SubjectMask SubjectOfSegmentation(const nn::Segmentation& segmentation,
                                  const std::vector<std::string>& class_names,
                                  const std::vector<std::string>& words, const std::string& subject) {
  const auto largest = [&](const std::function<bool(const std::string&)>& fits, const char* by) {
    return LargestOf(segmentation, class_names, fits, by);
  };
  std::optional<SubjectMask> mask;
  if (!subject.empty()) {
    mask = largest([&](const std::string& name) { return HasName(name, subject); }, "subject");
  } else {
    mask = largest([&](const std::string& name) { return NamesClass(words, name); }, "word");
    if (!mask) mask = largest([](const std::string& name) { return !IsBackdrop(name); }, "largest");
  }
  if (mask) return *std::move(mask);
  return {image::Image(segmentation.width, segmentation.height, 1), MaskSource::kNone, 0, 0, "", ""};
}

}  // namespace kantei::generate
