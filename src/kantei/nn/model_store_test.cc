#include "kantei/nn/model_store.h"

#include "kantei/base/files.h"
#include "kantei/base/sha256.h"
#include "kantei/nn/formula_network.h"
#include "kantei/nn/test_folder.h"
#include "kantei/nn/torchscript_list.h"

namespace kantei::nn {
namespace {

using Outcome = ModelCheck::Outcome;

NetworkDescription Tiny(const std::string& name) {
  NetworkDescription description;
  description.name = name;
  description.side = 32;
  description.compact.widths = {2, 4};
  description.compact.depths = {1, 1};
  description.compact.head = 6;
  return description;
}

class ModelStoreTest : public FolderTest {
 protected:
  void SetUp() override {
    FolderTest::SetUp();
    models_ = folder_ / "models";
    shipped_ = folder_ / "shipped";
    std::filesystem::create_directories(models_);
    std::filesystem::create_directories(shipped_);
    setenv("KANTEI_MODEL_DIR", shipped_.c_str(), 1);
  }
  void TearDown() override {
    unsetenv("KANTEI_MODEL_DIR");
    FolderTest::TearDown();
  }
  std::filesystem::path models_, shipped_;
};

TEST_F(ModelStoreTest, OwnDirectoryComesBeforeTheShippedOne) {
  EXPECT_EQ(UserModelDirectory(), models_);
  EXPECT_EQ(ModelDirectories(), (std::vector<std::filesystem::path>{models_, shipped_}));
  unsetenv("KANTEI_HOME");
  EXPECT_EQ(UserModelDirectory(), DataHome() / "models");
}

TEST_F(ModelStoreTest, ListHoldsNetworksAndBrokenOnesButNoOtherFiles) {
  ASSERT_TRUE(WriteFormulaNetwork(Tiny("b-network"), 0, models_ / "x.safetensors").ok());
  ASSERT_TRUE(WriteFormulaNetwork(Tiny("a-network"), 0, shipped_ / "y.safetensors").ok());
  ASSERT_TRUE(WriteFileAtomic(models_ / "c-broken.safetensors", "{").ok());
  ASSERT_TRUE(WriteFileAtomic(models_ / "notes.txt", "x").ok());
  const std::vector<float> number = {1};
  const TensorToWrite tensor{"words", DType::kF32, {1}, std::as_bytes(std::span(number))};
  ASSERT_TRUE(WriteSafetensors(shipped_ / "vocabulary.safetensors", std::span(&tensor, 1), {}).ok());
  ASSERT_TRUE(WriteFileAtomic(models_ / "listed.pt", "PK script").ok());
  ASSERT_TRUE(WriteFileAtomic(models_ / "unlisted.pt", "PK other").ok());
  ASSERT_TRUE(
      AddTorchScript({Sha256Hex(std::string_view("PK script")), "d-script", 32, 96, InputMode::kSquash})
          .ok());

  const auto models = ListModels();
  ASSERT_TRUE(models.ok()) << models.error().message;
  ASSERT_EQ(models->size(), 4u);
  EXPECT_EQ(models->at(0).info.name, "a-network");
  EXPECT_EQ(models->at(0).info.dimension, 6);
  EXPECT_EQ(models->at(1).info.name, "b-network");
  EXPECT_EQ(models->at(2).info.name, "c-broken");
  EXPECT_FALSE(models->at(2).problem.empty());
  EXPECT_EQ(models->at(3).info.name, "d-script");
  EXPECT_EQ(models->at(3).info.architecture, "torchscript");
}

TEST_F(ModelStoreTest, NetworksAreFoundByNameFileAndPath) {
  const auto path = models_ / "x.safetensors";
  ASSERT_TRUE(WriteFormulaNetwork(Tiny("network"), 0, path).ok());
  for (const std::string& wanted :
       {std::string("network"), std::string("x"), std::string("x.safetensors"), path.string()})
    EXPECT_EQ(FindNetwork(wanted).value(), path) << wanted;
  const auto missing = FindNetwork("other");
  ASSERT_FALSE(missing.ok());
  EXPECT_EQ(missing.error().code, ErrorCode::kNotFound);
  EXPECT_NE(missing.error().message.find("network"), std::string::npos);
}

TEST_F(ModelStoreTest, VerifyComparesTheCardAndRunsTheNetwork) {
  const auto path = models_ / "x.safetensors";
  ASSERT_TRUE(WriteFormulaNetwork(Tiny("network"), 0, path).ok());
  auto checks = VerifyModel(path);
  ASSERT_TRUE(checks.ok()) << checks.error().message;
  ASSERT_EQ(checks->size(), 3u);
  EXPECT_EQ(checks->at(0).outcome, Outcome::kSkipped);
  EXPECT_EQ(checks->at(1).outcome, Outcome::kPassed) << checks->at(1).detail;
  EXPECT_EQ(checks->at(2).outcome, Outcome::kPassed) << checks->at(2).detail;

  ASSERT_TRUE(WriteFileAtomic(models_ / "x.md", "| SHA-256 | `" + Sha256File(path).value() + "` |").ok());
  EXPECT_EQ(VerifyModel(path)->at(0).outcome, Outcome::kPassed);
  ASSERT_TRUE(WriteFileAtomic(models_ / "x.sha256", std::string(64, '0') + "  x.safetensors\n").ok());
  EXPECT_EQ(VerifyModel(path)->at(0).outcome, Outcome::kFailed);
}

TEST_F(ModelStoreTest, VerifyFailsOnACutFile) {
  const auto path = models_ / "x.safetensors";
  ASSERT_TRUE(WriteFormulaNetwork(Tiny("network"), 0, path).ok());
  std::filesystem::resize_file(path, std::filesystem::file_size(path) - 1);
  const auto checks = VerifyModel(path);
  ASSERT_TRUE(checks.ok());
  EXPECT_EQ(checks->back().outcome, Outcome::kFailed);
  EXPECT_EQ(checks->back().what, "tensors");
}

// A file of ours taken apart into torchvision's names and a head, then imported, is the same network.
TEST_F(ModelStoreTest, ImportMakesOneFileOfBackboneAndHead) {
  NetworkDescription description = Tiny("whole");
  description.head = "linear";
  const auto whole_path = folder_ / "whole.safetensors";
  ASSERT_TRUE(WriteFormulaNetwork(description, 5, whole_path).ok());
  const auto whole = SafetensorsFile::Open(whole_path);
  const std::vector<float> zeros(60);
  std::vector<TensorToWrite> backbone = {
      {"fc.weight", DType::kF32, {10, 6}, std::as_bytes(std::span(zeros))},
      {"fc.bias", DType::kF32, {10}, std::as_bytes(std::span(zeros).first(10))}};
  std::vector<TensorToWrite> head;
  for (const auto& [name, view] : whole->tensors()) {
    const bool is_head = name.starts_with("head.");
    const std::string own = name.substr(is_head ? 5 : 9);
    (is_head ? head : backbone).push_back({own, view.dtype, view.shape, view.bytes});
  }
  ASSERT_TRUE(WriteSafetensors(folder_ / "backbone.safetensors", backbone, {}).ok());
  ASSERT_TRUE(WriteSafetensors(folder_ / "head.safetensors", head, {}).ok());
  const auto out = models_ / "imported.safetensors";
  const auto info =
      ImportModel({folder_ / "backbone.safetensors", folder_ / "head.safetensors", Tiny("whole")}, out);
  ASSERT_TRUE(info.ok()) << info.error().message;
  EXPECT_EQ(info->dimension, 5);
  EXPECT_EQ(info->sha256, Sha256File(out).value());
  EXPECT_EQ(Sha256File(out).value(), Sha256File(whole_path).value());
}

TEST_F(ModelStoreTest, ImportNamesWhatIsMissingAndLeavesNoFile) {
  const std::vector<float> zeros(6);
  const TensorToWrite tensor{"conv1.weight", DType::kF32, {6}, std::as_bytes(std::span(zeros))};
  ASSERT_TRUE(WriteSafetensors(folder_ / "b.safetensors", std::span(&tensor, 1), {}).ok());
  const auto info = ImportModel({folder_ / "b.safetensors", {}, Tiny("x")}, models_ / "out.safetensors");
  ASSERT_FALSE(info.ok());
  EXPECT_EQ(info.error().code, ErrorCode::kCorrupt);
  EXPECT_NE(info.error().message.find("stem.0.weight"), std::string::npos) << info.error().message;
  EXPECT_FALSE(std::filesystem::exists(models_ / "out.safetensors"));
}

}  // namespace
}  // namespace kantei::nn
