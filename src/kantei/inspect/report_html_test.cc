#include "kantei/inspect/report_html.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "kantei/inspect/check_copy.h"
#include "kantei/inspect/check_metadata.h"
#include "kantei/inspect/check_realism.h"
#include "kantei/inspect/html_text.h"
#include "kantei/inspect/test_samples.h"

namespace kantei::inspect {
namespace {

using testing::HasSubstr;
using testing::Not;

RunFacts SampleRun() {
  return {"1.2.3", "/srv/known", 10'000, "2025-06-01T09:30:00Z", {{"--jobs", "2"}}};
}

std::size_t Occurrences(const std::string& text, std::string_view part) {
  std::size_t count = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + part.size()))
    ++count;
  return count;
}

Inspection Sample(const std::string& path = "/data/suspect.jpg") {
  const image::Image query = samples::Picture(320, 240, 1);
  Inspection inspection;
  inspection.file.path = path;
  inspection.file.sha256 = std::string(64, 'b');
  inspection.file.bytes = 12'345;
  inspection.file.format = "jpeg";
  inspection.file.width = 1600;
  inspection.file.height = 1200;
  inspection.preview = query;
  CopyView view;
  view.query = &query;
  view.full_width = 1600;
  view.full_height = 1200;
  view.preview = [](std::int64_t) -> Result<image::Image> { return samples::Picture(320, 240); };
  inspection.checks.push_back(ReportCopy(samples::Findings(), view));
  inspection.checks.push_back(ReportMetadata(samples::CameraMetadata()));
  const auto photo = samples::Score("photo");
  const auto photo_of = samples::Reference("photo");
  inspection.checks.push_back(ReportRealism(photo, photo_of, nullptr, nullptr));
  return inspection;
}

std::string Page(const Inspection& inspection, Language language = Language::kEnglish) {
  return RenderHtml(std::span(&inspection, 1), SampleRun(), language);
}

TEST(HtmlText, EscapesMarkup) {
  EXPECT_EQ(Escaped("<a href='x'>&\"</a>"), "&lt;a href=&#39;x&#39;&gt;&amp;&quot;&lt;/a&gt;");
  EXPECT_EQ(Escaped("日本語 é 😀\n"), "日本語 é 😀\n");
}

// "photo<RLO>gpj.exe" is shown by browsers as "photoexe.jpg".
TEST(HtmlText, ShowsCharactersThatHideOrReorderText) {
  EXPECT_EQ(Escaped("photo\u202Egpj.exe"), "photo[U+202E]gpj.exe");
  EXPECT_EQ(Escaped("a\u2066b\u2069\u200B\uFEFF"), "a[U+2066]b[U+2069][U+200B][U+FEFF]");
  EXPECT_EQ(Escaped("\U000E0041"), "[U+E0041]");
  EXPECT_EQ(Escaped(std::string_view("a\0b\x1b", 4)), "a[U+0000]b[U+001B]");
  EXPECT_EQ(Escaped("\xC2\x85"), "[U+0085]");
}

TEST(HtmlText, ReplacesInvalidUtf8) {
  EXPECT_EQ(Escaped("a\xFF"), "a\uFFFD");
  EXPECT_EQ(Escaped("\xC0\xBC"), "\uFFFD\uFFFD");  // overlong '<'
  EXPECT_EQ(Escaped("\xE0\x80\xBC"), "\uFFFD\uFFFD\uFFFD");
  EXPECT_EQ(Escaped("\xED\xA0\x80"), "\uFFFD\uFFFD\uFFFD");  // surrogate
  EXPECT_EQ(Escaped("\xE3\x81"), "\uFFFD\uFFFD");            // cut off
}

TEST(ReportHtml, IsOneSelfContainedPage) {
  const std::string page = Page(Sample());
  EXPECT_THAT(page, HasSubstr("default-src 'none'; img-src data:; style-src 'unsafe-inline'"));
  EXPECT_THAT(page, HasSubstr("<html lang=\"en\">"));
  EXPECT_THAT(page, HasSubstr("@page"));
  for (const char* outside : {"http:", "https:", "<script", "<link", "@import", "url(", "onload", "file:"})
    EXPECT_THAT(page, Not(HasSubstr(outside)));
  // Thumbnail, preview and the three panels of the match.
  EXPECT_EQ(Occurrences(page, "<img "), 5u);
  EXPECT_EQ(Occurrences(page, "src=\"data:image/jpeg;base64,/9j/"), 5u);
  EXPECT_EQ(Occurrences(page, "alt=\""), 5u);
}

TEST(ReportHtml, StatesWhatAnEvidenceFileNeeds) {
  const std::string page = Page(Sample());
  for (const char* part : {"1.2.3", "2025-06-01 09:30:00 UTC", "/srv/known", "10,000", "--jobs",
                           "lighthouse.jpg", "What Kantei cannot tell", "Strength of evidence", "chip strong",
                           "information only", "12 kB (12,345 bytes)", "1600 × 1200 pixels", "Limits"})
    EXPECT_THAT(page, HasSubstr(part));
  // The hash stands in the facts, in short in the summary, and in the foot of the picture's pages.
  EXPECT_EQ(Occurrences(page, std::string(64, 'b')), 2u);
  EXPECT_THAT(page, HasSubstr("@page p1{"));
  // Every axis of the plot is labelled.
  for (const char* axis : {"Edges", "Contrast", "Energy", "Sharpness", "Spectrum"})
    EXPECT_THAT(page, HasSubstr(axis));
}

TEST(ReportHtml, SpeaksJapanese) {
  const std::string page = Page(Sample(), Language::kJapanese);
  for (const char* part : {"<html lang=\"ja\">", "画像検査報告書", "証拠の強さ", "強い", "参考情報",
                           "既知画像", "一致点", "左右反転", "以上"})
    EXPECT_THAT(page, HasSubstr(part));
  for (const char* english :
       {"The evidence", "Limits", "Strength of evidence", "information only", "known picture"})
    EXPECT_THAT(page, Not(HasSubstr(english)));
}

TEST(ReportHtml, HostileTextStaysText) {
  Inspection inspection = Sample("/data/<script>alert(1)<&\"'\u202Egpj.png");
  authenticity::Metadata metadata;
  metadata.exif = {{"<img src=x onerror=alert(1)>", "\"><svg onload=alert(2)>"}};
  metadata.generators = {{"</style><script>", "PNG \u202E", {{"prompt", "</table><iframe>"}}}};
  inspection.checks[1] = ReportMetadata(metadata);
  inspection.file.sha256 = "\"}</style><script>";
  inspection.checks[0].error = Error{ErrorCode::kCorrupt, "<b>bad</b>"};
  RunFacts run = SampleRun();
  run.tool_version = "</style><script>\"}";
  run.library = "<u>";
  run.options = {{"<i>", "</td><script>"}};
  const std::string page = RenderHtml(std::span(&inspection, 1), run, Language::kEnglish);
  for (const char* live :
       {"<script", "<img src=x", "<svg onload", "<iframe", "<b>bad", "<u>", "<i>", "\u202E"})
    EXPECT_THAT(page, Not(HasSubstr(live)));
  EXPECT_EQ(Occurrences(page, "</style>"), 1u);
  EXPECT_THAT(page, HasSubstr("&lt;script&gt;alert(1)"));
  EXPECT_THAT(page, HasSubstr("[U+202E]gpj.png"));
}

TEST(ReportHtml, ShowsConflictsAndErrors) {
  Inspection good = Sample();
  good.conflicts = {{"Camera and generator.", "撮影と生成。"}};
  Inspection bad;
  bad.file.path = "/data/broken.jpg";
  bad.error = Error{ErrorCode::kCorrupt, "broken.jpg ends early."};
  const std::vector<Inspection> both = {good, bad};
  const std::string page = RenderHtml(both, SampleRun(), Language::kEnglish);
  EXPECT_THAT(page, HasSubstr("Camera and generator."));
  EXPECT_THAT(page, HasSubstr("1 conflict<"));
  EXPECT_EQ(Occurrences(page, "broken.jpg ends early."), 2u);  // in the summary and in its section
  EXPECT_THAT(page, HasSubstr("2 pictures"));
  EXPECT_LT(page.find("Camera and generator."), page.find("class=\"check\""));
}

TEST(ReportHtml, PicturesMayComeOneByOne) {
  const std::vector<Inspection> both = {Sample("/data/a.jpg"), Sample("/data/b.jpg")};
  HtmlReport report(SampleRun(), Language::kEnglish);
  for (const Inspection& inspection : both) report.Add(inspection);
  EXPECT_EQ(report.Finish(), RenderHtml(both, SampleRun(), Language::kEnglish));
}

TEST(ReportHtml, AnEmptyRunIsStillAPage) {
  const std::string page = RenderHtml({}, {}, Language::kEnglish);
  EXPECT_THAT(page, HasSubstr("0 pictures"));
  EXPECT_THAT(page, HasSubstr("</html>"));
}

}  // namespace
}  // namespace kantei::inspect
