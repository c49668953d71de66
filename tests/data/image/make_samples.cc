// Makes the sample pictures of this folder. Not part of the build; the samples are kept in the repository
// because not every libvips can write every format. Run once, by hand, from this folder:
//   g++ -std=c++20 make_samples.cc -o /tmp/make_samples $(pkg-config --cflags --libs vips) &&
//   /tmp/make_samples
#include <vips/vips.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

namespace {

constexpr int kWidth = 96, kHeight = 64;

void Check(int status, const char* what) {
  if (status == 0) return;
  std::fprintf(stderr, "%s: %s\n", what, vips_error_buffer());
  std::exit(1);
}

/// Four flat quarters: red, green / blue, yellow; alpha 255 on the left and 0 on the right half when there
/// are 4 bands.
VipsImage* Quarters(int bands) {
  constexpr std::uint8_t kColours[4][3] = {{200, 40, 40}, {40, 180, 60}, {50, 60, 200}, {240, 220, 60}};
  std::vector<std::uint8_t> pixels;
  for (int y = 0; y < kHeight; ++y) {
    for (int x = 0; x < kWidth; ++x) {
      const bool right = x >= kWidth / 2;
      const std::uint8_t* colour = kColours[(y >= kHeight / 2 ? 2 : 0) + (right ? 1 : 0)];
      if (bands <= 2) {
        pixels.push_back(colour[1]);
      } else {
        pixels.insert(pixels.end(), colour, colour + 3);
      }
      if (bands == 2 || bands == 4) pixels.push_back(right ? 0 : 255);
    }
  }
  VipsImage* memory = vips_image_new_from_memory_copy(pixels.data(), pixels.size(), kWidth, kHeight, bands,
                                                      VIPS_FORMAT_UCHAR);
  VipsImage* out = nullptr;
  Check(vips_copy(memory, &out, "interpretation",
                  bands <= 2 ? VIPS_INTERPRETATION_B_W : VIPS_INTERPRETATION_sRGB, nullptr),
        "copy");
  return out;
}

VipsImage* To(VipsImage* in, VipsInterpretation kind) {
  VipsImage* out = nullptr;
  Check(vips_colourspace(in, &out, kind, nullptr), "colourspace");
  return out;
}

}  // namespace

