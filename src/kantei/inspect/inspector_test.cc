#include "kantei/inspect/inspector.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <stdexcept>
#include <thread>
#include <utility>

#include "kantei/base/files.h"
#include "kantei/base/sha256.h"
#include "kantei/image/encode.h"
#include "kantei/inspect/test_samples.h"

namespace kantei::inspect {
namespace {

using testing::HasSubstr;

class Folder : public testing::Test {
 protected:
  void SetUp() override {
    folder_ =
        std::filesystem::path(testing::TempDir()) /
        ("kantei_inspector_" + std::string(testing::UnitTest::GetInstance()->current_test_info()->name()));
    std::filesystem::create_directories(folder_);
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::filesystem::path Write(const std::string& name, std::span<const std::byte> bytes) {
    const auto path = folder_ / name;
    EXPECT_TRUE(WriteFileAtomic(path, bytes).ok());
    return path;
  }
  std::filesystem::path WritePicture(const std::string& name, int width, int height) {
    return Write(name, image::EncodeJpeg(samples::Picture(width, height), 90).value());
  }

  std::filesystem::path folder_;
};
using InspectorTest = Folder;

/// Records what it was given; throws when asked to.
class ProbeCheck : public Check {
 public:
  explicit ProbeCheck(std::string key, bool throws = false) : key_(std::move(key)), throws_(throws) {}
  CheckReport Describe() const override {
    CheckReport report;
    report.key = key_;
    report.question = {"Probe?", "検査"};
    return report;
  }
  CheckReport Run(const Subject& subject) const override {
    if (throws_) throw std::runtime_error("probe broke");
    CheckReport report = Describe();
    report.json["earlier"] = subject.earlier->size();
    report.json["width"] = subject.decoded->pixels.width();
    report.json["bytes"] = subject.file.size();
    report.facts.push_back({Claim::kThumbnailDiffers, "exif", "r = 0.10"});
    return report;
  }

