// Agreement of LPIPS with the lpips package; lpips_expected.json is made by make_lpips.py.
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "kantei/base/files.h"
#include "kantei/base/json.h"
#include "kantei/nn/formula_network.h"
#include "kantei/nn/lpips.h"

namespace kantei::nn {
namespace {

constexpr double kTolerance = 1e-4;
constexpr int kSide = 64;

struct Conv {
  int number, in, out, kernel;
};

const std::vector<Conv> kAlex = {
    {0, 3, 64, 11}, {3, 64, 192, 5}, {6, 192, 384, 3}, {8, 384, 256, 3}, {10, 256, 256, 3}};
const std::vector<Conv> kVgg = {{0, 3, 64, 3},     {2, 64, 64, 3},    {5, 64, 128, 3},   {7, 128, 128, 3},
                                {10, 128, 256, 3}, {12, 256, 256, 3}, {14, 256, 256, 3}, {17, 256, 512, 3},
                                {19, 512, 512, 3}, {21, 512, 512, 3}, {24, 512, 512, 3}, {26, 512, 512, 3},
                                {28, 512, 512, 3}};

class LpipsGolden : public ::testing::Test {
 protected:
  static void Expect(const std::string& network, const std::vector<Conv>& layers,
                     const std::vector<int>& channels) {
    const auto folder =
        std::filesystem::temp_directory_path() / ("kantei-lpips-" + network + std::to_string(getpid()));
    std::filesystem::create_directories(folder);
    std::vector<TensorToWrite> features, linear;
    std::vector<std::vector<float>> kept;
    kept.reserve(2 * layers.size() + channels.size());
    const auto add = [&](std::vector<TensorToWrite>* to, const std::string& name,
                         std::vector<std::int64_t> shape, std::vector<float> values) {
      kept.push_back(std::move(values));
      to->push_back({name, DType::kF32, std::move(shape), std::as_bytes(std::span(kept.back()))});
    };
    for (const Conv& c : layers) {
      const std::string name = "features." + std::to_string(c.number);
      const std::vector<std::int64_t> shape = {c.out, c.in, c.kernel, c.kernel}, bias = {c.out};
      add(&features, name + ".weight", shape, FormulaTensor(name + ".weight", shape, false));
      add(&features, name + ".bias", bias, FormulaTensor(name + ".bias", bias, false));
    }
    for (std::size_t i = 0; i < channels.size(); ++i) {
      const std::string name = "lin" + std::to_string(i) + ".model.1.weight";
      std::vector<float> values;
      for (int c = 0; c < channels[i]; ++c)
        values.push_back(static_cast<float>(FormulaUniform(name, static_cast<std::uint32_t>(c))));
      add(&linear, name, {1, channels[i], 1, 1}, std::move(values));
    }
    const std::filesystem::path files[] = {folder / "features.safetensors", folder / "linear.safetensors"};
    ASSERT_TRUE(WriteSafetensors(files[0], features, {}).ok());
    ASSERT_TRUE(WriteSafetensors(files[1], linear, {}).ok());
    const auto lpips = Lpips::Open(files);
    std::filesystem::remove_all(folder);
    ASSERT_TRUE(lpips.ok()) << lpips.error().message;
    EXPECT_EQ((*lpips)->network(), network);

    const image::Image first = FormulaPicture(0, kSide), second = FormulaPicture(1, kSide);
    image::Image moved = second, halved = first;
    for (int y = 0; y < kSide; ++y)
      for (int x = 0; x < 3 * kSide; ++x) moved.row(y)[x] = second.row(y)[(x + 9) % (3 * kSide)];
    for (auto& value : halved.pixels()) value /= 2;
    const auto path = std::filesystem::path(KANTEI_SOURCE_DIR) / "tests" / "golden" / "lpips_expected.json";
    const Json expected = ParseJson(ReadTextFile(path, 1 << 20).value(), "lpips_expected.json").value();
    const std::pair<const image::Image*, const image::Image*> pairs[] = {
        {&first, &second}, {&second, &moved}, {&first, &halved}};
    for (std::size_t i = 0; i < std::size(pairs); ++i)
      EXPECT_NEAR((*lpips)->Distance(*pairs[i].first, *pairs[i].second).value(),
                  expected.at(network).at(i).get<double>(), kTolerance)
          << network << " " << i;
  }
};

TEST_F(LpipsGolden, AlexNet) {
  Expect("alex", kAlex, {64, 192, 384, 256, 256});
}

TEST_F(LpipsGolden, Vgg) {
  Expect("vgg", kVgg, {64, 128, 256, 512, 512});
}

}  // namespace
}  // namespace kantei::nn
