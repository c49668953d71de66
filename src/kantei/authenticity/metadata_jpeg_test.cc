#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <string>

#include "kantei/authenticity/metadata.h"
#include "kantei/authenticity/metadata_test_util.h"
#include "kantei/image/encode.h"
#include "kantei/image/transform.h"

namespace kantei::authenticity {
namespace {

using test::ExifBlock;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// A smooth scene without symmetry, so that turned and mirrored copies differ.
image::Image Scene(int width, int height, int seed = 0) {
  image::Image picture(width, height, 3);
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      const double u = static_cast<double>(x) / width, v = static_cast<double>(y) / height;
      const double grey = 120 + 60 * std::sin(9 * u + 4 * v * v + seed) +
                          50 * std::cos(7 * v - 5 * u * v + 2 * seed) + (u > 0.7 && v < 0.3 ? 30 : 0);
      for (int c = 0; c < 3; ++c)
        picture.row(y)[x * 3 + c] = static_cast<std::uint8_t>(std::min(255.0, std::max(40.0, grey)));
    }
  }
  return picture;
}
std::string Encoded(const image::Image& picture, int quality) {
  return test::ToString(*image::EncodeJpeg(picture, quality));
}
JpegCoding CodingOf(const std::string& file) {
  const Metadata metadata = ReadMetadata(test::ToBytes(file), nullptr);
  EXPECT_TRUE(metadata.jpeg.has_value());
  return metadata.jpeg.value_or(JpegCoding{});
}
std::string TableSegment(int id, int value) {
  return test::Segment(
      0xDB, test::Be(static_cast<std::uint64_t>(id), 1) + std::string(64, static_cast<char>(value)));
}

TEST(MetadataJpeg, RealEncoderTablesGiveTheirQuality) {
  for (const int quality : {5, 30, 50, 75, 85, 90, 95, 100}) {
    const JpegCoding coding = CodingOf(Encoded(Scene(96, 64), quality));
    EXPECT_EQ(coding.estimated_quality, quality);
    EXPECT_EQ(coding.quality_deviation, 0) << quality;
    EXPECT_EQ(coding.encoder_family, "IJG/libjpeg") << quality;
    EXPECT_EQ(coding.subsampling, quality < 90 ? "4:2:0" : "4:4:4");
    ASSERT_EQ(coding.tables.size(), 2u);
    if (quality == 50) {  // the tables of the standard itself, in natural order
      EXPECT_EQ(coding.tables[0][1], 11);
      EXPECT_EQ(coding.tables[0][8], 12);
      EXPECT_EQ(coding.tables[0][63], 99);
      EXPECT_EQ(coding.tables[1][2], 24);
    }
  }
}

TEST(MetadataJpeg, ForeignTablesAreNotCalledIjg) {
  const std::string frame = test::Frame(0xC0, {{2, 1, 0}, {1, 1, 1}, {1, 1, 1}});
  const JpegCoding other = CodingOf(test::Jpeg(TableSegment(0, 9) + TableSegment(1, 9) + frame));
  EXPECT_EQ(other.encoder_family, "camera or other");
  EXPECT_GT(other.quality_deviation, 1);
  EXPECT_EQ(other.subsampling, "4:2:2");
  const JpegCoding adobe =
      CodingOf(test::Jpeg(test::Segment(0xEE, "Adobe" + test::Be(100, 2) + test::Be(0, 5)) +
                          TableSegment(0, 9) + TableSegment(1, 9) + frame));
  EXPECT_EQ(adobe.encoder_family, "Adobe (by marker)");
}

