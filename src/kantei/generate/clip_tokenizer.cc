#include "kantei/generate/clip_tokenizer.h"

#include <algorithm>
#include <array>
#include <limits>
#include <queue>
#include <set>
#include <unordered_map>

#include "kantei/generate/unicode_text.h"

namespace kantei::generate {
namespace {

constexpr std::string_view kWordEnd = "</w>";
constexpr std::array<std::string_view, 7> kEndings = {"'s", "'t", "'re", "'ve", "'m", "'ll", "'d"};

// GPT-2's printable characters for bytes: those that print stand for themselves, the others for U+0100 and on.
std::array<std::string, 256> MakeByteCharacters() {
  std::array<std::string, 256> characters;
  char32_t next = 0x100;
  for (unsigned byte = 0; byte < 256; ++byte) {
    const bool prints = (byte >= 0x21 && byte <= 0x7E) || (byte >= 0xA1 && byte <= 0xAC) || byte >= 0xAE;
    AppendUtf8(prints ? byte : next++, &characters[byte]);
  }
  return characters;
}

const std::array<std::string, 256>& ByteCharacters() {
  static const std::array<std::string, 256> characters = MakeByteCharacters();
  return characters;
}

std::string CollapseSpaces(std::string_view text) {
  std::string collapsed;
  bool in_space = false;
  for (std::size_t at = 0; at < text.size();) {
    const char32_t code_point = NextCodePoint(text, &at);
    const bool space = IsSpace(code_point);
    if (!space) AppendUtf8(code_point, &collapsed);
    if (space && !in_space) collapsed.push_back(' ');
    in_space = space;
  }
  return collapsed;
}

// The pieces of normalised text that are encoded one by one:
//   's | 't | 're | 've | 'm | 'll | 'd | letters | one number | anything else but spaces
template <typename Use>
void ForEachPiece(std::string_view text, const Use& use) {
  const auto ending = [&](std::size_t at) {
    for (const std::string_view each : kEndings) {
      if (text.substr(at).starts_with(each)) return each.size();
    }
    return std::size_t{0};
  };
  enum class Kind { kSpace, kLetter, kNumber, kOther };
  const auto kind_of = [](char32_t c) {
    return IsSpace(c)    ? Kind::kSpace
           : IsLetter(c) ? Kind::kLetter
           : IsNumber(c) ? Kind::kNumber
                         : Kind::kOther;
  };
  for (std::size_t at = 0; at < text.size();) {
    std::size_t end = at;
    if (const std::size_t size = ending(at); size > 0) {
      end = at + size;
    } else {
      const Kind kind = kind_of(NextCodePoint(text, &end));
      while ((kind == Kind::kLetter || kind == Kind::kOther) && end < text.size()) {
        std::size_t behind = end;
        if (kind_of(NextCodePoint(text, &behind)) != kind) break;
        end = behind;
      }
      if (kind == Kind::kSpace) {
        at = end;
        continue;
      }
    }
    use(text.substr(at, end - at));
    at = end;
  }
}

std::uint64_t PairKey(std::uint32_t left, std::uint32_t right) {
  return std::uint64_t{left} << 32 | right;
}

}  // namespace

struct ClipTokenizer::State {
  struct Merge {
    std::uint32_t rank, result;
  };
  ClipVocabulary vocabulary;
  int length = 77;
  std::unordered_map<std::string_view, std::uint32_t> ids;  // views of vocabulary.words
  std::unordered_map<std::uint64_t, Merge> merges;
  std::vector<std::string> specials;  // the longest first
  std::int64_t begin = 0, end = 0, unknown = 0, pad = 0;

