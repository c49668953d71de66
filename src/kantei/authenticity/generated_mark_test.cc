#include "kantei/authenticity/generated_mark.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "kantei/authenticity/metadata.h"
#include "kantei/image/decode.h"
#include "kantei/image/encode.h"

namespace kantei::authenticity {
namespace {

image::Image Picture() {
  image::Image picture(40, 30, 3);
  for (std::size_t i = 0; i < picture.pixels().size(); ++i)
    picture.pixels()[i] = static_cast<std::uint8_t>(i * 7);
  return picture;
}

TEST(GeneratedMark, IsReadBackFromPngAndJpeg) {
  const GeneratedMark mark{false, "Kantei \"1\" & <co>", std::string(64, 'a')};
  for (const Bytes& file : {image::EncodePng(Picture()).value(), image::EncodeJpeg(Picture(), 90).value()}) {
    const auto marked = MarkAsGenerated(file, mark);
    ASSERT_TRUE(marked.ok()) << marked.error().message;
    const Metadata metadata = ReadMetadata(*marked, nullptr);
    EXPECT_THAT(metadata.problems, testing::IsEmpty());
    EXPECT_EQ(metadata.digital_source_type, "trainedAlgorithmicMedia");
    EXPECT_TRUE(DeclaresAiMade(metadata.digital_source_type));
    ASSERT_EQ(metadata.generators.size(), 1u);
    EXPECT_EQ(metadata.generators[0].generator, "Kantei");
    ASSERT_EQ(metadata.generators[0].fields.size(), 1u);
    EXPECT_EQ(metadata.generators[0].fields[0].name, "claim_sha256");
    EXPECT_EQ(metadata.generators[0].fields[0].value, mark.claim_sha256);
    const auto tool = std::find_if(metadata.xmp.begin(), metadata.xmp.end(),
                                   [](const NamedValue& leaf) { return leaf.name == "xmp:CreatorTool"; });
    ASSERT_NE(tool, metadata.xmp.end());
    EXPECT_EQ(tool->value, mark.tool);
    // The pixels stay what they were.
    const auto before = image::DecodeImage(file, {}), after = image::DecodeImage(*marked, {});
    ASSERT_TRUE(after.ok());
    EXPECT_TRUE(std::ranges::equal(before->pixels.pixels(), after->pixels.pixels()));
  }
}

TEST(GeneratedMark, FilledHolesAreComposites) {
  const auto marked =
      MarkAsGenerated(image::EncodePng(Picture()).value(), {true, "Kantei", std::string(64, 'b')});
  EXPECT_TRUE(DeclaresAiComposite(ReadMetadata(*marked, nullptr).digital_source_type));
}

TEST(GeneratedMark, OtherFilesAreRefused) {
  EXPECT_FALSE(MarkAsGenerated(image::EncodeWebp(Picture(), 80).value(), {}).ok());
  EXPECT_FALSE(MarkAsGenerated({}, {}).ok());
}

}  // namespace
}  // namespace kantei::authenticity
