// Prompts as mitigations change them, as tensors. Private: includes torch.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "kantei/generate/clip_tokenizer.h"
#include "kantei/generate/mitigation.h"
#include "kantei/generate/sampler_inputs_net.h"

namespace kantei::generate {

/// Does the prompt differ from what EncodePrompts gives, and does it depend on the picture's seed?
bool ChangesWords(const std::vector<MitigationUse>& uses);
bool WordsDependOnSeed(const std::vector<MitigationUse>& uses);

/// Ids of the prompt with random tokens and repeated words in it; whole words are kept together. Depends on the arguments alone.
std::vector<std::int64_t> MitigatedTokens(const ClipTokenizer& tokenizer, std::vector<std::int64_t> ids,
                                          const std::vector<MitigationUse>& uses, std::uint64_t seed);

/// EncodePrompts for the picture of `seed`. The negative prompt stays as it is. kUnsupported when the tokenizer has no "!" to pad with.
Result<EncodedPrompts> EncodeMitigated(const DiffusionNets& nets, const SampleOptions& options,
                                       std::uint64_t seed, std::vector<std::string>* notes);

}  // namespace kantei::generate
