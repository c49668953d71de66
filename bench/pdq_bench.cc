// PDQ from decoded pixels and from a 12-megapixel JPEG. The pictures are written to the folder
// KANTEI_BENCH_DIR (default: kantei-bench in the folder for temporary files), where bench/peers/pdq_peer.py
// hashes the same ones; the hash is the label of each result, so that a reader of both sees that they agree.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>

#include "kantei/base/random.h"
#include "kantei/copy/pdq.h"
#include "kantei/image/decode.h"
#include "kantei/image/encode.h"
#include "kantei/image/transform.h"

namespace kantei {
namespace {

// Enough for PDQ to agree with the full decode to a few bits, and small enough for JPEG's scaled decoding.
constexpr int kReducedSide = 512;

std::filesystem::path Folder() {
  const char* stated = std::getenv("KANTEI_BENCH_DIR");
  std::filesystem::path folder = stated != nullptr ? std::filesystem::path(stated)
                                                   : std::filesystem::temp_directory_path() / "kantei-bench";
  std::filesystem::create_directories(folder);
  return folder;
}

// Coloured noise in octaves that halve in strength, as natural pictures have it, with a little grain: its
// JPEG at quality 90 has about as many bytes as a photograph's.
image::Image Picture(int width, int height) {
  Random random(5);
  std::vector<float> sum(static_cast<std::size_t>(width) * static_cast<std::size_t>(height) * 3, 128.0f);
  for (int cells = 4; cells <= 512; cells *= 2) {
    image::Image noise(cells, std::max(1, cells * height / width), 3);
    for (auto& value : noise.pixels()) value = static_cast<std::uint8_t>(random.Below(256));
    const image::Image layer = image::Resize(noise, width, height);
    const float strength = 2.0f / static_cast<float>(std::sqrt(cells));
    const auto pixels = layer.pixels();
    for (std::size_t i = 0; i < sum.size(); ++i)
      sum[i] += strength * (static_cast<float>(pixels[i]) - 128.0f);
  }
  image::Image picture(width, height, 3);
  const auto pixels = picture.pixels();
  for (std::size_t i = 0; i < sum.size(); i += 3) {
    const float grain = static_cast<float>(random.Uniform(-4, 4));
    for (std::size_t c = 0; c < 3; ++c)
      pixels[i + c] = static_cast<std::uint8_t>(std::clamp(sum[i + c] + grain, 0.0f, 255.0f));
  }
  return picture;
}

std::filesystem::path Written(int width, int height, const char* extension) {
  const auto path = Folder() / ("pdq_" + std::to_string(width) + "x" + std::to_string(height) + extension);
  if (!std::filesystem::exists(path)) {
    const Status status = image::WriteImage(path, Picture(width, height), 90);
    if (!status.ok()) {
      std::fprintf(stderr, "%s\n", status.error().message.c_str());
      std::exit(1);
    }
  }
  return path;
}

void FromPixels(benchmark::State& state, int width, int height) {
  const image::Image picture = image::DecodeImageFile(Written(width, height, ".jpg")).value().pixels;
  copy::PdqHash hash;
  for (auto _ : state) {
    hash = copy::ComputePdq(picture);
    benchmark::DoNotOptimize(hash);
  }
  state.SetLabel(hash.code.ToHex());
}
BENCHMARK_CAPTURE(FromPixels, small, 512, 512)->Name("pdq/decoded/512x512")->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(FromPixels, medium, 1024, 768)->Name("pdq/decoded/1024x768")->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(FromPixels, large, 4000, 3000)
    ->Name("pdq/decoded/4000x3000")
    ->Unit(benchmark::kMillisecond);

void AllVariants(benchmark::State& state) {
  const image::Image picture = Picture(512, 512);
  for (auto _ : state) benchmark::DoNotOptimize(copy::ComputePdqDihedral(picture));
}
BENCHMARK(AllVariants)->Name("pdq/dihedral/512x512")->Unit(benchmark::kMillisecond);

void FromFile(benchmark::State& state, int width, int height, int side) {
  const auto path = Written(width, height, ".jpg");
  image::DecodeOptions options;
  options.max_longer_side = side;
  copy::PdqHash hash;
  for (auto _ : state) {
    const auto decoded = image::DecodeImageFile(path, options);
    hash = copy::ComputePdq(decoded->pixels, decoded->original_width, decoded->original_height);
    benchmark::DoNotOptimize(hash);
  }
  state.SetLabel(hash.code.ToHex());
}
BENCHMARK_CAPTURE(FromFile, large, 4000, 3000, kReducedSide)
    ->Name("pdq/file/4000x3000.jpg")
    ->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(FromFile, large_full, 4000, 3000, 0)
    ->Name("pdq/file_full_decode/4000x3000.jpg")
    ->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(FromFile, medium, 1152, 864, kReducedSide)
    ->Name("pdq/file/1152x864.jpg")
    ->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace kantei

BENCHMARK_MAIN();
