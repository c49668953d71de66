// The CPU network against the trainer's module with the same weights: the one folds batch norms, fuses and reorders, the
// other computes as written.
#include "kantei/nn/cpu_network.h"

#include <torch/torch.h>

#include <cmath>
#include <thread>

#include "kantei/nn/backbone_net.h"
#include "kantei/nn/formula_network.h"
#include "kantei/nn/gem_net.h"
#include "kantei/nn/test_folder.h"
#include "kantei/nn/weights_net.h"

namespace kantei::nn {
namespace {

constexpr double kTolerance = 1e-4;  // of the largest value

NetworkDescription Tiny() {
  NetworkDescription description;
  description.name = "tiny";
  description.compact.widths = {8, 12, 20};
  description.compact.depths = {1, 2, 1};
  description.compact.head = 24;
  return description;
}

std::vector<float> Noise(std::size_t count) {
  std::vector<float> values(count);
  for (std::size_t i = 0; i < count; ++i)
    values[i] = static_cast<float>(4 * FormulaUniform("input", static_cast<std::uint32_t>(i)) - 2);
  return values;
}

class CpuNetworkTest : public FolderTest {
 protected:
  std::filesystem::path Write(const NetworkDescription& description) {
    const auto path = folder_ / "network.safetensors";
    const Status written = WriteFormulaNetwork(description, 16, path);
    EXPECT_TRUE(written.ok());
    return path;
  }

  std::unique_ptr<CpuNetwork> Make(const NetworkDescription& description, bool bfloat16 = false) {
    const auto file = SafetensorsFile::Open(Write(description));
    auto weights = LoadNetworkWeights(*file, description, "network");
    EXPECT_TRUE(weights.ok()) << (weights.ok() ? "" : weights.error().message);
    return CpuNetwork::Make(*std::move(weights), bfloat16).value();
  }

  // The module's pooled features.
  std::vector<float> ByTorch(const NetworkDescription& description, const std::vector<float>& input,
                             int count, int width, int height) {
    const auto file = SafetensorsFile::Open(Write(description));
    Backbone module(*SpecOf(description));
    const Status loaded = LoadModule(*file, "network", {.prefix = "backbone."}, *module);
    EXPECT_TRUE(loaded.ok()) << (loaded.ok() ? "" : loaded.error().message);
    module->eval();
    const torch::NoGradGuard no_grad;
    const torch::Tensor x = torch::from_blob(const_cast<float*>(input.data()), {count, height, width, 3})
                                .permute({0, 3, 1, 2})
                                .contiguous();
    const torch::Tensor y = GemPool(module->forward(x), description.gem_p).contiguous();
    return {y.data_ptr<float>(), y.data_ptr<float>() + y.numel()};
  }

  static void ExpectClose(const std::vector<float>& a, const std::vector<float>& b, double tolerance) {
    ASSERT_EQ(a.size(), b.size());
    double largest = 0, difference = 0;
    for (std::size_t i = 0; i < a.size(); ++i) {
      largest = std::max(largest, std::abs(static_cast<double>(b[i])));
      difference = std::max(difference, std::abs(static_cast<double>(a[i]) - b[i]));
    }
    EXPECT_LT(difference, tolerance * largest);
    EXPECT_GT(largest, 0);
  }
};

TEST_F(CpuNetworkTest, FoldedCompactNetworkEqualsTheModule) {
  // Odd sides, so that strides and padding meet a remainder.
  const auto input = Noise(3 * 45 * 33 * 3);
  const auto rows = Make(Tiny())->Run(input.data(), 3, 45, 33, 1);
  ASSERT_TRUE(rows.ok()) << rows.error().message;
  ExpectClose(*rows, ByTorch(Tiny(), input, 3, 45, 33), kTolerance);
}

TEST_F(CpuNetworkTest, FoldedResNetEqualsTheModule) {
  for (const bool last_stride_1 : {false, true}) {
    NetworkDescription description = Tiny();
    description.architecture = "resnet50";
    description.last_stride_1 = last_stride_1;
    description.gem_p = 2.6;
    const auto input = Noise(2 * 70 * 50 * 3);
    const auto rows = Make(description)->Run(input.data(), 2, 70, 50, 2);
    ASSERT_TRUE(rows.ok()) << rows.error().message;
    ExpectClose(*rows, ByTorch(description, input, 2, 70, 50), kTolerance);
  }
}

TEST_F(CpuNetworkTest, SmallestInputWorks) {
  const auto input = Noise(16 * 16 * 3);
  const auto rows = Make(Tiny())->Run(input.data(), 1, 16, 16, 1);
  ASSERT_TRUE(rows.ok()) << rows.error().message;
  ExpectClose(*rows, ByTorch(Tiny(), input, 1, 16, 16), kTolerance);
}

TEST_F(CpuNetworkTest, Bfloat16StaysNear) {
  if (!CpuNetwork::HasBfloat16()) GTEST_SKIP() << "this processor does not multiply bfloat16";
  const auto input = Noise(2 * 64 * 64 * 3);
  const auto exact = Make(Tiny())->Run(input.data(), 2, 64, 64, 1);
  const auto network = Make(Tiny(), true);
  EXPECT_TRUE(network->bfloat16());
  const auto rows = network->Run(input.data(), 2, 64, 64, 1);
  ASSERT_TRUE(rows.ok()) << rows.error().message;
  ExpectClose(*rows, *exact, 0.03);
  EXPECT_NE(*rows, *exact);
}

TEST_F(CpuNetworkTest, PicturesOfABatchDoNotMeet) {
  const std::size_t picture = 40 * 40 * 3;
  const auto input = Noise(5 * picture);
  const auto network = Make(Tiny());
  const auto together = network->Run(input.data(), 5, 40, 40, 1).value();
  const auto alone = network->Run(input.data() + 3 * picture, 1, 40, 40, 1).value();
  const auto width = static_cast<std::ptrdiff_t>(alone.size());
  ExpectClose({together.begin() + 3 * width, together.begin() + 4 * width}, alone, kTolerance);
}

TEST_F(CpuNetworkTest, CallsFromManyThreadsAndShapesAgree) {
  const auto network = Make(Tiny());
  const auto input = Noise(4 * 48 * 48 * 3);
  std::vector<std::vector<float>> expected;
  for (int count = 1; count <= 4; ++count)
    expected.push_back(network->Run(input.data(), count, 48, 48, 1).value());
  std::vector<int> wrong(4);
  std::vector<std::thread> threads;
  for (std::size_t t = 0; t < wrong.size(); ++t) {
    threads.emplace_back([&, t] {
      for (int round = 0; round < 12; ++round) {
        const int count = 1 + (round + static_cast<int>(t)) % 4;
        const auto rows = network->Run(input.data(), count, 48, 48, 1);
        wrong[t] += rows.ok() && *rows == expected[static_cast<std::size_t>(count) - 1] ? 0 : 1;
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(wrong, std::vector<int>(4));
}

TEST_F(CpuNetworkTest, ThreadsOfTheCallerStayAsTheyWere) {
  const auto network = Make(Tiny());
  const auto input = Noise(32 * 32 * 3);
  at::set_num_threads(2);
  ASSERT_TRUE(network->Run(input.data(), 1, 32, 32, 1).ok());
  EXPECT_EQ(at::get_num_threads(), 2);
}

}  // namespace
}  // namespace kantei::nn
