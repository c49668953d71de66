// Which places of an encoded prompt are the words that name what the picture shows.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "kantei/base/result.h"
#include "kantei/generate/clip_tokenizer.h"

namespace kantei::generate {

/// Over the places of a prompt's encoding: one chunk after the other, each with begin, words, end and padding.
struct PromptWords {
  std::vector<float> content;  ///< 1 at the tokens of content words, else 0
  /// 1 from the first content word of a chunk on, else 0. The encoder is causal, so that end and padding know the words before them
  /// and carry the picture too: who lowers the words alone leaves those.
  std::vector<float> informed;
  std::vector<std::string> words;  ///< the content words as the tokenizer writes them, in order
  bool empty() const { return words.empty(); }
};

/// Articles, prepositions, conjunctions and words about the picture itself (of, with, photo) are no content, unless there is nothing
/// else; nor is punctuation. `length`: places that the encoding has, at least as many as the prompt's own chunks need.
Result<PromptWords> FindContentWords(const ClipTokenizer& tokenizer, std::string_view prompt,
                                     std::size_t length);

}  // namespace kantei::generate
