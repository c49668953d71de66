#include "kantei/inspect/report_json.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "kantei/base/files.h"
#include "kantei/base/json_schema.h"
#include "kantei/inspect/check_authenticity.h"
#include "kantei/inspect/check_copy.h"
#include "kantei/inspect/check_metadata.h"
#include "kantei/inspect/check_realism.h"
#include "kantei/inspect/inspector.h"
#include "kantei/inspect/test_samples.h"

namespace kantei::inspect {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

const RunFacts kRun{"1.2.3", "/srv/known", 10'000, "2025-06-01T09:30:00Z", {}};

SchemaCheck LoadSchema() {
  const auto text = ReadTextFile(KANTEI_SOURCE_DIR "/docs/schema/inspect-1.schema.json", 1 << 20);
  return SchemaCheck(ParseJson(text.value(), "inspect-1.schema.json").value());
}

/// As a consumer sees it: through text.
Json Written(const Inspection& inspection) {
  return ParseJson(DumpJson(ToJson(inspection, kRun)), "report").value();
}

Inspection FullInspection() {
  const image::Image query = samples::Picture(800, 600, 1);
  Inspection inspection;
  inspection.file.path = "/data/suspect.png";
  inspection.file.sha256 = std::string(64, 'b');
  inspection.file.bytes = 12'345;
  inspection.file.format = "png";
  inspection.file.width = 1600;
  inspection.file.height = 1200;
  inspection.file.warning = "The file is truncated.";
  CopyView view;
  view.query = &query;
  view.full_width = 1600;
  view.full_height = 1200;
  copy::CopyFindings findings = samples::Findings();
  findings.matches[0].regions[0].changed = {{{860, 460}, {940, 460}, {940, 540}}};
  findings.silenced = findings.matches;
  inspection.checks.push_back(ReportCopy(findings, view));
  authenticity::Metadata metadata = samples::CameraMetadata();
  metadata.generators = {samples::WebUiTag()};
  metadata.c2pa = authenticity::C2paSummary{};
  metadata.c2pa->actions = {"c2pa.created"};
  metadata.digital_source_type = "trainedAlgorithmicMedia";
  inspection.checks.push_back(ReportMetadata(
      metadata,
      RecordFinding{RecordAgreement::kPixels, "x.png.json", "ab", "kantei 1", {{"prompt", "a fox"}}}));
  const auto photo = samples::Score("photo"), drawn = samples::Score("drawn");
  const auto photo_of = samples::Reference("photo"), drawn_of = samples::Reference("drawn");
  inspection.checks.push_back(ReportRealism(photo, photo_of, &drawn, &drawn_of));
  inspection.checks.push_back(ReportAuthenticity(inspection.checks));
  inspection.conflicts = FindConflicts(inspection.checks);
  return inspection;
}

TEST(ReportJson, FitsItsPublishedSchema) {
  const auto schema = LoadSchema();
  const Json json = Written(FullInspection());
  EXPECT_THAT(schema.Violations(json), IsEmpty());
  EXPECT_EQ(json["schema"], "kantei.inspect/1");
  EXPECT_EQ(json["tool"]["version"], "1.2.3");
  EXPECT_EQ(json["file"]["sha256"], std::string(64, 'b'));
  EXPECT_EQ(json["file"]["warning"], "The file is truncated.");
  EXPECT_EQ(json["checks"].size(), 4u);
  EXPECT_EQ(json["checks"]["copy"]["band"], "strong");
  EXPECT_EQ(json["checks"]["copy"]["matches"][0]["inliers"], 83);
  for (const auto& [key, check] : json["checks"].items()) EXPECT_FALSE(check["limits"].empty()) << key;
  EXPECT_GE(json["conflicts"].size(), 2u);
  EXPECT_FALSE(json["conflicts"][0]["ja"].get<std::string>().empty());
}

TEST(ReportJson, TheSchemaNoticesWhatIsWrong) {
  const auto schema = LoadSchema();
  Json json = Written(FullInspection());
  json["checks"]["copy"]["band"] = "certain";
  EXPECT_THAT(schema.Violations(json), testing::Not(IsEmpty()));
  json = Written(FullInspection());
  json["file"].erase("sha256");
  EXPECT_THAT(schema.Violations(json), ElementsAre("/file: lacks sha256"));
  json = Written(FullInspection());
  json.erase("checks");
  EXPECT_THAT(schema.Violations(json), testing::Not(IsEmpty()));
}

TEST(ReportJson, AFileThatCannotBeReadHasAnErrorInsteadOfChecks) {
  Inspection inspection;
  inspection.file.path = "/data/missing.jpg";
  inspection.error = Error{ErrorCode::kNotFound, "/data/missing.jpg does not exist."};
  const Json json = Written(inspection);
  EXPECT_THAT(LoadSchema().Violations(json), IsEmpty());
  EXPECT_FALSE(json.contains("checks"));
  EXPECT_EQ(json["error"]["code"], "not_found");
}

TEST(ReportJson, AFailedCheckHasNoBand) {
  Inspection inspection = FullInspection();
  inspection.checks[0].error = Error{ErrorCode::kUnavailable, "The library is locked."};
  const Json json = Written(inspection);
  EXPECT_THAT(LoadSchema().Violations(json), IsEmpty());
  EXPECT_FALSE(json["checks"]["copy"].contains("band"));
  EXPECT_EQ(json["checks"]["copy"]["error"]["code"], "unavailable");
  EXPECT_EQ(json["checks"]["metadata"]["band"], "moderate");
}

// A flat picture has no Laplacian variance: its reciprocal, and with it the published score, has no finite
// value.
TEST(ReportJson, ValuesThatAreNotFiniteBecomeNull) {
  auto score = samples::Score("photo");
  score.irs = std::numeric_limits<double>::infinity();
  score.radii[3] = std::numeric_limits<double>::infinity();
  const auto reference = samples::Reference("photo");
  Inspection inspection = FullInspection();
  inspection.checks[2] = ReportRealism(score, reference, nullptr, nullptr);
  const Json json = Written(inspection);
  EXPECT_TRUE(json["checks"]["realism"]["irs"].is_null());
  EXPECT_THAT(LoadSchema().Violations(json), IsEmpty());
}

TEST(ReportJson, NamesThatAreNotUtf8StillGiveValidJson) {
  Inspection inspection = FullInspection();
  inspection.file.path = std::string("/data/\xff\xfe.jpg");
  const Json json = Written(inspection);
  EXPECT_EQ(json["file"]["path"], "/data/\xEF\xBF\xBD\xEF\xBF\xBD.jpg");
}

}  // namespace
}  // namespace kantei::inspect