 private:
  std::string key_;
  bool throws_;
};

Inspector MakeInspector(InspectOptions options = {}) {
  std::vector<std::unique_ptr<Check>> checks;
  checks.push_back(std::make_unique<ProbeCheck>("first"));
  checks.push_back(std::make_unique<ProbeCheck>("broken", true));
  checks.push_back(std::make_unique<ProbeCheck>("last"));
  return Inspector(std::move(checks), options);
}

TEST_F(InspectorTest, GathersFactsAndRunsTheChecksInOrder) {
  const auto path = WritePicture("日本語 の写真.jpg", 2000, 1500);
  const Inspection inspection = MakeInspector().Inspect(path);
  ASSERT_FALSE(inspection.error);
  EXPECT_EQ(inspection.file.sha256, Sha256File(path).value());
  EXPECT_EQ(inspection.file.bytes, static_cast<std::int64_t>(std::filesystem::file_size(path)));
  EXPECT_EQ(inspection.file.format, "jpeg");
  EXPECT_EQ(inspection.file.width, 2000);
  EXPECT_EQ(inspection.file.height, 1500);
  EXPECT_EQ(inspection.preview.width(), 480);
  ASSERT_EQ(inspection.checks.size(), 3u);
  EXPECT_EQ(inspection.checks[0].json["width"], 1024);
  EXPECT_EQ(inspection.checks[0].json["bytes"], inspection.file.bytes);
  EXPECT_EQ(inspection.checks[2].json["earlier"], 2);
  EXPECT_EQ(inspection.conflicts.size(), 1u);
  EXPECT_GT(inspection.seconds, 0);
}

TEST_F(InspectorTest, AThrowingCheckBecomesItsOwnError) {
  const Inspection inspection = MakeInspector().Inspect(WritePicture("a.jpg", 640, 480));
  ASSERT_EQ(inspection.checks.size(), 3u);
  EXPECT_FALSE(inspection.checks[0].error);
  ASSERT_TRUE(inspection.checks[1].error);
  EXPECT_EQ(inspection.checks[1].key, "broken");
  EXPECT_EQ(inspection.checks[1].error->code, ErrorCode::kInternal);
  EXPECT_THAT(inspection.checks[1].error->message, HasSubstr("probe broke"));
  EXPECT_FALSE(inspection.checks[2].error);
}

TEST_F(InspectorTest, BadFilesAreErrorsWithTheFactsThatAreKnown) {
  const Inspector inspector = MakeInspector();
  Inspection inspection = inspector.Inspect(folder_ / "missing.jpg");
  ASSERT_TRUE(inspection.error);
  EXPECT_EQ(inspection.error->code, ErrorCode::kNotFound);
  EXPECT_TRUE(inspection.file.sha256.empty());

  inspection = inspector.Inspect(folder_);
  ASSERT_TRUE(inspection.error);
  EXPECT_EQ(inspection.error->code, ErrorCode::kInvalidArgument);

  inspection = inspector.Inspect(Write("empty.jpg", {}));
  ASSERT_TRUE(inspection.error);
  EXPECT_TRUE(inspection.checks.empty());

  const std::string text = "no picture at all";
  inspection = inspector.Inspect(Write("text.png", std::as_bytes(std::span(text))));
  ASSERT_TRUE(inspection.error);
  EXPECT_EQ(inspection.error->code, ErrorCode::kUnsupported);
  EXPECT_EQ(inspection.file.sha256, Sha256Hex(std::string_view(text)));
  EXPECT_EQ(inspection.file.format, "unknown");
}

TEST_F(InspectorTest, TheByteLimitHoldsBeforeReading) {
  InspectOptions options;
  options.limits.max_file_bytes = 100;
  const Inspection inspection = MakeInspector(options).Inspect(WritePicture("big.jpg", 640, 480));
  ASSERT_TRUE(inspection.error);
  EXPECT_EQ(inspection.error->code, ErrorCode::kTooLarge);
}

TEST_F(InspectorTest, SeveralThreadsGetTheSameAnswers) {
  const auto path = WritePicture("a.jpg", 800, 600);
  const Inspector inspector = MakeInspector();
  std::atomic<int> good = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&] {
      for (int i = 0; i < 3; ++i) {
        const Inspection inspection = inspector.Inspect(path);
        if (!inspection.error && inspection.checks.size() == 3 && inspection.checks[2].json["width"] == 800)
          ++good;
      }
    });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(good, 12);
}

TEST_F(InspectorTest, TheStandardChecksAnswerEveryQuestion) {
  auto checks = MakeStandardChecks(nullptr, {}, {});
  ASSERT_TRUE(checks.ok()) << checks.error().message;
  const Inspection inspection =
      Inspector(std::move(checks).value(), {}).Inspect(WritePicture("a.jpg", 800, 600));
  ASSERT_EQ(inspection.checks.size(), 3u);
  EXPECT_EQ(inspection.checks[0].key, "metadata");
  EXPECT_EQ(inspection.checks[0].json["jpeg"]["subsampling"], "4:4:4");
  EXPECT_EQ(inspection.checks[1].key, "realism");
  EXPECT_EQ(inspection.checks[2].key, "authenticity");
  EXPECT_EQ(inspection.checks[2].band, Band::kInconclusive);
}

TEST(InspectOptions, NamesTheFieldThatIsWrong) {
  EXPECT_TRUE(InspectOptions{}.Validate().ok());
  InspectOptions options;
  options.working_side = 511;
  EXPECT_THAT(options.Validate().error().message, HasSubstr("working_side"));
  options = {};
  options.realism_reference.clear();
  EXPECT_THAT(options.Validate().error().message, HasSubstr("realism_reference"));
  options = {};
  options.realism_reference = "no such reference";
  EXPECT_FALSE(MakeStandardChecks(nullptr, {}, options).ok());
}

}  // namespace
}  // namespace kantei::inspect
