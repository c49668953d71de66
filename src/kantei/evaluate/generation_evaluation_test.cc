#include "kantei/evaluate/generation_evaluation.h"

#include <gmock/gmock.h>

#include <cmath>
#include <cstdlib>
#include <memory>

#include "kantei/base/files.h"
#include "kantei/evaluate/generation_report.h"
#include "kantei/evaluate/test_benchmark.h"

namespace kantei::evaluate {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

/// Known scenes in two folders, real scenes of other seeds, and two generated sets: one copies the known ones, one does not.
class GenerationEvaluationTest : public testing::Test {
 protected:
  /// Foxes (below 6) are red, pianos dark.
  static image::Image Known(std::uint64_t number) {
    image::Image picture = Scene(number, 96, 96);
    for (std::size_t i = 0; i < picture.pixels().size(); ++i) {
      std::uint8_t& value = picture.pixels()[i];
      if (number >= 6)
        value /= 4;
      else if (i % 3 != 0)
        value /= 2;
    }
    return picture;
  }
  void SetUp() override {
    std::string pattern = (fs::temp_directory_path() / "kantei_generation_XXXXXX").string();
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    directory_ = pattern;
    for (std::uint64_t i = 0; i < 12; ++i)
      options_.known.push_back(Write(i < 6 ? "known/Red_Fox" : "known/grand-piano", i, Known(i)));
    for (std::uint64_t i = 0; i < 100; ++i)
      options_.real.push_back(Write("real/any", i, Scene(1000 + i, 96, 96)));
    GeneratedSet copies{"copies", {}}, fresh{"fresh", {}};
    for (std::uint64_t i = 0; i < 8; ++i) {
      copies.files.push_back(Write("copies", i, image::Resize(Known(i), 128, 128)));
      fresh.files.push_back(Write("fresh", i, Scene(5000 + i, 128, 128)));
      Record(copies.files.back(), i < 6 ? "red fox" : "a prompt of no class", 30);
    }
    sets_ = {copies, fresh};
    options_.threads = 2;
    model_ = FormulaModel(directory_);
  }
  void TearDown() override { fs::remove_all(directory_); }

  fs::path Write(const std::string& folder, std::uint64_t number, const image::Image& picture) const {
    fs::create_directories(directory_ / folder);
    const fs::path path = directory_ / folder / (std::to_string(number) + ".png");
    EXPECT_TRUE(image::WriteImage(path, picture).ok());
    return path;
  }
  static void Record(fs::path picture, const std::string& prompt, int steps) {
    picture += ".json";
    const Json record = {{"claim", {{"prompt", prompt}, {"steps", steps}, {"guidance", 3}}}};
    EXPECT_TRUE(WriteFileAtomic(picture, DumpJson(record)).ok());
  }

