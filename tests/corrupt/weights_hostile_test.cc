// Weights files that are cut, changed, of another network, or programs in disguise: each refused with its reason.
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <functional>
#include <limits>
#include <map>
#include <string>
#include <vector>

#include "kantei/base/files.h"
#include "kantei/nn/embedding_network.h"
#include "kantei/nn/formula_network.h"
#include "kantei/nn/safetensors.h"

namespace kantei::nn {
namespace {

namespace fs = std::filesystem;

struct Tensor {
  std::vector<std::int64_t> shape;
  std::vector<float> values;
};

class WeightsHostile : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::temp_directory_path() / ("kantei-hostile-weights-" + std::to_string(getpid()));
    fs::create_directories(folder_);
    path_ = folder_ / "network.safetensors";
    description_.name = "tiny";
    description_.side = 32;
    description_.compact.widths = {2, 4};
    description_.compact.depths = {1, 1};
    description_.compact.head = 6;
    description_.head = "linear";
    ASSERT_TRUE(WriteFormulaNetwork(description_, 5, path_).ok());
  }
  void TearDown() override { fs::remove_all(folder_); }

  // Rewrites the file after `change`; the container stays sound.
  Error OpenChanged(const std::function<void(std::map<std::string, Tensor>&,
                                             std::map<std::string, std::string>&)>& change) {
    std::map<std::string, Tensor> tensors;
    std::map<std::string, std::string> metadata;
    {
      const auto file = SafetensorsFile::Open(path_);
      metadata = file->metadata();
      for (const auto& [name, view] : file->tensors()) {
        Tensor tensor{view.shape, std::vector<float>(view.bytes.size() / 4)};
        std::memcpy(tensor.values.data(), view.bytes.data(), view.bytes.size());
        tensors[name] = std::move(tensor);
      }
    }
    change(tensors, metadata);
    std::vector<TensorToWrite> writes;
    for (const auto& [name, tensor] : tensors)
      writes.push_back({name, DType::kF32, tensor.shape, std::as_bytes(std::span(tensor.values))});
    const fs::path other = folder_ / "changed.safetensors";
    EXPECT_TRUE(WriteSafetensors(other, writes, metadata).ok());
    return ErrorOf(other);
  }

  static Error ErrorOf(const fs::path& path) {
    const auto network = EmbeddingNetwork::Open(path);
    if (network.ok()) return {ErrorCode::kInternal, "the file was taken"};
    return network.error();
  }

  static void ExpectCorrupt(const Error& error, const std::string& part) {
    EXPECT_EQ(error.code, ErrorCode::kCorrupt) << error.message;
    EXPECT_NE(error.message.find(part), std::string::npos) << error.message;
  }

  fs::path folder_, path_;
  NetworkDescription description_;
};

TEST_F(WeightsHostile, EveryCutIsRefused) {
  const auto bytes = ReadFile(path_, 1 << 24).value();
  const fs::path cut = folder_ / "cut.safetensors";
  for (std::size_t size = 0; size < bytes.size(); size += size < 64 ? 1 : 997) {
    ASSERT_TRUE(WriteFileAtomic(cut, std::span(bytes).first(size)).ok());
    EXPECT_EQ(ErrorOf(cut).code, ErrorCode::kCorrupt) << size << " bytes";
  }
}

TEST_F(WeightsHostile, WrongShapeMissingAndSurplusAreNamed) {
  ExpectCorrupt(OpenChanged([](auto& tensors, auto&) {
                  tensors["backbone.stem.0.weight"].shape = {3, 1, 3, 3};
                }),
                "backbone.stem.0.weight has the shape [3, 1, 3, 3] where [1, 3, 3, 3]");
  ExpectCorrupt(OpenChanged([](auto& tensors, auto&) { tensors.erase("head.weight"); }),
                "missing (head.weight)");
  ExpectCorrupt(OpenChanged([](auto& tensors, auto&) {
                  tensors["optimizer.step"] = {{1}, {1.0f}};
                }),
                "not known (optimizer.step)");
}

TEST_F(WeightsHostile, NumbersThatCannotBeAreRefused) {
  ExpectCorrupt(OpenChanged([](auto& tensors, auto&) {
                  tensors["backbone.expand.0.weight"].values[5] = std::numeric_limits<float>::quiet_NaN();
                }),
                "backbone.expand.0.weight has values that are not finite");
  ExpectCorrupt(OpenChanged([](auto& tensors, auto&) {
                  tensors["head.bias"].values[0] = std::numeric_limits<float>::infinity();
                }),
                "head.bias");
  ExpectCorrupt(
      OpenChanged([](auto& tensors, auto&) { tensors["backbone.stem.1.running_var"].values[0] = -1; }),
      "negative variance");
  ExpectCorrupt(OpenChanged([](auto& tensors, auto&) { tensors["gem.p"] = {{1}, {0.0f}}; }), "gem.p");
}

TEST_F(WeightsHostile, MetadataDoNotMakeItTakeMemory) {
  ExpectCorrupt(OpenChanged([](auto&, auto& metadata) { metadata["kantei.widths"] = "8192,999999999"; }),
                "kantei.widths");
  // Within the limits, but nothing in the file has that size: refused before a network of that size is made.
  ExpectCorrupt(OpenChanged([](auto&, auto& metadata) {
                  metadata["kantei.widths"] = "8192,8192";
                  metadata["kantei.depths"] = "64,64";
                }),
                "missing");
}

TEST_F(WeightsHostile, FileOfAnotherKindIsNamed) {
  const Error error = OpenChanged([](auto&, auto& metadata) { metadata.clear(); });
  EXPECT_EQ(error.code, ErrorCode::kUnsupported);
  EXPECT_NE(error.message.find("kantei models import"), std::string::npos) << error.message;
}

TEST_F(WeightsHostile, PicklesAndUnlistedProgramsAreRefused) {
  const fs::path file = folder_ / "weights.pt";
  ASSERT_TRUE(WriteFileAtomic(file, std::string_view("PK\x03\x04 archive/data.pkl archive/data/0")).ok());
  EXPECT_EQ(ErrorOf(file).code, ErrorCode::kUnsupported);
  EXPECT_NE(ErrorOf(file).message.find("pickle"), std::string::npos);
  ASSERT_TRUE(WriteFileAtomic(file, std::string_view("\x80\x02}q\x01X\x05")).ok());
  EXPECT_NE(ErrorOf(file).message.find("pickle"), std::string::npos);
  ASSERT_TRUE(WriteFileAtomic(file, std::string_view("PK\x03\x04 net/data.pkl net/code/__torch__.py")).ok());
  EXPECT_EQ(ErrorOf(file).code, ErrorCode::kUnsupported);
  EXPECT_NE(ErrorOf(file).message.find("--i-trust-this-file"), std::string::npos);
}

}  // namespace
}  // namespace kantei::nn
