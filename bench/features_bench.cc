// Local features of a 1-megapixel picture, and matching of two such sets. The picture is written to the
// folder KANTEI_BENCH_DIR (default: kantei-bench in the folder for temporary files), where
// bench/peers/sift_peer.py gives the same one to OpenCV.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>

#include "kantei/base/random.h"
#include "kantei/copy/local_features.h"
#include "kantei/copy/matching.h"
#include "kantei/copy/matching_kernels.h"
#include "kantei/image/decode.h"
#include "kantei/image/encode.h"
#include "kantei/image/transform.h"

namespace kantei {
namespace {

std::filesystem::path Folder() {
  const char* stated = std::getenv("KANTEI_BENCH_DIR");
  std::filesystem::path folder = stated != nullptr ? std::filesystem::path(stated)
                                                   : std::filesystem::temp_directory_path() / "kantei-bench";
  std::filesystem::create_directories(folder);
  return folder;
}

// Overlapping discs of all sizes with a little grain: edges, corners and blobs, as a photograph has them.
image::Image Scene(int width, int height) {
  Random random(11);
  image::Image picture(width, height, 3);
  std::fill(picture.pixels().begin(), picture.pixels().end(), std::uint8_t{128});
  for (int i = 0; i < 1500; ++i) {
    const int radius = static_cast<int>(std::exp(random.Uniform(std::log(3.0), std::log(120.0))));
    const int cx = static_cast<int>(random.Below(static_cast<std::uint64_t>(width)));
    const int cy = static_cast<int>(random.Below(static_cast<std::uint64_t>(height)));
    const std::uint64_t colour = random.Next();
    for (int y = std::max(0, cy - radius); y < std::min(height, cy + radius); ++y) {
      for (int x = std::max(0, cx - radius); x < std::min(width, cx + radius); ++x) {
        if ((x - cx) * (x - cx) + (y - cy) * (y - cy) >= radius * radius) continue;
        for (int c = 0; c < 3; ++c) picture.row(y)[3 * x + c] = static_cast<std::uint8_t>(colour >> (8 * c));
      }
    }
  }
  for (std::uint8_t& value : picture.pixels()) {
    value = static_cast<std::uint8_t>(
        std::clamp(static_cast<int>(value) + static_cast<int>(random.Below(9)) - 4, 0, 255));
  }
  return picture;
}

std::filesystem::path Written(int width, int height) {
  const auto path = Folder() / ("features_" + std::to_string(width) + "x" + std::to_string(height) + ".jpg");
  if (!std::filesystem::exists(path)) {
    const Status status = image::WriteImage(path, Scene(width, height), 90);
    if (!status.ok()) {
      std::fprintf(stderr, "%s\n", status.error().message.c_str());
      std::exit(1);
    }
  }
  return path;
}

image::Image Picture(int width, int height) {
  return image::DecodeImageFile(Written(width, height)).value().pixels;
}

void Extract(benchmark::State& state, int width, int height) {
  const image::Image picture = Picture(width, height);
  copy::LocalFeatureOptions options;
  if (state.range(0) > 0) options.working_side = static_cast<int>(state.range(0));
  std::size_t count = 0;
  for (auto _ : state) {
    const copy::LocalFeatures features = copy::ExtractLocalFeatures(picture, options);
    count = features.size();
    benchmark::DoNotOptimize(features.descriptors.data());
  }
  state.counters["features"] = static_cast<double>(count);
  state.SetLabel("working side " + std::to_string(options.working_side));
}
BENCHMARK_CAPTURE(Extract, large, 1152, 864)
    ->Name("features/extract/1152x864")
    ->Arg(0)
    ->Arg(512)
    ->Arg(1024)
    ->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(Extract, small, 300, 225)
    ->Name("features/extract/300x225")
    ->Arg(0)
    ->Unit(benchmark::kMillisecond);

void Match(benchmark::State& state) {
  const image::Image picture = Picture(1152, 864);
  const copy::LocalFeatures known = copy::ExtractLocalFeatures(picture);
  const copy::LocalFeatures query = copy::ExtractLocalFeatures(image::Resize(picture, 800, 600));
  std::size_t count = 0;
  for (auto _ : state) count = copy::MatchMutualRatio(query, known, 0.8f, true).size();
  state.counters["matches"] = static_cast<double>(count);
}
BENCHMARK(Match)->Name("features/match/500x500")->Unit(benchmark::kMillisecond);

void Dots(benchmark::State& state, copy::match::Kernel kernel) {
  if (!copy::match::Supported(kernel)) {
    state.SkipWithError("not on this processor");
    return;
  }
  const copy::LocalFeatures known = copy::ExtractLocalFeatures(Picture(1152, 864));
  for (auto _ : state) {
    const copy::match::PackedDescriptors packed(known.descriptors.data(), known.size(), kernel);
    std::vector<std::int32_t> out(copy::match::kQueriesAtOnce * packed.padded_count());
    for (std::size_t q = 0; q + copy::match::kQueriesAtOnce <= known.size();
         q += copy::match::kQueriesAtOnce) {
      packed.Dots(known.descriptor(q), copy::match::kQueriesAtOnce, out.data());
      benchmark::DoNotOptimize(out.data());
    }
  }
}
BENCHMARK_CAPTURE(Dots, plain, copy::match::Kernel::kPlain)
    ->Name("features/dots/plain")
    ->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(Dots, avx2, copy::match::Kernel::kAvx2)
    ->Name("features/dots/avx2")
    ->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(Dots, vnni, copy::match::Kernel::kAvx512Vnni)
    ->Name("features/dots/avx512_vnni")
    ->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace kantei

BENCHMARK_MAIN();