TEST(MetadataJpeg, MozjpegDefaultTablesAreKnown) {
  // Quality 75 halves the base table; written in zigzag order.
  constexpr int kBase[64] = {16, 16, 16, 18,  25,  37,  56,  85,  16, 17, 20,  27,  34,  40,  53,  75,
                             16, 20, 24, 31,  43,  62,  91,  135, 18, 27, 31,  40,  53,  74,  106, 156,
                             25, 34, 43, 53,  69,  94,  131, 189, 37, 40, 62,  74,  94,  124, 169, 238,
                             56, 53, 91, 106, 131, 169, 226, 311, 85, 75, 135, 156, 189, 238, 311, 418};
  std::string table;
  int row = 0, column = 0;
  for (int i = 0; i < 64; ++i) {
    table += static_cast<char>(std::min(255, (kBase[row * 8 + column] * 50 + 50) / 100));
    const bool up = (row + column) % 2 == 0;
    if (up ? column == 7 : row == 7) {
      (up ? row : column)++;
    } else if (up ? row == 0 : column == 0) {
      (up ? column : row)++;
    } else {
      row += up ? -1 : 1;
      column += up ? 1 : -1;
    }
  }
  const std::string frame = test::Frame(0xC2, {{2, 2, 0}, {1, 1, 0}, {1, 1, 0}});
  const JpegCoding coding = CodingOf(test::Jpeg(test::Segment(0xDB, test::Nul() + table) + frame));
  EXPECT_THAT(coding.encoder_family, HasSubstr("mozjpeg"));
  EXPECT_TRUE(coding.progressive);
  EXPECT_EQ(coding.subsampling, "4:2:0");
}

TEST(MetadataJpeg, SubsamplingOfEveryKind) {
  const auto of = [](const std::vector<std::array<int, 3>>& components) {
    return CodingOf(test::Jpeg(test::Frame(0xC0, components))).subsampling;
  };
  EXPECT_EQ(of({{1, 1, 0}}), "grey");
  EXPECT_EQ(of({{1, 1, 0}, {1, 1, 1}, {1, 1, 1}}), "4:4:4");
  EXPECT_EQ(of({{1, 2, 0}, {1, 1, 1}, {1, 1, 1}}), "4:4:0");
  EXPECT_EQ(of({{4, 1, 0}, {1, 1, 1}, {1, 1, 1}}), "4:1:1");
  EXPECT_EQ(of({{2, 2, 0}, {2, 1, 1}, {2, 1, 1}}), "4:4:0");
  EXPECT_EQ(of({{2, 2, 0}, {1, 1, 1}, {2, 1, 1}}), "2x2,1x1,2x1");
  EXPECT_EQ(of({{2, 2, 0}, {1, 1, 1}, {1, 1, 1}, {2, 2, 0}}), "4:2:0");
}

TEST(MetadataJpeg, SixteenBitTablesAndTablesAfterTheScanStart) {
  std::string wide = "\x10";
  for (int i = 0; i < 64; ++i) wide += test::Be(static_cast<std::uint64_t>(300 + i), 2);
  const JpegCoding coding = CodingOf(test::Jpeg(test::Segment(0xDB, wide) + test::Frame(0xC1, {{1, 1, 0}})));
  ASSERT_EQ(coding.tables.size(), 1u);
  EXPECT_EQ(coding.tables[0][0], 300);
  EXPECT_EQ(coding.tables[0][8], 302);  // third in zigzag order
  EXPECT_EQ(coding.tables[0][63], 363);
}

// The scene with a thumbnail of its own, or another, in its EXIF block.
Metadata WithThumbnail(const image::Image& thumbnail, const image::Image& shown, int orientation = 1) {
  ExifBlock block;
  block.main = {block.Short(0x0112, orientation)};
  block.thumbnail = Encoded(thumbnail, 80);
  return ReadMetadata(test::ToBytes(test::WithSegments(Encoded(shown, 90), block.JpegSegment())), &shown);
}
image::Image Boxed(const image::Image& inner, int width, int height) {
  image::Image boxed(width, height, 3);
  const int top = (height - inner.height()) / 2, left = (width - inner.width()) / 2;
  for (int y = 0; y < inner.height(); ++y)
    std::copy_n(inner.row(y), inner.stride(), boxed.row(y + top) + left * 3);
  return boxed;
}

