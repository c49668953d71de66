#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "kantei/authenticity/metadata.h"
#include "kantei/authenticity/metadata_internal.h"
#include "kantei/authenticity/metadata_test_util.h"

namespace kantei::authenticity {
namespace {

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
Metadata Read(const ExifBlock& block) {
  return ReadMetadata(test::ToBytes(test::Jpeg(block.JpegSegment())), nullptr);
}

TEST(MetadataExif, CameraEntriesInBothByteOrders) {
  for (const bool little : {true, false}) {
    ExifBlock block;
    block.little = little;
    block.main = {block.Ascii(0x010F, "Nikon"), block.Ascii(0x0110, "D90"), block.Short(0x0112, 6)};
    block.exif = {block.Rational(0x829A, 1, 250), block.Rational(0x829D, 28, 10), block.Short(0x8827, 400),
                  block.Ascii(0x9003, "2019:05:04 12:30:00")};
    block.gps = {block.Ascii(0x0001, "N")};
    const Metadata metadata = Read(block);
    EXPECT_THAT(metadata.problems, IsEmpty());
    EXPECT_EQ(Value(metadata.exif, "Make"), "Nikon");
    EXPECT_EQ(Value(metadata.exif, "Model"), "D90");
    EXPECT_EQ(Value(metadata.exif, "ISOSpeedRatings"), "400");
    EXPECT_EQ(Value(metadata.exif, "DateTimeOriginal"), "2019:05:04 12:30:00");
    EXPECT_THAT(Value(metadata.exif, "ExposureTime"), HasSubstr("1/250"));
    EXPECT_THAT(Value(metadata.exif, "FNumber"), HasSubstr("2.8"));
    EXPECT_EQ(Value(metadata.exif, "GPSLatitudeRef"), "N");
    EXPECT_TRUE(metadata.has_camera);
    EXPECT_EQ(Value(metadata.exif, "ColorSpace"),
              "(absent)");  // nothing is added that the file does not hold
  }
}

TEST(MetadataExif, ACameraNeedsANameAndAnExposure) {
  ExifBlock named;
  named.main = {named.Ascii(0x010F, "Nikon"), named.Ascii(0x0110, "D90")};
  EXPECT_FALSE(Read(named).has_camera);
  ExifBlock exposed;
  exposed.exif = {exposed.Rational(0x829A, 1, 250)};
  EXPECT_FALSE(Read(exposed).has_camera);
  exposed.main = {exposed.Ascii(0x010F, "   ")};
  EXPECT_FALSE(Read(exposed).has_camera);
  exposed.main = {exposed.Ascii(0x0110, "D90")};
  EXPECT_TRUE(Read(exposed).has_camera);
}

TEST(MetadataExif, TextThatIsNotUtf8IsReadAsLatin1) {
  ExifBlock block;
  block.main = {block.Ascii(0x013B, "Ren\xE9"), block.Ascii(0x8298, "\xC2\xA9 Caf\xC3\xA9")};
  const Metadata metadata = Read(block);
  EXPECT_EQ(Value(metadata.exif, "Artist"), "Ren\xC3\xA9");
  EXPECT_EQ(Value(metadata.exif, "Copyright"), "\xC2\xA9 Caf\xC3\xA9");
}

TEST(MetadataExif, UserCommentInEveryCoding) {
  const std::string text = "a red fox, 4k\nSteps: 20";
  const auto decode = [](const std::string& value, bool little_block) {
    return origin::DecodeUserComment(std::as_bytes(std::span(value)), little_block);
  };
  const std::string ascii = std::string("ASCII\0\0\0", 8), unicode = std::string("UNICODE\0", 8);
  for (const bool block : {true, false}) {
    EXPECT_EQ(decode(ascii + text, block), text);
    EXPECT_EQ(decode(std::string(8, '\0') + text, block), text);
    EXPECT_EQ(decode(unicode + test::Utf16(text, true), block),
              text);  // the block's order does not bind writers
    EXPECT_EQ(decode(unicode + test::Utf16(text, false), block), text);
    EXPECT_EQ(decode(unicode + "\xFF\xFE" + test::Utf16(text, true), block), text);
    EXPECT_EQ(decode(unicode + "\xFE\xFF" + test::Utf16(text, false), block), text);
    EXPECT_EQ(decode(unicode + text, block), text);  // UTF-8 under the wrong code
    EXPECT_EQ(decode(text, block), text);            // the code left out
  }
  // 狐の絵 U+72D0 U+306E U+7D75, without any ASCII
  const std::string japanese = "\xE7\x8B\x90\xE3\x81\xAE\xE7\xB5\xB5";
  EXPECT_EQ(decode(unicode + std::string("\x72\xD0\x30\x6E\x7D\x75"), false), japanese);
  EXPECT_EQ(decode(unicode + std::string("\xD0\x72\x6E\x30\x75\x7D"), true), japanese);
  // U+1F98A as a surrogate pair, and a lone surrogate
  EXPECT_EQ(decode(unicode + test::Utf16("fox ", false) + "\xD8\x3E\xDD\x8A", false), "fox \xF0\x9F\xA6\x8A");
  EXPECT_EQ(decode(unicode + test::Utf16("fox ", false) + "\xD8\x3E", false), "fox \xEF\xBF\xBD");
  EXPECT_EQ(decode("", true), "");
}

TEST(MetadataExif, ControlsAndLongValuesAreMadeReadable) {
  ExifBlock block;
  block.main = {block.Ascii(0x010E, "a\x01\x1B[31m" + std::string(6000, 'x'))};
  const std::string shown = Value(Read(block).exif, "ImageDescription");
  EXPECT_EQ(shown.size(), 4096u);
  EXPECT_EQ(shown.substr(0, 8), "a  [31mx");
}

TEST(MetadataExif, DamagedEntriesAreCountedAndTheRestIsRead) {
  ExifBlock block;
  block.main = {block.Ascii(0x010F, "Nikon"),
                {0x0110, 2, 0xFFFFFFF0u, "abcd"},
                {0x0131, 99, 1, "abcd"},
                block.Ascii(0x0132, "2019:01:01 00:00:00")};
  const Metadata metadata = Read(block);
  EXPECT_EQ(Value(metadata.exif, "Make"), "Nikon");
  EXPECT_EQ(Value(metadata.exif, "DateTime"), "2019:01:01 00:00:00");
  EXPECT_THAT(metadata.problems, Contains(HasSubstr("2 EXIF entries")));
}

TEST(MetadataExif, MakerNotesAreLeftAlone) {
  ExifBlock block;
  block.main = {block.Ascii(0x010F, "Canon")};
  block.exif = {block.Undefined(0x927C, std::string(4000, '\x7F')), block.Short(0x8827, 100)};
  const Metadata metadata = Read(block);
  EXPECT_EQ(Value(metadata.exif, "MakerNote"), "(absent)");
  EXPECT_TRUE(metadata.has_camera);
}

TEST(MetadataXmp, LeavesOfEveryForm) {
  const std::string packet = test::XmpPacket(
      "<rdf:Description rdf:about=\"\" xmlns:dc=\"http://purl.org/dc/elements/1.1/\" "
      "xmlns:ext=\"http://iptc.org/std/Iptc4xmpExt/2008-02-29/\" "
      "xmlns:xmpMM=\"http://ns.adobe.com/xap/1.0/mm/\" "
      "xmlns:stEvt=\"http://ns.adobe.com/xap/1.0/sType/ResourceEvent#\" dc:format=\"image/png\">"
      "<ext:DigitalSourceType>http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia</"
      "ext:DigitalSourceType>"
      "<dc:description><rdf:Alt><rdf:li xml:lang=\"x-default\">fog &amp; "
      "sea</rdf:li></rdf:Alt></dc:description>"
      "<dc:subject><rdf:Bag><rdf:li>sea</rdf:li><rdf:li><![CDATA[<fog>]]></rdf:li></rdf:Bag></dc:subject>"
      "<xmpMM:History><rdf:Seq><rdf:li rdf:parseType=\"Resource\"><stEvt:action>saved</stEvt:action></rdf:li>"
      "<rdf:li stEvt:action=\"edited\" stEvt:softwareAgent=\"Darkroom 7\"/></rdf:Seq></xmpMM:History>"
      "<dc:source rdf:resource=\"https://example.org/a\"/></rdf:Description>");
  const Metadata metadata = ReadMetadata(test::ToBytes(test::Webp(test::RiffChunk("XMP ", packet))), nullptr);
  EXPECT_THAT(metadata.problems, IsEmpty());
  EXPECT_EQ(metadata.digital_source_type,
            "trainedAlgorithmicMedia");  // the prefix is the file's own; the namespace counts
  EXPECT_EQ(Value(metadata.xmp, "dc:format"), "image/png");
  EXPECT_EQ(Value(metadata.xmp, "dc:description"), "fog & sea");
  EXPECT_EQ(Value(metadata.xmp, "dc:source"), "https://example.org/a");
  EXPECT_EQ(Value(metadata.xmp, "xmpMM:History/stEvt:action"), "saved");
  EXPECT_EQ(Value(metadata.xmp, "xmpMM:History/stEvt:softwareAgent"), "Darkroom 7");
  std::vector<std::string> subjects;
  for (const NamedValue& value : metadata.xmp) {
    if (value.name == "dc:subject") subjects.push_back(value.value);
  }
  EXPECT_THAT(subjects, ::testing::ElementsAre("sea", "<fog>"));
}

TEST(MetadataXmp, SourceTypeAsAttributeAndDamageAfterIt) {
  const std::string packet = test::XmpPacket(
      "<rdf:Description xmlns:Iptc4xmpExt=\"http://iptc.org/std/Iptc4xmpExt/2008-02-29/\" "
      "Iptc4xmpExt:DigitalSourceType=\"http://cv.iptc.org/newscodes/digitalsourcetype/compositeSynthetic\"/"
      "><broken");
  const Metadata metadata = ReadMetadata(test::ToBytes(test::Jpeg(test::XmpSegment(packet))), nullptr);
  EXPECT_EQ(metadata.digital_source_type, "compositeSynthetic");
  EXPECT_THAT(metadata.problems, Contains(HasSubstr("XMP packet is damaged")));
}

}  // namespace
}  // namespace kantei::authenticity
