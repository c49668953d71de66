#include "kantei/generate/generation_record.h"

#include <algorithm>
#include <vector>

#include "kantei/base/sha256.h"
#include "kantei/image/decode.h"

namespace kantei::generate {
namespace {

const Json* Member(const Json& json, const char* name) {
  return json.is_object() && json.contains(name) ? &json[name] : nullptr;
}

Json* Member(Json* json, const char* name) {
  return json->is_object() && json->contains(name) ? &(*json)[name] : nullptr;
}

bool IsText(const Json* json, const std::string& text) {
  return json != nullptr && json->is_string() && json->get_ref<const std::string&>() == text;
}

}  // namespace

std::string PixelHash(const image::Image& picture) {
  Sha256 hash;
  const std::string size = std::to_string(picture.width()) + "x" + std::to_string(picture.height()) + "x" +
                           std::to_string(picture.channels()) + ":";
  hash.Update(std::as_bytes(std::span(size)));
  hash.Update(std::as_bytes(picture.pixels()));
  return hash.FinishHex();
}

Result<std::string> ModelHash(const std::filesystem::path& path) {
  if (!std::filesystem::is_directory(path)) return Sha256File(path);
  const std::filesystem::path roots[] = {path};
  KANTEI_TRY(const std::vector<std::filesystem::path> files, ListFiles(roots));
  std::vector<std::pair<std::string, std::filesystem::path>> named;
  for (const auto& file : files) named.emplace_back(file.lexically_relative(path).generic_string(), file);
  std::sort(named.begin(), named.end());
  Sha256 hash;
  for (const auto& [name, file] : named) {
    KANTEI_TRY(const std::string of_file, Sha256File(file));
    const std::string line = name + '\0' + of_file + '\n';
    hash.Update(std::as_bytes(std::span(line)));
  }
  return hash.FinishHex();
}

Json GenerationClaim(const GenerationContext& context, const SampleOptions& options,
                     const SampledPicture& picture, const std::vector<std::string>& notes) {
  Json claim{{"format", "kantei.generation"},
             {"format_version", 1},
             {"program", context.program},
             {"model", {{"name", context.model}, {"sha256", context.model_sha256}}},
             {"device", context.device},
             {"precision", context.precision},
             {"prompt", options.prompt},
             {"negative_prompt", options.negative_prompt},
             {"seed", picture.seed},
             {"width", picture.pixels.width()},
             {"height", picture.pixels.height()},
             {"scheduler", SchedulerName(options.scheduler.kind)},
             {"steps", options.scheduler.steps},
             {"eta", options.scheduler.eta},
             {"karras", options.scheduler.karras},
             {"guidance", options.guidance}};
  if (!options.mitigations.empty()) claim["mitigations"] = MitigationsJson(options.mitigations);
  if (!options.init.empty()) {
    claim["init"] = {{"pixels_sha256", PixelHash(options.init)}};
    claim["strength"] = options.strength.value_or(options.mask.empty() ? kDefaultStrength : 1.0);
  }
  if (!options.mask.empty()) {
    claim["mask"] = {{"pixels_sha256", PixelHash(options.mask)}};
    claim["paste_back"] = options.paste_back;
  }
  if (!options.control.empty()) {
    claim["control"] = {{"pixels_sha256", PixelHash(options.control)}};
    claim["control_strength"] = options.control_strength;
  }
  if (!context.guard.is_null()) claim["guard"] = context.guard;
  if (!context.memorisation.is_null()) claim["memorisation"] = context.memorisation;
  claim["notes"] = notes;
  claim["pixels_sha256"] = PixelHash(picture.pixels);
  return claim;
}

std::string ClaimHash(const Json& claim) {
  return Sha256Hex(DumpJson(claim));
}

Json GenerationRecord(const Json& claim, const std::string& file_name, std::span<const std::byte> file,
                      const std::string& written_at) {
  return {{"claim", claim},
          {"claim_sha256", ClaimHash(claim)},
          {"picture", {{"file", file_name}, {"sha256", Sha256Hex(file)}}},
          {"written_at", written_at}};
}

bool IsGenerationRecord(const Json& record) {
  const Json* claim = Member(record, "claim");
  return claim != nullptr && IsText(Member(*claim, "format"), "kantei.generation");
}

Result<RecordFit> CompareWithRecord(const Json& record, std::span<const std::byte> file) {
  KANTEI_CHECK(IsGenerationRecord(record));
  const Json& claim = *Member(record, "claim");
  if (!IsText(Member(record, "claim_sha256"), ClaimHash(claim))) return RecordFit::kClaimChanged;
  const Json* picture = Member(record, "picture");
  if (picture != nullptr && IsText(Member(*picture, "sha256"), Sha256Hex(file))) return RecordFit::kFile;
  // A file that was saved anew may still hold the same pixels.
  KANTEI_TRY(const image::DecodedImage decoded, image::DecodeImage(file, {}));
  return IsText(Member(claim, "pixels_sha256"), PixelHash(decoded.pixels)) ? RecordFit::kPixels
                                                                           : RecordFit::kOtherPixels;
}

Status CheckGenerationRecord(const Json& record, std::span<const std::byte> file) {
  const auto differs = [](const char* what) {
    return Status(
        Error{ErrorCode::kCorrupt, std::string("the record of the generated picture is not sound: ") + what});
  };
  if (!IsGenerationRecord(record)) return differs("it holds no claim of kantei generate");
  KANTEI_TRY(const RecordFit fit, CompareWithRecord(record, file));
  if (fit == RecordFit::kClaimChanged) return differs("the claim was changed after it was written");
  if (fit == RecordFit::kOtherPixels)
    return differs("the picture's pixels are not those that were generated");
  return {};
}

bool IsRecordOf(const Json& record, const GenerationContext& context, const SampleOptions& options,
                std::uint64_t seed) {
  const Json* claim = Member(record, "claim");
  if (claim == nullptr || !claim->is_object()) return false;
  Json wished = GenerationClaim(context, options, {{}, seed, {}}, {}), made = *claim;
  wished["width"] = options.width, wished["height"] = options.height;
  if (options.width == 0) {
    for (Json* json : {&wished, &made})
      json->erase("width"), json->erase("height");  // the model's own, or the picture's
  }
  if (Json* guard = Member(&made, "guard"); guard != nullptr && guard->is_object()) {
    // The picture may come from another seed than its own.
    made["seed"] = guard->value("first_seed", Json());
    for (const char* outcome : {"first_seed", "attempts", "met"}) guard->erase(outcome);
  }
  for (const char* outcome : {"pixels_sha256", "notes", "memorisation"})
    for (Json* json : {&wished, &made}) json->erase(outcome);
  return wished == made;
}

}  // namespace kantei::generate
