#include "kantei/inspect/check_metadata.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "kantei/inspect/metadata_tables.h"
#include "kantei/inspect/record_evidence.h"
#include "kantei/inspect/words.h"

namespace kantei::inspect {
namespace {

using authenticity::GeneratorTag;
using authenticity::Metadata;
using authenticity::NamedValue;

const std::string* FindValue(const std::vector<NamedValue>& values, std::string_view name) {
  for (const NamedValue& entry : values)
    if (entry.name == name) return &entry.value;
  return nullptr;
}

std::string Lower(std::string_view text) {
  std::string out(text);
  for (char& c : out)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return out;
}

std::string CameraName(const Metadata& metadata) {
  const std::string* make = FindValue(metadata.exif, "Make");
  const std::string* model = FindValue(metadata.exif, "Model");
  std::string name = make != nullptr ? *make : "";
  if (model != nullptr) {
    // Many makers repeat themselves in the model: "Canon", "Canon EOS 5D".
    if (!name.empty() && model->rfind(name, 0) == 0) name.clear();
    name += (name.empty() ? "" : " ") + *model;
  }
  return name.empty() ? "?" : Shorten(name, 100);
}

/// A program that changes pictures, named in Software or CreatorTool; camera firmware writes there too and is
/// no hint.
std::string EditorName(const Metadata& metadata) {
  static constexpr std::array<std::string_view, 24> kEditors = {
      "photoshop",   "lightroom",   "gimp",      "affinity",      "pixelmator", "snapseed",
      "picsart",     "canva",       "paint.net", "paintshop",     "luminar",    "facetune",
      "meitu",       "clip studio", "krita",     "procreate",     "inkscape",   "illustrator",
      "capture one", "darktable",   "picasa",    "photodirector", "photoscape", "faceapp"};
  const std::array<std::pair<const std::vector<NamedValue>*, std::string_view>, 4> places = {
      {{&metadata.exif, "Software"},
       {&metadata.exif, "ProcessingSoftware"},
       {&metadata.xmp, "xmp:CreatorTool"},
       {&metadata.iptc, "OriginatingProgram"}}};
  for (const auto& [values, name] : places) {
    const std::string* value = FindValue(*values, name);
    if (value == nullptr) continue;
    const std::string lower = Lower(*value);
    for (const std::string_view editor : kEditors)
      if (lower.find(editor) != std::string::npos) return Shorten(*value, 100);
  }
  return {};
}

bool IsComplete(const GeneratorTag& tag) {
  const auto has = [&](std::initializer_list<std::string_view> names) {
    return std::any_of(names.begin(), names.end(),
                       [&](std::string_view name) { return FindValue(tag.fields, name) != nullptr; });
  };
  return has({"prompt"}) && has({"seed", "noise_seed"}) && has({"sampler", "sampler_name", "scheduler"});
}

bool IsCapture(std::string_view type) {
  return type == "digitalCapture" || type == "computationalCapture";
}

void AddSourceType(const std::string& type, const std::string& source, CheckReport* report) {
  if (authenticity::DeclaresAiComposite(type)) {
    report->facts.push_back({Claim::kDeclaresComposite, source, type});
    report->grounds.push_back(
        Fill({"{0} declares that parts of the picture were made by a trained model (“{1}”).",
              "{0} は、画像の一部が学習済みモデルによって生成されたと申告している（「{1}」）。"},
             {Same(source), Same(type)}));
  } else if (authenticity::DeclaresAiMade(type)) {
    report->facts.push_back({Claim::kDeclaresGenerated, source, type});
    report->grounds.push_back(
        Fill({"{0} declares that the picture was made by a trained model (“{1}”).",
              "{0} は、画像が学習済みモデルによって生成されたと申告している（「{1}」）。"},
             {Same(source), Same(type)}));
  } else if (IsCapture(type)) {
    report->facts.push_back({Claim::kDeclaresCapture, source, type});
    report->grounds.push_back(
        Fill({"{0} declares a camera capture (“{1}”).", "{0} は、撮影画像であると申告している（「{1}」）。"},
             {Same(source), Same(type)}));
  }
}

void AddGenerator(const GeneratorTag& tag, CheckReport* report) {
  const std::string name =
      tag.generator.empty() || tag.generator == "unknown" ? std::string() : tag.generator;
  const Text shown = name.empty() ? Text{"an image generator", "種類不明の画像生成ソフト"} : Same(name);
  if (IsComplete(tag)) {
    report->facts.push_back({Claim::kGeneratorComplete, tag.location, tag.generator});
    report->grounds.push_back(
        Fill({"The file carries the settings of {0}, with prompt, seed and sampler ({1}).",
              "{0} の生成設定（プロンプト、シード、サンプラーを含む）がファイルに記録されている（{1}）。"},
             {shown, Same(tag.location)}));
  } else {
    report->facts.push_back({Claim::kGeneratorPartial, tag.location, tag.generator});
    report->grounds.push_back(
        Fill({"The file carries traces of {0} ({1}).", "{0} の痕跡がファイルにある（{1}）。"},
             {shown, Same(tag.location)}));
  }
}

void AddC2pa(const authenticity::C2paSummary& c2pa, CheckReport* report) {
  report->grounds.push_back(
      Fill({"The file carries C2PA provenance data, claim generator “{0}”; the signature was not checked.",
            "C2PA 来歴情報がある（作成ソフト「{0}」）。署名は検証していない。"},
           {c2pa.claim_generator.empty() ? Text{"not stated", "記載なし"}
                                         : Same(Shorten(c2pa.claim_generator, 160))}));
  // One type is often repeated by several actions.
  std::vector<std::string> told;
  for (const std::string& type : c2pa.digital_source_types) {
    if (std::find(told.begin(), told.end(), type) != told.end()) continue;
    told.push_back(type);
    AddSourceType(type, "C2PA", report);
  }
}

void AddThumbnail(const authenticity::ThumbnailCheck& thumbnail, CheckReport* report) {
  const std::string correlation = Fixed(thumbnail.correlation, 2);
  if (thumbnail.contradicts) {
    report->facts.push_back({Claim::kThumbnailDiffers, "exif", "r = " + correlation});
    report->grounds.push_back(Fill({"The embedded thumbnail differs from the picture (correlation {0}): the "
                                    "picture may have been changed or cropped "
                                    "after the thumbnail was made.",
                                    "埋め込みサムネイルが画像と一致しない（相関 "
                                    "{0}）。サムネイル作成後に画像が変更または切り抜かれた可能性がある。"},
                                   {Same(correlation)}));
  } else {
    report->grounds.push_back(Fill({"The embedded thumbnail fits the picture (correlation {0}).",
                                    "埋め込みサムネイルは画像と整合する（相関 {0}）。"},
                                   {Same(correlation)}));
  }
}

bool Has(const CheckReport& report, std::initializer_list<Claim> claims) {
  return std::any_of(report.facts.begin(), report.facts.end(), [&](const Fact& fact) {
    return std::find(claims.begin(), claims.end(), fact.claim) != claims.end();
  });
}

bool IsSilent(const Metadata& metadata) {
  return metadata.exif.empty() && metadata.xmp.empty() && metadata.iptc.empty() &&
         metadata.generators.empty() && !metadata.c2pa && metadata.digital_source_type.empty();
}

void Judge(const Metadata& metadata, const std::optional<RecordFinding>& record, const std::string& editor,
           CheckReport* report) {
  const bool declared = Has(*report, {Claim::kDeclaresGenerated, Claim::kDeclaresComposite,
                                      Claim::kGeneratorComplete, Claim::kGeneratorPartial});
  const bool thumbnail = Has(*report, {Claim::kThumbnailDiffers});
  if (declared) {
    report->band = Band::kModerate;
    report->headline = {
        "The metadata declare that the picture was made, wholly or in part, by an image generator; "
        "metadata can be forged.",
        "メタデータは、画像の全部または一部が画像生成ソフトによる生成物であることを示している。ただし、メタデ"
        "ータは偽造できる。"};
    report->gist = {"declares AI making", "AI 生成の申告"};
  } else if (thumbnail) {
    report->band = Band::kModerate;
    report->headline = {"The metadata contradict the picture: its embedded thumbnail shows something else.",
                        "埋め込みサムネイルの内容が異なり、メタデータと画像が矛盾している。"};
    report->gist = {"thumbnail differs", "サムネイル不一致"};
  } else if (record) {
    report->band = RecordAgrees(*record) ? Band::kModerate : Band::kInconclusive;
    report->headline = RecordHeadline(*record);
    report->gist = RecordAgrees(*record) ? Text{"record of generation", "生成の記録あり"}
                                         : Text{"record does not fit", "記録と不一致"};
  } else if (!editor.empty()) {
    report->band = Band::kInconclusive;
    report->headline =
        Fill({"The metadata name an editing program ({0}); whether the content was changed does not follow.",
              "メタデータに画像編集ソフト（{0}）の記録があるが、内容が改変されたとまでは言えない。"},
             {Same(editor)});
    report->gist = Same(Shorten(editor, 40));
  } else if (IsSilent(metadata)) {
    report->headline = {
        "The metadata say nothing about the origin; absence means nothing, as metadata are often removed.",
        "メタデータには来歴に関する記載がない。メタデータは容易に失われるため、記載がないことから何も結論でき"
        "ない。"};
  } else {
    report->headline = {
        "The metadata hold no sign of AI making and no contradiction; this is no proof of absence.",
        "メタデータに AI 生成を示す記載も矛盾も認められなかった。ただし、これは不存在の証明ではない。"};
  }
}

class MetadataCheck : public Check {
 public:
  explicit MetadataCheck(RecordReader record_reader) : record_reader_(std::move(record_reader)) {}
  CheckReport Describe() const override { return DescribeMetadata(); }
  CheckReport Run(const Subject& subject) const override {
    std::optional<RecordFinding> record;
    if (record_reader_) record = record_reader_(subject.path, subject.file);
    return ReportMetadata(authenticity::ReadMetadata(subject.file, &subject.decoded->pixels), record);
  }

