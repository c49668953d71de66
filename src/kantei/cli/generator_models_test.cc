#include "kantei/cli/generator_models.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace kantei::cli {
namespace {

namespace fs = std::filesystem;
using Outcome = nn::ModelCheck::Outcome;

class GeneratorModelsTest : public testing::Test {
 protected:
  GeneratorModelsTest() : shipped_(FindGenerator("").value()) {
    folder_ = fs::temp_directory_path() / ("kantei-generators-" + std::to_string(::getpid()));
    fs::remove_all(folder_);
    fs::create_directories(folder_);
    fs::copy(shipped_, folder_ / "mine", fs::copy_options::recursive);
  }
  ~GeneratorModelsTest() override { fs::remove_all(folder_); }

  const fs::path shipped_;
  fs::path folder_;
};

TEST_F(GeneratorModelsTest, TheShippedOneIsListedAndSound) {
  EXPECT_THAT(ListGenerators(), testing::Contains(shipped_));
  EXPECT_EQ(FindGenerator("generator").value(), shipped_);
  for (const nn::ModelCheck& check : CheckGenerator(shipped_))
    EXPECT_EQ(check.outcome, Outcome::kPassed) << check.what << ": " << check.detail;
  const Json json = DescribeGenerator(shipped_).value();
  EXPECT_EQ(json["side"], 128);
  EXPECT_GT(json["parameters"]["unet"], 1'000'000);
}

TEST_F(GeneratorModelsTest, ADamagedOneIsTold) {
  const fs::path mine = folder_ / "mine";
  EXPECT_EQ(CheckGenerator(mine).front().outcome, Outcome::kSkipped);  // no card beside it
  std::ofstream(folder_ / "mine.md") << "SHA-256 " << std::string(64, 'a');
  EXPECT_EQ(CheckGenerator(mine).front().outcome, Outcome::kFailed);
  fs::remove(mine / "unet" / "config.json");
  const auto checks = CheckGenerator(mine);
  EXPECT_EQ(checks.back().what, "tensors");
  EXPECT_EQ(checks.back().outcome, Outcome::kFailed);
  EXPECT_THAT(checks.back().detail, testing::HasSubstr("config.json"));
  EXPECT_FALSE(DescribeGenerator(mine).ok());
}

}  // namespace
}  // namespace kantei::cli
