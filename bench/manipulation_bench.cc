// AniXplore at 512 px (or KANTEI_BENCH_SIDE), one picture at a time: the network on ready inputs, and from picture to mask, in float32 and bfloat16 with 1
// and 2 threads. Weights are from a formula; the masks are left in KANTEI_BENCH_DIR (default: kantei-bench in the folder for
// temporary files), where bench/peers/manipulation_peer.py compares them with PyTorch's. CPU is the whole process's time.
#include <benchmark/benchmark.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include "kantei/base/files.h"
#include "kantei/nn/anixplore_formula.h"
#include "kantei/nn/cpu_network.h"
#include "kantei/nn/manipulation_backend.h"
#include "kantei/nn/manipulation_input.h"
#include "kantei/nn/manipulation_network.h"

namespace kantei {
namespace {

namespace fs = std::filesystem;

fs::path Folder() {
  const char* stated = std::getenv("KANTEI_BENCH_DIR");
  const fs::path folder = stated != nullptr ? fs::path(stated) : fs::temp_directory_path() / "kantei-bench";
  fs::create_directories(folder);
  return folder;
}

nn::ManipulationDescription Described(int side) {
  nn::ManipulationDescription description;
  description.name = "formula";
  description.side = side;
  return description;
}

fs::path NetworkFile(int side) {
  const fs::path path = Folder() / ("manipulation_" + std::to_string(side) + ".safetensors");
  if (!fs::exists(path)) KANTEI_CHECK(nn::WriteFormulaAniXplore(Described(side), path).ok());
  return path;
}

bool Skipped(benchmark::State& state, bool bfloat16) {
  if (!bfloat16 || nn::CpuNetwork::HasBfloat16()) return false;
  state.SkipWithError("this processor does not multiply bfloat16");
  return true;
}

void Network(benchmark::State& state, int side, bool bfloat16, int threads) {
  if (Skipped(state, bfloat16)) return;
  const auto file = nn::SafetensorsFile::Open(NetworkFile(side)).value();
  std::int64_t parameters = 0;
  const auto pass =
      nn::OpenManipulationPass(file, "formula", Described(side), {"cpu", threads, bfloat16}, &parameters)
          .value();
  const auto inputs = nn::MakeManipulationInputs(nn::FormulaPicture(0, side), Described(side), threads);
  nn::AniXploreValues values;
  for (auto _ : state) {
    values = pass->Run(inputs.high, inputs.low).value();
    benchmark::DoNotOptimize(values.mask.data());
  }
  std::ofstream out(Folder() / ("manipulation_mask_" + std::string(bfloat16 ? "bfloat16" : "float32") + "_" +
                                std::to_string(side) + ".bin"),
                    std::ios::binary);
  out.write(reinterpret_cast<const char*>(values.mask.data()),
            static_cast<std::streamsize>(values.mask.size() * sizeof(float)));
}

void Picture(benchmark::State& state, int side, bool bfloat16, int threads) {
  if (Skipped(state, bfloat16)) return;
  const auto network = nn::ManipulationNetwork::Open(NetworkFile(side), {"cpu", threads, bfloat16}).value();
  const image::Image picture = nn::FormulaPicture(0, 2 * side);
  for (auto _ : state) {
    const auto prediction = network->Predict(picture);
    KANTEI_CHECK(prediction.ok());
    benchmark::DoNotOptimize(prediction->mask.values.data());
  }
}

}  // namespace
}  // namespace kantei

int main(int argc, char** argv) {
  const char* stated = std::getenv("KANTEI_BENCH_SIDE");
  const int side = stated != nullptr ? std::atoi(stated) : 512;
  for (const bool bfloat16 : {false, true}) {
    for (const int threads : {1, 2}) {
      const std::string name =
          std::string(bfloat16 ? "bfloat16" : "float32") + "/threads:" + std::to_string(threads);
      benchmark::RegisterBenchmark(("network/" + name).c_str(), kantei::Network, side, bfloat16, threads)
          ->Unit(benchmark::kMillisecond)
          ->MeasureProcessCPUTime()
          ->UseRealTime();
      benchmark::RegisterBenchmark(("picture/" + name).c_str(), kantei::Picture, side, bfloat16, threads)
          ->Unit(benchmark::kMillisecond)
          ->MeasureProcessCPUTime()
          ->UseRealTime();
    }
  }
  benchmark::Initialize(&argc, argv);
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
