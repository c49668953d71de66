#include "kantei/cli/generation_record_reader.h"

#include <string>
#include <utility>

#include "kantei/base/files.h"
#include "kantei/base/json.h"
#include "kantei/generate/generation_record.h"

namespace kantei::cli {
namespace {

constexpr std::size_t kMaxRecordBytes = 1 << 20, kMaxPictureBytes = 1 << 30;

inspect::RecordAgreement AgreementOf(generate::RecordFit fit) {
  switch (fit) {
    case generate::RecordFit::kFile:
      return inspect::RecordAgreement::kFile;
    case generate::RecordFit::kPixels:
      return inspect::RecordAgreement::kPixels;
    case generate::RecordFit::kOtherPixels:
      return inspect::RecordAgreement::kOtherPixels;
    case generate::RecordFit::kClaimChanged:
      break;
  }
  return inspect::RecordAgreement::kClaimChanged;
}

std::string TextOf(const Json& object, const char* name) {
  const auto member = object.is_object() ? object.find(name) : object.end();
  if (member == object.end()) return {};
  return member->is_string() ? member->get<std::string>() : DumpJson(*member);
}

std::filesystem::path Beside(std::filesystem::path picture) {
  picture += ".json";
  return picture;
}

std::optional<Json> RecordBeside(const std::filesystem::path& picture) {
  const std::filesystem::path beside = Beside(picture);
  std::error_code failed;
  if (!std::filesystem::is_regular_file(beside, failed)) return std::nullopt;
  const auto text = ReadTextFile(beside, kMaxRecordBytes);
  if (!text.ok()) return std::nullopt;
  auto record = ParseJson(*text, DisplayPath(beside));
  if (!record.ok() || !generate::IsGenerationRecord(*record)) return std::nullopt;
  return std::move(*record);
}

}  // namespace

std::optional<Json> FinishedRecord(const std::filesystem::path& picture,
                                   const std::function<bool(const Json& record)>& wanted) {
  std::optional<Json> record = RecordBeside(picture);
  if (!record || !wanted(*record)) return std::nullopt;
  const auto file = ReadFile(picture, kMaxPictureBytes);
  if (!file.ok() || !generate::CheckGenerationRecord(*record, *file).ok()) return std::nullopt;
  return record;
}

std::optional<inspect::RecordFinding> ReadGenerationRecord(const std::filesystem::path& picture,
                                                           std::span<const std::byte> file) {
  const std::optional<Json> record = RecordBeside(picture);
  if (!record) return std::nullopt;
  const auto fit = generate::CompareWithRecord(*record, file);
  if (!fit.ok()) return std::nullopt;  // the picture itself cannot be read, which is said elsewhere
  const Json& claim = (*record)["claim"];
  inspect::RecordFinding finding;
  finding.agreement = AgreementOf(*fit);
  finding.file = DisplayPath(Beside(picture).filename());
  finding.claim_sha256 = TextOf(*record, "claim_sha256");
  finding.program = TextOf(claim, "program");
  const auto add = [&](const char* name, std::string value) {
    if (!value.empty()) finding.fields.push_back({name, std::move(value)});
  };
  for (const char* name : {"prompt", "negative_prompt", "seed", "scheduler", "steps", "guidance"})
    add(name, TextOf(claim, name));
  if (claim.contains("model")) {
    add("model", TextOf(claim["model"], "name"));
    add("model_sha256", TextOf(claim["model"], "sha256"));
  }
  if (claim.contains("guard")) add("guard_met", TextOf(claim["guard"], "met"));
  add("written_at", TextOf(*record, "written_at"));
  return finding;
}

}  // namespace kantei::cli
