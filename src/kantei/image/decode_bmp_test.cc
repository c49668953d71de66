#include <gtest/gtest.h>

#include "kantei/image/decode.h"
#include "kantei/image/test_pictures.h"

namespace kantei::image {
namespace {

using testing::Rgb;
using testing::Writer;

struct BmpParts {
  int width = 2, height = 2, bits = 24;
  std::uint32_t compression = 0, header_size = 40, colours = 0;
  std::vector<std::uint32_t> masks;    ///< 3 or 4; inside the header when it has room, else behind it
  std::vector<std::uint32_t> palette;  ///< 0xRRGGBB
  Bytes rows;
};

Bytes Build(const BmpParts& parts) {
  Writer header;
  header.Little(parts.header_size, 4);
  if (parts.header_size == 12) {
    header.Little(static_cast<std::uint64_t>(parts.width), 2)
        .Little(static_cast<std::uint64_t>(parts.height), 2);
    header.Little(1, 2).Little(static_cast<std::uint64_t>(parts.bits), 2);
  } else {
    header.Little(static_cast<std::uint64_t>(parts.width), 4)
        .Little(static_cast<std::uint64_t>(parts.height), 4);
    header.Little(1, 2).Little(static_cast<std::uint64_t>(parts.bits), 2).Little(parts.compression, 4);
    header.Little(0, 4).Little(2835, 4).Little(2835, 4).Little(parts.colours, 4).Little(0, 4);
  }
  for (const std::uint32_t mask : parts.masks) header.Little(mask, 4);
  while (header.size() < parts.header_size) header.Little(0, 1);
  for (const std::uint32_t colour : parts.palette) {
    header.Little(colour & 255, 1).Little(colour >> 8 & 255, 1).Little(colour >> 16 & 255, 1);
    if (parts.header_size != 12) header.Little(0, 1);
  }
  Writer file;
  file.Text("BM")
      .Little(14 + header.size() + parts.rows.size(), 4)
      .Little(0, 4)
      .Little(14 + header.size(), 4);
  return file.Append(header.bytes()).Append(parts.rows).bytes();
}

Rgb Pixel(const DecodedImage& decoded, int x, int y) {
  const std::uint8_t* pixel = decoded.pixels.row(y) + 3 * x;
  return {pixel[0], pixel[1], pixel[2]};
}

/// Expects red, green / blue, white.
void ExpectFour(const Bytes& bytes, const char* what, int tolerance = 0) {
  const auto decoded = DecodeImage(bytes, "a.bmp");
  ASSERT_TRUE(decoded.ok()) << what << ": " << decoded.error().message;
  EXPECT_EQ(decoded->format, Format::kBmp);
  EXPECT_EQ(decoded->warning, "") << what;
  EXPECT_TRUE(testing::Near(Pixel(*decoded, 0, 0), {255, 0, 0}, tolerance)) << what;
  EXPECT_TRUE(testing::Near(Pixel(*decoded, 1, 0), {0, 255, 0}, tolerance)) << what;
  EXPECT_TRUE(testing::Near(Pixel(*decoded, 0, 1), {0, 0, 255}, tolerance)) << what;
  EXPECT_TRUE(testing::Near(Pixel(*decoded, 1, 1), {255, 255, 255}, tolerance)) << what;
}

const Bytes kBottomUp24 =
    Writer().Raw({255, 0, 0, 255, 255, 255, 0, 0}).Raw({0, 0, 255, 0, 255, 0, 0, 0}).bytes();
const Bytes kTopDown24 =
    Writer().Raw({0, 0, 255, 0, 255, 0, 0, 0}).Raw({255, 0, 0, 255, 255, 255, 0, 0}).bytes();

TEST(DecodeBmp, ReadsEveryDepthAndHeader) {
  const std::vector<std::uint32_t> colours{0xFF0000, 0x00FF00, 0x0000FF, 0xFFFFFF};
  for (const std::uint32_t size : {40u, 52u, 56u, 64u, 108u, 124u}) {
    ExpectFour(Build({.header_size = size, .masks = {}, .palette = {}, .rows = kBottomUp24}), "24 bits");
  }
  ExpectFour(Build({.header_size = 12, .masks = {}, .palette = {}, .rows = kBottomUp24}), "OS/2, 24 bits");
  ExpectFour(Build({.height = -2, .masks = {}, .palette = {}, .rows = kTopDown24}), "top-down");
  const Bytes rows8 = Writer().Raw({2, 3, 0, 0, 0, 1, 0, 0}).bytes();
  ExpectFour(Build({.bits = 8, .colours = 4, .masks = {}, .palette = colours, .rows = rows8}), "8 bits");
  const Bytes rows4 = Writer().Raw({0x23, 0, 0, 0, 0x01, 0, 0, 0}).bytes();
  ExpectFour(Build({.bits = 4, .colours = 4, .masks = {}, .palette = colours, .rows = rows4}), "4 bits");
  std::vector<std::uint32_t> sixteen = colours;
  sixteen.resize(16);
  ExpectFour(Build({.bits = 4, .header_size = 12, .masks = {}, .palette = sixteen, .rows = rows4}),
             "OS/2, 4 bits");
  const Bytes rows32 =
      Writer().Little(0x0000FF, 4).Little(0xFFFFFF, 4).Little(0xFF0000, 4).Little(0x00FF00, 4).bytes();
  ExpectFour(Build({.bits = 32, .masks = {}, .palette = {}, .rows = rows32}), "32 bits");
  const Bytes rows555 =
      Writer().Little(0x001F, 2).Little(0x7FFF, 2).Little(0x7C00, 2).Little(0x03E0, 2).bytes();
  ExpectFour(Build({.bits = 16, .masks = {}, .palette = {}, .rows = rows555}), "16 bits");
  const Bytes rows565 =
      Writer().Little(0x001F, 2).Little(0xFFFF, 2).Little(0xF800, 2).Little(0x07E0, 2).bytes();
  ExpectFour(
      Build(
          {.bits = 16, .compression = 3, .masks = {0xF800, 0x07E0, 0x001F}, .palette = {}, .rows = rows565}),
      "5-6-5");
  ExpectFour(Build({.bits = 16,
                    .compression = 3,
                    .header_size = 108,
                    .masks = {0xF800, 0x07E0, 0x001F, 0},
                    .palette = {},
                    .rows = rows565}),
             "5-6-5, version 4");
}

TEST(DecodeBmp, ReadsOneBit) {
  const auto decoded = DecodeImage(Build({.width = 10,
                                          .height = 1,
                                          .bits = 1,
                                          .masks = {},
                                          .palette = {0x102030, 0xF0E0D0},
                                          .rows = Writer().Raw({0x80, 0x40, 0, 0}).bytes()}),
                                   "a.bmp");
  ASSERT_TRUE(decoded.ok()) << decoded.error().message;
  EXPECT_EQ(Pixel(*decoded, 0, 0), (Rgb{0xF0, 0xE0, 0xD0}));
  EXPECT_EQ(Pixel(*decoded, 1, 0), (Rgb{0x10, 0x20, 0x30}));
  EXPECT_EQ(Pixel(*decoded, 9, 0), (Rgb{0xF0, 0xE0, 0xD0}));
}

TEST(DecodeBmp, AlphaCountsOnlyWhenSomePixelHasIt) {
  BmpParts parts{.width = 2,
                 .height = 1,
                 .bits = 32,
                 .compression = 3,
                 .header_size = 108,
                 .masks = {0xFF0000, 0xFF00, 0xFF, 0xFF000000},
                 .palette = {},
                 .rows = {}};
  parts.rows = Writer().Little(0x80FF0000, 4).Little(0x0000FF00, 4).bytes();
  const auto blended = DecodeImage(Build(parts), "a.bmp");
  ASSERT_TRUE(blended.ok()) << blended.error().message;
  EXPECT_TRUE(blended->had_alpha);
  EXPECT_EQ(Pixel(*blended, 0, 0), (Rgb{255, 127, 127}));
  EXPECT_EQ(Pixel(*blended, 1, 0), (Rgb{255, 255, 255}));
  parts.rows = Writer().Little(0x00FF0000, 4).Little(0x0000FF00, 4).bytes();
  const auto opaque = DecodeImage(Build(parts), "a.bmp");
  ASSERT_TRUE(opaque.ok());
  EXPECT_FALSE(opaque->had_alpha);
  EXPECT_EQ(Pixel(*opaque, 0, 0), (Rgb{255, 0, 0}));
}

TEST(DecodeBmp, MissingRowsAreGreyWithAWarningOrRefused) {
  const Bytes whole = Build({.masks = {}, .palette = {}, .rows = kBottomUp24});
  const auto half = DecodeImage(std::span(whole).first(whole.size() - 3), "a.bmp");
  ASSERT_TRUE(half.ok()) << half.error().message;
  EXPECT_NE(half->warning, "");
  EXPECT_EQ(Pixel(*half, 0, 0), (Rgb{128, 128, 128}));
  EXPECT_EQ(Pixel(*half, 0, 1), (Rgb{0, 0, 255}));
  EXPECT_EQ(DecodeImage(std::span(whole).first(54), "a.bmp").error().code, ErrorCode::kCorrupt);
}

TEST(DecodeBmp, RefusesLiesAndRareKinds) {
  const auto code = [](const BmpParts& parts) { return DecodeImage(Build(parts), "a.bmp").error().code; };
  EXPECT_EQ(code({.width = 0, .masks = {}, .palette = {}, .rows = kBottomUp24}), ErrorCode::kCorrupt);
  EXPECT_EQ(code({.width = -2, .masks = {}, .palette = {}, .rows = kBottomUp24}), ErrorCode::kCorrupt);
  EXPECT_EQ(
      code({.height = std::numeric_limits<int>::min(), .masks = {}, .palette = {}, .rows = kBottomUp24}),
      ErrorCode::kTooLarge);
  EXPECT_EQ(code({.width = 16'000, .height = 16'000, .masks = {}, .palette = {}, .rows = kBottomUp24}),
            ErrorCode::kCorrupt);
  EXPECT_EQ(code({.width = 60'000, .height = 60'000, .masks = {}, .palette = {}, .rows = kBottomUp24}),
            ErrorCode::kTooLarge);
  EXPECT_EQ(code({.bits = 7, .masks = {}, .palette = {}, .rows = kBottomUp24}), ErrorCode::kUnsupported);
  EXPECT_EQ(code({.bits = 8, .compression = 1, .masks = {}, .palette = {}, .rows = kBottomUp24}),
            ErrorCode::kUnsupported);
  EXPECT_EQ(code({.bits = 24, .compression = 3, .masks = {1, 2, 4}, .palette = {}, .rows = kBottomUp24}),
            ErrorCode::kCorrupt);
  EXPECT_EQ(
      code({.bits = 16, .compression = 3, .masks = {0xF0F0, 0x0F, 0}, .palette = {}, .rows = kBottomUp24}),
      ErrorCode::kCorrupt);
  EXPECT_EQ(
      code({.bits = 16, .compression = 3, .masks = {0xFF, 0xF0, 0}, .palette = {}, .rows = kBottomUp24}),
      ErrorCode::kCorrupt);
  Bytes outside = Build({.masks = {}, .palette = {}, .rows = kBottomUp24});
  outside[10] = outside[11] = std::byte{0xFF};
  EXPECT_EQ(DecodeImage(outside, "a.bmp").error().code, ErrorCode::kCorrupt);
  outside[10] = outside[11] = std::byte{0};
  EXPECT_EQ(DecodeImage(outside, "a.bmp").error().code, ErrorCode::kCorrupt);
}

TEST(DecodeBmp, ShrinksWhileReading) {
  BmpParts parts{.width = 40, .height = 20, .masks = {}, .palette = {}, .rows = {}};
  parts.rows.assign(40 * 3 * 20, std::byte{77});
  DecodeOptions options;
  options.max_longer_side = 10;
  const auto decoded = DecodeImage(Build(parts), "a.bmp", options);
  ASSERT_TRUE(decoded.ok()) << decoded.error().message;
  EXPECT_EQ(decoded->pixels.width(), 10);
  EXPECT_EQ(decoded->pixels.height(), 5);
  for (const std::uint8_t value : decoded->pixels.pixels()) EXPECT_EQ(value, 77);
}

}  // namespace
}  // namespace kantei::image
