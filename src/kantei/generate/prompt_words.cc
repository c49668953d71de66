#include "kantei/generate/prompt_words.h"

#include <algorithm>
#include <array>

namespace kantei::generate {
namespace {

constexpr std::string_view kWordEnd = "</w>";
constexpr std::array<std::string_view, 44> kStopWords = {
    "a",    "an",   "the",   "of",   "in",   "on",    "at",      "with",    "without", "and",  "or",
    "by",   "for",  "from",  "to",   "into", "over",  "under",   "near",    "is",      "are",  "its",
    "his",  "her",  "their", "this", "that", "these", "those",   "as",      "some",    "very", "photo",
    "view", "shot", "image", "pic",  "like", "style", "picture", "drawing", "behind",  "up",   "s"};

/// Letters or digits, or anything beyond ASCII: the tokenizer writes such bytes as characters beyond it.
bool Says(std::string_view word) {
  return std::any_of(word.begin(), word.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte >= 0x80 || (byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'z') ||
           (byte >= 'A' && byte <= 'Z');
  });
}

struct Word {
  std::string text;
  std::size_t first = 0, behind = 0;  // tokens
};

std::vector<Word> WordsOf(const ClipTokenizer& tokenizer, const std::vector<std::int64_t>& ids) {
  const ClipVocabulary& vocabulary = tokenizer.vocabulary();
  std::vector<Word> words;
  bool open = false;
  for (std::size_t i = 0; i < ids.size(); ++i) {
    std::string_view piece = vocabulary.words[static_cast<std::size_t>(ids[i])];
    const bool special = piece == vocabulary.begin || piece == vocabulary.end ||
                         piece == vocabulary.unknown || piece == vocabulary.pad;
    if (special) {
      open = false;
      continue;
    }
    const bool ends = piece.ends_with(kWordEnd);
    if (ends) piece.remove_suffix(kWordEnd.size());
    if (!open) words.push_back({"", i, i});
    words.back().text += piece;
    words.back().behind = i + 1;
    open = !ends;
  }
  std::erase_if(words, [](const Word& word) { return !Says(word.text); });
  return words;
}

}  // namespace

Result<PromptWords> FindContentWords(const ClipTokenizer& tokenizer, std::string_view prompt,
                                     std::size_t length) {
  KANTEI_TRY(const std::vector<std::int64_t> ids, tokenizer.Tokens(prompt));
  std::vector<Word> words = WordsOf(tokenizer, ids);
  const auto stops = [](const Word& word) {
    return std::find(kStopWords.begin(), kStopWords.end(), word.text) != kStopWords.end();
  };
  if (!std::all_of(words.begin(), words.end(), stops)) std::erase_if(words, stops);
  PromptWords found;
  found.content.assign(length, 0), found.informed.assign(length, 0);
  const auto chunk = static_cast<std::size_t>(tokenizer.length()), room = chunk - 2;
  for (const Word& word : words) {
    const auto place = [&](std::size_t token) { return token / room * chunk + 1 + token % room; };
    if (place(word.behind - 1) >= length) break;  // left out with the prompt's end
    for (std::size_t token = word.first; token < word.behind; ++token) {
      const std::size_t at = place(token);
      found.content[at] = 1;
      const auto end = static_cast<std::ptrdiff_t>((at / chunk + 1) * chunk);
      std::fill(found.informed.begin() + static_cast<std::ptrdiff_t>(at), found.informed.begin() + end, 1.0f);
    }
    found.words.push_back(word.text);
  }
  return found;
}

}  // namespace kantei::generate
