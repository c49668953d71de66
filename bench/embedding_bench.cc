// The embedding network alone (batches of 1 and 16 at 224 px, one thread, float32 and bfloat16), and from JPEG files to
// descriptors, with these and with the shipped network at its own side. The networks (formula weights) and the pictures are written to KANTEI_BENCH_DIR (default: kantei-bench in the
// folder for temporary files), where bench/peers/embedding_peer.py runs the same ones through ONNX Runtime and PIL + torch.
// KANTEI_BENCH_JPEGS names a folder of other JPEG files for both; its first 256 by name are taken.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "kantei/base/files.h"
#include "kantei/base/random.h"
#include "kantei/image/decode.h"
#include "kantei/image/encode.h"
#include "kantei/image/transform.h"
#include "kantei/nn/cpu_network.h"
#include "kantei/nn/embedding_network.h"
#include "kantei/nn/formula_network.h"

namespace kantei {
namespace {

namespace fs = std::filesystem;

constexpr int kSide = 224;
constexpr std::size_t kBatch = 16;
constexpr std::size_t kMaxFiles = 256;

fs::path Folder() {
  const char* stated = std::getenv("KANTEI_BENCH_DIR");
  const fs::path folder = stated != nullptr ? fs::path(stated) : fs::temp_directory_path() / "kantei-bench";
  fs::create_directories(folder);
  return folder;
}

nn::NetworkDescription Described(const std::string& architecture) {
  nn::NetworkDescription description;
  description.architecture = architecture;
  description.name = architecture;
  description.side = kSide;
  description.head = "linear";
  return description;
}

constexpr const char* kShipped = "shipped";

fs::path NetworkFile(const std::string& architecture) {
  const fs::path path = Folder() / ("embedding_" + architecture + ".safetensors");
  if (architecture == kShipped) {
    fs::copy_file(FindModel("copy-descriptor.safetensors").value(), path,
                  fs::copy_options::overwrite_existing);
    return path;
  }
  if (!fs::exists(path)) {
    const Status written = nn::WriteFormulaNetwork(Described(architecture), 256, path);
    KANTEI_CHECK(written.ok());
  }
  return path;
}

// Noise in octaves with grain: about as many JPEG bytes a pixel as a photograph.
image::Image Picture(int which, int width, int height) {
  Random random(static_cast<std::uint64_t>(which) + 1);
  std::vector<float> sum(static_cast<std::size_t>(width) * static_cast<std::size_t>(height) * 3, 128.0f);
  float strength = 1.0f;
  for (int cells = 4; cells <= 256; cells *= 4, strength /= 2) {
    image::Image noise(cells, std::max(1, cells * height / width), 3);
    for (auto& value : noise.pixels()) value = static_cast<std::uint8_t>(random.Below(256));
    const image::Image layer = image::Resize(noise, width, height);
    for (std::size_t i = 0; i < sum.size(); ++i)
      sum[i] += strength * (static_cast<float>(layer.pixels()[i]) - 128.0f);
  }
  image::Image picture(width, height, 3);
  for (std::size_t i = 0; i < sum.size(); ++i)
    picture.pixels()[i] =
        static_cast<std::uint8_t>(std::clamp(sum[i] + static_cast<float>(random.Uniform(-4, 4)), 0.f, 255.f));
  return picture;
}

std::vector<fs::path> JpegFiles() {
  std::vector<fs::path> files;
  if (const char* stated = std::getenv("KANTEI_BENCH_JPEGS")) {
    const fs::path root = stated;
    auto listed = ListFiles(std::span(&root, 1));
    KANTEI_CHECK(listed.ok());
    for (const fs::path& path : *listed) {
      if (path.extension() == ".jpg" && files.size() < kMaxFiles) files.push_back(path);
    }
    KANTEI_CHECK(!files.empty());
    return files;
  }
  for (int i = 0; i < 48; ++i) {
    files.push_back(Folder() / ("embedding_" + std::to_string(100 + i) + ".jpg"));
    if (!fs::exists(files.back())) {
      const Status written = image::WriteImage(files.back(), Picture(i, 1600, 1200), 90);
      KANTEI_CHECK(written.ok());
    }
  }
  return files;
}

void Network(benchmark::State& state, const std::string& architecture, bool bfloat16, int batch) {
  if (bfloat16 && !nn::CpuNetwork::HasBfloat16()) {
    state.SkipWithError("this processor does not multiply bfloat16");
    return;
  }
  const fs::path path = NetworkFile(architecture);
  const auto file = nn::SafetensorsFile::Open(path);
  auto weights = nn::LoadNetworkWeights(*file, Described(architecture), architecture);
  const auto network = nn::CpuNetwork::Make(*std::move(weights), bfloat16).value();
  std::vector<float> input(static_cast<std::size_t>(batch) * kSide * kSide * 3);
  for (std::size_t i = 0; i < input.size(); ++i)
    input[i] = static_cast<float>(4 * nn::FormulaUniform("input", static_cast<std::uint32_t>(i)) - 2);
  for (auto _ : state) {
    const auto rows = network->Run(input.data(), batch, kSide, kSide, 1);
    KANTEI_CHECK(rows.ok());
    benchmark::DoNotOptimize(rows->data());
  }
  state.SetItemsProcessed(state.iterations() * batch);
}

// One thread: decode (shrunk while reading), resize, normalise, network, batches of 16.
void Pipeline(benchmark::State& state, const std::string& architecture, bool bfloat16) {
  if (bfloat16 && !nn::CpuNetwork::HasBfloat16()) {
    state.SkipWithError("this processor does not multiply bfloat16");
    return;
  }
  const auto files = JpegFiles();
  nn::NetworkOptions options;
  options.bfloat16 = bfloat16;
  const auto network = nn::EmbeddingNetwork::Open(NetworkFile(architecture), options).value();
  image::DecodeOptions decode;
  decode.max_longer_side = 2 * network->info().side;
  for (auto _ : state) {
    for (std::size_t begin = 0; begin < files.size(); begin += kBatch) {
      std::vector<image::Image> pictures;
      for (std::size_t i = begin; i < std::min(files.size(), begin + kBatch); ++i)
        pictures.push_back(image::DecodeImageFile(files[i], decode).value().pixels);
      const auto rows = network->Embed(pictures);
      KANTEI_CHECK(rows.ok());
      benchmark::DoNotOptimize(rows->values.data());
    }
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(files.size()));
}

void Open(benchmark::State& state, const std::string& architecture) {
  const fs::path path = NetworkFile(architecture);
  for (auto _ : state) benchmark::DoNotOptimize(nn::EmbeddingNetwork::Open(path).value());
}

const bool kRegistered = [] {
  for (const std::string architecture : {"compact", "resnet50", kShipped}) {
    for (const bool bfloat16 : {false, true}) {
      const std::string type = bfloat16 ? "bfloat16" : "float32";
      for (const int batch : {1, 16}) {
        if (architecture == kShipped) continue;
        benchmark::RegisterBenchmark(
            ("embedding/network/" + architecture + "/" + type + "/batch" + std::to_string(batch)).c_str(),
            [=](benchmark::State& state) { Network(state, architecture, bfloat16, batch); })
            ->Unit(benchmark::kMillisecond);
      }
      benchmark::RegisterBenchmark(("embedding/pipeline/" + architecture + "/" + type).c_str(),
                                   [=](benchmark::State& state) { Pipeline(state, architecture, bfloat16); })
          ->Unit(benchmark::kMillisecond);
    }
    benchmark::RegisterBenchmark(("embedding/open/" + architecture).c_str(), [=](benchmark::State& state) {
      Open(state, architecture);
    })->Unit(benchmark::kMillisecond);
  }
  return true;
}();

}  // namespace
}  // namespace kantei

BENCHMARK_MAIN();
