// One step of Stable Diffusion 1.5's UNet at 64 x 64 latents (or KANTEI_BENCH_SIDE), and its autoencoder's decoder, with seeded
// weights, in float32 and bfloat16. CPU is the whole process's time; peak_mb is the greatest resident memory while it ran, the
// weights included. bench/peers/diffusion_peer.py does the same in diffusers.
#include <benchmark/benchmark.h>
#include <torch/torch.h>

#include <cstdlib>
#include <fstream>
#include <string>

#include "kantei/generate/autoencoder_kl_net.h"
#include "kantei/generate/diffusion_layers_net.h"
#include "kantei/generate/unet_net.h"
#include "kantei/nn/cpu_network.h"

namespace kantei {
namespace {

int Side() {
  const char* stated = std::getenv("KANTEI_BENCH_SIDE");
  return stated != nullptr ? std::atoi(stated) : 64;
}

// Linux: the peak since the last reset, in MB.
void ResetPeak() {
  std::ofstream("/proc/self/clear_refs") << "5";
}
double PeakMegabytes() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("VmHWM:")) return std::atof(line.c_str() + 6) / 1024;
  }
  return 0;
}

template <typename Network, typename Config>
Network Ready(const Config& config, bool bfloat16) {
  Network network(config);
  generate::BeginWeights(*network, 1);
  if (bfloat16) network->to(torch::kBFloat16);
  generate::UseChannelsLast(*network);
  return network;
}

bool Skipped(benchmark::State& state, bool bfloat16) {
  if (!bfloat16 || nn::CpuNetwork::HasBfloat16()) return false;
  state.SkipWithError("this processor does not multiply bfloat16");
  return true;
}

void UnetStep(benchmark::State& state, bool bfloat16, int batch) {
  if (Skipped(state, bfloat16)) return;
  const torch::InferenceMode inference;
  const auto type = bfloat16 ? torch::kBFloat16 : torch::kFloat32;
  auto unet = Ready<generate::Unet>(generate::UnetConfig(), bfloat16);
  torch::manual_seed(1);
  const torch::Tensor latents = torch::randn({batch, 4, Side(), Side()}).to(type),
                      words = torch::randn({batch, 77, 768}).to(type);
  ResetPeak();
  for (auto _ : state)
    benchmark::DoNotOptimize(unet->forward(latents, torch::tensor({500}), words, {}).data_ptr());
  state.counters["peak_mb"] = PeakMegabytes();
}

void Decode(benchmark::State& state, bool tiled) {
  const torch::InferenceMode inference;
  auto vae = Ready<generate::AutoencoderKl>(generate::AutoencoderKlConfig(), false);
  torch::manual_seed(1);
  const torch::Tensor latents = torch::randn({1, 4, Side(), Side()});
  generate::TileOptions tiles;
  if (tiled) tiles = {32, 8};
  ResetPeak();
  for (auto _ : state)
    benchmark::DoNotOptimize(
        (tiled ? vae->DecodeTiled(latents, tiles).value() : vae->Decode(latents)).data_ptr());
  state.counters["peak_mb"] = PeakMegabytes();
}

}  // namespace
}  // namespace kantei

int main(int argc, char** argv) {
  const auto finish = [](benchmark::internal::Benchmark* made) {
    made->Unit(benchmark::kMillisecond)->MeasureProcessCPUTime()->UseRealTime()->Iterations(2);
  };
  for (const bool bfloat16 : {false, true}) {
    const std::string type = bfloat16 ? "bfloat16" : "float32";
    finish(benchmark::RegisterBenchmark(("unet/" + type).c_str(), kantei::UnetStep, bfloat16, 1));
    // With and without words, as guidance needs them.
    finish(benchmark::RegisterBenchmark(("unet_guided/" + type).c_str(), kantei::UnetStep, bfloat16, 2));
  }
  for (const bool tiled : {false, true})
    finish(benchmark::RegisterBenchmark(tiled ? "decode_tiled/float32" : "decode/float32", kantei::Decode,
                                        tiled));
  benchmark::Initialize(&argc, argv);
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
