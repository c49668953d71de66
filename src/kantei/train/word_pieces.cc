#include "kantei/train/word_pieces.h"

#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <unordered_map>

#include "kantei/base/result.h"

namespace kantei::train {
namespace {

using Pair = std::pair<std::string, std::string>;

std::string Utf8(int code) {
  if (code < 0x80) return {static_cast<char>(code)};
  return {static_cast<char>(0xC0 | code >> 6), static_cast<char>(0x80 | (code & 0x3F))};
}

/// GPT-2's visible stand-ins of the 256 bytes, and the order in which its vocabulary lists them.
struct ByteSymbols {
  std::array<std::string, 256> of;
  std::vector<std::string> ordered;
  ByteSymbols() {
    const auto visible = [](int b) {
      return (b >= '!' && b <= '~') || (b >= 0xA1 && b <= 0xAC) || (b >= 0xAE && b <= 0xFF);
    };
    int hidden = 0;
    for (int b = 0; b < 256; ++b) of[static_cast<std::size_t>(b)] = Utf8(visible(b) ? b : 256 + hidden++);
    for (const bool wanted : {true, false})
      for (int b = 0; b < 256; ++b)
        if (visible(b) == wanted) ordered.push_back(of[static_cast<std::size_t>(b)]);
  }
};

/// A different word of the captions, in its present pieces.
struct Word {
  std::vector<std::string> pieces;
  std::int64_t count = 0;
};

/// CLIP's rule: letters together, digits one by one, other signs together. Bytes above ASCII count as letters here.
std::map<std::string, std::int64_t> CountWords(const std::vector<std::string>& captions) {
  std::map<std::string, std::int64_t> counts;
  for (const std::string& caption : captions) {
    std::string word;
    int kind = 0;
    const auto take = [&] {
      if (!word.empty()) ++counts[word];
      word.clear();
    };
    for (char c : caption) {
      if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
      const bool blank = c == ' ' || (c >= '\t' && c <= '\r');
      const int now = blank                                                             ? 0
                      : (c >= 'a' && c <= 'z') || static_cast<unsigned char>(c) >= 0x80 ? 1
                      : c >= '0' && c <= '9'                                            ? 2
                                                                                        : 3;
      if (now != kind || now == 2) take();
      kind = now;
      if (!blank) word += c;
    }
    take();
  }
  return counts;
}

class Merger {
 public:
  explicit Merger(std::vector<Word> words) : words_(std::move(words)) {
    for (std::size_t w = 0; w < words_.size(); ++w) Count(w, 1);
  }

  /// The pair to merge next; false when no word has two pieces.
  bool Best(Pair* best) const {
    std::int64_t most = 0;
    for (const auto& [pair, places] : pairs_) {
      if (places.count > most) {
        most = places.count;
        *best = pair;
      }
    }
    return most > 0;
  }

  void Merge(const Pair& pair) {
    const std::set<std::size_t> touched = pairs_[pair].words;
    for (const std::size_t w : touched) {
      Count(w, -1);
      std::vector<std::string> merged;
      const std::vector<std::string>& pieces = words_[w].pieces;
      for (std::size_t i = 0; i < pieces.size(); ++i) {
        const bool here = i + 1 < pieces.size() && pieces[i] == pair.first && pieces[i + 1] == pair.second;
        merged.push_back(here ? pair.first + pair.second : pieces[i]);
        i += here ? 1 : 0;
      }
      words_[w].pieces = std::move(merged);
      Count(w, 1);
    }
  }

 private:
  struct Places {
    std::int64_t count = 0;
    std::set<std::size_t> words;
  };

  void Count(std::size_t w, int sign) {
    const Word& word = words_[w];
    for (std::size_t i = 0; i + 1 < word.pieces.size(); ++i) {
      const Pair pair{word.pieces[i], word.pieces[i + 1]};
      Places& places = pairs_[pair];
      places.count += sign * word.count;
      if (sign > 0)
        places.words.insert(w);
      else
        places.words.erase(w);
      if (places.count == 0) pairs_.erase(pair);
    }
  }

  std::vector<Word> words_;
  std::map<Pair, Places> pairs_;  // in order, so that the first of equal ones is always the same
};

}  // namespace

generate::ClipVocabulary LearnWordPieces(const std::vector<std::string>& captions, int max_tokens) {
  KANTEI_CHECK(max_tokens >= 514);
  const ByteSymbols symbols;
  std::vector<Word> words;
  for (const auto& [text, count] : CountWords(captions)) {
    Word word;
    word.count = count;
    for (const char c : text) word.pieces.push_back(symbols.of[static_cast<unsigned char>(c)]);
    word.pieces.back() += "</w>";
    words.push_back(std::move(word));
  }
  generate::ClipVocabulary made;
  made.words = symbols.ordered;
  for (const std::string& symbol : symbols.ordered) made.words.push_back(symbol + "</w>");
  std::set<std::string> known(made.words.begin(), made.words.end());
  Merger merger(std::move(words));
  for (Pair best; made.words.size() + 2 < static_cast<std::size_t>(max_tokens) && merger.Best(&best);) {
    merger.Merge(best);
    made.merges.push_back(best);
    // Two merges may make one token in two ways.
    if (known.insert(best.first + best.second).second) made.words.push_back(best.first + best.second);
  }
  made.words.push_back(made.begin);
  made.words.push_back(made.end);
  return made;
}

}  // namespace kantei::train
