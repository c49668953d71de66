// Cheap ways to loosen words from a picture that a model has memorised. None needs gradients; each changes the picture.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "kantei/base/json.h"
#include "kantei/base/result.h"

namespace kantei::generate {

enum class Mitigation {
  kLowerGuidance,  ///< guidance is at most `amount`
  kRandomTokens,  ///< `amount` words of the tokenizer's vocabulary at random places of the prompt (2305.20086)
  kWordRepetition,  ///< `amount` times a word of the prompt again at a random place (the same)
  kEmbeddingNoise,  ///< `amount` x normal noise on what the text encoder says (the same)
  kPadMasking,  ///< padded with "!" in place of end tokens, and the end token's embedding is zero (2605.02908)
  kBestOfNoise,  ///< of `amount` starting noises the one with the shortest guidance at the first step (from 2407.21720's measure)
};

struct MitigationUse {
  Mitigation kind = Mitigation::kLowerGuidance;
  double amount = 0;  ///< see Mitigation; without meaning for kPadMasking
};

std::string_view MitigationName(Mitigation kind);
/// "NAME" with the usual amount (lower-guidance 3, random-tokens 4, word-repetition 4, embedding-noise 0.1, best-of-noise 4), or
/// "NAME=AMOUNT". kInvalidArgument lists the names.
Result<MitigationUse> ParseMitigation(std::string_view text);
/// Amounts in range, none twice, and best-of-noise with a guidance above 1 (as lower-guidance leaves it). kInvalidArgument.
Status ValidateMitigations(const std::vector<MitigationUse>& uses, double guidance);
/// Null when it is not there.
const MitigationUse* FindMitigation(const std::vector<MitigationUse>& uses, Mitigation kind);
/// [{"name", "amount"}], in the order of the enum: the order of the options does not matter.
Json MitigationsJson(const std::vector<MitigationUse>& uses);

}  // namespace kantei::generate
