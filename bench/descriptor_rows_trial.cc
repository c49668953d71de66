// Descriptors of real pictures, for vector_index_trial: each picture of the folders as it is, then random crops of them (10 to
// 100 % of the area, mirrored half of the time) until there are enough, all through the network; nothing is made up. The order
// is shuffled, so that the last rows, which become the queries, are of the same kind as the rest. Writes float32 rows.
//
//   descriptor_rows_trial OUT.f32 ROWS MODEL.safetensors DIR...
#include <algorithm>
#include <array>
#include <cstdlib>
#include <iostream>
#include <numeric>
#include <span>
#include <string>
#include <vector>

#include "kantei/base/files.h"
#include "kantei/base/parallel.h"
#include "kantei/base/progress.h"
#include "kantei/base/random.h"
#include "kantei/dataset/edits.h"
#include "kantei/nn/embedding_network.h"
#include "kantei/train/picture_pool.h"

namespace {

using namespace kantei;

template <typename T>
T Must(Result<T> result) {
  if (result.ok()) return std::move(result).value();
  std::cerr << result.error().message << "\n";
  std::exit(1);
}

int Run(const std::filesystem::path& out, std::size_t rows, const std::filesystem::path& model,
        const std::vector<std::filesystem::path>& folders) {
  constexpr std::size_t kBatch = 32;
  std::vector<std::filesystem::path> files = Must(ListFiles(folders));
  std::erase_if(files, [](const auto& file) { return !HasImageExtension(file); });
  std::vector<std::string> skipped;
  const train::PicturePool pool = Must(train::PicturePool::Load(files, {}, {}, &skipped));
  nn::NetworkOptions options;
  options.bfloat16 = true;
  const auto network = Must(nn::EmbeddingNetwork::Open(model, options));
  const int side = network->info().side;
  const auto width = static_cast<std::size_t>(network->info().dimension);

  std::vector<std::size_t> place(rows);
  std::iota(place.begin(), place.end(), std::size_t{0});
  Random shuffle(1);
  for (std::size_t i = rows; i > 1; --i) std::swap(place[i - 1], place[shuffle.Below(i)]);
  std::vector<float> values(rows * width);
  Progress progress("describing", rows, "rows");
  ParallelFor((rows + kBatch - 1) / kBatch, ThreadCount(0), {}, [&](std::size_t b) {
    std::vector<image::Image> pictures;
    const std::size_t first = b * kBatch, last = std::min(rows, first + kBatch);
    for (std::size_t i = first; i < last; ++i) {
      const image::Image& picture = pool.at(i % pool.size());
      Random random = Random(7).Fork(i);
      const dataset::TrainingViewOptions view{side, 0, 0.1, 0};
      pictures.push_back(i < pool.size() ? picture : dataset::MakeTrainingView(picture, view, {}, random));
    }
    const nn::Descriptors described = Must(network->Embed(pictures));
    for (std::size_t i = first; i < last; ++i)
      std::copy_n(described.row(i - first).begin(), width,
                  values.begin() + static_cast<std::ptrdiff_t>(place[i] * width));
    progress.Advance(last - first);
  });
  const Status written = WriteFileAtomic(out, std::as_bytes(std::span(values)));
  if (!written.ok()) {
    std::cerr << written.error().message << "\n";
    return 1;
  }
  std::cout << pool.size() << " pictures, " << rows << " rows of " << width << "\n";
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 5) {
    std::cerr << "descriptor_rows_trial OUT.f32 ROWS MODEL.safetensors DIR...\n";
    return 2;
  }
  return Run(argv[1], std::stoul(argv[2]), argv[3], {argv + 4, argv + argc});
}
