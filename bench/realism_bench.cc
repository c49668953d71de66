// The five realism measures on one 512×512 picture; bench/peers/realism_peer.py measures the same one in
// Python.
#include <benchmark/benchmark.h>

#include "../tests/golden/realism_pictures.h"
#include "kantei/authenticity/realism.h"
#include "kantei/authenticity/realism_kernels.h"

namespace kantei::authenticity {
namespace {

const image::Image& Scene() {
  static const image::Image scene = golden::RealismPicture::Make("scene");
  return scene;
}

void BM_RealismCanny(benchmark::State& state) {
  for (auto _ : state) benchmark::DoNotOptimize(internal::CountCannyEdges(Scene().pixels().data(), 100, 200));
}
void BM_RealismGlcm(benchmark::State& state) {
  for (auto _ : state) benchmark::DoNotOptimize(internal::MeasureGlcm(Scene().pixels().data()));
}
void BM_RealismLaplacian(benchmark::State& state) {
  for (auto _ : state) benchmark::DoNotOptimize(internal::LaplacianVariance(Scene().pixels().data()));
}
void BM_RealismSpectrum(benchmark::State& state) {
  for (auto _ : state) benchmark::DoNotOptimize(internal::MeanSpectrum(Scene().pixels().data()));
}
void BM_RealismAll(benchmark::State& state) {
  for (auto _ : state) benchmark::DoNotOptimize(MeasureRealismSquare(Scene()));
}
BENCHMARK(BM_RealismCanny)->Unit(benchmark::kMillisecond);
BENCHMARK(BM_RealismGlcm)->Unit(benchmark::kMillisecond);
BENCHMARK(BM_RealismLaplacian)->Unit(benchmark::kMillisecond);
BENCHMARK(BM_RealismSpectrum)->Unit(benchmark::kMillisecond);
BENCHMARK(BM_RealismAll)->Unit(benchmark::kMillisecond);

// From a decoded picture of `width` × `width`·3/4: grey, crop, scaling, measures.
void BM_RealismFromPicture(benchmark::State& state) {
  const int width = static_cast<int>(state.range(0)), height = width * 3 / 4;
  image::Image picture(width, height, 3);
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width * 3; ++x) picture.row(y)[x] = Scene().row(y % 512)[x / 3 % 512];
  }
  for (auto _ : state) benchmark::DoNotOptimize(MeasureRealism(picture));
}
BENCHMARK(BM_RealismFromPicture)->Arg(1024)->Arg(4000)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace kantei::authenticity

BENCHMARK_MAIN();
