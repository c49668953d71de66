// kantei generate --avoid-shape: two pictures, their masks, and the record of what was avoided.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "kantei/base/json.h"
#include "kantei/cli/generate_guard.h"
#include "kantei/cli/session.h"
#include "kantei/generate/avoid_shape.h"
#include "kantei/generate/generation_record.h"

namespace kantei::cli {

struct AvoidArguments {
  std::string mode;  ///< empty: no shape is avoided
  generate::AvoidOptions options;
  std::string segmenter, subject;  ///< a folder, a class; empty: none
  std::vector<std::string> lpips;  ///< files; empty: none
};

/// --avoid-shape, --avoid-strength, --avoid-tries, --segmenter, --subject, --lpips.
void AddAvoidOptions(CLI::App* verb, AvoidArguments* arguments);
/// Null when no shape is to be avoided. Sets options.mode.
Status CheckAvoidance(AvoidArguments& arguments, const generate::SampleOptions& sampling);

/// What `kantei generate` has read and decided.
struct AvoidRun {
  /// The model, once something is to be made; null when the words forbid it (--on-memorised refuse).
  std::function<Result<const generate::DiffusionModel*>(generate::SampleOptions*,
                                                        generate::GenerationContext*)>
      load;
  generate::GenerationContext context;
  generate::SampleOptions sampling;
  std::string device;  ///< for the segmenter and LPIPS
  int preview_every = 0;
  std::function<std::filesystem::path(std::uint64_t seed)> picture;
  std::function<std::filesystem::path(std::uint64_t seed, int step)> preview;
  /// Writes a picture with its mark, and its record, which is given back.
  std::function<Result<Json>(const std::filesystem::path& file, const image::Image& pixels,
                             const Json& claim)>
      write;
};

/// Beside each picture FILE.png: FILE.first.png with its own record, FILE.mask.png and FILE.mask-after.png. Finished ones are kept.
/// With a guard (else null) a pair whose second picture is a copy is made again, from other seeds and avoiding the shape harder.
Result<int> RunAvoidShape(Session* session, const AvoidArguments& arguments, const GenerateGuard* guard,
                          AvoidRun run);

}  // namespace kantei::cli
