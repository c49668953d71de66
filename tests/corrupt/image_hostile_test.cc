// Files that are cut off or spoilt: every reader must answer with a picture or with a sentence, never fall
// over.
#include <gtest/gtest.h>

#include <filesystem>
#include <set>

#include "kantei/image/decode.h"
#include "kantei/image/encode.h"
#include "kantei/image/test_pictures.h"

namespace kantei::image {
namespace {

namespace fs = std::filesystem;

std::vector<std::pair<std::string, Bytes>> AllSamples() {
  std::vector<std::pair<std::string, Bytes>> samples;
  for (const auto& entry : fs::directory_iterator(fs::path(KANTEI_SOURCE_DIR) / "tests/data/image")) {
    const std::string name = entry.path().filename().string();
    if (HasImageExtension(entry.path())) samples.emplace_back(name, testing::Sample(name));
  }
  samples.emplace_back("waves.jpg", *EncodeJpeg(testing::Waves(200, 150, 3), 90));
  samples.emplace_back("noise.png", *EncodePng(testing::Noise(80, 60, 3, 5)));
  samples.emplace_back("turned.jpg", testing::WithOrientation(*EncodeJpeg(testing::Quarters(), 90), 6, true));
  testing::Writer bmp;
  bmp.Text("BM")
      .Little(54 + 12 * 4 * 3, 4)
      .Little(0, 4)
      .Little(54, 4)
      .Little(40, 4)
      .Little(3, 4)
      .Little(12, 4);
  bmp.Little(1, 2).Little(24, 2).Little(0, 4).Little(0, 4).Little(0, 8).Little(0, 8);
  for (int i = 0; i < 12 * 12; ++i) bmp.Little(static_cast<std::uint64_t>(i), 1);
  samples.emplace_back("made.bmp", bmp.bytes());
  return samples;
}

DecodeOptions TightOptions() {
  DecodeOptions options;
  options.limits.max_pixels = options.limits.max_pixels_whole_frame = 4'000'000;
  options.limits.max_seconds = 5;
  return options;
}

/// A sane answer: a picture of the size that it states and within the limits, or a code that the header
/// promises.
void ExpectSane(const Result<DecodedImage>& decoded, const std::string& name, const DecodeOptions& options) {
  if (decoded.ok()) {
    EXPECT_EQ(decoded->pixels.channels(), 3) << name;
    EXPECT_LE(decoded->pixels.pixels().size(), 3 * options.limits.max_pixels) << name;
    EXPECT_EQ(decoded->pixels.width(), decoded->original_width) << name;
    EXPECT_GE(decoded->orientation, 1);
    EXPECT_LE(decoded->orientation, 8);
    return;
  }
  const std::set<ErrorCode> expected{ErrorCode::kCorrupt, ErrorCode::kTooLarge, ErrorCode::kUnsupported,
                                     ErrorCode::kInvalidArgument};
  EXPECT_TRUE(expected.contains(decoded.error().code)) << decoded.error().message;
  EXPECT_TRUE(decoded.error().message.starts_with(name + " ")) << decoded.error().message;
}

TEST(HostileImage, CutAtEverySevenPercentIsAPictureOrASentence) {
  const auto samples = AllSamples();
  ASSERT_GE(samples.size(), 30u);
  const DecodeOptions options = TightOptions();
  for (const auto& [name, bytes] : samples) {
    for (std::size_t percent = 0; percent < 100; percent += 7) {
      const std::size_t size = bytes.size() * percent / 100;
      const auto decoded = DecodeImage(std::span(bytes).first(size), name, options);
      ExpectSane(decoded, name, options);
      if (size == 0) {
        EXPECT_EQ(decoded.error().code, ErrorCode::kInvalidArgument);
      }
    }
  }
}

TEST(HostileImage, JpegAndPngThatLostTheirTailKeepTheirTopWithAWarning) {
  const Image picture = testing::Noise(160, 160, 3, 11);
  const Bytes jpeg = *EncodeJpeg(picture, 92), png = *EncodePng(picture);
  for (const Bytes* bytes : {&jpeg, &png}) {
    const auto whole = DecodeImage(*bytes, "whole");
    ASSERT_TRUE(whole.ok());
    for (const std::size_t percent : {35, 49, 63, 77, 91}) {
      const auto cut = DecodeImage(std::span(*bytes).first(bytes->size() * percent / 100), "cut");
      ASSERT_TRUE(cut.ok()) << percent << ": " << cut.error().message;
      EXPECT_NE(cut->warning, "");
      // At most one strip of 16 rows before the cut is lost.
      const int rows = static_cast<int>(160 * percent / 100) - 20;
      const auto top = [&](const Image& image) {
        return std::vector<std::uint8_t>(image.row(0), image.row(rows));
      };
      EXPECT_EQ(top(cut->pixels), top(whole->pixels)) << percent;
      const std::uint8_t* last = cut->pixels.row(159);
      if (bytes == &png) {
        EXPECT_EQ((testing::Rgb{last[0], last[1], last[2]}), (testing::Rgb{128, 128, 128}));
      }
    }
  }
}

TEST(HostileImage, WhatIsMissingDoesNotDependOnWhatWasInMemoryBefore) {
  for (const auto& [name, bytes] : AllSamples()) {
    for (const std::size_t percent : {40, 60, 80, 95}) {
      const auto cut = std::span(bytes).first(bytes.size() * percent / 100);
      const auto first = DecodeImage(cut, name);
      { const std::vector<std::uint8_t> dirt(1 << 20, 0xA5); }
      const auto second = DecodeImage(cut, name);
      ASSERT_EQ(first.ok(), second.ok()) << name << " at " << percent;
      if (!first.ok()) continue;
      EXPECT_EQ(testing::LargestDifference(first->pixels, second->pixels), 0) << name << " at " << percent;
    }
  }
}

TEST(HostileImage, RandomFlipsAreAPictureOrASentence) {
  const DecodeOptions options = TightOptions();
  Random random(20'240'101);
  for (const auto& [name, bytes] : AllSamples()) {
    for (int round = 0; round < 60; ++round) {
      Bytes spoilt = bytes;
      const std::uint64_t flips = 1 + random.Below(8);
      for (std::uint64_t k = 0; k < flips; ++k) {
        spoilt[random.Below(spoilt.size())] = static_cast<std::byte>(random.Below(256));
      }
      ExpectSane(DecodeImage(spoilt, name, options), name, options);
    }
  }
}

TEST(HostileImage, RubbishBehindEveryMagicIsASentence) {
  using namespace std::string_literals;
  Random random(7);
  const DecodeOptions options = TightOptions();
  for (const std::string& magic :
       {"\xFF\xD8\xFF\xE0"s, "\x89PNG\r\n\x1A\n"s, "GIF89a"s, "II\x2A\0"s, "MM\0\x2A"s, "II\x2B\0\x08\0\0\0"s,
        "RIFF\xFF\xFF\0\0WEBPVP8X"s, "BM\0\0\0\0\0\0\0\0\x36\0\0\0\x28\0\0\0"s,
        "\0\0\0\x18"
        "ftypavif\0\0\0\0mif1avif"s,
        "\0\0\0\x18"
        "ftypheic\0\0\0\0mif1heic"s}) {
    for (const std::size_t extra : {0, 1, 7, 40, 500}) {
      Bytes bytes;
      for (const char c : magic) bytes.push_back(static_cast<std::byte>(c));
      for (std::size_t i = 0; i < extra; ++i) bytes.push_back(static_cast<std::byte>(random.Below(256)));
      ExpectSane(DecodeImage(bytes, "rubbish", options), "rubbish", options);
    }
  }
}

}  // namespace
}  // namespace kantei::image