  fs::path directory_;
  std::vector<GeneratedSet> sets_;
  GenerationEvaluationOptions options_;
  std::shared_ptr<const copy::DescriptorModel> model_;
};

TEST_F(GenerationEvaluationTest, CopiesAreCountedAndFreshPicturesAreNot) {
  const auto evaluation = EvaluateGeneration(sets_, *model_, options_, {});
  ASSERT_TRUE(evaluation.ok()) << evaluation.error().message;
  ASSERT_EQ(evaluation->systems.size(), 3u);
  const GenerationFigures &real = evaluation->systems[0], &copies = evaluation->systems[1],
                          &fresh = evaluation->systems[2];
  EXPECT_EQ(real.name, "real");
  EXPECT_LE(real.copied, 1);
  EXPECT_EQ(copies.copied, 8);
  EXPECT_EQ(copies.hash_copied, 8);
  EXPECT_LE(fresh.copied, 1);
  EXPECT_EQ(fresh.hash_copied, 0);
  EXPECT_GT(copies.mean_ssim, fresh.mean_ssim + 0.3);
  EXPECT_GT(copies.mean_similarity, 0.95);
  EXPECT_EQ(copies.nearest[0].known.filename(), copies.nearest[0].file.filename());
  EXPECT_LT(copies.copied_95.low, 1);
  // Six of the eight ask for a class that there is; foxes they are.
  ASSERT_TRUE(copies.agreement.has_value());
  EXPECT_GT(*copies.agreement, 0.6);
  EXPECT_EQ(copies.passes, 60);  // two a step with guidance
  EXPECT_FALSE(fresh.agreement.has_value());
  EXPECT_FALSE(fresh.passes.has_value());
  EXPECT_EQ(evaluation->compared, 8);
  EXPECT_EQ(evaluation->classes, 2);
}

TEST_F(GenerationEvaluationTest, PassesAreThoseOfTheRecord) {
  const auto passes = [&](const Json& claim) {
    for (fs::path file : sets_[0].files) {
      file += ".json";
      EXPECT_TRUE(WriteFileAtomic(file, DumpJson({{"claim", claim}})).ok());
    }
    const auto evaluation = EvaluateGeneration(sets_, *model_, options_, {});
    EXPECT_TRUE(evaluation.ok());
    return evaluation->systems[1].passes;
  };
  EXPECT_EQ(passes({{"steps", 20}, {"guidance", 1}}), 20);
  EXPECT_EQ(passes({{"steps", 20}, {"guidance", 4}, {"guard", {{"attempts", {1, 2, 3}}}}}), 120);
  EXPECT_EQ(passes({{"steps", 20}, {"guidance", 4}, {"avoid_shape", {{"network_passes", {{"all", 100}}}}}}),
            100);
  EXPECT_EQ(passes({{"prompt", "red fox"}}), std::nullopt);
  EXPECT_EQ(passes({{"steps", 20},
                    {"guidance", 4},
                    {"mitigations", Json::array({{{"name", "best-of-noise"}, {"amount", 5}}})}}),
            50);
}

TEST_F(GenerationEvaluationTest, ReportsHoldTheFigures) {
  const auto evaluation = EvaluateGeneration(sets_, *model_, options_, {});
  ASSERT_TRUE(evaluation.ok()) << evaluation.error().message;
  const Json json = GenerationReportJson(*evaluation, 3, "1");
  EXPECT_EQ(json["sets"][1]["copied"], 8);
  EXPECT_EQ(json["sets"][1]["nearest"].size(), 3u);
  EXPECT_EQ(json["sets"][2]["agreement"], nullptr);
  const std::string html = GenerationReportHtml(*evaluation, 3, "1");
  EXPECT_THAT(html, HasSubstr("“red fox”"));
  EXPECT_THAT(html, HasSubstr("data:image/jpeg"));
}

/// Says how far apart the means of two pictures are, so that no weights are needed.
class MeanDistance : public nn::Lpips {
 public:
  const std::string& network() const override { return name_; }
  const std::string& sha256() const override { return name_; }
  Result<double> Distance(const image::Image& a, const image::Image& b) const override {
    EXPECT_EQ(a.width(), 128);
    EXPECT_EQ(b.height(), 128);
    const auto mean = [](const image::Image& picture) {
      double sum = 0;
      for (const std::uint8_t value : picture.pixels()) sum += value;
      return sum / static_cast<double>(picture.pixels().size());
    };
    return std::abs(mean(a) - mean(b));
  }

 private:
  std::string name_ = "mean";
};

TEST_F(GenerationEvaluationTest, LpipsIsToTheNearestKnownPictureWhereItIsGiven) {
  const auto without = EvaluateGeneration(sets_, *model_, options_, {});
  ASSERT_TRUE(without.ok());
  EXPECT_FALSE(without->systems[1].mean_lpips.has_value());
  EXPECT_EQ(GenerationReportJson(*without, 1, "1")["sets"][1]["lpips_to_nearest"], nullptr);
  options_.lpips = std::make_shared<MeanDistance>();
  const auto evaluation = EvaluateGeneration(sets_, *model_, options_, {});
  ASSERT_TRUE(evaluation.ok());
  const GenerationFigures& copies = evaluation->systems[1];
  double sum = 0;
  for (const NearestKnown& pair : copies.nearest) sum += pair.lpips.value();
  EXPECT_NEAR(copies.mean_lpips.value(), sum / 8, 1e-9);
  EXPECT_LT(*copies.mean_lpips, 1);
  EXPECT_GT(evaluation->systems[2].mean_lpips.value(), *copies.mean_lpips + 1);
  EXPECT_EQ(GenerationReportJson(*evaluation, 1, "1")["sets"][1]["lpips_to_nearest"], *copies.mean_lpips);
}

TEST_F(GenerationEvaluationTest, RefusesWhatCannotBeMeasured) {
  GenerationEvaluationOptions few = options_;
  few.real.resize(99);
  const auto without = EvaluateGeneration(sets_, *model_, few, {});
  ASSERT_FALSE(without.ok());
  EXPECT_THAT(without.error().message, HasSubstr("100 real"));
  sets_[0].name = "real";
  EXPECT_FALSE(EvaluateGeneration(sets_, *model_, options_, {}).ok());
  sets_[0].name = "copies";
  sets_[0].files.resize(1);
  EXPECT_FALSE(EvaluateGeneration(sets_, *model_, options_, {}).ok());
  options_.known.clear();
  EXPECT_FALSE(EvaluateGeneration(sets_, *model_, options_, {}).ok());
}

TEST_F(GenerationEvaluationTest, StopsWhenAsked) {
  const CancellationToken token;
  token.Cancel();
  const auto stopped = EvaluateGeneration(sets_, *model_, options_, token);
  ASSERT_FALSE(stopped.ok());
  EXPECT_EQ(stopped.error().code, ErrorCode::kCancelled);
}

}  // namespace
}  // namespace kantei::evaluate
