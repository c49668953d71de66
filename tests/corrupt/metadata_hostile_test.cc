// Metadata of hostile files: whatever is wrong is named or left out, in bounded time and memory.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <string>

#include "kantei/authenticity/metadata.h"
#include "kantei/authenticity/metadata_test_util.h"
#include "kantei/base/random.h"
#include "kantei/image/encode.h"
#include "kantei/image/transform.h"

namespace kantei::authenticity {
namespace {

using test::Be;
using test::ExifBlock;
using test::Le;
using test::Nul;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

Metadata Read(const std::string& file) {
  return ReadMetadata(test::ToBytes(file), nullptr);
}

// What holds for the metadata of any file.
void ExpectBounded(const Metadata& metadata) {
  EXPECT_LE(metadata.problems.size(), 32u);
  EXPECT_LE(metadata.exif.size(), 512u);
  EXPECT_LE(metadata.xmp.size(), 2048u);
  for (const auto* values : {&metadata.exif, &metadata.xmp, &metadata.iptc}) {
    for (const NamedValue& value : *values) {
      EXPECT_LE(value.value.size(), 4096u);
      EXPECT_FALSE(value.name.empty());
    }
  }
  for (const GeneratorTag& tag : metadata.generators) EXPECT_LE(tag.fields.size(), 64u);
}

image::Image Scene() {
  image::Image picture(96, 64, 3);
  for (int y = 0; y < 64; ++y) {
    for (int x = 0; x < 288; ++x)
      picture.row(y)[x] = static_cast<std::uint8_t>(128 + 100 * std::sin(x * 0.05 + y * 0.1));
  }
  return picture;
}

// A camera's JPEG with a thumbnail, WebUI text and IPTC.
std::string RichJpeg() {
  ExifBlock block;
  block.main = {block.Ascii(0x010F, "Nikon"), block.Short(0x0112, 6)};
  block.exif = {block.Rational(0x829A, 1, 250),
                block.Undefined(0x9286, std::string("UNICODE\0", 8) +
                                            test::Utf16("p\nSteps: 4, Sampler: Euler, Seed: 1", false))};
  block.gps = {block.Ascii(1, "N")};
  block.thumbnail = test::ToString(*image::EncodeJpeg(image::Resize(Scene(), 24, 16), 70));
  const std::string iptc = "\x1C\x02\x50" + Be(4, 2) + "name";
  return test::WithSegments(test::ToString(*image::EncodeJpeg(Scene(), 80)),
                            block.JpegSegment() +
                                test::Segment(0xED, "Photoshop 3.0" + Nul() + "8BIM" + Be(0x0404, 2) +
                                                        Be(0, 2) + Be(iptc.size(), 4) + iptc + Nul()) +
                                test::JumbfSegments(test::FireflyStore(), 300));
}

std::vector<std::string> ValidFiles() {
  std::vector<std::string> files = {RichJpeg()};
  for (const test::Container& container : test::AllContainers()) files.push_back(container.file);
  files.push_back(
      test::Png(test::ZtxtChunk("parameters", "p\nSteps: 4, Sampler: Euler, Seed: 1") +
                test::TextChunk("prompt", R"({"1": {"class_type": "KSampler", "inputs": {"seed": 4}}})")));
  return files;
}

TEST(MetadataHostile, EveryPrefixOfEveryContainer) {
  const image::Image scene = Scene();
  for (const std::string& file : ValidFiles()) {
    const Bytes bytes = test::ToBytes(file);
    for (std::size_t length = 0; length < bytes.size(); ++length) {
      // An exact copy, so that a read past the end is seen by the address sanitizer.
      const Bytes prefix(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(length));
      ExpectBounded(ReadMetadata(prefix, length % 64 == 0 ? &scene : nullptr));
    }
  }
}

TEST(MetadataHostile, SeededByteFlips) {
  Random random(7);
  const image::Image scene = Scene();
  for (const std::string& file : ValidFiles()) {
    for (int round = 0; round < 1500; ++round) {
      Bytes bytes = test::ToBytes(file);
      const int flips = 1 + static_cast<int>(random.Below(4));
      for (int i = 0; i < flips; ++i) {
        const std::size_t at = random.Below(bytes.size());
        bytes[at] = random.Below(2) == 0 ? static_cast<std::byte>(random.Below(256))
                                         : bytes[at] ^ static_cast<std::byte>(1u << random.Below(8));
      }
      ExpectBounded(ReadMetadata(bytes, round % 16 == 0 ? &scene : nullptr));
    }
  }
}

TEST(MetadataHostile, LengthsPastTheEnd) {
  EXPECT_THAT(Read("\xFF\xD8\xFF\xE1\xFF\xFF"
                   "Exif")
                  .problems,
              Contains(HasSubstr("FFE1 at byte 2")));
  EXPECT_THAT(Read(std::string("\xFF\xD8\xFF\xE1\x00\x01", 6)).problems, Contains(HasSubstr("FFE1")));
  const std::string png = test::Png("");
  EXPECT_THAT(Read(png.substr(0, 33) + Be(0x7FFFFFFF, 4) + "tEXtkey").problems,
              Contains(HasSubstr("past the end")));
  EXPECT_THAT(Read(png.substr(0, 33) + Be(0xFFFFFFFF, 4) + "tEXtkey").problems,
              Contains(HasSubstr("past the end")));
  EXPECT_THAT(Read("RIFF" + Le(100, 4) + "WEBPVP8X" + Le(0xFFFFFFFF, 4) + "xx").problems,
              Contains(HasSubstr("past the end")));
  EXPECT_THAT(Read(test::Avif(Be(0xFFFFFF, 4) + "uuid")).problems, Contains(HasSubstr("past the end")));
  EXPECT_THAT(Read(test::Avif(Be(1, 4) + "uuid" + Be(0xFFFFFFFFFFFFFFFF, 8))).problems,
              Contains(HasSubstr("past the end")));
  EXPECT_THAT(Read(test::Gif("\x21\xFE\xFF"
                             "abc"))
                  .problems,
              Not(IsEmpty()));
}

TEST(MetadataHostile, CompressedTextBombsAreCutOff) {
  const std::string bomb = test::ZtxtChunk("parameters", std::string(16 << 20, 'a'));
  ASSERT_LT(bomb.size(), 100'000u);
  const Metadata one = Read(test::Png(bomb));
  EXPECT_THAT(one.generators, IsEmpty());
  EXPECT_THAT(one.problems, Contains(HasSubstr("inflates beyond")));
  // Each is within the limit of one text, all together are not.
  std::string many;
  for (int i = 0; i < 20; ++i) many += test::ZtxtChunk("key" + std::to_string(i), std::string(1 << 20, 'a'));
  EXPECT_THAT(Read(test::Png(many)).problems, Contains(HasSubstr("inflates beyond")));
  EXPECT_THAT(
      Read(test::Png(test::ItxtChunk("XML:com.adobe.xmp", std::string(16 << 20, ' '), true))).problems,
      Contains(HasSubstr("inflates beyond")));
}

TEST(MetadataHostile, XmlEntitiesAreNotExpanded) {
  std::string packet = "<!DOCTYPE x [<!ENTITY a0 \"lol\">";
  for (int i = 1; i < 10; ++i) {
    packet += "<!ENTITY a" + std::to_string(i) + " \"";
    for (int k = 0; k < 10; ++k) packet += "&a" + std::to_string(i - 1) + ";";
    packet += "\">";
  }
  packet += "<!ENTITY file SYSTEM \"file:///etc/passwd\">]>" +
            test::XmpPacket(
                "<rdf:Description xmlns:dc=\"http://purl.org/dc/elements/1.1/\" dc:title=\"&a9;\" "
                "dc:source=\"&file;\"/>");
  const Metadata metadata = Read(test::Webp(test::RiffChunk("XMP ", packet)));
  ASSERT_EQ(metadata.xmp.size(), 2u);
  EXPECT_EQ(metadata.xmp[0].value, "&a9;");
  EXPECT_EQ(metadata.xmp[1].value, "&file;");
}

TEST(MetadataHostile, XmpThatIsDeepWideOrLarge) {
  const std::string open = "<rdf:Description xmlns:dc=\"http://purl.org/dc/elements/1.1/\">",
                    close = "</rdf:Description>";
  const auto read = [&](const std::string& inner) {
    return Read(test::Webp(test::RiffChunk("XMP ", test::XmpPacket(open + inner + close))));
  };
  std::string deep, end, wide;
  for (int i = 0; i < 100'000; ++i) {
    deep += "<dc:a>";
    end += "</dc:a>";
    wide += "<dc:b>1</dc:b>";
  }
  ExpectBounded(read(deep + "1" + end));
  const Metadata many = read(wide);
  EXPECT_EQ(many.xmp.size(), 512u);
  EXPECT_THAT(many.problems, Contains(HasSubstr("more properties")));
  const std::string name(500'000, 'n');
  ExpectBounded(read("<dc:" + name + "><dc:" + name + ">1</dc:" + name + "></dc:" + name + ">"));
  EXPECT_THAT(read(std::string(3 << 20, ' ')).problems, Contains(HasSubstr("above the limit")));
}

TEST(MetadataHostile, JumbfNestedAThousandDeep) {
  std::string box = test::Superbox("abcd", "leaf", "");
  for (int i = 0; i < 1000; ++i) box = test::Superbox("c2pa", "c2pa", box);
  const Metadata metadata = Read(test::Png(test::Chunk("caBX", box)));
  ASSERT_TRUE(metadata.c2pa.has_value());
  EXPECT_THAT(metadata.c2pa->problem, HasSubstr("nested deeper"));
}

TEST(MetadataHostile, JumbfAndCborWithHugeLengths) {
  const auto store_with = [](const std::string& cbor) {
    return test::Png(test::Chunk(
        "caBX",
        test::Store(test::Manifest("m", test::Claim({{"claim_generator", "x"}, {"signature", "s"}}),
                                   test::Superbox("cbor", "c2pa.actions", test::IsoBox("cbor", cbor))))));
  };
  for (const std::string& cbor :
       {std::string("\x9B\x7F\xFF\xFF\xFF\xFF\xFF\xFF\xFF"),
        std::string("\x5B\x7F\xFF\xFF\xFF\xFF\xFF\xFF\xFF"), std::string(500'000, '\x9F'),
        std::string(500'000, '\xD2'), std::string(500'000, '\xBF')}) {
    const Metadata metadata = Read(store_with(cbor));
    ASSERT_TRUE(metadata.c2pa.has_value());
    EXPECT_EQ(metadata.c2pa->claim_generator, "x");
    EXPECT_THAT(metadata.c2pa->problem, HasSubstr("c2pa.actions"));
  }
  EXPECT_THAT(Read(store_with(std::string(2 << 20, '\x01'))).c2pa->problem, HasSubstr("above the limit"));
  const Metadata large =
      Read(test::Png(test::Chunk("caBX", Be(1, 4) + "jumb" + Be(0xFFFFFFFFFFFFFFFF, 8) + "c2pa")));
  ASSERT_TRUE(large.c2pa.has_value());
  EXPECT_THAT(large.c2pa->problem, HasSubstr("past the end"));
}

TEST(MetadataHostile, DirectoriesThatPointAtThemselves) {
  // IFD0 at 8 with an EXIF pointer to itself, and itself as the next directory.
  const std::string tiff = "II" + Le(42, 2) + Le(8, 4) + Le(2, 2) + Le(0x8769, 2) + Le(4, 2) + Le(1, 4) +
                           Le(8, 4) + Le(0x8825, 2) + Le(4, 2) + Le(1, 4) + Le(8, 4) + Le(8, 4);
  ExpectBounded(Read(tiff));
  ExpectBounded(Read(test::Jpeg(test::Segment(0xE1, "Exif" + Nul() + Nul() + tiff))));
}

TEST(MetadataHostile, ExifWithHugeCounts) {
  ExifBlock block;
  for (int tag = 0x9000; tag < 0x9000 + 40; ++tag) block.exif.push_back({tag, 5, 0xFFFFFFFFu, "12345678"});
  block.main = {block.Ascii(0x010F, "Nikon"), {0x0112, 3, 0x80000000u, "12"}};
  const Metadata metadata = Read(test::Jpeg(block.JpegSegment()));
  EXPECT_EQ(metadata.exif.size(), 1u);
  EXPECT_THAT(metadata.problems, Contains(HasSubstr("41 EXIF entries")));
  // 65,535 entries that all show one long value.
  std::string shared = "II" + Le(42, 2) + Le(8, 4) + Le(65'535, 2);
  for (int i = 0; i < 65'535; ++i) shared += Le(0x010E, 2) + Le(2, 2) + Le(700'000, 4) + Le(8, 4);
  ExpectBounded(Read(test::Webp(test::RiffChunk("EXIF", shared + Le(0, 4)))));
  EXPECT_THAT(Read(test::Webp(test::RiffChunk("EXIF", "II" + std::string(2 << 20, ' ')))).problems,
              Contains(HasSubstr("above the limit")));
}

TEST(MetadataHostile, EveryFormatOfEveryExifTag) {
  // Values of every type and of odd counts under every tag that libexif formats.
  for (int format = 1; format <= 12; ++format) {
    for (const std::uint32_t count : {1u, 2u, 3u, 5u, 64u}) {
      static constexpr int kSizes[] = {0, 1, 1, 2, 4, 8, 1, 1, 2, 4, 8, 4, 8};
      for (const bool little : {true, false}) {
        ExifBlock block;
        block.little = little;
        const std::string value(count * static_cast<std::size_t>(kSizes[format]), '\xFF');
        for (int tag = 0x8290; tag < 0x8290 + 16; ++tag) block.exif.push_back({tag, format, count, value});
        for (int tag = 0x9000; tag < 0x9000 + 0x300; ++tag) block.exif.push_back({tag, format, count, value});
        for (int tag = 0x00FE; tag < 0x00FE + 0x30; ++tag)
          block.main.push_back({tag, format, count, std::string(value.size(), '\0')});
        for (int tag = 0; tag < 0x20; ++tag) block.gps.push_back({tag, format, count, value});
        ExpectBounded(Read(test::Webp(test::RiffChunk("EXIF", block.Tiff()))));
        block.exif.clear();
        for (int tag = 0xA000; tag < 0xA000 + 0x200; ++tag)
          block.exif.push_back({tag, format, count, std::string(value.size(), '\x01')});
        ExpectBounded(Read(test::Webp(test::RiffChunk("EXIF", block.Tiff()))));
      }
    }
  }
}

TEST(MetadataHostile, ItemLocationsWithoutEnd) {
  std::string locations = Be(0x0000, 2) + Be(65'535, 2), infos = Be(65'535, 2);
  for (std::uint64_t i = 0; i < 65'535; ++i) {
    locations += Be(i, 2) + Be(0, 2) + Be(0xFFFF, 2);
    infos += test::FullBox("infe", 2, Be(i, 2) + Be(0, 2) + "Exif" + Nul());
  }
  const std::string meta =
      test::FullBox("meta", 0, test::FullBox("iinf", 0, infos) + test::FullBox("iloc", 0, locations));
  EXPECT_THAT(Read(test::Avif(meta)).problems, Contains(HasSubstr("item location box")));
}

TEST(MetadataHostile, ManySmallThings) {
  std::string segments, texts, comments;
  for (int i = 0; i < 50'000; ++i) segments += test::Segment(0xFE, "");
  for (int i = 0; i < 5'000; ++i) {
    texts += test::TextChunk("k", "v");
    comments += "\x21\xFE" + test::SubBlocks("c");
  }
  EXPECT_THAT(Read(test::Jpeg(segments)).problems, Contains(HasSubstr("more than 20000 segments")));
  ExpectBounded(Read(test::Png(texts)));
  ExpectBounded(Read(test::Gif(comments)));
}

TEST(MetadataHostile, JsonThatIsWideDeepOrBroken) {
  std::string wide = "{", deep(500'000, '['), settings = "p\nSteps: 1, Seed: 1";
  for (int i = 0; i < 100'000; ++i) {
    wide += "\"" + std::to_string(i) + "\":1,";
    settings += ", k" + std::to_string(i) + ": \"";
  }
  wide += "\"class_type\":\"KSampler\"}";
  for (const std::string& text :
       {wide, "{\"a\":" + deep, std::string("{\"a\": \"\\"), std::string("{"),
        std::string("{\"sui_image_params\": 3}"), std::string("{\"app_id\": 1, \"image\": [[[[]]]]}"),
        std::string("{\"1\": {\"class_type\": \"KSampler\", \"inputs\": []}}"),
        std::string("{\"1\": {\"class_type\": \"KSampler\"}}"), settings}) {
    ExpectBounded(Read(test::Png(test::TextChunk("prompt", text) + test::TextChunk("parameters", text) +
                                 test::TextChunk("Comment", text))));
  }
}

}  // namespace
}  // namespace kantei::authenticity
