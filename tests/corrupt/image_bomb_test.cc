// Small files that promise huge pictures are refused before memory is taken, and a huge picture that is
// wished small is read without ever being held whole. Each case runs in a child process whose peak memory is
// looked at.
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <functional>

#include "kantei/image/decode.h"
#include "kantei/image/encode.h"
#include "kantei/image/test_pictures.h"

namespace kantei::image {
namespace {

using testing::Writer;

struct Outcome {
  int code = -1;  ///< an ErrorCode, or 100 for success, or 101 for a result that the check did not like
  long peak_mib = 0;
};

/// Runs `check` in a child process; 100 + its result, or the code of the error.
Outcome DecodeInChild(const Bytes& bytes, const DecodeOptions& options,
                      const std::function<bool(const DecodedImage&)>& check = {}) {
  const pid_t child = ::fork();
  if (child == 0) {
    const auto decoded = DecodeImage(bytes, "bomb", options);
    if (!decoded.ok()) {
      if (!decoded.error().message.starts_with("bomb ")) ::_exit(102);
      ::_exit(static_cast<int>(decoded.error().code));
    }
    ::_exit(check && !check(*decoded) ? 101 : 100);
  }
  int status = 0;
  struct rusage usage {};
  EXPECT_EQ(::wait4(child, &status, 0, &usage), child);
  return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, usage.ru_maxrss / 1024};
}

void ExpectRefused(const char* what, const Bytes& bytes, ErrorCode code, const DecodeOptions& options = {}) {
  const Outcome outcome = DecodeInChild(bytes, options);
  EXPECT_EQ(outcome.code, static_cast<int>(code)) << what;
#if !defined(KANTEI_SANITIZED)
  EXPECT_LT(outcome.peak_mib, 200) << what;
#endif
}

std::uint32_t Crc32(const Bytes& bytes) {
  std::uint32_t crc = 0xFFFFFFFFu;
  for (const std::byte b : bytes) {
    crc ^= static_cast<std::uint32_t>(b);
    for (int k = 0; k < 8; ++k) crc = (crc >> 1) ^ (crc & 1 ? 0xEDB88320u : 0u);
  }
  return ~crc;
}

Bytes Chunk(const std::string& type, const Bytes& data) {
  const Bytes body = Writer().Text(type).Append(data).bytes();
  return Writer().Big(data.size(), 4).Append(body).Big(Crc32(body), 4).bytes();
}

/// A zlib stream of `count` zero bytes, at 13 bits for 258 of them: one literal, then matches of length 258
/// at distance 1 in fixed codes.
Bytes ZeroStream(std::uint64_t count) {
  Bytes out{std::byte{0x78}, std::byte{0x01}};
  std::uint64_t held = 0;
  int bits = 0;
  const auto put = [&](std::uint32_t value, int length) {
    held |= static_cast<std::uint64_t>(value) << bits;
    for (bits += length; bits >= 8; bits -= 8, held >>= 8) out.push_back(static_cast<std::byte>(held));
  };
  const auto put_code = [&](std::uint32_t code, int length) {  // Huffman codes go in from their highest bit
    for (int k = length - 1; k >= 0; --k) put(code >> k & 1, 1);
  };
  put(1, 1);  // last block
  put(1, 2);  // fixed codes
  std::uint64_t left = count;
  for (; left % 258 != 0 || left == count; --left) put_code(0x30, 8);  // literal 0
  for (; left > 0; left -= 258) {
    put_code(0xC5, 8);  // length 258
    put_code(0, 5);     // distance 1
  }
  put_code(0, 7);  // end of block
  put(0, 7);
  return Writer().Append(out).Big(count % 65521 << 16 | 1, 4).bytes();
}

struct PngParts {
  std::uint32_t width, height;
  int depth = 8, colour = 2, interlace = 0;
};

Bytes Png(const PngParts& parts, const Bytes& data) {
  const Bytes header = Writer()
                           .Big(parts.width, 4)
                           .Big(parts.height, 4)
                           .Raw({parts.depth, parts.colour, 0, 0, parts.interlace})
                           .bytes();
  return Writer()
      .Raw({0x89, 'P', 'N', 'G', 13, 10, 26, 10})
      .Append(Chunk("IHDR", header))
      .Append(Chunk("IDAT", data))
      .Append(Chunk("IEND", {}))
      .bytes();
}

TEST(ImageBomb, PngIsRefused) {
  const Bytes zeros = ZeroStream(60'000'000);
  ExpectRefused("60000x60000", Png({60'000, 60'000}, zeros), ErrorCode::kTooLarge);
  ExpectRefused("interlaced", Png({16'000, 16'000, 8, 2, 1}, zeros), ErrorCode::kTooLarge);
  ExpectRefused("interlaced, 16 bits", Png({7'500, 7'500, 16, 6, 1}, zeros), ErrorCode::kTooLarge);
  ExpectRefused("lying", Png({16'000, 16'000}, ZeroStream(1000)), ErrorCode::kCorrupt);
  ExpectRefused("no width", Png({0, 100}, zeros), ErrorCode::kCorrupt);
  ExpectRefused("2^31 wide", Png({0x7FFFFFFF, 1}, zeros), ErrorCode::kTooLarge);
}

TEST(ImageBomb, PngTextAndProfileThatInflateAreHarmless) {
  const Bytes rows = ZeroStream(3 * (1 + 4 * 3));
  const Bytes bomb = Writer().Text("note").Raw({0, 0}).Append(ZeroStream(400'000'000)).bytes();
  const Bytes header = Writer().Big(4, 4).Big(3, 4).Raw({8, 2, 0, 0, 0}).bytes();
  for (const char* type : {"zTXt", "iCCP"}) {
    Writer png;
    png.Raw({0x89, 'P', 'N', 'G', 13, 10, 26, 10}).Append(Chunk("IHDR", header)).Append(Chunk(type, bomb));
    png.Append(Chunk("IDAT", rows)).Append(Chunk("IEND", {}));
    const Outcome outcome = DecodeInChild(png.bytes(), {});
    EXPECT_GE(outcome.code, 0) << type;
#if !defined(KANTEI_SANITIZED)
    EXPECT_LT(outcome.peak_mib, 200) << type;
#endif
  }
}

TEST(ImageBomb, HugePngIsReadSmallWithinBoundedMemory) {
  // 200 megapixels: 600 MB of pixels in a file of 4 MB.
  const std::uint64_t width = 20'000, height = 10'000;
  const Bytes png = Png({20'000, 10'000}, ZeroStream(height * (1 + 3 * width)));
  DecodeOptions options;
  options.max_longer_side = 1024;
  options.limits.max_seconds = 300;
  const Outcome outcome = DecodeInChild(png, options, [](const DecodedImage& decoded) {
    return decoded.pixels.width() == 1024 && decoded.pixels.height() == 512 &&
           decoded.original_width == 20'000 && decoded.warning.empty();
  });
  EXPECT_EQ(outcome.code, 100);
#if !defined(KANTEI_SANITIZED)
  EXPECT_LT(outcome.peak_mib, 150);
#endif
  options.limits.max_seconds = 0.01;
  ExpectRefused("time limit", png, ErrorCode::kTooLarge, options);
}

TEST(ImageBomb, JpegIsRefused) {
  const auto patched = [](Bytes jpeg, char marker, int height, int width) {
    const std::string_view text(reinterpret_cast<const char*>(jpeg.data()), jpeg.size());
    const std::size_t at = text.find(std::string{'\xFF', marker});
    for (const auto& [offset, value] :
         {std::pair{5, height >> 8}, {6, height & 255}, {7, width >> 8}, {8, width & 255}}) {
      jpeg[at + static_cast<std::size_t>(offset)] = static_cast<std::byte>(value);
    }
    return jpeg;
  };
  const Bytes plain = *EncodeJpeg(testing::Quarters(), 80), progressive = testing::Sample("progressive.jpg");
  ExpectRefused("65500x65500", patched(plain, '\xC0', 65'500, 65'500), ErrorCode::kTooLarge);
  ExpectRefused("65500x4000", patched(plain, '\xC0', 4'000, 65'500), ErrorCode::kCorrupt);
  ExpectRefused("no height", patched(plain, '\xC0', 0, 100), ErrorCode::kCorrupt);
  ExpectRefused("progressive, 16000x16000", patched(progressive, '\xC2', 16'000, 16'000),
                ErrorCode::kTooLarge);
  ExpectRefused("progressive, 8000x7000", patched(progressive, '\xC2', 7'000, 8'000), ErrorCode::kCorrupt);
}

TEST(ImageBomb, ProgressiveJpegWithEndlessScansIsRefused) {
  Bytes jpeg = testing::Sample("progressive.jpg");
  const std::string_view text(reinterpret_cast<const char*>(jpeg.data()), jpeg.size());
  const std::size_t scan = text.rfind("\xFF\xDA"), end = text.rfind("\xFF\xD9");
  ASSERT_NE(scan, std::string_view::npos);
  const Bytes last(jpeg.begin() + static_cast<std::ptrdiff_t>(scan),
                   jpeg.begin() + static_cast<std::ptrdiff_t>(end));
  jpeg.resize(end);
  for (int i = 0; i < 600; ++i) jpeg.insert(jpeg.end(), last.begin(), last.end());
  ExpectRefused("600 scans", Writer().Append(jpeg).Raw({0xFF, 0xD9}).bytes(), ErrorCode::kCorrupt);
}

TEST(ImageBomb, GifIsRefused) {
  const Writer head = Writer().Text("GIF89a").Little(65'535, 2).Little(65'535, 2).Raw({0, 0, 0});
  ExpectRefused("canvas", Writer(head).Raw({0x2C}).Little(0, 8).Raw({0, 2, 1, 0, 0, 0x3B}).bytes(),
                ErrorCode::kTooLarge);
  const Writer none = Writer().Text("GIF89a").Little(7'000, 2).Little(7'000, 2).Raw({0, 0, 0, 0x3B});
  ExpectRefused("no frame", none.bytes(), ErrorCode::kCorrupt);
}

TEST(ImageBomb, WebpIsRefused) {
  const std::uint64_t side = 16'382;  // 16383, less one
  const Bytes lossless = Writer().Raw({0x2F}).Little(side | side << 14, 4).Little(0, 32).bytes();
  ExpectRefused("VP8L",
                Writer()
                    .Text("RIFF")
                    .Little(12 + lossless.size(), 4)
                    .Text("WEBPVP8L")
                    .Little(lossless.size(), 4)
                    .Append(lossless)
                    .bytes(),
                ErrorCode::kTooLarge);
  const Bytes canvas = Writer().Little(0, 4).Little(side, 3).Little(side, 3).bytes();
  ExpectRefused("VP8X",
                Writer()
                    .Text("RIFF")
                    .Little(100, 4)
                    .Text("WEBPVP8X")
                    .Little(10, 4)
                    .Append(canvas)
                    .Little(0, 60)
                    .bytes(),
                ErrorCode::kTooLarge);
}

/// One directory with LONG values.
Bytes Tiff(const std::vector<std::pair<int, std::uint64_t>>& tags) {
  Writer out;
  out.Text("II").Little(42, 2).Little(8, 4).Little(tags.size(), 2);
  for (const auto& [tag, value] : tags)
    out.Little(static_cast<std::uint64_t>(tag), 2).Little(4, 2).Little(1, 4).Little(value, 4);
  return out.Little(0, 4).Little(0, 64).bytes();
}

TEST(ImageBomb, TiffIsRefused) {
  ExpectRefused("absurd tiles",
                Tiff({{256, 16},
                      {257, 16},
                      {258, 8},
                      {259, 1},
                      {262, 1},
                      {277, 1},
                      {322, 65'520},
                      {323, 65'520},
                      {324, 8},
                      {325, 64}}),
                ErrorCode::kTooLarge);
  ExpectRefused("no tile height",
                Tiff({{256, 16}, {257, 16}, {258, 8}, {259, 1}, {262, 1}, {322, 16}, {324, 8}, {325, 64}}),
                ErrorCode::kTooLarge);
  ExpectRefused("one strip",
                Tiff({{256, 16'000},
                      {257, 16'000},
                      {258, 8},
                      {259, 1},
                      {262, 1},
                      {273, 8},
                      {277, 1},
                      {278, 16'000},
                      {279, 64}}),
                ErrorCode::kTooLarge);
  ExpectRefused(
      "too many pixels",
      Tiff({{256, 60'000}, {257, 60'000}, {258, 8}, {259, 1}, {262, 1}, {273, 8}, {278, 1}, {279, 64}}),
      ErrorCode::kTooLarge);
  ExpectRefused("lying",
                Tiff({{256, 16'000},
                      {257, 16'000},
                      {258, 8},
                      {259, 1},
                      {262, 1},
                      {273, 8},
                      {277, 1},
                      {278, 16},
                      {279, 64}}),
                ErrorCode::kCorrupt);
  ExpectRefused("samples", Tiff({{256, 16}, {257, 16}, {258, 8}, {259, 1}, {262, 1}, {277, 60'000}}),
                ErrorCode::kUnsupported);
  ExpectRefused("own tail", Writer().Text("II").Little(42, 2).Little(8, 4).Little(0xFFFF, 2).bytes(),
                ErrorCode::kCorrupt);
}

TEST(ImageBomb, HeifIsRefused) {
  for (const char* file : {"rgb.avif", "rgb.heic"}) {
    Bytes bytes = testing::Sample(file);
    const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    const std::size_t at = text.find("ispe");
    ASSERT_NE(at, std::string_view::npos);
    bytes[at + 10] = bytes[at + 14] = std::byte{0x75};  // 29952 and more
    ExpectRefused(file, bytes, ErrorCode::kTooLarge);
  }
}

TEST(ImageBomb, BmpIsRefused) {
  Writer bmp;
  bmp.Text("BM").Little(100, 4).Little(0, 4).Little(54, 4).Little(40, 4).Little(30'000, 4).Little(8'000, 4);
  bmp.Little(1, 2).Little(24, 2).Little(0, 4).Little(0, 4).Little(0, 16).Little(0, 64);
  ExpectRefused("lying", bmp.bytes(), ErrorCode::kCorrupt);
}

}  // namespace
}  // namespace kantei::image
