#include "kantei/image/encode.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

#include "kantei/image/ssim.h"
#include "kantei/image/test_pictures.h"
#include "kantei/image/transform.h"

namespace kantei::image {
namespace {

using testing::LargestDifference;
using testing::Noise;
using testing::Waves;

TEST(Encode, PngComesBackExactly) {
  for (const int channels : {1, 3}) {
    const Image image = Noise(37, 29, channels, 6);
    const auto bytes = EncodePng(image);
    ASSERT_TRUE(bytes.ok()) << bytes.error().message;
    const auto back = DecodeImage(*bytes, "a.png");
    ASSERT_TRUE(back.ok()) << back.error().message;
    EXPECT_EQ(LargestDifference(back->pixels, ToRgb(image)), 0);
    EXPECT_EQ(back->warning, "");
  }
}

TEST(Encode, LossyFormatsComeBackCloseAndQualityCounts) {
  const Image image = Waves(120, 90, 3);
  for (const bool webp : {false, true}) {
    const auto encode = [&](int quality) {
      return webp ? EncodeWebp(image, quality) : EncodeJpeg(image, quality);
    };
    const auto good = encode(95), bad = encode(10);
    ASSERT_TRUE(good.ok() && bad.ok());
    EXPECT_LT(bad->size(), good->size());
    const auto back = DecodeImage(*good, "a"), rough = DecodeImage(*bad, "a");
    ASSERT_TRUE(back.ok() && rough.ok());
    EXPECT_EQ(back->format, webp ? Format::kWebp : Format::kJpeg);
    EXPECT_GT(*Ssim(back->pixels, image), 0.98);
    EXPECT_LT(*Psnr(rough->pixels, image), *Psnr(back->pixels, image));
  }
}

TEST(Encode, JpegIsDeterministicAndGreyStaysOneChannel) {
  const Image grey = Waves(64, 48, 1);
  const auto first = EncodeJpeg(grey, 80), second = EncodeJpeg(grey, 80);
  ASSERT_TRUE(first.ok() && second.ok());
  EXPECT_EQ(*first, *second);
  EXPECT_LT(first->size(), EncodeJpeg(ToRgb(grey), 80)->size());
  EXPECT_LE(LargestDifference(DecodeImage(*first, "a")->pixels, ToRgb(grey)), 12);
}

TEST(Encode, RefusesWhatCannotBe) {
  const Image image(4, 4, 3);
  EXPECT_EQ(EncodeJpeg(image, 0).error().code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(EncodeWebp(image, 101).error().code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(EncodePng(Image()).error().code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(EncodeJpeg(Image(65'536, 1, 1), 90).error().code, ErrorCode::kTooLarge);
  EXPECT_EQ(EncodeWebp(Image(16'384, 1, 3), 90).error().code, ErrorCode::kTooLarge);
}

TEST(WriteImage, WritesByExtensionWithAnyName) {
  const std::filesystem::path folder =
      std::filesystem::temp_directory_path() / ("kantei_encode_" + std::to_string(::getpid()));
  std::filesystem::create_directories(folder);
  const Image image = Waves(40, 30, 3);
  for (const char* name : {"写真 一.PNG", "a b\n'\".jpg", "\xff\xfe.webp", "x.JPEG"}) {
    ASSERT_TRUE(WriteImage(folder / name, image).ok()) << name;
    const auto back = DecodeImageFile(folder / name);
    ASSERT_TRUE(back.ok()) << back.error().message;
    EXPECT_EQ(back->pixels.width(), 40);
  }
  std::filesystem::create_symlink(folder / "写真 一.PNG", folder / "リンク");
  EXPECT_TRUE(DecodeImageFile(folder / "リンク").ok());
  EXPECT_EQ(WriteImage(folder / "x.gif", image).error().code, ErrorCode::kInvalidArgument);
  EXPECT_FALSE(WriteImage(folder / "none" / "x.png", image).ok());
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace kantei::image
