// Bytes of any kind into the picture decoder. Seeds: fuzz/seeds/decode_image/, one or more small files of
// each format.
#include <sanitizer/lsan_interface.h>

#include <cstdint>
#include <cstdlib>
#include <span>

#include "kantei/image/decode.h"

// What libvips, glib and the codec modules allocate once and keep to the end of the process is no leak of
// ours. Frames of unloaded modules carry no name, so that whole libraries are named here; our own code is
// not.
extern "C" const char* __lsan_default_suppressions() {
  return "leak:libglib-2.0.so\nleak:libgobject-2.0.so\nleak:libvips.so\nleak:libheif.so\nleak:libx265.so\n"
         "leak:libMagickCore\nleak:libfontconfig.so\nleak:librsvg-2.so\n";
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace kantei::image;
  DecodeOptions options;
  options.limits.max_file_bytes = 1 << 20;
  options.limits.max_pixels = options.limits.max_pixels_whole_frame = 4'000'000;
  options.limits.max_seconds = 2;
  // Both the full and the shrinking way are walked, each for a share of the inputs.
  options.max_longer_side = size % 2 == 0 ? 0 : 24;
  const auto decoded = DecodeImage(std::as_bytes(std::span(data, size)), "fuzz", options);
  if (!decoded.ok()) return 0;
  const Image& pixels = decoded->pixels;
  const auto expected =
      static_cast<std::size_t>(pixels.width()) * static_cast<std::size_t>(pixels.height()) * 3;
  if (pixels.channels() != 3 || pixels.pixels().size() != expected ||
      expected > 3 * options.limits.max_pixels)
    std::abort();
  if (options.max_longer_side > 0 && (pixels.width() > 24 || pixels.height() > 24)) std::abort();
  return 0;
}
