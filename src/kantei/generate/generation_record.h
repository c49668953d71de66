// What is written beside a generated picture, so that anyone can see how it was made and make it again.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "kantei/base/files.h"
#include "kantei/base/json.h"
#include "kantei/base/result.h"
#include "kantei/generate/sampler.h"

namespace kantei::generate {

/// What the options of a run do not say.
struct GenerationContext {
  std::string program;       ///< name and version
  std::string model;         ///< as the user named it
  std::string model_sha256;  ///< ModelHash
  std::string precision, device;
  Json guard =
      {};  ///< what was asked of the guard (an object; guarded_generation.h adds the outcome); null: none
  Json memorisation = {};  ///< what was measured of the words before, and what was done; null: nothing
};

/// SHA-256 of a file; of a folder, of its files' names and SHA-256 in the order of their names (hidden ones left out): one changed
/// byte in any file changes it.
Result<std::string> ModelHash(const std::filesystem::path& path);

/// SHA-256 of a picture's size and values, whatever file it is kept in.
std::string PixelHash(const image::Image& picture);

/// All that the picture depends on, its pixels' hash, and what was noticed. Holds no time, so that a picture made again has the same
/// claim.
Json GenerationClaim(const GenerationContext& context, const SampleOptions& options,
                     const SampledPicture& picture, const std::vector<std::string>& notes);
/// SHA-256 of the claim as one line of JSON, as DumpJson writes it. The picture carries it.
std::string ClaimHash(const Json& claim);

/// The file beside the picture: the claim, its hash, the picture file's name and hash, and when it was written.
Json GenerationRecord(const Json& claim, const std::string& file_name, std::span<const std::byte> file,
                      const std::string& written_at);

/// How a picture's file and a record fit each other.
enum class RecordFit {
  kFile,          ///< the very file
  kPixels,        ///< another file of the same pixels
  kOtherPixels,   ///< another picture, or a changed one
  kClaimChanged,  ///< the claim's hash is another than the record states
};
/// Is it a record that GenerationRecord made, true or not?
bool IsGenerationRecord(const Json& record);
/// Of an IsGenerationRecord. An error when the file is needed and cannot be decoded.
Result<RecordFit> CompareWithRecord(const Json& record, std::span<const std::byte> file);
/// Is `file` the picture that the record tells of? kCorrupt says what differs: the claim from its hash, the file or its pixels from
/// theirs.
Status CheckGenerationRecord(const Json& record, std::span<const std::byte> file);

/// Would this run make the picture of `seed` that the record tells of? Its pixels are not looked at.
bool IsRecordOf(const Json& record, const GenerationContext& context, const SampleOptions& options,
                std::uint64_t seed);

}  // namespace kantei::generate
