// A vocabulary of our own for captions: byte-pair merges in the form of CLIP's tokenizer, learnt from the captions.
#pragma once

#include <string>
#include <vector>

#include "kantei/generate/clip_tokenizer.h"

namespace kantei::train {

/// Merges the pair that is most frequent over all words (lower case; equal ones: the first by bytes) until every word is one token or
/// there are max_tokens, at least 514 (Sennrich et al., ACL 2016). Any other text can be written too, in more tokens. By id: 256 bytes
/// (as GPT-2 writes them), the same at the end of a word, what merges make, and at last the begin and the end of a text.
generate::ClipVocabulary LearnWordPieces(const std::vector<std::string>& captions, int max_tokens);

}  // namespace kantei::train
