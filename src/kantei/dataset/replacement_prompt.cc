#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "kantei/dataset/object_ontology.h"
#include "kantei/dataset/offline_ideas.h"

namespace kantei::dataset {
namespace {

bool IsLetter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || static_cast<unsigned char>(c) >= 0x80;
}

std::string WithArticle(const std::string& noun) {
  const std::string_view article = Article(noun);
  return article.empty() ? noun : std::string(article) + " " + noun;
}

struct Word {
  std::size_t begin = 0, end = 0;  ///< of its letters
};

std::vector<Word> FindWords(std::string_view text) {
  std::vector<Word> words;
  for (std::size_t at = 0; at < text.size();) {
    if (!IsLetter(text[at])) {
      ++at;
      continue;
    }
    Word word{at, at};
    while (word.end < text.size() && (IsLetter(text[word.end]) || text[word.end] == '\'')) ++word.end;
    words.push_back(word);
    at = word.end;
  }
  return words;
}

bool IsCapital(char c) {
  return c >= 'A' && c <= 'Z';
}

/// The caption with the noun exchanged, empty when the caption does not have the noun.
std::string ExchangeInCaption(const std::string& caption, const std::string& object,
                              const std::string& replacement) {
  const std::vector<Word> words = FindWords(caption);
  const std::size_t length = FindWords(object).size();
  for (std::size_t i = 0; length > 0 && i + length <= words.size(); ++i) {
    const std::string_view here =
        std::string_view(caption).substr(words[i].begin, words[i + length - 1].end - words[i].begin);
    if (CanonicalNoun(here) != object) continue;
    std::size_t begin = words[i].begin;
    std::string put = replacement;
    bool capital = i == 0 && IsCapital(caption[begin]);
    if (i > 0) {
      const Word& before = words[i - 1];
      const std::string article =
          CanonicalNoun(std::string_view(caption).substr(before.begin, before.end - before.begin));
      if (article == "a" || article == "an") {
        begin = before.begin;
        capital = i == 1 && IsCapital(caption[begin]);
        put = WithArticle(replacement);
      }
    }
    if (capital && put.front() >= 'a' && put.front() <= 'z')
      put.front() = static_cast<char>(put.front() - 'a' + 'A');
    return caption.substr(0, begin) + put + caption.substr(words[i + length - 1].end);
  }
  return {};
}

/// The first `most` words, without a comma at the end.
std::string FirstWords(const std::string& text, std::size_t most) {
  std::string out;
  std::size_t words = 0, at = 0;
  while (at < text.size() && words < most) {
    const std::size_t begin = text.find_first_not_of(" \t\r\n", at);
    if (begin == text.npos) break;
    const std::size_t end = std::min(text.find_first_of(" \t\r\n", begin), text.size());
    out += (out.empty() ? "" : " ") + text.substr(begin, end - begin);
    ++words;
    at = end;
  }
  while (out.ends_with(',') || out.ends_with('.')) out.pop_back();
  return out;
}

}  // namespace

std::size_t CountWords(std::string_view text) {
  std::size_t words = 0;
  bool inside = false;
  for (const char c : text) {
    const bool blank = static_cast<unsigned char>(c) <= 0x20;
    if (!blank && !inside) ++words;
    inside = !blank;
  }
  return words;
}

std::string ReplacementPrompt(const SceneDescription& scene, std::size_t object_idx,
                              const std::string& replacement) {
  constexpr std::string_view kEnd = ", realistic photo, natural light, sharp focus";
  constexpr std::size_t kEndWords = 6;
  const std::string object = CanonicalNoun(scene.objects[object_idx].name);
  std::string what = ExchangeInCaption(scene.caption, object, replacement);
  // A caption so long that the noun falls behind its cut says nothing of the replacement.
  if (!what.empty()) {
    what = FirstWords(what, kMaxPromptWords - kEndWords);
    if (what.find(replacement.substr(1)) == what.npos) what.clear();
  }
  if (what.empty()) {
    std::vector<std::string> others;
    for (const SceneObject& other : scene.objects) {
      const std::string name = CanonicalNoun(other.name);
      if (name != object && name != replacement && !name.empty() && others.size() < 3 &&
          CountWords(name) <= 4 && std::find(others.begin(), others.end(), name) == others.end())
        others.push_back(name);
    }
    what = WithArticle(replacement);
    for (std::size_t i = 0; i < others.size(); ++i)
      what += (i == 0 ? " beside " : i + 1 == others.size() ? " and " : ", ") + WithArticle(others[i]);
    what = FirstWords(what, kMaxPromptWords - kEndWords);
  }
  return what + std::string(kEnd);
}

}  // namespace kantei::dataset
