#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "kantei/image/transform.h"
#include "kantei/inspect/check_authenticity.h"
#include "kantei/inspect/check_copy.h"
#include "kantei/inspect/check_metadata.h"
#include "kantei/inspect/check_realism.h"
#include "kantei/inspect/copy_words.h"
#include "kantei/inspect/test_samples.h"
#include "kantei/inspect/words.h"

namespace kantei::inspect {
namespace {

using testing::HasSubstr;
using testing::Not;

CopyView View(const image::Image& query) {
  CopyView view;
  view.query = &query;
  view.full_width = 1600;
  view.full_height = 1200;
  view.preview = [](std::int64_t id) -> Result<image::Image> {
    if (id != 7) return Error{ErrorCode::kNotFound, "There is no picture with that id."};
    return samples::Picture(400, 300);
  };
  return view;
}

std::string AllEnglish(const std::vector<Text>& texts) {
  std::string out;
  for (const Text& text : texts) out += text.en + "\n";
  return out;
}

bool HasClaim(const CheckReport& report, Claim claim) {
  return std::any_of(report.facts.begin(), report.facts.end(),
                     [&](const Fact& fact) { return fact.claim == claim; });
}

std::vector<Figure> Figures(const CheckReport& report) {
  std::vector<Figure> figures;
  for (const Exhibit& exhibit : report.exhibits)
    if (const auto* figure = std::get_if<Figure>(&exhibit)) figures.push_back(*figure);
  return figures;
}

TEST(Words, FillPutsArgumentsOnceAndLeavesTheirBracesAlone) {
  const Text out = Fill({"{1} before {0}; {5} {x}", "{0}と{1}"}, {Same("{1}"), {"b", "ビ"}});
  EXPECT_EQ(out.en, "b before {1}; {5} {x}");
  EXPECT_EQ(out.ja, "{1}とビ");
}

TEST(Words, NumbersReadWell) {
  EXPECT_EQ(Percent(0), "0%");
  EXPECT_EQ(Percent(0.0004), "<0.1%");
  EXPECT_EQ(Percent(0.004), "0.4%");
  EXPECT_EQ(Percent(0.256), "26%");
  EXPECT_EQ(Count(0), "0");
  EXPECT_EQ(Count(999), "999");
  EXPECT_EQ(Count(1000), "1,000");
  EXPECT_EQ(Count(-1234567), "-1,234,567");
  EXPECT_EQ(Significant(0.0712345), "0.07123");
  EXPECT_EQ(Significant(612.04), "612.0");
  EXPECT_EQ(Significant(1234567.8), "1234568");
  EXPECT_EQ(Fixed(std::numeric_limits<double>::quiet_NaN(), 2), "–");
  EXPECT_EQ(Shorten("日本語", 7), "日本…");
  EXPECT_EQ(Shorten("abc", 3), "abc");
}

// The angle is what a viewer would turn the (mirrored) known picture by, clockwise because y points down.
TEST(CopyWords, PlacementGivesBackScaleAndTurn) {
  for (const bool mirrored : {false, true})
    for (const double degrees : {-120.0, -30.0, 0.0, 3.0, 90.0, 175.0}) {
      const Placement placement = PlacementOf(samples::Region(degrees, 0.52, mirrored));
      ASSERT_TRUE(placement.known);
      EXPECT_NEAR(placement.scale, 0.52, 1e-6);
      EXPECT_NEAR(placement.degrees, degrees, 1e-3) << mirrored;
    }
  copy::RegionMatch singular = samples::Region();
  singular.query_to_known.m.fill(0);
  EXPECT_FALSE(PlacementOf(singular).known);
}

TEST(CopyReport, TellsWhereHowMuchAndHowItWasMoved) {
  const image::Image query = samples::Picture(800, 600, 1);
  const CheckReport report = ReportCopy(samples::Findings(), View(query));
  EXPECT_EQ(report.band, Band::kStrong);
  EXPECT_THAT(report.headline.en, HasSubstr("evidence is strong"));
  EXPECT_THAT(report.headline.en, HasSubstr("lighthouse.jpg"));
  EXPECT_THAT(report.headline.ja, HasSubstr("強い証拠"));
  ASSERT_FALSE(report.grounds.empty());
  EXPECT_EQ(report.grounds[0].en,
            "The region that covers 6% of the picture shows 96% of “lighthouse.jpg”, mirrored left to right, "
            "scaled to 50%, "
            "rotated 3.0° clockwise; 83 feature pairs agree with one transform; detail agreement is 0.91 "
            "(the detail agrees in "
            "94% of the region).");
  EXPECT_THAT(report.grounds[0].ja, HasSubstr("（左右反転、倍率 50%、時計回りに 3.0° 回転）"));
  EXPECT_TRUE(HasClaim(report, Claim::kShowsKnown));
  EXPECT_FALSE(HasClaim(report, Claim::kShowsKnownAltered));
  EXPECT_FALSE(HasClaim(report, Claim::kHashOnly));

  const Json& match = report.json["matches"][0];
  EXPECT_EQ(match["path"], "/known/lighthouse.jpg");
  EXPECT_EQ(match["bank_kind"], "deny");
  EXPECT_EQ(match["inliers"], 83);
  EXPECT_EQ(match["regions"][0]["homography"].size(), 9u);
  EXPECT_EQ(match["regions"][0]["query_region"].size(), 4u);
  EXPECT_EQ(report.json["candidates"]["verified"], 12);
  EXPECT_EQ(report.json["library_pictures"], 10'000);
}

TEST(CopyReport, LaysTheKnownPictureOntoTheQuery) {
  // The query is the known picture at twice its size: the third panel must show the query again, outline
  // aside.
  const image::Image query = samples::Picture(480, 360);
  copy::CopyFindings findings = samples::Findings();
  copy::RegionMatch& region = findings.matches[0].regions[0];
  region.mirrored = false;
  region.query_to_known.m = {0.5, 0, 0, 0, 0.5, 0, 0, 0, 1};
  region.query_region = {{0, 0}, {1600, 0}, {1600, 1200}, {0, 1200}};
  region.known_region = {{0, 0}, {800, 0}, {800, 600}, {0, 600}};
  const auto figures = Figures(ReportCopy(findings, View(query)));
  ASSERT_EQ(figures.size(), 1u);
  ASSERT_EQ(figures[0].panels.size(), 3u);
  for (const auto& panel : figures[0].panels) {
    EXPECT_LE(std::max(panel.picture.width(), panel.picture.height()), 480);
    EXPECT_EQ(panel.picture.channels(), 3);
  }
  const image::Image& laid = figures[0].panels[2].picture;
  ASSERT_EQ(laid.width(), query.width());
  for (const auto& [x, y] : std::vector<std::pair<int, int>>{{240, 180}, {400, 300}, {300, 60}})
    for (int c = 0; c < 3; ++c)
      EXPECT_NEAR(laid.row(y)[3 * x + c], query.row(y)[3 * x + c], 6) << x << "," << y;
}

TEST(CopyReport, FadesTheQueryOutsideTheRegionAndTintsChangedParts) {
  const image::Image query = samples::Picture(800, 600, 1);
  copy::CopyFindings findings = samples::Findings();
  findings.matches[0].regions[0].changed = {{{860, 460}, {940, 460}, {940, 540}, {860, 540}}};
  findings.matches[0].regions[0].changed_share = 0.08;
  const CheckReport report = ReportCopy(findings, View(query));
  EXPECT_THAT(AllEnglish(report.grounds), HasSubstr("8% of the area differs"));
  EXPECT_TRUE(HasClaim(report, Claim::kShowsKnownAltered));
  const auto figures = Figures(report);
  ASSERT_EQ(figures.at(0).panels.size(), 3u);
  const image::Image plain = image::ResizeToFit(query, 480);
  const image::Image& drawn = figures[0].panels[0].picture;
  const image::Image& laid = figures[0].panels[2].picture;
  // (900, 500) of 1600 × 1200 is (270, 150) of 480 × 360: tinted. (60, 330) lies far outside: unchanged, and
  // faded.
  EXPECT_NE(drawn.row(150)[3 * 270 + 1], plain.row(150)[3 * 270 + 1]);
  for (int c = 0; c < 3; ++c) {
    const int value = plain.row(330)[3 * 60 + c];
    EXPECT_EQ(drawn.row(330)[3 * 60 + c], value);
    EXPECT_NEAR(laid.row(330)[3 * 60 + c], 255 - (255 - value) / 4, 1);
  }
}

TEST(CopyReport, SurvivesAMissingPreviewAndABareHash) {
  const image::Image query = samples::Picture(800, 600);
  copy::CopyFindings findings = samples::Findings();
  copy::CopyMatch& match = findings.matches[0];
  match.picture = {};
  match.picture.picture_id = 8;
  match.picture.bank = "partner";
  match.regions.clear();
  match.found_by = "pdq";
  match.pdq_distance = 6;
  const CheckReport report = ReportCopy(findings, View(query));
  EXPECT_THAT(report.headline.en, HasSubstr("PDQ 000000000000…"));
  EXPECT_THAT(AllEnglish(report.grounds), HasSubstr("in 6 of 256 bits"));
  ASSERT_EQ(Figures(report).size(), 1u);
  EXPECT_EQ(Figures(report)[0].panels.size(), 1u);
  // A bare hash cannot be confirmed locally: that it was not is no conflict.
  EXPECT_FALSE(HasClaim(report, Claim::kHashOnly));
  EXPECT_EQ(report.json["matches"][0]["inliers"], 0);
}

TEST(CopyReport, TheKnownFileItselfIsNamedAsSuch) {
  const image::Image query = samples::Picture(800, 600);
  CopyView view = View(query);
  copy::CopyFindings findings = samples::Findings();
  const std::string sha256 = findings.matches[0].picture.sha256;
  view.sha256 = sha256;
  findings.matches[0].regions[0].query_share = 1;
  CheckReport report = ReportCopy(findings, view);
  EXPECT_THAT(report.grounds[0].en, HasSubstr("byte for byte"));
  EXPECT_THAT(report.grounds[1].en, testing::StartsWith("The whole picture shows 96% of"));
  EXPECT_EQ(report.json["matches"][0]["identical_file"], true);
  // Two unknown hashes are no equality.
  view.sha256 = {};
  findings.matches[0].picture.sha256.clear();
  EXPECT_EQ(ReportCopy(findings, view).json["matches"][0]["identical_file"], false);
}

TEST(CopyReport, NothingFoundIsNotAbsence) {
  copy::CopyFindings findings;
  findings.library_pictures = 60;
  findings.pdq_quality = 12;
  findings.query_features = 3;
  const image::Image query = samples::Picture(64, 64);
  const CheckReport report = ReportCopy(findings, View(query));
  EXPECT_EQ(report.band, Band::kNone);
  EXPECT_THAT(report.headline.en, HasSubstr("no proof of absence"));
  EXPECT_THAT(report.headline.ja, HasSubstr("証明ではない"));
  EXPECT_THAT(AllEnglish(report.grounds), HasSubstr("PDQ quality 12 of 100"));
  EXPECT_THAT(AllEnglish(report.grounds), HasSubstr("Only 3 local features"));
  findings.library_pictures = 0;
  EXPECT_THAT(ReportCopy(findings, View(query)).headline.en, HasSubstr("nothing to compare with"));
}

TEST(CopyReport, PermittedAndIgnoredPicturesAreNamedAsSuch) {
  const image::Image query = samples::Picture(800, 600);
  copy::CopyFindings findings = samples::Findings();
  findings.matches[0].bank_kind = store::BankKind::kAllow;
  findings.matches[0].picture.bank = "allow";
  CheckReport report = ReportCopy(findings, View(query));
  EXPECT_THAT(report.headline.en, HasSubstr("known and permitted"));
  EXPECT_THAT(report.headline.ja, HasSubstr("使用可"));

  findings.silenced = std::move(findings.matches);
  findings.silenced[0].bank_kind = store::BankKind::kIgnore;
  findings.matches.clear();
  findings.band = Band::kNone;
  report = ReportCopy(findings, View(query));
  EXPECT_EQ(report.band, Band::kNone);
  EXPECT_FALSE(HasClaim(report, Claim::kShowsKnown));
  EXPECT_EQ(report.json["matches"].size(), 0u);
  EXPECT_EQ(report.json["silenced"].size(), 1u);
  EXPECT_THAT(AllEnglish(report.grounds), HasSubstr("does not count"));
}

TEST(CopyReport, AHashMatchThatDetailDoesNotConfirmIsAConflict) {
  const image::Image query = samples::Picture(800, 600);
  copy::CopyFindings findings = samples::Findings();
  findings.matches[0].regions.clear();
  findings.matches[0].found_by = "pdq";
  const CheckReport report = ReportCopy(findings, View(query));
  EXPECT_TRUE(HasClaim(report, Claim::kHashOnly));
  const auto conflicts = FindConflicts({report});
  ASSERT_EQ(conflicts.size(), 1u);
  EXPECT_THAT(conflicts[0].en, HasSubstr("does not confirm"));
}

TEST(MetadataReport, ACameraFileCarriesNoSign) {
  const CheckReport report = ReportMetadata(samples::CameraMetadata());
  EXPECT_EQ(report.band, Band::kNone);
  EXPECT_TRUE(HasClaim(report, Claim::kCamera));
  EXPECT_THAT(AllEnglish(report.grounds), HasSubstr("Canon EOS 5D Mark IV"));
  EXPECT_THAT(AllEnglish(report.grounds), Not(HasSubstr("Canon Canon")));
  EXPECT_EQ(report.json["exif"][1]["name"], "Model");
  EXPECT_EQ(report.json["jpeg"]["estimated_quality"], 92);
  EXPECT_EQ(report.json["thumbnail"]["contradicts"], false);
}

TEST(MetadataReport, SilenceMeansNothing) {
  const CheckReport report = ReportMetadata({});
  EXPECT_EQ(report.band, Band::kNone);
  EXPECT_THAT(report.headline.en, HasSubstr("absence means nothing"));
  EXPECT_FALSE(report.json.contains("c2pa"));
}

TEST(MetadataReport, SettingsNeedPromptSeedAndSamplerToBeComplete) {
  authenticity::Metadata metadata;
  metadata.generators = {samples::WebUiTag()};
  EXPECT_TRUE(HasClaim(ReportMetadata(metadata), Claim::kGeneratorComplete));
  EXPECT_EQ(ReportMetadata(metadata).band, Band::kModerate);
  std::erase_if(metadata.generators[0].fields, [](const auto& field) { return field.name == "seed"; });
  EXPECT_FALSE(HasClaim(ReportMetadata(metadata), Claim::kGeneratorComplete));
  EXPECT_TRUE(HasClaim(ReportMetadata(metadata), Claim::kGeneratorPartial));
}

TEST(MetadataReport, EditorsAreAHintAndFirmwareIsNot) {
  authenticity::Metadata metadata = samples::CameraMetadata();
  metadata.exif.push_back({"Software", "Firmware Version 1.0.4"});
  EXPECT_EQ(ReportMetadata(metadata).band, Band::kNone);
  metadata.exif.back().value = "Adobe Photoshop 25.0 (Windows)";
  const CheckReport report = ReportMetadata(metadata);
  EXPECT_EQ(report.band, Band::kInconclusive);
  EXPECT_THAT(report.headline.en, HasSubstr("Photoshop"));
}

TEST(MetadataReport, AThumbnailOfSomethingElseContradicts) {
  authenticity::Metadata metadata = samples::CameraMetadata();
  metadata.thumbnail->contradicts = true;
  metadata.thumbnail->correlation = 0.31;
  const CheckReport report = ReportMetadata(metadata);
  EXPECT_EQ(report.band, Band::kModerate);
  const auto conflicts = FindConflicts({report});
  ASSERT_EQ(conflicts.size(), 1u);
  EXPECT_THAT(conflicts[0].en, HasSubstr("r = 0.31"));
}

TEST(MetadataReport, C2paIsStatedAsUnchecked) {
  authenticity::Metadata metadata;
  authenticity::C2paSummary c2pa;
  c2pa.manifests = 1;
  c2pa.claim_generator = "Adobe Firefly";
  c2pa.digital_source_types = {"trainedAlgorithmicMedia", "trainedAlgorithmicMedia"};
  metadata.c2pa = c2pa;
  const CheckReport report = ReportMetadata(metadata);
  EXPECT_THAT(AllEnglish(report.grounds), HasSubstr("signature was not checked"));
  EXPECT_EQ(report.facts.size(), 1u);  // the type is told once
  EXPECT_EQ(report.json["c2pa"]["signature_checked"], false);
}

TEST(AuthenticityReport, UndecidedWithoutDeclarations) {
  const CheckReport report = ReportAuthenticity({ReportMetadata(samples::CameraMetadata())});
  EXPECT_EQ(report.band, Band::kInconclusive);
  EXPECT_THAT(report.headline.en, HasSubstr("pixels were not analysed"));
  EXPECT_EQ(report.json["pixel_analysis"], false);
  EXPECT_EQ(report.json["basis"], Json::array({"metadata"}));
  EXPECT_TRUE(report.json["declarations"].is_array());
  EXPECT_TRUE(report.json["declarations"].empty());
}

TEST(AuthenticityReport, WeighsWhatTheFileDeclares) {
  authenticity::Metadata metadata;
  metadata.generators = {samples::WebUiTag()};
  CheckReport report = ReportAuthenticity({ReportMetadata(metadata)});
  EXPECT_EQ(report.band, Band::kStrong);
  EXPECT_THAT(report.headline.en, HasSubstr("can be forged"));
  EXPECT_THAT(report.headline.ja, HasSubstr("偽造できる"));
  EXPECT_EQ(report.json["declarations"][0]["kind"], "generator_settings");

  metadata.generators[0].fields.clear();
  report = ReportAuthenticity({ReportMetadata(metadata)});
  EXPECT_EQ(report.band, Band::kModerate);

  metadata.digital_source_type = "compositeWithTrainedAlgorithmicMedia";
  metadata.generators.clear();
  report = ReportAuthenticity({ReportMetadata(metadata)});
  EXPECT_EQ(report.band, Band::kStrong);
  EXPECT_THAT(report.headline.en, HasSubstr("parts of the picture"));
}

authenticity::AuthenticityProfile ProfileOfPixels() {
  authenticity::AuthenticityProfile profile;
  profile.detector = "test 0123";
  profile.data = "a hundred pictures";
  for (const auto question :
       {authenticity::AuthenticityQuestion::kAiMade, authenticity::AuthenticityQuestion::kEdited}) {
    authenticity::QuestionCalibration& c = profile.questions[question];
    c.curve = {1.0, 0.0};
    c.lower = 0.2, c.threshold = 0.7, c.upper = 0.7;
    c.authentic = c.fake = 50;
  }
  return profile;
}

PixelReading PixelsWith(double made, double edited) {
  PixelReading pixels;
  PixelView view;
  view.name = "native";
  view.picture = image::Image(200, 160, 3);
  view.findings.ai_made_logit = made;
  view.findings.edited_logit = edited;
  view.findings.map = image::Plane(200, 160);
  view.findings.confidence = image::Plane(200, 160);
  for (int y = 40; y < 80; ++y) std::fill_n(view.findings.map.row(y) + 60, 80, 0.9f);
  pixels.views.push_back(view);
  return pixels;
}

TEST(AuthenticityReport, PixelsAreNeverStrongEvidence) {
  const auto profile = ProfileOfPixels();
  CheckReport report = ReportAuthenticity({}, PixelsWith(-9, 9), profile);
  EXPECT_EQ(report.band, Band::kModerate);
  EXPECT_THAT(report.headline.en, HasSubstr("moderate evidence in the pixels"));
  EXPECT_NEAR(report.json["edited"]["probability"].get<double>(), 0.9999, 1e-3);
  EXPECT_LT(report.json["ai_made"]["probability"].get<double>(), 0.01);
  EXPECT_EQ(report.json["measured_on"], profile.data);
  EXPECT_EQ(report.json["edited"]["measured"]["false_alarms"],
            profile.questions.at(authenticity::AuthenticityQuestion::kEdited).false_alarms);
  ASSERT_EQ(report.json["regions"].size(), 1u);
  EXPECT_EQ(report.json["regions"][0]["x"], 60);
  EXPECT_NEAR(report.json["regions"][0]["share"].get<double>(), 0.1, 1e-6);
  EXPECT_THAT(AllEnglish(report.grounds), HasSubstr("The marked region at 60, 40"));
  EXPECT_EQ(report.json["pixel_analysis"], true);
  ASSERT_EQ(report.maps.size(), 2u);
  EXPECT_EQ(report.maps[0].image.row(50)[100], 230);

  report = ReportAuthenticity({}, PixelsWith(0, -9), profile);
  EXPECT_EQ(report.band, Band::kInconclusive);
  EXPECT_THAT(report.headline.en, HasSubstr("Undecided"));
  report = ReportAuthenticity({}, PixelsWith(-9, -9), profile);
  EXPECT_EQ(report.band, Band::kNone);
  EXPECT_THAT(report.headline.en, HasSubstr("does not make the picture genuine"));
  EXPECT_EQ(AllEnglish(report.grounds).find("marked region"), std::string::npos);
}

TEST(AuthenticityReport, SoftPicturesAreNotJudged) {
  auto profile = ProfileOfPixels();
  profile.most_softness = 5.5;
  PixelReading pixels = PixelsWith(9, 9);
  pixels.views[0].softness = 5.4;
  EXPECT_EQ(ReportAuthenticity({}, pixels, profile).band, Band::kModerate);
  pixels.views[0].softness = 5.6;
  const CheckReport report = ReportAuthenticity({}, pixels, profile);
  EXPECT_EQ(report.band, Band::kInconclusive);
  EXPECT_THAT(report.headline.en, HasSubstr("too soft"));
  EXPECT_THAT(report.headline.ja, HasSubstr("判定できない"));
  EXPECT_THAT(AllEnglish(report.grounds), HasSubstr("softness 5.6; up to 5.5"));
  EXPECT_EQ(AllEnglish(report.grounds).find("signs that it was"), std::string::npos);
  EXPECT_EQ(report.json["ai_made"]["band"], "inconclusive");
  EXPECT_EQ(report.json["softness"]["too_soft"], true);
  EXPECT_TRUE(report.json["regions"].empty());
}

TEST(AuthenticityReport, DeclarationsWeighMoreThanPixels) {
  authenticity::Metadata metadata;
  metadata.generators = {samples::WebUiTag()};
  const CheckReport report =
      ReportAuthenticity({ReportMetadata(metadata)}, PixelsWith(-9, -9), ProfileOfPixels());
  EXPECT_EQ(report.band, Band::kStrong);
  EXPECT_THAT(report.headline.en, HasSubstr("the file itself declares it"));
}

TEST(RealismReport, InformsAndNeverJudges) {
  const auto photo = samples::Score("photo"), drawn = samples::Score("drawn", 10);
  const auto photo_of = samples::Reference("photo"), drawn_of = samples::Reference("drawn");
  const CheckReport report = ReportRealism(photo, photo_of, &drawn, &drawn_of);
  EXPECT_EQ(report.band, Band::kNone);
  EXPECT_FALSE(report.gives_verdict);
  EXPECT_THAT(AllEnglish(report.grounds), HasSubstr("Mean spectrum is unusually high"));
  ASSERT_EQ(report.exhibits.size(), 2u);
  const auto& radar = std::get<Radar>(report.exhibits[0]);
  EXPECT_EQ(radar.axes.size(), 5u);
  EXPECT_EQ(radar.axes[0].percentile, 63);
  const auto& table = std::get<Table>(report.exhibits[1]);
  EXPECT_EQ(table.header.size(), 4u);
  for (const auto& row : table.rows) EXPECT_EQ(row.size(), table.header.size());
  EXPECT_EQ(report.json["reference"], "photo");
  EXPECT_EQ(report.json["measures"]["ced"], 0.0712);
  EXPECT_EQ(report.json["percentiles"]["ms"], 99);
  EXPECT_EQ(report.json["second"]["reference"], "drawn");
}

TEST(Conflicts, AreShownAcrossChecks) {
  const image::Image query = samples::Picture(800, 600);
  authenticity::Metadata metadata = samples::CameraMetadata();
  metadata.generators = {samples::WebUiTag()};
  const std::vector<CheckReport> checks = {ReportCopy(samples::Findings(), View(query)),
                                           ReportMetadata(metadata)};
  const auto conflicts = FindConflicts(checks);
  ASSERT_EQ(conflicts.size(), 2u);
  EXPECT_THAT(conflicts[0].en, HasSubstr("Canon EOS 5D Mark IV"));
  EXPECT_THAT(conflicts[0].en, HasSubstr("Stable Diffusion WebUI"));
  EXPECT_THAT(conflicts[1].en, HasSubstr("lighthouse.jpg"));
  EXPECT_TRUE(
      FindConflicts({ReportCopy(samples::Findings(), View(query)), ReportMetadata(samples::CameraMetadata())})
          .empty());
}

// Every sentence exists in both languages, none claims certainty, and Japanese stays in the plain written
// style.
TEST(Language, ReportsSpeakBothLanguagesAndNeverClaimCertainty) {
  const image::Image query = samples::Picture(800, 600);
  authenticity::Metadata metadata = samples::CameraMetadata();
  metadata.generators = {samples::WebUiTag()};
  metadata.digital_source_type = "trainedAlgorithmicMedia";
  metadata.problems = {"An EXIF segment is cut off."};
  metadata.c2pa = authenticity::C2paSummary{};
  copy::CopyFindings findings = samples::Findings();
  findings.silenced = findings.matches;
  const auto photo = samples::Score("photo");
  const auto photo_of = samples::Reference("photo");
  std::vector<CheckReport> checks = {ReportCopy(findings, View(query)), ReportMetadata(metadata),
                                     ReportRealism(photo, photo_of, nullptr, nullptr)};
  checks.push_back(ReportAuthenticity(checks));
  std::vector<Text> all = FindConflicts(checks);
  for (const CheckReport& check : checks) {
    all.insert(all.end(), check.grounds.begin(), check.grounds.end());
    all.insert(all.end(), check.limits.begin(), check.limits.end());
    for (const Text& text : {check.headline, check.question, check.name}) all.push_back(text);
  }
  for (const Text& text : all) {
    EXPECT_FALSE(text.en.empty());
    EXPECT_FALSE(text.ja.empty()) << text.en;
    for (const char* word : {"proves", "certainly", "undoubtedly", "{0}", "{1}", "{2}"})
      EXPECT_THAT(text.en, Not(HasSubstr(word)));
    for (const char* word : {"間違いなく", "断定できる", "です。", "ます。", "{0}", "{1}", "{2}"})
      EXPECT_THAT(text.ja, Not(HasSubstr(word)));
  }
}

}  // namespace
}  // namespace kantei::inspect
