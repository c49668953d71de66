#include "kantei/evaluate/dataset_stats.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>

#include "kantei/dataset/build_manifest.h"
#include "kantei/image/encode.h"

namespace kantei::evaluate {
namespace {

namespace fs = std::filesystem;
using dataset::BuiltSample;
using testing::HasSubstr;
using testing::Not;

class DatasetStatsTest : public testing::Test {
 protected:
  void SetUp() override {
    root_ = fs::temp_directory_path() / ("kantei_stats_" + std::to_string(getpid()));
    fs::remove_all(root_);
    fs::create_directories(root_);
    ASSERT_TRUE(image::WriteImage(root_ / "a.png", image::Image(16, 16, 3)).ok());
    std::ofstream manifest(root_ / dataset::kManifestFile);
    for (int i = 0; i < 5; ++i) {
      BuiltSample sample;
      sample.key = "s/<b>p" + std::to_string(i) + "#01";
      sample.picture = "a.png";
      sample.width = sample.height = 16;
      sample.source = "s";
      sample.split = i < 3 ? "train" : "test-out";
      sample.history = i == 0 ? "authentic" : "edited";
      sample.kind = i == 0 ? "authentic" : "spliced";
      sample.engine = i == 0 ? "authentic" : "telea";
      sample.detector_uncertainty = 0.25 * i;
      if (i > 0) {
        sample.mask = sample.original = "a.png";
        sample.mask_share = 0.05 * i;
        sample.mask_kind = "instance";
        sample.objects = {"dog", "dog"};
      }
      manifest << DumpJson(dataset::BuiltSampleRow(sample)) << "\n";
    }
    for (const char* limit : {"0.123", "0.456"})
      manifest << DumpJson(Json{{"picture", std::string("s/r#") + limit},
                                {"step", "quality"},
                                {"status", "refused"},
                                {"reason", std::string("the robust realism score is ") + limit +
                                               ", below the plan's 0.500"}})
               << "\n";
  }
  void TearDown() override { fs::remove_all(root_); }
  fs::path root_;
};

TEST_F(DatasetStatsTest, Numbers) {
  const auto stats = ReadDatasetStats(root_);
  ASSERT_TRUE(stats.ok()) << stats.error().message;
  const Json json = DatasetStatsJson(*stats);
  EXPECT_EQ(json["pictures"], 5);
  EXPECT_EQ(json["engine"]["telea"], 4);
  EXPECT_EQ(json["split"], (Json{{"test-out", 2}, {"train", 3}}));
  EXPECT_EQ(json["object"]["dog"], 4);
  EXPECT_EQ(json["refused"], (Json{{"the robust realism score is below the plan's limit", 2}}));
  const Json& doubt = json["measured"]["detector_uncertainty"]["telea spliced"];
  EXPECT_DOUBLE_EQ(doubt["median"].get<double>(), 0.625);  // of 0.25, 0.5, 0.75, 1
  EXPECT_DOUBLE_EQ(doubt["lower_quartile"].get<double>(), 0.4375);
  EXPECT_EQ(ReadDatasetStats(root_ / "nothing").error().code, ErrorCode::kNotFound);
}

TEST_F(DatasetStatsTest, PageIsSelfContainedAndEscaped) {
  const auto stats = ReadDatasetStats(root_);
  ASSERT_TRUE(stats.ok());
  const std::string html = DatasetStatsHtml(*stats);
  EXPECT_THAT(html, HasSubstr("data:image/jpeg;base64,"));
  EXPECT_THAT(html, HasSubstr("Sizes of the masks"));
  EXPECT_THAT(html, HasSubstr("telea spliced"));
  EXPECT_THAT(html, HasSubstr("&lt;b&gt;p1"));
  EXPECT_THAT(html, Not(HasSubstr("<b>p1")));
  EXPECT_THAT(html, Not(HasSubstr("://")));
}

}  // namespace
}  // namespace kantei::evaluate
