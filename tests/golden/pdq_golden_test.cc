// Agreement with the reference implementation of PDQ; tests/data/pdq/golden.json is made by make_pdq.py.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>

#include "kantei/base/json.h"
#include "kantei/copy/pdq.h"
#include "kantei/image/decode.h"
#include "kantei/image/transform.h"

namespace kantei::copy {
namespace {

// The reference's own criterion for a correct implementation, and ours for the middle of the field.
constexpr int kGoodQuality = 80;
constexpr int kMaxDistance = 10;
constexpr int kMaxMedian = 2;

const std::filesystem::path kFolder = std::filesystem::path(KANTEI_SOURCE_DIR) / "tests" / "data" / "pdq";

struct GoldenPicture {
  std::string file;
  int quality = 0;
  int width = 0, height = 0;
  std::array<Code256, 8> codes;
};

std::vector<GoldenPicture> ReadGolden() {
  const auto text = ReadTextFile(kFolder / "golden.json", 1 << 20);
  const auto json = ParseJson(text.value(), "golden.json");
  std::vector<GoldenPicture> pictures;
  for (const Json& entry : json.value().at("pictures")) {
    GoldenPicture picture;
    picture.file = entry.at("file").get<std::string>();
    picture.quality = entry.at("quality").get<int>();
    picture.width = entry.at("width").get<int>();
    picture.height = entry.at("height").get<int>();
    for (std::size_t i = 0; i < picture.codes.size(); ++i) {
      picture.codes[i] = Code256::FromHex(entry.at("hashes").at(i).get<std::string>()).value();
    }
    pictures.push_back(picture);
  }
  return pictures;
}

image::DecodedImage Decode(const GoldenPicture& picture, int max_longer_side) {
  image::DecodeOptions options;
  options.max_longer_side = max_longer_side;
  auto decoded = image::DecodeImageFile(kFolder / picture.file, options);
  EXPECT_TRUE(decoded.ok()) << picture.file;
  EXPECT_EQ(decoded->original_width, picture.width);
  EXPECT_EQ(decoded->original_height, picture.height);
  return std::move(decoded).value();
}

void ExpectMedian(std::vector<int> distances, int limit) {
  ASSERT_GE(distances.size(), 10u);
  std::sort(distances.begin(), distances.end());
  EXPECT_LE(distances[distances.size() / 2], limit);
}

TEST(PdqGolden, FullDecodeAgreesInAllEightVariantsAndInQuality) {
  std::vector<int> distances;
  for (const GoldenPicture& picture : ReadGolden()) {
    const PdqDihedral ours = ComputePdqDihedral(Decode(picture, 0).pixels);
    EXPECT_NEAR(ours.quality, picture.quality, 1) << picture.file;
    if (picture.quality < kGoodQuality) continue;
    for (std::size_t i = 0; i < ours.codes.size(); ++i) {
      EXPECT_LE(HammingDistance(ours.codes[i], picture.codes[i]), kMaxDistance)
          << picture.file << " variant " << i;
    }
    distances.push_back(HammingDistance(ours.codes[0], picture.codes[0]));
  }
  ExpectMedian(distances, kMaxMedian);
}

TEST(PdqGolden, ReducedDecodeAgreesWhenToldTheOriginalSize) {
  constexpr int kSide = 256;  // four pixels a cell; fewer would blur what the hash looks at
  std::vector<int> distances;
  for (const GoldenPicture& picture : ReadGolden()) {
    if (picture.quality < kGoodQuality || std::max(picture.width, picture.height) <= kSide) continue;
    const auto decoded = Decode(picture, kSide);
    EXPECT_EQ(std::max(decoded.pixels.width(), decoded.pixels.height()), kSide);
    const PdqHash ours = ComputePdq(decoded.pixels, decoded.original_width, decoded.original_height);
    distances.push_back(HammingDistance(ours.code, picture.codes[0]));
    EXPECT_LE(distances.back(), kMaxDistance) << picture.file;
  }
  ExpectMedian(distances, kMaxMedian);
}

TEST(PdqGolden, StrangersAreFarApart) {
  const auto pictures = ReadGolden();
  for (std::size_t i = 0; i < pictures.size(); ++i) {
    for (std::size_t k = 0; k < i; ++k) {
      EXPECT_GT(HammingDistance(pictures[i].codes[0], pictures[k].codes[0]), kPdqMatchDistance)
          << pictures[i].file << " and " << pictures[k].file;
    }
  }
}

}  // namespace
}  // namespace kantei::copy
