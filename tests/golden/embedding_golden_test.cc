// Agreement of our networks with torchvision's and of TorchScript with Python's; data/ is made by make_embedding.py.
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <string>
#include <vector>

#include "kantei/base/sha256.h"
#include "kantei/nn/embedding_network.h"
#include "kantei/nn/formula_network.h"
#include "kantei/nn/torchscript_list.h"

namespace kantei::nn {
namespace {

namespace fs = std::filesystem;

constexpr int kSide = 96, kDimension = 64, kPictures = 2;
// Of unit-length rows in float32 against a reference in double.
constexpr double kTolerance = 1e-5;
// What a wrong stride or eps must change at least.
constexpr double kClearlyDifferent = 100 * kTolerance;

const fs::path kData = fs::path(KANTEI_SOURCE_DIR) / "tests" / "golden" / "data";

class EmbeddingGolden : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::temp_directory_path() / ("kantei-embedding-" + std::to_string(getpid()));
    fs::create_directories(folder_);
    setenv("KANTEI_HOME", folder_.c_str(), 1);
  }
  void TearDown() override {
    unsetenv("KANTEI_HOME");
    fs::remove_all(folder_);
  }

  static std::vector<float> Golden(const std::string& file, const std::string& name, int columns) {
    const auto golden = SafetensorsFile::Open(kData / file);
    EXPECT_TRUE(golden.ok());
    const std::int64_t shape[] = {kPictures, columns};
    const auto view = golden->Get(name, DType::kF32, shape);
    EXPECT_TRUE(view.ok());
    std::vector<float> values(view->bytes.size() / sizeof(float));
    std::memcpy(values.data(), view->bytes.data(), view->bytes.size());
    return values;
  }

  // Rows to unit length, as Embed gives them.
  static std::vector<float> Unit(std::vector<float> values, int columns) {
    for (auto row = values.begin(); row != values.end(); row += columns) {
      double sum = 0;
      for (auto it = row; it != row + columns; ++it) sum += static_cast<double>(*it) * *it;
      for (auto it = row; it != row + columns; ++it) *it = static_cast<float>(*it / std::sqrt(sum));
    }
    return values;
  }

  static std::vector<image::Image> Pictures() { return {FormulaPicture(0, kSide), FormulaPicture(1, kSide)}; }

  std::vector<float> Embed(const NetworkDescription& description, const NetworkOptions& options = {}) {
    const fs::path path = folder_ / "network.safetensors";
    const Status written = WriteFormulaNetwork(description, kDimension, path);
    EXPECT_TRUE(written.ok());
    return EmbedFile(path, options);
  }

  static std::vector<float> EmbedFile(const fs::path& path, const NetworkOptions& options = {}) {
    const auto network = EmbeddingNetwork::Open(path, options);
    EXPECT_TRUE(network.ok()) << (network.ok() ? "" : network.error().message);
    if (!network.ok()) return {};
    const auto rows = (*network)->Embed(Pictures());
    EXPECT_TRUE(rows.ok()) << (rows.ok() ? "" : rows.error().message);
    return rows.ok() ? rows->values : std::vector<float>{};
  }

  static double Difference(const std::vector<float>& a, const std::vector<float>& b) {
    EXPECT_EQ(a.size(), b.size());
    double most = 0;
    for (std::size_t i = 0; i < std::min(a.size(), b.size()); ++i) {
      most = std::max(most, static_cast<double>(std::abs(a[i] - b[i])));
    }
    return most;
  }

  fs::path folder_;
};

NetworkDescription Described(const std::string& architecture, const std::string& head) {
  NetworkDescription description;
  description.architecture = architecture;
  description.name = "golden";
  description.side = kSide;
  description.head = head;
  return description;
}

TEST_F(EmbeddingGolden, PooledFeatureOfResNet50IsTorchvisions) {
  const auto expected = Unit(Golden("embedding_resnet50.safetensors", "gem", 2048), 2048);
  EXPECT_LT(Difference(Embed(Described("resnet50", "none")), expected), kTolerance);
}

TEST_F(EmbeddingGolden, DescriptorOfResNet50IsTorchvisions) {
  const auto expected = Golden("embedding_resnet50.safetensors", "descriptor", kDimension);
  EXPECT_LT(Difference(Embed(Described("resnet50", "linear")), expected), kTolerance);
}

TEST_F(EmbeddingGolden, DescriptorOfResNeXt101IsTorchvisions) {
  const auto expected = Golden("embedding_resnext101_32x4d.safetensors", "descriptor", kDimension);
  EXPECT_LT(Difference(Embed(Described("resnext101_32x4d", "linear")), expected), kTolerance);
}

TEST_F(EmbeddingGolden, AnotherStrideOrExponentIsSeen) {
  const auto expected = Golden("embedding_resnet50.safetensors", "descriptor", kDimension);
  auto description = Described("resnet50", "linear");
  description.last_stride_1 = true;
  EXPECT_GT(Difference(Embed(description), expected), kClearlyDifferent);
  description.last_stride_1 = false;
  description.gem_p = 2;
  EXPECT_GT(Difference(Embed(description), expected), kClearlyDifferent);
}

TEST_F(EmbeddingGolden, Bfloat16PointsTheSameWay) {
  const auto expected = Golden("embedding_resnet50.safetensors", "descriptor", kDimension);
  NetworkOptions options;
  options.bfloat16 = true;
  const auto values = Embed(Described("resnet50", "linear"), options);
  ASSERT_EQ(values.size(), expected.size());
  for (int r = 0; r < kPictures; ++r) {
    double cosine = 0;
    for (int i = r * kDimension; i < (r + 1) * kDimension; ++i) {
      cosine +=
          static_cast<double>(values[static_cast<std::size_t>(i)]) * expected[static_cast<std::size_t>(i)];
    }
    EXPECT_GT(cosine, 0.995) << "picture " << r;
  }
}

TEST_F(EmbeddingGolden, TorchScriptOfSscdsShapeIsPythons) {
  const fs::path file = kData / "sscd_shaped.torchscript.pt";
  const auto refused = EmbeddingNetwork::Open(file);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, ErrorCode::kUnsupported);
  EXPECT_NE(refused.error().message.find("kantei models import"), std::string::npos)
      << refused.error().message;

  const TorchScriptEntry entry{Sha256File(file).value(), "sscd_shaped", 32, kSide, InputMode::kSquash};
  ASSERT_TRUE(AddTorchScript(entry).ok());
  EXPECT_LT(Difference(EmbedFile(file), Golden("sscd_shaped.safetensors", "descriptor", 32)), kTolerance);
}

}  // namespace
}  // namespace kantei::nn