 private:
  RecordReader record_reader_;
};

}  // namespace

CheckReport DescribeMetadata() {
  CheckReport report;
  report.key = "metadata";
  report.name = {"Metadata", "メタデータ"};
  report.question = {"What does the file say about its own origin?", "ファイル自身は来歴をどう記しているか"};
  report.limits = {
      {"Everything here is stated by the file, not verified: metadata can be forged, copied from another "
       "file or removed.",
       "本項はすべてファイルの記載であり、真偽を確かめたものではない。メタデータは偽造、転写、削除できる。"},
      {"Missing metadata mean nothing: most services and messengers remove them.",
       "多くのサービスやメッセンジャーはメタデータを削除するため、メタデータがないことに意味はない。"},
      {"C2PA signatures are not checked in this version.", "本バージョンでは C2PA の署名を検証しない。"}};
  return report;
}

CheckReport ReportMetadata(const Metadata& metadata, const std::optional<RecordFinding>& record_found) {
  std::optional<RecordFinding> record;
  if (record_found) record = Compared(*record_found, metadata);
  CheckReport report = DescribeMetadata();
  for (const GeneratorTag& tag : metadata.generators) AddGenerator(tag, &report);
  if (!metadata.digital_source_type.empty()) AddSourceType(metadata.digital_source_type, "XMP", &report);
  if (metadata.c2pa) AddC2pa(*metadata.c2pa, &report);
  if (metadata.thumbnail && metadata.thumbnail->contradicts) AddThumbnail(*metadata.thumbnail, &report);
  if (metadata.has_camera) {
    const std::string camera = CameraName(metadata);
    report.facts.push_back({Claim::kCamera, "EXIF", camera});
    report.grounds.push_back(Fill(
        {"EXIF names a camera with exposure data: {0}.", "EXIF に撮影機材と露出情報の記録がある（{0}）。"},
        {Same(camera)}));
  }
  if (metadata.thumbnail && !metadata.thumbnail->contradicts) AddThumbnail(*metadata.thumbnail, &report);
  const std::string editor = EditorName(metadata);
  if (!editor.empty())
    report.grounds.push_back(
        Fill({"An editing program is named: {0}.", "画像編集ソフトの記録がある（{0}）。"}, {Same(editor)}));
  for (const std::string& problem : metadata.problems)
    report.grounds.push_back(Fill({"A part could not be read: {0}", "読み取れない部分があった: {0}"},
                                  {Same(Shorten(problem, 300))}));
  Judge(metadata, record, editor, &report);
  report.exhibits = MetadataTables(metadata);
  report.json = MetadataJson(metadata);
  if (record) AddRecordEvidence(*record, &report);
  return report;
}

std::unique_ptr<Check> MakeMetadataCheck(RecordReader record_reader) {
  return std::make_unique<MetadataCheck>(std::move(record_reader));
}

}  // namespace kantei::inspect
