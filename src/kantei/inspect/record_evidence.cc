#include "kantei/inspect/record_evidence.h"

#include <utility>

#include "kantei/inspect/words.h"

namespace kantei::inspect {
namespace {

constexpr std::size_t kMaxName = 120, kMaxValue = 400, kMaxJsonValue = 4096;

/// {0}: the record, {1}: the program that it names.
Text Sentence(RecordAgreement agreement) {
  switch (agreement) {
    case RecordAgreement::kFile:
      return {
          "The record “{0}” beside the picture tells of exactly this file: {1} is said to have generated it.",
          "画像に添えられた記録「{0}」は、このファイルそのものに対応する（生成ソフトとして {1} を記載）。"};
    case RecordAgreement::kPixels:
      return {
          "The record “{0}” beside the picture tells of these pixels: {1} is said to have generated them. "
          "The "
          "file was saved anew since.",
          "画像に添えられた記録「{0}」は、この画素に対応する（生成ソフトとして {1} "
          "を記載）。ファイルはその後に保存し直されている。"};
    case RecordAgreement::kOtherPixels:
      return {
          "The record “{0}” beside the picture does not fit it: its pixels are not those that were recorded. "
          "The picture was changed, or the record belongs to another.",
          "画像に添えられた記録「{0}」は画像と一致しない（画素が記録と異なる）。画像が変更されたか、別の画像"
          "の記録である。"};
    case RecordAgreement::kOtherRecord:
      return {"The record “{0}” beside the picture is not the one whose hash the picture carries.",
              "画像に添えられた記録「{0}」は、画像に埋め込まれたハッシュ値の示す記録ではない。"};
    case RecordAgreement::kClaimChanged:
      return {
          "The record “{0}” beside the picture was changed after it was written: its hash does not fit what "
          "it "
          "claims.",
          "画像に添えられた記録「{0}」は、作成後に変更されている（ハッシュ値が内容と一致しない）。"};
  }
  return {};
}

}  // namespace

bool RecordAgrees(const RecordFinding& record) {
  return record.agreement == RecordAgreement::kFile || record.agreement == RecordAgreement::kPixels;
}

std::string_view AgreementName(RecordAgreement agreement) {
  switch (agreement) {
    case RecordAgreement::kFile:
      return "file";
    case RecordAgreement::kPixels:
      return "pixels";
    case RecordAgreement::kOtherPixels:
      return "other_pixels";
    case RecordAgreement::kOtherRecord:
      return "other_record";
    case RecordAgreement::kClaimChanged:
      return "claim_changed";
  }
  return "";
}

RecordFinding Compared(RecordFinding record, const authenticity::Metadata& metadata) {
  if (!RecordAgrees(record)) return record;
  for (const authenticity::GeneratorTag& tag : metadata.generators)
    for (const authenticity::NamedValue& field : tag.fields)
      if (field.name == "claim_sha256" && field.value != record.claim_sha256)
        record.agreement = RecordAgreement::kOtherRecord;
  return record;
}

void AddRecordEvidence(const RecordFinding& record, CheckReport* report) {
  const std::string name = Shorten(record.file, kMaxName);
  const Text program = record.program.empty() ? Text{"a program that it does not name", "名称の記載なし"}
                                              : Same(Shorten(record.program, kMaxName));
  report->facts.push_back({RecordAgrees(record) ? Claim::kRecordAgrees : Claim::kRecordDiffers, name,
                           RecordAgrees(record) ? Shorten(record.program, kMaxName) : std::string()});
  report->grounds.insert(report->grounds.begin(), Fill(Sentence(record.agreement), {Same(name), program}));
  Table table;
  table.title = Fill({"Record of generation: {0}", "生成の記録: {0}"}, {Same(name)});
  table.header = {{"Field", "項目"}, {"Value", "値"}};
  Json fields = Json::array();
  for (const authenticity::NamedValue& field : record.fields) {
    table.rows.push_back({Same(Shorten(field.name, kMaxName)), Same(Shorten(field.value, kMaxValue))});
    fields.push_back({{"name", field.name}, {"value", Shorten(field.value, kMaxJsonValue)}});
  }
  report->exhibits.insert(report->exhibits.begin(), std::move(table));
  report->json["record"] = {{"file", record.file},
                            {"agreement", AgreementName(record.agreement)},
                            {"claim_sha256", Shorten(record.claim_sha256, kMaxName)},
                            {"program", Shorten(record.program, kMaxName)},
                            {"fields", std::move(fields)}};
}

Text RecordHeadline(const RecordFinding& record) {
  if (RecordAgrees(record))
    return {
        "A record beside the picture says that it was generated, and fits its pixels; records can be forged.",
        "画像に添えられた記録は、画像が生成物であると記しており、画素とも一致する。ただし、記録は偽造できる"
        "。"};
  return {"A record of generation beside the picture does not fit it; what follows for the picture is open.",
          "画像に添えられた生成の記録は、画像と一致しない。画像について何が言えるかは定まらない。"};
}

}  // namespace kantei::inspect