  // Ids of one piece: bytes, then the merge of lowest rank, leftmost first, until none is left.
  void EncodePiece(std::string_view piece, std::vector<std::int64_t>* out) const {
    struct Symbol {
      std::uint32_t id;
      int before, behind;
      bool alive;
    };
    std::vector<Symbol> symbols;
    for (std::size_t i = 0; i < piece.size(); ++i) {
      std::string character = ByteCharacters()[static_cast<std::uint8_t>(piece[i])];
      const bool last = i + 1 == piece.size();
      if (last) character += kWordEnd;
      const auto found = ids.find(character);
      symbols.push_back({found != ids.end() ? found->second : static_cast<std::uint32_t>(unknown),
                         static_cast<int>(i) - 1, last ? -1 : static_cast<int>(i) + 1, true});
    }
    struct Candidate {
      std::uint32_t rank;
      int left;
      std::uint32_t left_id, right_id, result;
    };
    const auto later = [](const Candidate& a, const Candidate& b) {
      return a.rank != b.rank ? a.rank > b.rank : a.left > b.left;
    };
    std::priority_queue<Candidate, std::vector<Candidate>, decltype(later)> queue(later);
    const auto propose = [&](int left) {
      if (left < 0 || symbols[static_cast<std::size_t>(left)].behind < 0) return;
      const Symbol& a = symbols[static_cast<std::size_t>(left)];
      const Symbol& b = symbols[static_cast<std::size_t>(a.behind)];
      if (const auto found = merges.find(PairKey(a.id, b.id)); found != merges.end())
        queue.push({found->second.rank, left, a.id, b.id, found->second.result});
    };
    for (std::size_t i = 0; i < symbols.size(); ++i) propose(static_cast<int>(i));
    while (!queue.empty()) {
      const Candidate next = queue.top();
      queue.pop();
      Symbol& a = symbols[static_cast<std::size_t>(next.left)];
      if (!a.alive || a.id != next.left_id || a.behind < 0) continue;
      Symbol& b = symbols[static_cast<std::size_t>(a.behind)];
      if (b.id != next.right_id) continue;
      a.id = next.result;
      b.alive = false;
      a.behind = b.behind;
      if (b.behind >= 0) symbols[static_cast<std::size_t>(b.behind)].before = next.left;
      propose(a.before);
      propose(next.left);
    }
    for (const Symbol& symbol : symbols) {
      if (symbol.alive) out->push_back(symbol.id);
    }
  }

