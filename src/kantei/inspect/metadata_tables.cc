#include "kantei/inspect/metadata_tables.h"

#include <algorithm>
#include <utility>

#include "kantei/inspect/words.h"

namespace kantei::inspect {
namespace {

using authenticity::C2paSummary;
using authenticity::GeneratorTag;
using authenticity::JpegCoding;
using authenticity::Metadata;
using authenticity::NamedValue;

constexpr std::size_t kMaxRows = 60;
constexpr std::size_t kMaxValueBytes = 1200;

Table MakeTable(Text title) {
  Table table;
  table.title = std::move(title);
  table.header = {{"Field", "項目"}, {"Value", "値"}};
  return table;
}

void AddRow(Text name, Text value, Table* table) {
  if (!value.en.empty()) table->rows.push_back({std::move(name), std::move(value)});
}

Table ValueTable(Text title, const std::vector<NamedValue>& values) {
  Table table = MakeTable(std::move(title));
  const std::size_t shown = std::min(values.size(), kMaxRows);
  for (std::size_t i = 0; i < shown; ++i)
    table.rows.push_back(
        {Same(Shorten(values[i].name, 120)), Same(Shorten(values[i].value, kMaxValueBytes))});
  if (shown < values.size())
    table.rows.push_back({Same("…"), Fill({"{0} more; all are in the JSON form of this report",
                                           "ほか {0} 件（すべて JSON 形式に収録）"},
                                          {Same(std::to_string(values.size() - shown))})});
  return table;
}

std::string Joined(const std::vector<std::string>& values) {
  std::string out;
  for (const std::string& value : values) out += (out.empty() ? "" : ", ") + value;
  return Shorten(out, kMaxValueBytes);
}

Table C2paTable(const C2paSummary& c2pa) {
  Table table = MakeTable(c2pa.signature_checked ? Text{"C2PA provenance", "C2PA 来歴情報"}
                                                 : Text{"C2PA provenance (signature not checked)",
                                                        "C2PA 来歴情報（署名は未検証）"});
  AddRow({"Claim generator", "作成ソフト"}, Same(Shorten(c2pa.claim_generator, kMaxValueBytes)), &table);
  AddRow({"Title", "題名"}, Same(Shorten(c2pa.title, kMaxValueBytes)), &table);
  AddRow({"Format", "形式"}, Same(c2pa.format), &table);
  AddRow({"Actions", "操作"}, Same(Joined(c2pa.actions)), &table);
  AddRow({"Digital source type", "デジタルソース種別"}, Same(Joined(c2pa.digital_source_types)), &table);
  AddRow({"Software agents", "使用ソフト"}, Same(Joined(c2pa.software_agents)), &table);
  AddRow({"Manifests", "マニフェスト数"}, Same(std::to_string(c2pa.manifests)), &table);
  AddRow({"Active manifest", "有効なマニフェスト"}, Same(c2pa.active_manifest), &table);
  AddRow({"Not readable", "読み取れない部分"}, Same(Shorten(c2pa.problem, kMaxValueBytes)), &table);
  return table;
}

Table JpegTable(const JpegCoding& jpeg) {
  Table table = MakeTable({"JPEG coding", "JPEG 符号化"});
  if (jpeg.estimated_quality > 0)
    AddRow({"Estimated quality (IJG scale)", "推定品質（IJG 尺度）"},
           Same(std::to_string(jpeg.estimated_quality)), &table);
  AddRow({"Deviation from the IJG table", "IJG 標準表との差"},
         jpeg.quality_deviation < 0.005 ? Text{"0 (an IJG table)", "0（IJG 標準表と同一）"}
                                        : Same(Fixed(jpeg.quality_deviation, 2)),
         &table);
  AddRow({"Encoder family", "符号化器の系統"}, Same(jpeg.encoder_family), &table);
  AddRow({"Chroma subsampling", "色差の間引き"}, Same(jpeg.subsampling), &table);
  AddRow({"Scan order", "走査方式"},
         jpeg.progressive ? Text{"progressive", "プログレッシブ"} : Text{"baseline", "ベースライン"}, &table);
  AddRow({"Quantisation tables", "量子化テーブル数"}, Same(std::to_string(jpeg.tables.size())), &table);
  return table;
}

Table ThumbnailTable(const authenticity::ThumbnailCheck& thumbnail) {
  Table table = MakeTable({"Embedded thumbnail", "埋め込みサムネイル"});
  AddRow({"Size", "大きさ"}, Same(std::to_string(thumbnail.width) + " × " + std::to_string(thumbnail.height)),
         &table);
  AddRow({"Correlation with the picture", "画像との相関"}, Same(Fixed(thumbnail.correlation, 2)), &table);
  AddRow({"Contradicts the picture", "画像との矛盾"},
         thumbnail.contradicts ? Text{"yes", "あり"} : Text{"no", "なし"}, &table);
  return table;
}

Json ValuesJson(const std::vector<NamedValue>& values) {
  Json json = Json::array();
  for (const NamedValue& value : values) json.push_back({{"name", value.name}, {"value", value.value}});
  return json;
}

Json GeneratorsJson(const std::vector<GeneratorTag>& generators) {
  Json json = Json::array();
  for (const GeneratorTag& tag : generators)
    json.push_back(
        {{"generator", tag.generator}, {"location", tag.location}, {"fields", ValuesJson(tag.fields)}});
  return json;
}

Json C2paJson(const C2paSummary& c2pa) {
  return {{"manifests", c2pa.manifests},
          {"active_manifest", c2pa.active_manifest},
          {"claim_generator", c2pa.claim_generator},
          {"title", c2pa.title},
          {"format", c2pa.format},
          {"actions", c2pa.actions},
          {"digital_source_types", c2pa.digital_source_types},
          {"software_agents", c2pa.software_agents},
          {"signature_checked", c2pa.signature_checked},
          {"problem", c2pa.problem}};
}

Json JpegJson(const JpegCoding& jpeg) {
  return {{"estimated_quality", jpeg.estimated_quality},
          {"quality_deviation", jpeg.quality_deviation},
          {"encoder_family", jpeg.encoder_family},
          {"subsampling", jpeg.subsampling},
          {"progressive", jpeg.progressive},
          {"tables", jpeg.tables}};
}

}  // namespace

std::vector<Exhibit> MetadataTables(const Metadata& metadata) {
  std::vector<Exhibit> exhibits;
  for (const GeneratorTag& tag : metadata.generators) {
    const Text name = tag.generator.empty() || tag.generator == "unknown" ? Text{"unknown", "種類不明"}
                                                                          : Same(tag.generator);
    exhibits.emplace_back(ValueTable(
        Fill({"Image generator: {0} ({1})", "画像生成ソフト: {0}（{1}）"}, {name, Same(tag.location)}),
        tag.fields));
  }
  if (metadata.c2pa) exhibits.emplace_back(C2paTable(*metadata.c2pa));
  if (!metadata.exif.empty()) exhibits.emplace_back(ValueTable({"EXIF", "EXIF"}, metadata.exif));
  if (!metadata.xmp.empty()) exhibits.emplace_back(ValueTable({"XMP", "XMP"}, metadata.xmp));
  if (!metadata.iptc.empty()) exhibits.emplace_back(ValueTable({"IPTC", "IPTC"}, metadata.iptc));
  if (metadata.jpeg) exhibits.emplace_back(JpegTable(*metadata.jpeg));
  if (metadata.thumbnail) exhibits.emplace_back(ThumbnailTable(*metadata.thumbnail));
  return exhibits;
}

Json MetadataJson(const Metadata& metadata) {
  Json json;
  json["exif"] = ValuesJson(metadata.exif);
  json["xmp"] = ValuesJson(metadata.xmp);
  json["iptc"] = ValuesJson(metadata.iptc);
  json["digital_source_type"] = metadata.digital_source_type;
  json["has_camera"] = metadata.has_camera;
  json["generators"] = GeneratorsJson(metadata.generators);
  if (metadata.c2pa) json["c2pa"] = C2paJson(*metadata.c2pa);
  if (metadata.jpeg) json["jpeg"] = JpegJson(*metadata.jpeg);
  if (metadata.thumbnail)
    json["thumbnail"] = {{"width", metadata.thumbnail->width},
                         {"height", metadata.thumbnail->height},
                         {"correlation", metadata.thumbnail->correlation},
                         {"contradicts", metadata.thumbnail->contradicts}};
  json["problems"] = metadata.problems;
  return json;
}

}  // namespace kantei::inspect
