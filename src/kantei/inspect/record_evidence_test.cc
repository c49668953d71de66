#include "kantei/inspect/record_evidence.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "kantei/inspect/check_metadata.h"
#include "kantei/inspect/inspector.h"
#include "kantei/inspect/test_samples.h"

namespace kantei::inspect {
namespace {

using testing::HasSubstr;

RecordFinding Record(RecordAgreement agreement) {
  return {agreement, "fox.png.json", "abc", "kantei 1", {{"prompt", "a fox"}, {"seed", "7"}}};
}

bool Has(const CheckReport& report, Claim claim) {
  return std::any_of(report.facts.begin(), report.facts.end(),
                     [&](const Fact& fact) { return fact.claim == claim; });
}

TEST(RecordEvidence, ARecordThatFitsDeclaresAndProvesNothing) {
  for (const RecordAgreement agreement : {RecordAgreement::kFile, RecordAgreement::kPixels}) {
    const CheckReport report = ReportMetadata({}, Record(agreement));
    EXPECT_EQ(report.band, Band::kModerate);
    EXPECT_THAT(report.headline.en, HasSubstr("can be forged"));
    EXPECT_THAT(report.headline.ja, HasSubstr("偽造できる"));
    EXPECT_TRUE(Has(report, Claim::kRecordAgrees));
    ASSERT_EQ(report.grounds.size(), 1u);
    EXPECT_THAT(report.grounds[0].en, HasSubstr("fox.png.json"));
    EXPECT_THAT(report.grounds[0].ja, HasSubstr("kantei 1"));
    EXPECT_EQ(report.json["record"]["fields"][1]["value"], "7");
    EXPECT_TRUE(FindConflicts({report}).empty());
  }
  EXPECT_THAT(ReportMetadata({}, Record(RecordAgreement::kPixels)).grounds[0].en, HasSubstr("saved anew"));
  // A camera that generated.
  const auto conflicts =
      FindConflicts({ReportMetadata(samples::CameraMetadata(), Record(RecordAgreement::kFile))});
  ASSERT_EQ(conflicts.size(), 1u);
  EXPECT_THAT(conflicts[0].en, HasSubstr("record"));
}

TEST(RecordEvidence, ARecordThatDoesNotFitIsSaidAndLeavesThePictureOpen) {
  for (const RecordAgreement agreement :
       {RecordAgreement::kOtherPixels, RecordAgreement::kOtherRecord, RecordAgreement::kClaimChanged}) {
    const CheckReport report = ReportMetadata({}, Record(agreement));
    EXPECT_EQ(report.band, Band::kInconclusive);
    EXPECT_THAT(report.headline.en, HasSubstr("does not fit"));
    EXPECT_FALSE(Has(report, Claim::kRecordAgrees));
    EXPECT_EQ(report.json["record"]["agreement"], AgreementName(agreement));
    const auto conflicts = FindConflicts({report});
    ASSERT_EQ(conflicts.size(), 1u);
    EXPECT_THAT(conflicts[0].ja, HasSubstr("一致しない"));
  }
}

TEST(RecordEvidence, ThePictureMayCarryTheHashOfAnotherRecord) {
  authenticity::Metadata metadata;
  metadata.generators = {{"Kantei", "xmp", {{"claim_sha256", "abc"}}}};
  EXPECT_EQ(Compared(Record(RecordAgreement::kPixels), metadata).agreement, RecordAgreement::kPixels);
  metadata.generators[0].fields[0].value = "abd";
  EXPECT_EQ(Compared(Record(RecordAgreement::kPixels), metadata).agreement, RecordAgreement::kOtherRecord);
  EXPECT_EQ(Compared(Record(RecordAgreement::kClaimChanged), metadata).agreement,
            RecordAgreement::kClaimChanged);
  const CheckReport report = ReportMetadata(metadata, Record(RecordAgreement::kFile));
  EXPECT_EQ(report.band, Band::kModerate);  // the picture declares what it is by itself
  EXPECT_EQ(FindConflicts({report}).size(), 1u);
  EXPECT_FALSE(ReportMetadata(metadata).json.contains("record"));
}

}  // namespace
}  // namespace kantei::inspect
