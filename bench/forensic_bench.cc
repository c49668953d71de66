// The shipped forensic network (or KANTEI_BENCH_FORENSIC) on one thread: its forward pass on 1024 x 1024 pixels, the same picture through
// the detector, and a picture of 24 megapixels, gone over in tiles. The map is left in KANTEI_BENCH_DIR for bench/peers/forensic_peer.py.
#include <benchmark/benchmark.h>
#include <torch/torch.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "kantei/authenticity/detector_factory.h"
#include "kantei/authenticity/forensic_detector.h"
#include "kantei/authenticity/forensic_net.h"
#include "kantei/base/files.h"
#include "kantei/base/random.h"
#include "kantei/nn/safetensors.h"
#include "kantei/nn/weights_net.h"

namespace kantei {
namespace {

namespace fs = std::filesystem;

fs::path Weights() {
  const char* stated = std::getenv("KANTEI_BENCH_FORENSIC");
  if (stated != nullptr) return stated;
  return FindModel(authenticity::kShippedDetector).value();
}

/// Blocks of noise of differing strength; what the network computes does not depend on what it sees. The peer makes the same.
image::Image Picture(int width, int height) {
  image::Image picture(width, height, 3);
  for (int y = 0; y < height; ++y)
    for (int x = 0; x < 3 * width; ++x)
      picture.row(y)[x] = static_cast<std::uint8_t>((x * 37 + y * 101 + (x * y) % 251) % 256);
  return picture;
}

void Network(benchmark::State& state) {
  at::set_num_threads(1);
  const torch::InferenceMode inference;
  const auto file = nn::SafetensorsFile::Open(Weights()).value();
  authenticity::ForensicNet net(authenticity::ForensicShape::FromMetadata(file.metadata(), "").value());
  KANTEI_CHECK(nn::LoadModule(file, "", {}, *net).ok());
  net->eval();
  net->Fold();
  for (auto& parameter : net->parameters())
    if (parameter.dim() == 4) parameter.set_data(parameter.contiguous(torch::MemoryFormat::ChannelsLast));
  const image::Image picture = Picture(1024, 1024);
  const torch::Tensor pixels =
      torch::from_blob(const_cast<std::uint8_t*>(picture.pixels().data()), {1, 1024, 1024, 3}, torch::kUInt8)
          .permute({0, 3, 1, 2})
          .to(torch::kFloat32);
  authenticity::ForensicMaps maps;
  for (auto _ : state) maps = net->Maps(pixels);
  const char* folder = std::getenv("KANTEI_BENCH_DIR");
  const fs::path directory =
      folder != nullptr ? fs::path(folder) : fs::temp_directory_path() / "kantei-bench";
  fs::create_directories(directory);
  std::ofstream out(directory / "forensic_mask.bin", std::ios::binary);
  const torch::Tensor mask = maps.mask.contiguous();
  out.write(reinterpret_cast<const char*>(mask.data_ptr<float>()), mask.numel() * 4);
}

void Detector(benchmark::State& state, int width, int height, bool bfloat16) {
  at::set_num_threads(1);
  authenticity::ForensicDetectorOptions options;
  options.bfloat16 = bfloat16;
  const auto detector = authenticity::ForensicDetector::Open(Weights(), options).value();
  const image::Image picture = Picture(width, height);
  for (auto _ : state) {
    const auto findings = detector->Analyse(picture, {});
    KANTEI_CHECK(findings.ok());
    benchmark::DoNotOptimize(findings->map.values.data());
  }
}

}  // namespace
}  // namespace kantei

int main(int argc, char** argv) {
  benchmark::RegisterBenchmark("network/float32", kantei::Network)->Unit(benchmark::kMillisecond);
  for (const bool bfloat16 : {false, true}) {
    const std::string type = bfloat16 ? "bfloat16" : "float32";
    benchmark::RegisterBenchmark(("picture-1mp/" + type).c_str(), kantei::Detector, 1024, 1024, bfloat16)
        ->Unit(benchmark::kMillisecond);
    benchmark::RegisterBenchmark(("picture-24mp/" + type).c_str(), kantei::Detector, 6000, 4000, bfloat16)
        ->Unit(benchmark::kMillisecond)
        ->Iterations(1);
  }
  benchmark::Initialize(&argc, argv);
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
