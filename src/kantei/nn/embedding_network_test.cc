#include "kantei/nn/embedding_network.h"

#include <cmath>

#include "kantei/base/sha256.h"
#include "kantei/nn/formula_network.h"
#include "kantei/nn/test_folder.h"

namespace kantei::nn {
namespace {

class EmbeddingNetworkTest : public FolderTest {
 protected:
  std::filesystem::path Write(InputMode mode, const std::string& head = "linear") {
    NetworkDescription description;
    description.name = "tiny";
    description.side = 32;
    description.mode = mode;
    description.compact.widths = {4, 8};
    description.compact.depths = {1, 1};
    description.compact.head = 12;
    description.head = head;
    const auto path = folder_ / "network.safetensors";
    const Status written = WriteFormulaNetwork(description, 7, path);
    EXPECT_TRUE(written.ok());
    return path;
  }

  static image::Image Patterned(int width, int height, int seed) {
    image::Image picture(width, height, 3);
    for (int y = 0; y < height; ++y) {
      for (std::size_t i = 0; i < picture.stride(); ++i)
        picture.row(y)[i] =
            static_cast<std::uint8_t>((static_cast<int>(i) * (seed + 3) + y * 5 * seed) & 255);
    }
    return picture;
  }

  static double Cosine(std::span<const float> a, std::span<const float> b) {
    double sum = 0;
    for (std::size_t i = 0; i < a.size(); ++i) sum += static_cast<double>(a[i]) * b[i];
    return sum;
  }
};

TEST_F(EmbeddingNetworkTest, InfoSaysWhatTheFileIs) {
  const auto path = Write(InputMode::kSquash);
  const auto network = EmbeddingNetwork::Open(path);
  ASSERT_TRUE(network.ok()) << network.error().message;
  const NetworkInfo& info = (*network)->info();
  EXPECT_EQ(info.name, "tiny");
  EXPECT_EQ(info.architecture, "compact");
  EXPECT_EQ(info.sha256, Sha256File(path).value());
  EXPECT_EQ(info.dimension, 7);
  EXPECT_EQ(info.side, 32);
  EXPECT_GT(info.parameters, 0);
}

TEST_F(EmbeddingNetworkTest, RowsStayInTheOrderOfThePicturesWhateverTheirSizes) {
  for (const InputMode mode : {InputMode::kSquash, InputMode::kShortSide}) {
    const auto network = EmbeddingNetwork::Open(Write(mode)).value();
    std::vector<image::Image> pictures;
    for (int i = 0; i < 40; ++i) pictures.push_back(Patterned(40 + 10 * (i % 3), 50 - 8 * (i % 2), i));
    pictures.push_back(image::Image(20, 90, 1));
    const auto rows = network->Embed(pictures);
    ASSERT_TRUE(rows.ok()) << rows.error().message;
    ASSERT_EQ(rows->rows(), pictures.size());
    for (std::size_t i = 0; i < pictures.size(); i += 5) {
      const auto alone = network->Embed(std::span(&pictures[i], 1));
      ASSERT_TRUE(alone.ok());
      EXPECT_GT(Cosine(rows->row(i), alone->row(0)), 0.99999) << "picture " << i;
      EXPECT_NEAR(Cosine(rows->row(i), rows->row(i)), 1, 1e-5);
    }
  }
}

TEST_F(EmbeddingNetworkTest, AnotherSideIsAnotherInput) {
  const auto network = EmbeddingNetwork::Open(Write(InputMode::kSquash)).value();
  const image::Image picture = Patterned(100, 80, 3);
  const auto one = std::span(&picture, 1);
  EXPECT_EQ(network->Embed(one)->values, network->Embed(one, 32)->values);
  EXPECT_NE(network->Embed(one)->values, network->Embed(one, 64)->values);
  EXPECT_EQ(network->Embed(one, -1).error().code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(network->Embed(one, 1 << 20).error().code, ErrorCode::kInvalidArgument);
}

TEST_F(EmbeddingNetworkTest, NothingGivesNothingAndAnEmptyPictureIsRefused) {
  const auto network = EmbeddingNetwork::Open(Write(InputMode::kSquash)).value();
  EXPECT_EQ(network->Embed({})->rows(), 0u);
  const image::Image empty;
  EXPECT_EQ(network->Embed(std::span(&empty, 1)).error().code, ErrorCode::kInvalidArgument);
}

TEST_F(EmbeddingNetworkTest, ThreadsDoNotChangeWhatIsSeen) {
  const auto path = Write(InputMode::kSquash);
  const std::vector<image::Image> pictures = {Patterned(90, 70, 1), Patterned(30, 30, 2),
                                              Patterned(64, 64, 5)};
  const auto one = EmbeddingNetwork::Open(path, {.device = "cpu", .threads = 1}).value()->Embed(pictures);
  const auto two = EmbeddingNetwork::Open(path, {.device = "cpu", .threads = 2}).value()->Embed(pictures);
  ASSERT_TRUE(one.ok() && two.ok());
  for (std::size_t i = 0; i < pictures.size(); ++i) EXPECT_GT(Cosine(one->row(i), two->row(i)), 0.99999);
}

TEST_F(EmbeddingNetworkTest, BadOptionsAreRefused) {
  const auto path = Write(InputMode::kSquash);
  EXPECT_EQ(EmbeddingNetwork::Open(path, {.device = "cpu", .threads = 0}).error().code,
            ErrorCode::kInvalidArgument);
  EXPECT_EQ(EmbeddingNetwork::Open(path, {.device = "abacus"}).error().code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(EmbeddingNetwork::Open(folder_ / "missing.safetensors").error().code, ErrorCode::kNotFound);
}

TEST_F(EmbeddingNetworkTest, MissingDeviceIsUnavailable) {
  const auto network = EmbeddingNetwork::Open(Write(InputMode::kSquash), {.device = "cuda:99"});
  ASSERT_FALSE(network.ok());
  EXPECT_EQ(network.error().code, ErrorCode::kUnavailable) << network.error().message;
}

// A head of zeros has no direction to give.
TEST_F(EmbeddingNetworkTest, DescriptorWithoutDirectionIsAnError) {
  const auto path = Write(InputMode::kSquash);
  const auto other = folder_ / "zero.safetensors";
  {
    const auto file = SafetensorsFile::Open(path);
    std::vector<TensorToWrite> tensors;
    const std::vector<float> zeros(7 * 12);
    for (const auto& [name, view] : file->tensors()) {
      const auto bytes =
          name.starts_with("head.") ? std::as_bytes(std::span(zeros)).first(view.bytes.size()) : view.bytes;
      tensors.push_back({name, view.dtype, view.shape, bytes});
    }
    ASSERT_TRUE(WriteSafetensors(other, tensors, file->metadata()).ok());
  }
  const auto network = EmbeddingNetwork::Open(other);
  ASSERT_TRUE(network.ok()) << network.error().message;
  const image::Image picture = Patterned(40, 40, 1);
  const auto rows = (*network)->Embed(std::span(&picture, 1));
  ASSERT_FALSE(rows.ok());
  EXPECT_EQ(rows.error().code, ErrorCode::kInternal);
}

}  // namespace
}  // namespace kantei::nn