  void EncodePlain(std::string_view text, std::vector<std::int64_t>* out) const {
    const std::string normal = LowerText(CollapseSpaces(ComposeText(text)));
    ForEachPiece(normal, [&](std::string_view piece) { EncodePiece(piece, out); });
  }
};

Result<ClipTokenizer> ClipTokenizer::Make(ClipVocabulary vocabulary, int length) {
  const auto invalid = [](const std::string& what) {
    return Error{ErrorCode::kInvalidArgument, "the tokenizer's " + what};
  };
  if (length < 3 || length > 4096) return invalid("length must be 3 to 4096 ids");
  if (vocabulary.words.size() > std::numeric_limits<std::int32_t>::max())
    return invalid("vocabulary has too many words");
  auto state = std::make_shared<State>();
  state->vocabulary = std::move(vocabulary);
  state->length = length;
  const ClipVocabulary& kept = state->vocabulary;
  for (std::size_t id = 0; id < kept.words.size(); ++id) {
    if (kept.words[id].empty()) continue;
    if (!state->ids.emplace(kept.words[id], static_cast<std::uint32_t>(id)).second)
      return invalid("vocabulary has " + kept.words[id] + " twice");
  }
  std::string missing;
  const auto id_of = [&](const std::string& word) -> std::uint32_t {
    const auto found = state->ids.find(word);
    if (found != state->ids.end()) return found->second;
    if (missing.empty()) missing = word;
    return 0;
  };
  state->begin = id_of(kept.begin);
  state->end = id_of(kept.end);
  state->unknown = id_of(kept.unknown);
  state->pad = id_of(kept.pad);
  if (!missing.empty()) return invalid("special token " + missing + " is not in its vocabulary");
  for (std::size_t rank = 0; rank < kept.merges.size(); ++rank) {
    const auto& [left, right] = kept.merges[rank];
    const State::Merge merge{static_cast<std::uint32_t>(rank), id_of(left + right)};
    state->merges[PairKey(id_of(left), id_of(right))] = merge;
    if (!missing.empty()) {
      return invalid("merge " + std::to_string(rank + 1) + " (" + left + " " + right + ") needs " + missing +
                     ", which is not in its vocabulary");
    }
  }
  const std::set<std::string> specials{kept.begin, kept.end, kept.unknown, kept.pad};
  state->specials.assign(specials.begin(), specials.end());
  std::stable_sort(state->specials.begin(), state->specials.end(),
                   [](const std::string& a, const std::string& b) { return a.size() > b.size(); });
  return ClipTokenizer(std::move(state));
}

ClipTokenizer ClipTokenizer::MakeBytes(int length) {
  ClipVocabulary vocabulary;
  for (const std::string& character : ByteCharacters()) vocabulary.words.push_back(character);
  for (const std::string& character : ByteCharacters())
    vocabulary.words.push_back(character + std::string(kWordEnd));
  vocabulary.words.push_back(vocabulary.begin);
  vocabulary.words.push_back(vocabulary.end);
  return Make(std::move(vocabulary), length).value();
}

Result<std::vector<std::int64_t>> ClipTokenizer::Tokens(std::string_view text) const {
  if (text.size() > kMaxPromptBytes) {
    return Error{ErrorCode::kTooLarge, "the prompt has " + std::to_string(text.size()) +
                                           " bytes; the limit is " + std::to_string(kMaxPromptBytes)};
  }
  std::vector<std::int64_t> ids;
  // Special tokens are found in the text as it is written; what is between them is encoded.
  std::size_t begin = 0;
  for (std::size_t at = 0; at < text.size();) {
    const auto special =
        std::find_if(state_->specials.begin(), state_->specials.end(),
                     [&](const std::string& each) { return text.substr(at).starts_with(each); });
    if (special == state_->specials.end()) {
      ++at;
      continue;
    }
    state_->EncodePlain(text.substr(begin, at - begin), &ids);
    ids.push_back(state_->ids.at(*special));
    begin = at += special->size();
  }
  state_->EncodePlain(text.substr(begin), &ids);
  return ids;
}

Result<EncodedPrompt> ClipTokenizer::Encode(std::string_view text, int most_chunks) const {
  KANTEI_TRY(const std::vector<std::int64_t> ids, Tokens(text));
  return EncodeTokens(ids, most_chunks);
}

EncodedPrompt ClipTokenizer::EncodeTokens(const std::vector<std::int64_t>& ids, int most_chunks) const {
  KANTEI_CHECK(most_chunks >= 1);
  const auto room = static_cast<std::size_t>(state_->length - 2);
  EncodedPrompt prompt;
  prompt.tokens = static_cast<int>(ids.size());
  const std::size_t chunks =
      std::clamp<std::size_t>((ids.size() + room - 1) / room, 1, static_cast<std::size_t>(most_chunks));
  prompt.shortened = ids.size() > chunks * room;
  for (std::size_t i = 0; i < chunks; ++i) {
    std::vector<std::int64_t> chunk{state_->begin};
    const std::size_t from = i * room, to = std::min(ids.size(), from + room);
    chunk.insert(chunk.end(), ids.begin() + static_cast<std::ptrdiff_t>(from),
                 ids.begin() + static_cast<std::ptrdiff_t>(to));
    chunk.push_back(state_->end);
    chunk.resize(room + 2, state_->pad);
    prompt.chunks.push_back(std::move(chunk));
  }
  return prompt;
}

int ClipTokenizer::length() const {
  return state_->length;
}
std::int64_t ClipTokenizer::size() const {
  return static_cast<std::int64_t>(state_->vocabulary.words.size());
}
std::int64_t ClipTokenizer::begin() const {
  return state_->begin;
}
std::int64_t ClipTokenizer::end() const {
  return state_->end;
}
std::int64_t ClipTokenizer::pad() const {
  return state_->pad;
}
const ClipVocabulary& ClipTokenizer::vocabulary() const {
  return state_->vocabulary;
}

ClipTokenizer ClipTokenizer::PaddedWith(std::int64_t id) const {
  KANTEI_CHECK(id >= 0 && id < size());
  // Views into the vocabulary must be of the copy's own, so the copy is made anew.
  ClipTokenizer made = Make(state_->vocabulary, state_->length).value();
  auto state = std::const_pointer_cast<State>(made.state_);
  state->pad = id;
  return made;
}

}  // namespace kantei::generate
