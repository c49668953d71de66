#include "kantei/nn/anixplore_cpu.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <thread>

#include "kantei/base/random.h"
#include "kantei/nn/anixplore_formula.h"
#include "kantei/nn/anixplore_net.h"
#include "kantei/nn/cpu_network.h"

namespace kantei::nn {
namespace {

NamedFloats FloatsOf(const torch::nn::Module& module) {
  NamedFloats floats;
  for (const auto& [name, tensor] : StateOf(module)) {
    const torch::Tensor flat = tensor.detach().contiguous();
    floats[name] = {flat.data_ptr<float>(), flat.data_ptr<float>() + flat.numel()};
  }
  return floats;
}

class AniXploreCpuTest : public ::testing::Test {
 protected:
  void SetUp() override {
    FillByFormula(*net_);
    net_->eval();
    weights_ = FloatsOf(*net_);
    high_ = Noise(1);
    low_ = Noise(2);
  }

  std::vector<float> Noise(std::uint32_t seed) const {
    std::vector<float> values(static_cast<std::size_t>(kSide * kSide * 6));
    for (std::size_t i = 0; i < values.size(); ++i)
      values[i] = static_cast<float>(
          4 * FormulaUniform("noise" + std::to_string(seed), static_cast<std::uint32_t>(i)) - 2);
    return values;
  }

  AniXploreValues Reference() {
    const torch::InferenceMode inference;
    const auto tensor = [](const std::vector<float>& values) {
      return torch::from_blob(const_cast<float*>(values.data()), {1, kSide, kSide, 6})
          .permute({0, 3, 1, 2})
          .contiguous();
    };
    const auto out = net_->forward(tensor(high_), tensor(low_));
    AniXploreValues values;
    const torch::Tensor mask = out.mask.contiguous();
    values.mask = {mask.data_ptr<float>(), mask.data_ptr<float>() + mask.numel()};
    values.label = out.label.item<float>();
    return values;
  }

  static double Difference(const std::vector<float>& a, const std::vector<float>& b) {
    EXPECT_EQ(a.size(), b.size());
    double most = 0;
    for (std::size_t i = 0; i < std::min(a.size(), b.size()); ++i)
      most = std::max(most, static_cast<double>(std::abs(a[i] - b[i])));
    return most;
  }

  static constexpr int kSide = 96;
  AniXplore net_;
  NamedFloats weights_;
  std::vector<float> high_, low_;
};

TEST_F(AniXploreCpuTest, GivesWhatTheModuleGives) {
  const AniXploreValues reference = Reference();
  for (const int threads : {1, 2}) {
    const AniXploreCpu network(weights_, {kSide, true, false, threads});
    const AniXploreValues values = network.Run(high_, low_);
    EXPECT_LT(Difference(values.mask, reference.mask), 1e-4) << threads;
    EXPECT_NEAR(values.label, reference.label, 1e-4) << threads;
  }
}

TEST_F(AniXploreCpuTest, TheMaximumIsPooledWithoutQuirks) {
  net_ = AniXplore(AniXploreOptions{false});
  FillByFormula(*net_);
  net_->eval();
  const AniXploreValues reference = Reference();
  const AniXploreCpu network(weights_, {kSide, false, false, 1});
  EXPECT_NEAR(network.Run(high_, low_).label, reference.label, 2e-4);
}

TEST_F(AniXploreCpuTest, Bfloat16StaysNear) {
  if (!CpuNetwork::HasBfloat16()) GTEST_SKIP() << "this processor has no bfloat16";
  const AniXploreValues reference = Reference();
  const AniXploreCpu network(weights_, {kSide, true, true, 1});
  const AniXploreValues values = network.Run(high_, low_);
  EXPECT_GT(Difference(values.mask, reference.mask), 0);  // it was used
  EXPECT_LT(Difference(values.mask, reference.mask), 0.2);
  EXPECT_NEAR(values.label, reference.label, 0.2);
}

TEST_F(AniXploreCpuTest, ThreadsShareOneNetwork) {
  const AniXploreCpu network(weights_, {kSide, true, false, 1});
  const AniXploreValues alone = network.Run(high_, low_), swapped = network.Run(low_, high_);
  std::vector<AniXploreValues> results(4);
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < results.size(); ++i) {
    threads.emplace_back(
        [&, i] { results[i] = i % 2 == 0 ? network.Run(high_, low_) : network.Run(low_, high_); });
  }
  for (std::thread& thread : threads) thread.join();
  for (std::size_t i = 0; i < results.size(); ++i)
    EXPECT_EQ(results[i].mask, i % 2 == 0 ? alone.mask : swapped.mask) << i;
}

}  // namespace
}  // namespace kantei::nn
