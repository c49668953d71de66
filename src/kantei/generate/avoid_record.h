// The record of a picture that avoids a shape: which shape it was, and how far the picture is from it.
#pragma once

#include <string>

#include "kantei/generate/avoid_shape.h"
#include "kantei/generate/generation_record.h"

namespace kantei::generate {

/// GenerationClaim of the second picture under the run's seed, with a member "avoid_shape": mode and limits, both seeds, hashes of the
/// first picture's pixels and of the masks, how these were found, what lies between both pictures, passes.
Json AvoidedClaim(const GenerationContext& context, const SampleOptions& options, const AvoidOptions& avoid,
                  const AvoidTools& tools, const AvoidedPicture& pair);

/// Would this run make the picture of `seed` that the record tells of? Its pixels are not looked at.
bool IsAvoidedRecordOf(const Json& record, const GenerationContext& context, const SampleOptions& options,
                       const AvoidOptions& avoid, const AvoidTools& tools, std::uint64_t seed);

}  // namespace kantei::generate