TEST(MetadataThumbnail, AgreesWithItsPicture) {
  const image::Image scene = Scene(480, 320);
  const Metadata metadata = WithThumbnail(image::Resize(scene, 160, 107), scene);
  ASSERT_TRUE(metadata.thumbnail.has_value());
  EXPECT_EQ(metadata.thumbnail->width, 160);
  EXPECT_EQ(metadata.thumbnail->height, 107);
  EXPECT_GT(metadata.thumbnail->correlation, 0.98);
  EXPECT_FALSE(metadata.thumbnail->contradicts);
  EXPECT_THAT(metadata.problems, IsEmpty());
}

TEST(MetadataThumbnail, LetterboxBarsAreRemovedBothWays) {
  const image::Image wide = Scene(480, 320), tall = Scene(320, 480);
  for (const image::Image* scene : {&wide, &tall}) {
    const bool is_wide = scene == &wide;
    const image::Image inner = image::Resize(*scene, is_wide ? 160 : 80, is_wide ? 107 : 120);
    const Metadata metadata = WithThumbnail(Boxed(inner, 160, 120), *scene);
    ASSERT_TRUE(metadata.thumbnail.has_value());
    EXPECT_GT(metadata.thumbnail->correlation, 0.95);
    EXPECT_FALSE(metadata.thumbnail->contradicts);
  }
}

TEST(MetadataThumbnail, OfAnotherPictureOrACropContradicts) {
  const image::Image scene = Scene(480, 320);
  EXPECT_TRUE(WithThumbnail(image::Resize(Scene(480, 320, 3), 160, 107), scene).thumbnail->contradicts);
  // The picture was cropped after its thumbnail was made: another aspect.
  EXPECT_TRUE(WithThumbnail(image::Resize(scene, 160, 107), image::Crop(scene, {0, 0, 300, 320}))
                  .thumbnail->contradicts);
  EXPECT_TRUE(
      WithThumbnail(image::Resize(image::FlipHorizontal(scene), 160, 107), scene).thumbnail->contradicts);
}

TEST(MetadataThumbnail, SharesTheOrientationOfThePicture) {
  const image::Image upright = Scene(480, 320);
  const image::Image small = image::Resize(upright, 160, 107);
  // What is stored when the upright picture is to come out after applying orientation 1..8.
  const std::vector<image::Image> stored = {
      small,
      image::FlipHorizontal(small),
      image::RotateQuarter(small, 2),
      image::FlipVertical(small),
      image::FlipHorizontal(image::RotateQuarter(small, 1)),  // its own inverse
      image::RotateQuarter(small, 3),
      image::FlipVertical(image::RotateQuarter(small, 1)),
      image::RotateQuarter(small, 1)};
  for (int orientation = 1; orientation <= 8; ++orientation) {
    const Metadata metadata =
        WithThumbnail(stored[static_cast<std::size_t>(orientation - 1)], upright, orientation);
    ASSERT_TRUE(metadata.thumbnail.has_value());
    EXPECT_GT(metadata.thumbnail->correlation, 0.98) << orientation;
    EXPECT_FALSE(metadata.thumbnail->contradicts) << orientation;
  }
  // Stored upright although the picture is turned, as some programs do: no reason for suspicion.
  EXPECT_FALSE(WithThumbnail(small, upright, 6).thumbnail->contradicts);
}

TEST(MetadataThumbnail, FlatAndDamagedOnes) {
  image::Image grey(300, 200, 3);
  std::fill(grey.pixels().begin(), grey.pixels().end(), std::uint8_t{128});
  EXPECT_FALSE(WithThumbnail(image::Resize(grey, 150, 100), grey).thumbnail->contradicts);
  EXPECT_TRUE(WithThumbnail(image::Resize(grey, 150, 100), Scene(300, 200)).thumbnail->contradicts);
  ExifBlock block;
  block.thumbnail = "this is no JPEG stream";
  const image::Image scene = Scene(120, 80);
  const Metadata metadata = ReadMetadata(test::ToBytes(test::Jpeg(block.JpegSegment())), &scene);
  EXPECT_FALSE(metadata.thumbnail.has_value());
  EXPECT_THAT(metadata.problems, Contains(HasSubstr("thumbnail could not be decoded")));
}

}  // namespace
}  // namespace kantei::authenticity