int main() {
  if (VIPS_INIT("make_samples") != 0) return 1;
  VipsImage *rgb = Quarters(3), *rgba = Quarters(4), *grey = Quarters(1), *grey_alpha = Quarters(2);
  VipsImage *rgb16 = To(rgb, VIPS_INTERPRETATION_RGB16), *light = To(rgb, VIPS_INTERPRETATION_scRGB);
  VipsImage* black_white = nullptr;
  Check(vips_moreeq_const1(grey, &black_white, 128.0, nullptr), "moreeq");
  VipsImage *cmyk = nullptr, *wide = nullptr, *turned = nullptr,
            *rgba16 = To(rgba, VIPS_INTERPRETATION_RGB16);
  Check(vips_icc_transform(rgb, &cmyk, "cmyk", "input_profile", "srgb", nullptr), "cmyk");
  vips_image_remove(cmyk, VIPS_META_ICC_NAME);
  Check(vips_icc_transform(rgb, &wide, "p3", "input_profile", "srgb", nullptr), "p3");
  Check(vips_copy(rgb, &turned, nullptr), "copy");
  vips_image_set_int(turned, VIPS_META_ORIENTATION, 6);

  Check(vips_jpegsave(rgb, "progressive.jpg", "strip", TRUE, "interlace", TRUE, "Q", 92, nullptr), "jpeg");
  Check(vips_jpegsave(cmyk, "cmyk.jpg", "strip", TRUE, "Q", 92, nullptr), "jpeg");
  Check(vips_jpegsave(wide, "display_p3.jpg", "Q", 95, nullptr), "jpeg");
  Check(vips_pngsave(wide, "display_p3.png", nullptr), "png");
  Check(vips_pngsave(rgb, "rgb.png", "strip", TRUE, nullptr), "png");
  Check(vips_pngsave(rgb, "interlaced.png", "strip", TRUE, "interlace", TRUE, nullptr), "png");
  Check(vips_pngsave(rgb, "palette.png", "strip", TRUE, "palette", TRUE, "bitdepth", 4, nullptr), "png");
  Check(vips_pngsave(rgb16, "rgb16.png", "strip", TRUE, "bitdepth", 16, nullptr), "png");
  Check(vips_pngsave(rgba16, "rgba16.png", "strip", TRUE, "bitdepth", 16, nullptr), "png");
  Check(vips_pngsave(rgba, "rgba.png", "strip", TRUE, nullptr), "png");
  Check(vips_pngsave(grey, "grey.png", "strip", TRUE, nullptr), "png");
  Check(vips_pngsave(black_white, "one_bit.png", "strip", TRUE, "bitdepth", 1, nullptr), "png");
  Check(vips_pngsave(grey_alpha, "grey_alpha.png", "strip", TRUE, nullptr), "png");
  Check(vips_webpsave(rgb, "lossy.webp", "strip", TRUE, "Q", 90, nullptr), "webp");
  Check(vips_webpsave(rgba, "alpha.webp", "strip", TRUE, "lossless", TRUE, nullptr), "webp");
  Check(vips_tiffsave(rgb, "lzw_tiled.tif", "strip", TRUE, "compression", VIPS_FOREIGN_TIFF_COMPRESSION_LZW,
                      "tile", TRUE, "tile_width", 32, "tile_height", 32, nullptr),
        "tiff");
  Check(vips_tiffsave(rgb, "big.tif", "strip", TRUE, "compression", VIPS_FOREIGN_TIFF_COMPRESSION_DEFLATE,
                      "bigtiff", TRUE, nullptr),
        "tiff");
  Check(vips_tiffsave(rgb16, "rgb16.tif", "strip", TRUE, "compression", VIPS_FOREIGN_TIFF_COMPRESSION_DEFLATE,
                      nullptr),
        "tiff");
  Check(vips_tiffsave(light, "float.tif", "strip", TRUE, "compression", VIPS_FOREIGN_TIFF_COMPRESSION_DEFLATE,
                      nullptr),
        "tiff");
  Check(vips_tiffsave(cmyk, "cmyk.tif", "strip", TRUE, "compression", VIPS_FOREIGN_TIFF_COMPRESSION_DEFLATE,
                      nullptr),
        "tiff");
  Check(vips_tiffsave(rgba, "rgba.tif", "strip", TRUE, "compression", VIPS_FOREIGN_TIFF_COMPRESSION_LZW,
                      nullptr),
        "tiff");
  Check(vips_tiffsave(black_white, "one_bit.tif", "strip", TRUE, "bitdepth", 1, "compression",
                      VIPS_FOREIGN_TIFF_COMPRESSION_CCITTFAX4, nullptr),
        "tiff");
  Check(vips_tiffsave(turned, "orientation6.tif", "compression", VIPS_FOREIGN_TIFF_COMPRESSION_LZW, nullptr),
        "tiff");
  Check(vips_heifsave(rgb, "rgb.avif", "strip", TRUE, "compression", VIPS_FOREIGN_HEIF_COMPRESSION_AV1, "Q",
                      90, nullptr),
        "avif");
  Check(vips_heifsave(rgba, "alpha.avif", "strip", TRUE, "compression", VIPS_FOREIGN_HEIF_COMPRESSION_AV1,
                      "Q", 90, nullptr),
        "avif");
  Check(vips_heifsave(rgb16, "ten_bit.heic", "strip", TRUE, "compression", VIPS_FOREIGN_HEIF_COMPRESSION_HEVC,
                      "bitdepth", 10, "Q", 90, nullptr),
        "heic");
  Check(vips_heifsave(rgb, "rgb.heic", "strip", TRUE, "compression", VIPS_FOREIGN_HEIF_COMPRESSION_HEVC, "Q",
                      90, nullptr),
        "heic");

  // Three frames: the quarters, then white, then grey.
  VipsImage *white = nullptr, *dark = nullptr, *film = nullptr, *tagged = nullptr;
  Check(vips_linear1(rgb, &white, 0.0, 255.0, "uchar", TRUE, nullptr), "linear");
  Check(vips_linear1(rgb, &dark, 0.0, 60.0, "uchar", TRUE, nullptr), "linear");
  VipsImage* frames[3] = {rgb, white, dark};
  Check(vips_arrayjoin(frames, &film, 3, "across", 1, nullptr), "join");
  Check(vips_copy(film, &tagged, nullptr), "copy");
  vips_image_set_int(tagged, VIPS_META_PAGE_HEIGHT, kHeight);
  Check(vips_gifsave(tagged, "three_frames.gif", "dither", 0.0, nullptr), "gif");
  Check(vips_webpsave(tagged, "three_frames.webp", "Q", 90, nullptr), "webp");
  Check(vips_gifsave(rgba, "transparent.gif", "dither", 0.0, nullptr), "gif");
  std::puts("done");
  return 0;
}
