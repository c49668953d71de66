// Time and fidelity of the inpainting engines: `inpaint_trial DIR [SIDE] [PICTURES] [ENGINE]`. The same holes, 15 % of the area in one
// blob, for every engine; fidelity is PSNR inside the hole against what was there. Seconds are of the thread's processor
// time, so that a busy machine does not count.
#include <time.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "kantei/dataset/mask_maker.h"
#include "kantei/generate/inpaint_engine.h"
#include "kantei/image/decode.h"
#include "kantei/image/transform.h"

namespace {

using namespace kantei;

double CpuSeconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return double(now.tv_sec) + double(now.tv_nsec) * 1e-9;
}

double Psnr(const image::Image& a, const image::Image& b, const image::Image& mask) {
  double sum = 0, count = 0;
  for (std::size_t i = 0; i < mask.pixels().size(); ++i) {
    if (mask.pixels()[i] == 0) continue;
    for (std::size_t c = 0; c < 3; ++c) {
      const double d = double(a.pixels()[3 * i + c]) - double(b.pixels()[3 * i + c]);
      sum += d * d;
      count += 1;
    }
  }
  return 10 * std::log10(255.0 * 255.0 * count / std::max(1.0, sum));
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) {
    std::fprintf(stderr, "usage: inpaint_trial DIR [SIDE] [PICTURES] [ENGINE]\n");
    return 2;
  }
  const int side = argc > 2 ? std::atoi(argv[2]) : 512, wished = argc > 3 ? std::atoi(argv[3]) : 8;
  const auto files = ListFiles(std::vector<std::filesystem::path>{argv[1]});
  if (!files.ok()) {
    std::fprintf(stderr, "%s\n", files.error().message.c_str());
    return 1;
  }
  std::vector<image::Image> pictures, masks;
  for (const auto& file : *files) {
    if (int(pictures.size()) >= wished) break;
    image::DecodeOptions options;
    options.max_longer_side = 4 * side;
    auto decoded = image::DecodeImageFile(file, options);
    if (!decoded.ok()) continue;
    // A square of the wished size, whatever the picture's own.
    const int shorter = std::min(decoded->pixels.width(), decoded->pixels.height());
    const image::Image square = image::Crop(decoded->pixels, {0, 0, shorter, shorter});
    const image::Image picture = image::Resize(square, side, side);
    dataset::MaskOptions shape;
    shape.least_share = shape.most_share = 0.15;
    Random random(pictures.size() + 1);
    const auto mask = dataset::MakeMask(picture, dataset::MaskKind::kBlob, shape, random);
    if (!mask) continue;
    pictures.push_back(picture);
    masks.push_back(*mask);
  }
  double share = 0;
  for (const image::Image& mask : masks) share += dataset::MaskShare(mask) / double(masks.size());
  std::printf("%zu pictures of %d x %d, holes of %.0f %% on average\n\n", pictures.size(), side, side,
              100 * share);
  std::printf("| engine | seconds a picture | PSNR in the hole, dB |\n|---|---|---|\n");
  for (const generate::InpaintEngineInfo& info : generate::ClassicalInpaintEngines()) {
    if (argc > 4 && info.name != argv[4]) continue;
    const auto engine = generate::MakeInpaintEngine(info.name);
    double seconds = 0, psnr = 0, count = 0;
    for (std::size_t i = 0; i < pictures.size(); ++i) {
      const double start = CpuSeconds();
      const auto filled = (*engine)->Inpaint(pictures[i], masks[i], 1, CancellationToken());
      seconds += CpuSeconds() - start;
      if (!filled.ok()) continue;
      psnr += Psnr(*filled, pictures[i], masks[i]);
      count += 1;
    }
    std::printf("| %s | %.2f | %.2f |\n", std::string(info.name).c_str(), seconds / double(pictures.size()),
                psnr / count);
    std::fflush(stdout);
  }
}
