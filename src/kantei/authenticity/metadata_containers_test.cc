#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "kantei/authenticity/metadata.h"
#include "kantei/authenticity/metadata_test_util.h"

namespace kantei::authenticity {
namespace {

using test::Be;
using test::ExifBlock;
using test::Nul;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::string Value(const std::vector<NamedValue>& values, std::string_view name) {
  for (const NamedValue& value : values) {
    if (value.name == name) return value.value;
  }
  return "(absent)";
}

Metadata Read(const std::string& file) {
  return ReadMetadata(test::ToBytes(file), nullptr);
}

TEST(MetadataContainers, EveryContainerGivesItsBlocks) {
  for (const test::Container& container : test::AllContainers()) {
    SCOPED_TRACE(container.name);
    const Metadata metadata = Read(container.file);
    EXPECT_EQ(Value(metadata.exif, "Software"), container.exif ? "Darkroom 7" : "(absent)");
    EXPECT_EQ(Value(metadata.xmp, "xmp:CreatorTool"), container.xmp ? "Darkroom 7" : "(absent)");
    ASSERT_EQ(metadata.c2pa.has_value(), container.c2pa);
    if (container.c2pa) {
      EXPECT_EQ(metadata.c2pa->claim_generator, "Adobe_Firefly/1.0 c2pa-rs/0.25.2");
      EXPECT_EQ(metadata.c2pa->problem, "");
    }
    EXPECT_THAT(metadata.problems, IsEmpty());
  }
}

TEST(MetadataContainers, ACleanFileGivesNothing) {
  for (const std::string& file : {test::Jpeg(test::Frame(0xC0, {{1, 1, 0}})), test::Png(""), test::Webp(""),
                                  test::Gif(""), test::Avif("")}) {
    const Metadata metadata = Read(file);
    EXPECT_THAT(metadata.exif, IsEmpty());
    EXPECT_THAT(metadata.xmp, IsEmpty());
    EXPECT_THAT(metadata.generators, IsEmpty());
    EXPECT_FALSE(metadata.c2pa.has_value());
    EXPECT_FALSE(metadata.has_camera);
    EXPECT_THAT(metadata.problems, IsEmpty());
  }
}

TEST(MetadataContainers, UnknownBytesAreNamedAsAProblem) {
  EXPECT_THAT(Read("this is no picture").problems, Contains(HasSubstr("no format")));
  EXPECT_THAT(Read("").problems, Contains(HasSubstr("no format")));
}

TEST(MetadataContainers, ExtendedXmpIsJoinedFromPiecesInAnyOrder) {
  const std::string guid = "0123456789ABCDEF0123456789ABCDEF";
  const std::string main = test::XmpPacket(
      "<rdf:Description xmlns:xmpNote=\"http://ns.adobe.com/xmp/note/\" xmpNote:HasExtendedXMP=\"" + guid +
      "\"/>");
  const std::string extended =
      "<x:xmpmeta xmlns:x=\"adobe:ns:meta/\"><rdf:RDF "
      "xmlns:rdf=\"http://www.w3.org/1999/02/22-rdf-syntax-ns#\"><rdf:Description "
      "xmlns:dc=\"http://purl.org/dc/elements/1.1/\" dc:source=\"beyond the first "
      "packet\"/></rdf:RDF></x:xmpmeta>";
  const auto piece = [&](std::size_t from, std::size_t count) {
    return test::Segment(0xE1, "http://ns.adobe.com/xmp/extension/" + Nul() + guid + Be(extended.size(), 4) +
                                   Be(from, 4) + extended.substr(from, count));
  };
  const Metadata whole = Read(test::Jpeg(test::XmpSegment(main) + piece(100, 10'000) + piece(0, 100)));
  EXPECT_EQ(Value(whole.xmp, "dc:source"), "beyond the first packet");
  const Metadata gap = Read(test::Jpeg(test::XmpSegment(main) + piece(0, 100)));
  EXPECT_EQ(Value(gap.xmp, "dc:source"), "(absent)");
  EXPECT_THAT(gap.problems, Contains(HasSubstr("extended XMP")));
}

TEST(MetadataContainers, IptcIsReadFromPhotoshopResourcesAndTiff) {
  const auto dataset = [](int number, const std::string& text) {
    return "\x1C\x02" + Be(static_cast<std::uint64_t>(number), 1) + Be(text.size(), 2) + text;
  };
  const std::string iptc =
      dataset(80, "M. Ito") + dataset(110, "Made with Google AI") + dataset(25, "sea") + dataset(25, "fog");
  const std::string other = "8BIM" + Be(0x03ED, 2) + Be(0, 2) + Be(3, 4) + "abc" + Nul();
  const std::string resources = other + "8BIM" + Be(0x0404, 2) + Be(0, 2) + Be(iptc.size(), 4) + iptc +
                                (iptc.size() % 2 == 1 ? Nul() : "");
  ExifBlock tiff;
  tiff.main = {tiff.Undefined(33723, iptc)};
  for (const std::string& file :
       {test::Jpeg(test::Segment(0xED, "Photoshop 3.0" + Nul() + resources)), tiff.Tiff()}) {
    const Metadata metadata = Read(file);
    EXPECT_EQ(Value(metadata.iptc, "By-line"), "M. Ito");
    EXPECT_EQ(metadata.iptc.size(), 4u);
    EXPECT_THAT(metadata.problems, IsEmpty());
    ASSERT_EQ(metadata.generators.size(), 1u);
    EXPECT_EQ(metadata.generators[0].generator, "Google AI");
    EXPECT_EQ(metadata.generators[0].location, "IPTC Credit");
  }
}

TEST(MetadataContainers, ImageMagickRawProfilesAreDecoded) {
  const std::string exif = "Exif" + Nul() + Nul() + test::SmallTiff();
  std::string hex = "\nexif\n      " + std::to_string(exif.size());
  static constexpr char kDigits[] = "0123456789abcdef";
  for (std::size_t i = 0; i < exif.size(); ++i) {
    if (i % 36 == 0) hex += '\n';
    hex += kDigits[static_cast<unsigned char>(exif[i]) >> 4];
    hex += kDigits[static_cast<unsigned char>(exif[i]) & 15];
  }
  const Metadata metadata = Read(test::Png(test::ZtxtChunk("Raw profile type exif", hex + "\n")));
  EXPECT_EQ(Value(metadata.exif, "Software"), "Darkroom 7");
}

TEST(MetadataContainers, AWrongPngChecksumIsNamed) {
  std::string chunk = test::TextChunk("Software", "x");
  chunk.back() = static_cast<char>(chunk.back() ^ 1);
  EXPECT_THAT(Read(test::Png(chunk)).problems, Contains(HasSubstr("checksum")));
}

TEST(MetadataPngText, RoundTripInBothForms) {
  const Bytes png = test::ToBytes(test::Png(""));
  const std::string parameters =
      "a lighthouse, fog\nNegative prompt: people\nSteps: 20, Sampler: Euler a, CFG scale: 7, Seed: 42, "
      "Size: 512x512";
  const auto once = InsertPngText(png, "parameters", parameters);
  ASSERT_TRUE(once.ok());
  const auto twice = InsertPngText(*once, "Title", "\xE7\x81\xAF\xE5\x8F\xB0");  // 灯台
  ASSERT_TRUE(twice.ok());
  EXPECT_EQ(twice->size(), png.size() + (12 + 10 + 1 + parameters.size()) + (12 + 5 + 5 + 6));
  EXPECT_NE(test::ToString(*twice).find("iTXtTitle"), std::string::npos);
  const Metadata metadata = ReadMetadata(*twice, nullptr);
  EXPECT_THAT(metadata.problems, IsEmpty());  // both checksums hold
  ASSERT_EQ(metadata.generators.size(), 1u);
  EXPECT_EQ(metadata.generators[0].generator, "Stable Diffusion WebUI");
  EXPECT_EQ(metadata.generators[0].location, "PNG tEXt parameters");
  EXPECT_EQ(Value(metadata.generators[0].fields, "prompt"), "a lighthouse, fog");
  EXPECT_EQ(Value(metadata.generators[0].fields, "negative_prompt"), "people");
  EXPECT_EQ(Value(metadata.generators[0].fields, "seed"), "42");
}

TEST(MetadataPngText, RefusesWhatIsNoPngTextOrKeyword) {
  const Bytes png = test::ToBytes(test::Png(""));
  EXPECT_EQ(InsertPngText(test::ToBytes(test::Jpeg("")), "a", "b").error().code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(InsertPngText(std::span(png).first(20), "a", "b").error().code, ErrorCode::kInvalidArgument);
  for (const std::string& keyword :
       {std::string(), std::string(80, 'k'), std::string(" a"), std::string("a "), std::string("a\tb")}) {
    EXPECT_EQ(InsertPngText(png, keyword, "b").error().code, ErrorCode::kInvalidArgument) << keyword;
  }
  EXPECT_EQ(InsertPngText(png, "a", "\xFF").error().code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(InsertPngText(png, "a", std::string_view("b\0c", 3)).error().code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(InsertPngText(png, "a", std::string((1 << 20) + 1, 'b')).error().code, ErrorCode::kTooLarge);
}

TEST(MetadataDeclares, OnlyTrainedModelsCount) {
  const std::string base = "http://cv.iptc.org/newscodes/digitalsourcetype/";
  EXPECT_TRUE(DeclaresAiMade(base + "trainedAlgorithmicMedia"));
  EXPECT_TRUE(DeclaresAiMade("trainedAlgorithmicMedia"));
  EXPECT_FALSE(DeclaresAiMade("algorithmicMedia"));
  EXPECT_FALSE(DeclaresAiMade("digitalCapture"));
  EXPECT_FALSE(DeclaresAiMade("compositeWithTrainedAlgorithmicMedia"));
  EXPECT_TRUE(DeclaresAiComposite(base + "compositeWithTrainedAlgorithmicMedia/"));
  EXPECT_TRUE(DeclaresAiComposite("compositeSynthetic"));
  EXPECT_FALSE(DeclaresAiComposite("trainedAlgorithmicMedia"));
  EXPECT_FALSE(DeclaresAiComposite(""));
}

}  // namespace
}  // namespace kantei::authenticity
