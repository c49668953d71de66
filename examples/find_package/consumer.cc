// Uses an installed Kantei: hashes two pictures, or a picture made here when none are named, and inspects
// one.
//   consumer [PICTURE [PICTURE]]
#include <cstdio>
#include <cstdlib>
#include <utility>

#include "kantei/base/code256.h"
#include "kantei/copy/pdq.h"
#include "kantei/image/decode.h"
#include "kantei/image/encode.h"
#include "kantei/image/transform.h"
#include "kantei/inspect/inspector.h"

namespace {

kantei::image::Image MakePicture() {
  kantei::image::Image picture(320, 240, 3);
  for (int y = 0; y < picture.height(); ++y) {
    for (int x = 0; x < picture.width(); ++x) {
      picture.row(y)[3 * x] = static_cast<unsigned char>(x * x / 5 + y);
      picture.row(y)[3 * x + 1] = static_cast<unsigned char>(y * 3 + x);
      picture.row(y)[3 * x + 2] = static_cast<unsigned char>((x / 40 + y / 30) * 60);
    }
  }
  return picture;
}

kantei::Status Run(int argc, char** argv) {
  kantei::image::Image first = MakePicture();
  kantei::image::Image second = kantei::image::Resize(first, 200, 150);
  if (argc > 1) {
    KANTEI_TRY(auto decoded, kantei::image::DecodeImageFile(argv[1]));
    first = std::move(decoded.pixels);
  }
  if (argc > 2) {
    KANTEI_TRY(auto decoded, kantei::image::DecodeImageFile(argv[2]));
    second = std::move(decoded.pixels);
  }
  const kantei::copy::PdqHash a = kantei::copy::ComputePdq(first), b = kantei::copy::ComputePdq(second);
  const int distance = kantei::HammingDistance(a.code, b.code);
  std::printf("PDQ distance %d: %s\n", distance,
              distance <= kantei::copy::kPdqMatchDistance ? "the same picture" : "different");

  if (argc > 1) {
    KANTEI_TRY(auto checks, kantei::inspect::MakeStandardChecks(nullptr, {}, {}));
    const kantei::inspect::Inspection found =
        kantei::inspect::Inspector(std::move(checks), {}).Inspect(argv[1]);
    for (const auto& check : found.checks)
      std::printf("%s: %s\n", check.key.c_str(), check.headline.en.c_str());
  }
  return {};
}

}  // namespace

int main(int argc, char** argv) {
  ::setenv("KANTEI_MODEL_DIR", CONSUMER_MODEL_DIR, 0);
  const kantei::Status done = Run(argc, argv);
  if (done.ok()) return 0;
  std::fprintf(stderr, "consumer: %s\n", done.error().message.c_str());
  return 1;
}
