#include "kantei/image/decode.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "kantei/image/cutout.h"
#include "kantei/image/encode.h"
#include "kantei/image/ssim.h"
#include "kantei/image/test_pictures.h"
#include "kantei/image/transform.h"

namespace kantei::image {
namespace {

using testing::kQuarters;
using testing::LargestDifference;
using testing::Near;
using testing::Noise;
using testing::QuarterColour;
using testing::Quarters;
using testing::Rgb;
using testing::Sample;
using testing::Waves;
using testing::WithOrientation;

struct SampleCase {
  const char* file;
  Format format;
  int tolerance;
  int frames = 1;
};

void PrintTo(const SampleCase& sample, std::ostream* out) {
  *out << sample.file;
}

class ColourSamples : public ::testing::TestWithParam<SampleCase> {};

TEST_P(ColourSamples, HaveTheFourColours) {
  const SampleCase& sample = GetParam();
  const Bytes bytes = Sample(sample.file);
  ASSERT_FALSE(bytes.empty()) << sample.file;
  EXPECT_EQ(SniffFormat(bytes), sample.format);
  const auto decoded = DecodeImage(bytes, sample.file);
  ASSERT_TRUE(decoded.ok()) << decoded.error().message;
  EXPECT_EQ(decoded->format, sample.format);
  EXPECT_EQ(decoded->frames, sample.frames);
  EXPECT_EQ(decoded->warning, "");
  ASSERT_EQ(decoded->pixels.channels(), 3);
  ASSERT_EQ(decoded->pixels.width(), 96);
  ASSERT_EQ(decoded->pixels.height(), 64);
  EXPECT_EQ(decoded->original_width, 96);
  for (int quarter = 0; quarter < 4; ++quarter) {
    const Rgb colour = QuarterColour(decoded->pixels, quarter),
              expected = kQuarters[static_cast<std::size_t>(quarter)];
    EXPECT_TRUE(Near(colour, expected, sample.tolerance))
        << "quarter " << quarter << ": " << colour[0] << " " << colour[1] << " " << colour[2];
  }
}

// CMYK is far off in blue, which it cannot print; an inversion of ink would be off by 200.
INSTANTIATE_TEST_SUITE_P(
    Decode, ColourSamples,
    ::testing::Values(
        SampleCase{"progressive.jpg", Format::kJpeg, 4}, SampleCase{"display_p3.jpg", Format::kJpeg, 6},
        SampleCase{"cmyk.jpg", Format::kJpeg, 60}, SampleCase{"rgb.png", Format::kPng, 0},
        SampleCase{"interlaced.png", Format::kPng, 0}, SampleCase{"palette.png", Format::kPng, 3},
        SampleCase{"rgb16.png", Format::kPng, 0}, SampleCase{"display_p3.png", Format::kPng, 3},
        SampleCase{"lossy.webp", Format::kWebp, 6}, SampleCase{"three_frames.webp", Format::kWebp, 6, 3},
        SampleCase{"three_frames.gif", Format::kGif, 4, 3}, SampleCase{"lzw_tiled.tif", Format::kTiff, 0},
        SampleCase{"big.tif", Format::kTiff, 0}, SampleCase{"rgb16.tif", Format::kTiff, 0},
        SampleCase{"float.tif", Format::kTiff, 1}, SampleCase{"cmyk.tif", Format::kTiff, 60},
        SampleCase{"rgb.avif", Format::kAvif, 6}, SampleCase{"rgb.heic", Format::kHeic, 6},
        SampleCase{"ten_bit.heic", Format::kHeic, 6}));

class AlphaSamples : public ::testing::TestWithParam<SampleCase> {};

TEST_P(AlphaSamples, AreCompositedOnWhite) {
  const SampleCase& sample = GetParam();
  const auto decoded = DecodeImage(Sample(sample.file), sample.file);
  ASSERT_TRUE(decoded.ok()) << decoded.error().message;
  EXPECT_TRUE(decoded->had_alpha);
  for (const int quarter : {0, 2}) {
    EXPECT_TRUE(Near(QuarterColour(decoded->pixels, quarter), kQuarters[static_cast<std::size_t>(quarter)],
                     sample.tolerance));
  }
  for (const int quarter : {1, 3})
    EXPECT_TRUE(Near(QuarterColour(decoded->pixels, quarter), {255, 255, 255}, sample.tolerance));
}

INSTANTIATE_TEST_SUITE_P(Decode, AlphaSamples,
                         ::testing::Values(SampleCase{"rgba.png", Format::kPng, 0},
                                           SampleCase{"rgba16.png", Format::kPng, 1},
                                           SampleCase{"alpha.webp", Format::kWebp, 0},
                                           SampleCase{"rgba.tif", Format::kTiff, 0},
                                           SampleCase{"transparent.gif", Format::kGif, 4},
                                           SampleCase{"alpha.avif", Format::kAvif, 6}));

TEST(Decode, GreySamplesBecomeThreeEqualChannels) {
  const auto expect = [](const char* file, std::array<int, 4> levels) {
    const auto decoded = DecodeImage(Sample(file), file);
    ASSERT_TRUE(decoded.ok()) << decoded.error().message;
    for (int quarter = 0; quarter < 4; ++quarter) {
      const int level = levels[static_cast<std::size_t>(quarter)];
      EXPECT_EQ(QuarterColour(decoded->pixels, quarter), (Rgb{level, level, level}))
          << file << " quarter " << quarter;
    }
  };
  expect("grey.png", {40, 180, 60, 220});
  expect("grey_alpha.png", {40, 255, 60, 255});
  expect("one_bit.png", {0, 255, 0, 255});
  expect("one_bit.tif", {0, 255, 0, 255});
}

TEST(Decode, ACutoutKeepsItsTransparency) {
  for (const char* file : {"rgba.png", "alpha.webp", "rgba16.png"}) {
    const auto cutout = DecodeCutout(Sample(file), file);
    const auto flat = DecodeImage(Sample(file), file);
    ASSERT_TRUE(cutout.ok() && flat.ok()) << file;
    ASSERT_FALSE(cutout->alpha.empty()) << file;
    int clear = 0, opaque = 0;
    for (std::size_t i = 0; i < cutout->alpha.pixels().size(); ++i) {
      const int alpha = cutout->alpha.pixels()[i];
      clear += alpha == 0 ? 1 : 0;
      opaque += alpha == 255 ? 1 : 0;
      // Laid over white it is what DecodeImage gives.
      for (std::size_t c = 0; c < 3; ++c)
        ASSERT_NEAR(cutout->colour.pixels()[3 * i + c] + 255 - alpha, flat->pixels.pixels()[3 * i + c], 1)
            << file;
    }
    EXPECT_GT(clear, 0) << file;
    EXPECT_GT(opaque, 0) << file;
  }
  const auto plain = DecodeCutout(Sample("rgb.png"), "rgb.png");
  ASSERT_TRUE(plain.ok());
  EXPECT_TRUE(plain->alpha.empty());
  EXPECT_FALSE(DecodeCutout({}, "nothing.png").ok());
}

TEST(Decode, PartialAlphaIsBlendedInProportion) {
  // Alpha 255 and 0 meet inside shrunk pixels: white must come in, the hidden colour must not.
  DecodeOptions options;
  options.max_longer_side = 3;
  const auto decoded = DecodeImage(Sample("rgba.png"), "rgba.png", options);
  ASSERT_TRUE(decoded.ok());
  ASSERT_EQ(decoded->pixels.width(), 3);
  const std::uint8_t* middle = decoded->pixels.row(0) + 3;
  EXPECT_TRUE(Near({middle[0], middle[1], middle[2]}, {228, 148, 148}, 2));
}

TEST(Decode, OrientationIsAppliedInAllEightWaysAndBothByteOrders) {
  // Where the stored quarters (top left, top right, bottom left, bottom right) are to be seen.
  constexpr std::array<std::array<int, 4>, 8> kSeen{{{0, 1, 2, 3},
                                                     {1, 0, 3, 2},
                                                     {3, 2, 1, 0},
                                                     {2, 3, 0, 1},
                                                     {0, 2, 1, 3},
                                                     {2, 0, 3, 1},
                                                     {3, 1, 2, 0},
                                                     {1, 3, 0, 2}}};
  const Bytes plain = *EncodeJpeg(Quarters(), 95);
  for (int orientation = 1; orientation <= 8; ++orientation) {
    for (const bool big_endian : {false, true}) {
      const auto decoded = DecodeImage(WithOrientation(plain, orientation, big_endian), "turned.jpg");
      ASSERT_TRUE(decoded.ok()) << decoded.error().message;
      EXPECT_EQ(decoded->orientation, orientation);
      EXPECT_EQ(decoded->pixels.width(), orientation >= 5 ? 64 : 96);
      EXPECT_EQ(decoded->original_width, orientation >= 5 ? 64 : 96);
      EXPECT_EQ(decoded->original_height, orientation >= 5 ? 96 : 64);
      for (int place = 0; place < 4; ++place) {
        const int quarter = kSeen[static_cast<std::size_t>(orientation - 1)][static_cast<std::size_t>(place)];
        EXPECT_TRUE(
            Near(QuarterColour(decoded->pixels, place), kQuarters[static_cast<std::size_t>(quarter)], 4))
            << "orientation " << orientation << " place " << place;
      }
    }
  }
  EXPECT_EQ(DecodeImage(WithOrientation(plain, 9, true), "a")->orientation, 1);
  EXPECT_EQ(DecodeImage(WithOrientation(plain, 0, true), "a")->orientation, 1);
}

TEST(Decode, TiffOrientationIsAppliedToo) {
  const auto decoded = DecodeImage(Sample("orientation6.tif"), "a.tif");
  ASSERT_TRUE(decoded.ok()) << decoded.error().message;
  EXPECT_EQ(decoded->orientation, 6);
  ASSERT_EQ(decoded->pixels.width(), 64);
  EXPECT_EQ(QuarterColour(decoded->pixels, 0), kQuarters[2]);
  EXPECT_EQ(QuarterColour(decoded->pixels, 1), kQuarters[0]);
}

TEST(Decode, ProfileIsConvertedAndNotedAndABrokenOneIsOnlyAWarning) {
  Bytes bytes = Sample("display_p3.jpg");
  const auto good = DecodeImage(bytes, "p3.jpg");
  ASSERT_TRUE(good.ok());
  EXPECT_TRUE(good->had_icc_profile);
  // Spoil the tag table of the profile, which starts 128 bytes in.
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  const std::size_t at = text.find("acsp");
  ASSERT_NE(at, std::string_view::npos);
  for (std::size_t i = 92; i < 110; ++i) bytes[at + i] = std::byte{0xEE};
  const auto spoilt = DecodeImage(bytes, "p3.jpg");
  ASSERT_TRUE(spoilt.ok()) << spoilt.error().message;
  EXPECT_NE(spoilt->warning.find("profile"), std::string::npos);
  // Without the profile the red of Display P3 looks paler.
  EXPECT_LT(QuarterColour(spoilt->pixels, 0)[0], QuarterColour(good->pixels, 0)[0] - 5);
}

TEST(Decode, LongerSideIsExactAndSmallPicturesKeepTheirSize) {
  const Image picture = Waves(333, 211, 3);
  const Bytes jpeg = *EncodeJpeg(picture, 95), png = *EncodePng(picture);
  for (const Bytes* bytes : {&jpeg, &png}) {
    for (const int side : {332, 200, 167, 100, 83, 42, 20, 7, 1}) {
      DecodeOptions options;
      options.max_longer_side = side;
      const auto decoded = DecodeImage(*bytes, "a", options);
      ASSERT_TRUE(decoded.ok()) << decoded.error().message;
      EXPECT_EQ(decoded->pixels.width(), side);
      EXPECT_NEAR(decoded->pixels.height(), std::max(1.0, side * 211.0 / 333), 0.76);
      EXPECT_EQ(decoded->original_width, 333);
      EXPECT_EQ(decoded->original_height, 211);
    }
    DecodeOptions large;
    large.max_longer_side = 1000;
    EXPECT_EQ(DecodeImage(*bytes, "a", large)->pixels.width(), 333);
  }
}

TEST(Decode, ShrinkingWhileReadingIsTheSameAsResizingAfterwards) {
  const Image picture = Noise(301, 157, 3, 9);
  DecodeOptions options;
  options.max_longer_side = 77;
  const auto png = DecodeImage(*EncodePng(picture), "a.png", options);
  ASSERT_TRUE(png.ok());
  EXPECT_EQ(LargestDifference(png->pixels, ResizeToFit(picture, 77)), 0);
  // JPEG shrinks inside the inverse transform: close, not equal.
  const Image smooth = Waves(640, 480, 3);
  const Bytes jpeg = *EncodeJpeg(smooth, 95);
  options.max_longer_side = 100;
  const auto shrunk = DecodeImage(jpeg, "a.jpg", options);
  ASSERT_TRUE(shrunk.ok());
  EXPECT_GT(*Psnr(shrunk->pixels, ResizeToFit(smooth, 100)), 35);
}

TEST(Decode, RareJpegSamplingGoesThroughLibvips) {
  // TurboJPEG knows no 2x2, 1x2, 1x1 sampling: patched into the frame header of a 4:4:4 file, it changes the
  // layout of the scan, so that the pixels are damaged, but size and path are those of a real file.
  Bytes bytes = *EncodeJpeg(Image(64, 64, 3), 95);
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  const std::size_t frame = text.find("\xFF\xC0");
  ASSERT_NE(frame, std::string_view::npos);
  bytes[frame + 11] = std::byte{0x22};
  bytes[frame + 14] = std::byte{0x12};
  const auto decoded = DecodeImage(bytes, "rare.jpg");
  ASSERT_TRUE(decoded.ok()) << decoded.error().message;
  EXPECT_EQ(decoded->pixels.width(), 64);
}

TEST(Decode, SniffsByContentAlone) {
  const auto sniff = [](const std::string& text) { return SniffFormat(std::as_bytes(std::span(text))); };
  EXPECT_EQ(sniff(""), Format::kUnknown);
  EXPECT_EQ(sniff("\xFF\xD8"), Format::kUnknown);
  EXPECT_EQ(sniff("BM is how this text begins"), Format::kUnknown);
  EXPECT_EQ(sniff("<svg xmlns='http://www.w3.org/2000/svg'/>"), Format::kUnknown);
  EXPECT_EQ(sniff("%PDF-1.7"), Format::kUnknown);
  EXPECT_EQ(sniff("RIFF....WAVEfmt "), Format::kUnknown);
  EXPECT_EQ(sniff(std::string("\0\0\0\x18"
                              "ftypmif1\0\0\0\0mif1avif",
                              24)),
            Format::kAvif);
  EXPECT_EQ(sniff(std::string("\0\0\0\x18"
                              "ftypmp42\0\0\0\0mp42isom",
                              24)),
            Format::kUnknown);
}

TEST(Decode, SaysWhatIsWrongInOneSentence) {
  EXPECT_EQ(DecodeImage({}, "nothing.jpg").error().code, ErrorCode::kInvalidArgument);
  const std::string svg = "<svg xmlns='http://www.w3.org/2000/svg'/>";
  const auto unsupported = DecodeImage(std::as_bytes(std::span(svg)), "drawing.svg");
  ASSERT_FALSE(unsupported.ok());
  EXPECT_EQ(unsupported.error().code, ErrorCode::kUnsupported);
  EXPECT_TRUE(unsupported.error().message.starts_with("drawing.svg "));
  EXPECT_EQ(DecodeImageFile("/nonexistent/x.jpg").error().code, ErrorCode::kNotFound);
  const Bytes png = *EncodePng(Image(100, 50, 3));
  DecodeOptions options;
  options.limits.max_pixels = 4999;
  EXPECT_EQ(DecodeImage(png, "a", options).error().code, ErrorCode::kTooLarge);
  options.limits.max_pixels = 5000;
  EXPECT_TRUE(DecodeImage(png, "a", options).ok());
  options.limits.max_side = 99;
  EXPECT_EQ(DecodeImage(png, "a", options).error().code, ErrorCode::kTooLarge);
  options = {};
  options.limits.max_file_bytes = png.size() - 1;
  EXPECT_EQ(DecodeImage(png, "a", options).error().code, ErrorCode::kTooLarge);
}

TEST(Decode, WholeFrameLimitHoldsForTheFormatsThatNeedIt) {
  DecodeOptions options;
  options.limits.max_pixels_whole_frame = 96 * 64 - 1;
  for (const char* file :
       {"interlaced.png", "progressive.jpg", "lossy.webp", "three_frames.gif", "rgb.avif", "rgb.heic"}) {
    const auto decoded = DecodeImage(Sample(file), file, options);
    ASSERT_FALSE(decoded.ok()) << file;
    EXPECT_EQ(decoded.error().code, ErrorCode::kTooLarge) << file;
  }
  EXPECT_TRUE(DecodeImage(Sample("rgb.png"), "rgb.png", options).ok());
}

TEST(Decode, TimeLimitEndsTheWork) {
  DecodeOptions options;
  options.limits.max_seconds = 0;
  EXPECT_EQ(DecodeImage(*EncodePng(Noise(300, 300, 3, 1)), "a", options).error().code, ErrorCode::kTooLarge);
}

TEST(Decode, ThreadsDoNotDisturbEachOther) {
  const std::array<Bytes, 6> files{Sample("rgb.png"),   Sample("display_p3.png"),   Sample("lossy.webp"),
                                   Sample("rgb16.tif"), Sample("three_frames.gif"), Sample("rgb.avif")};
  std::array<Image, 6> expected;
  for (std::size_t i = 0; i < files.size(); ++i) expected[i] = DecodeImage(files[i], "a")->pixels;
  Bytes broken = files[0];
  broken.resize(broken.size() / 3);
  std::atomic<int> failures = 0;
  std::vector<std::thread> threads;
  for (std::size_t t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      for (std::size_t k = 0; k < 30; ++k) {
        const std::size_t i = (k + t) % files.size();
        const auto decoded = DecodeImage(files[i], "a");
        if (!decoded.ok() || !decoded->warning.empty() ||
            LargestDifference(decoded->pixels, expected[i]) != 0)
          ++failures;
        (void)DecodeImage(broken, "broken");
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(failures, 0);
}

}  // namespace
}  // namespace kantei::image
