#include "kantei/generate/mitigation_net.h"

#include <algorithm>

#include "kantei/base/random.h"

namespace kantei::generate {
namespace {

constexpr std::string_view kWordEnd = "</w>";

/// After these tokens another word may stand. Special tokens are words.
bool EndsWord(const ClipVocabulary& vocabulary, std::int64_t id) {
  const std::string& word = vocabulary.words[static_cast<std::size_t>(id)];
  return word.ends_with(kWordEnd) || word == vocabulary.begin || word == vocabulary.end ||
         word == vocabulary.unknown || word == vocabulary.pad;
}

/// Where a word may be put: before the first, and after each.
std::vector<std::size_t> Gaps(const ClipVocabulary& vocabulary, const std::vector<std::int64_t>& ids) {
  std::vector<std::size_t> gaps{0};
  for (std::size_t i = 0; i < ids.size(); ++i)
    if (EndsWord(vocabulary, ids[i])) gaps.push_back(i + 1);
  return gaps;
}

/// Whole words of plain letters: of three and more where there are such, since short ones mean little.
std::vector<std::int64_t> PlainWords(const ClipVocabulary& vocabulary) {
  for (const std::size_t least : {3, 1}) {
    std::vector<std::int64_t> ids;
    for (std::size_t i = 0; i < vocabulary.words.size(); ++i) {
      const std::string& word = vocabulary.words[i];
      if (!word.ends_with(kWordEnd) || word.size() < kWordEnd.size() + least) continue;
      const std::string_view letters(word.data(), word.size() - kWordEnd.size());
      if (std::all_of(letters.begin(), letters.end(), [](char c) { return c >= 'a' && c <= 'z'; }))
        ids.push_back(static_cast<std::int64_t>(i));
    }
    if (!ids.empty()) return ids;
  }
  return {};
}

void InsertAt(std::size_t place, const std::vector<std::int64_t>& word, std::vector<std::int64_t>* ids) {
  ids->insert(ids->begin() + static_cast<std::ptrdiff_t>(place), word.begin(), word.end());
}

/// Replaces what stands behind each part's end token, and remembers where that is. `words` ids are in all parts together.
Result<std::vector<std::int64_t>> PadWithMark(const ClipTokenizer& tokenizer, std::size_t words,
                                              std::vector<std::vector<std::int64_t>>* chunks) {
  const std::vector<std::string>& vocabulary = tokenizer.vocabulary().words;
  const auto mark = std::find(vocabulary.begin(), vocabulary.end(), "!");
  if (mark == vocabulary.end())
    return Error{ErrorCode::kUnsupported,
                 "pad-masking pads with \"!\", and the model's tokenizer has no such token"};
  const auto room = static_cast<std::size_t>(tokenizer.length() - 2);
  std::vector<std::int64_t> ends;
  for (std::size_t c = 0; c < chunks->size(); ++c) {
    const std::size_t here = std::min(room, words - std::min(words, c * room));
    std::fill((*chunks)[c].begin() + static_cast<std::ptrdiff_t>(here + 2), (*chunks)[c].end(),
              std::int64_t{mark - vocabulary.begin()});
    ends.push_back(static_cast<std::int64_t>(c * (room + 2) + here + 1));
  }
  return ends;
}

}  // namespace

bool WordsDependOnSeed(const std::vector<MitigationUse>& uses) {
  return FindMitigation(uses, Mitigation::kRandomTokens) != nullptr ||
         FindMitigation(uses, Mitigation::kWordRepetition) != nullptr ||
         FindMitigation(uses, Mitigation::kEmbeddingNoise) != nullptr;
}

bool ChangesWords(const std::vector<MitigationUse>& uses) {
  return WordsDependOnSeed(uses) || FindMitigation(uses, Mitigation::kPadMasking) != nullptr;
}

std::vector<std::int64_t> MitigatedTokens(const ClipTokenizer& tokenizer, std::vector<std::int64_t> ids,
                                          const std::vector<MitigationUse>& uses, std::uint64_t seed) {
  const ClipVocabulary& vocabulary = tokenizer.vocabulary();
  const Random words = Random(seed).Fork(static_cast<std::uint64_t>(NoiseStream::kWords));
  const auto insert = [&](Random* random, const std::vector<std::int64_t>& word) {
    const std::vector<std::size_t> gaps = Gaps(vocabulary, ids);
    InsertAt(gaps[random->Below(gaps.size())], word, &ids);
  };
  if (const auto* use = FindMitigation(uses, Mitigation::kWordRepetition); use != nullptr) {
    Random random = words.Fork(0);
    const std::vector<std::int64_t> own = ids;
    std::vector<std::size_t> gaps = Gaps(vocabulary, own);
    if (gaps.back() != own.size()) gaps.push_back(own.size());  // a word that the tokenizer left open
    for (int i = 0; i < static_cast<int>(use->amount) && gaps.size() > 1; ++i) {
      const std::size_t word = random.Below(gaps.size() - 1);
      insert(&random, {own.begin() + static_cast<std::ptrdiff_t>(gaps[word]),
                       own.begin() + static_cast<std::ptrdiff_t>(gaps[word + 1])});
    }
  }
  if (const auto* use = FindMitigation(uses, Mitigation::kRandomTokens); use != nullptr) {
    Random random = words.Fork(1);
    const std::vector<std::int64_t> plain = PlainWords(vocabulary);
    for (int i = 0; i < static_cast<int>(use->amount) && !plain.empty(); ++i)
      insert(&random, {plain[random.Below(plain.size())]});
  }
  return ids;
}

Result<EncodedPrompts> EncodeMitigated(const DiffusionNets& nets, const SampleOptions& options,
                                       std::uint64_t seed, std::vector<std::string>* notes) {
  KANTEI_TRY(std::vector<std::int64_t> ids, nets.tokenizer->Tokens(options.prompt));
  ids = MitigatedTokens(*nets.tokenizer, std::move(ids), options.mitigations, seed);
  KANTEI_TRY(PromptChunks chunks, ChunkPrompts(nets, ids, options.negative_prompt, notes));
  std::vector<std::int64_t> ends;
  if (FindMitigation(options.mitigations, Mitigation::kPadMasking) != nullptr) {
    KANTEI_TRY(ends, PadWithMark(*nets.tokenizer, ids.size(), &chunks.with));
  }
  EncodedPrompts prompts = EncodeChunks(nets, chunks);
  for (const std::int64_t end : ends) prompts.with.select(1, end).zero_();
  if (const auto* use = FindMitigation(options.mitigations, Mitigation::kEmbeddingNoise); use != nullptr) {
    const torch::Tensor noise =
        SeededNoise(seed, NoiseStream::kEmbedding, 0, 1, prompts.with.size(1), prompts.with.size(2));
    prompts.with = prompts.with + use->amount * noise.to(prompts.with.device(), prompts.with.scalar_type());
  }
  return prompts;
}

}  // namespace kantei::generate
