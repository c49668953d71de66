// A vocabulary of our own for captions: byte-pair merges in the form of CLIP's tokenizer, learnt from the captions.
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace kantei::train {

struct WordPieces {
  /// By id: 256 bytes (as GPT-2 writes them), the same at the end of a word ("</w>"), what merges make, and at last
  /// "<|startoftext|>" and "<|endoftext|>".
  std::vector<std::string> tokens;
  std::vector<std::pair<std::string, std::string>> merges;  ///< in the order in which they are applied

  std::string VocabJson() const;   ///< tokenizer/vocab.json
  std::string MergesText() const;  ///< tokenizer/merges.txt
};

/// Merges the pair that is most frequent over all words (lower case; equal ones: the first by bytes) until every word is one token or
/// there are max_tokens, at least 514 (Sennrich et al., ACL 2016). Any other text can be written too, in more tokens.
WordPieces LearnWordPieces(const std::vector<std::string>& captions, int max_tokens);

}  // namespace kantei::train
