#include "kantei/copy/pair_verification.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

#include "kantei/copy/enroll.h"
#include "kantei/copy/test_pictures.h"
#include "kantei/image/encode.h"
#include "kantei/image/transform.h"

namespace kantei::copy {
namespace {

using image::Image;

PreparedKnown Known(const Image& picture) {
  auto stored = StoreKnown(picture, picture.width(), picture.height());
  EXPECT_TRUE(stored.ok());
  auto known = PrepareKnown(*stored);
  EXPECT_TRUE(known.ok());
  return std::move(*known);
}
PreparedQuery Query(const Image& picture) {
  return PrepareQuery(picture, picture.width(), picture.height());
}

TEST(PairVerification, ACropIsFoundWhereItIsAndAStrangerIsNot) {
  const Image picture = TestPicture(1);
  const PreparedQuery query = Query(image::Crop(picture, {100, 80, 320, 240}));
  const PairFindings same = VerifyPair(query, Known(picture));
  EXPECT_EQ(same.band, Band::kStrong);
  ASSERT_FALSE(same.regions.empty());
  const image::Point corner = same.regions[0].query_to_known.Apply({0, 0});
  EXPECT_NEAR(corner.x, 100, 3);
  EXPECT_NEAR(corner.y, 80, 3);
  EXPECT_NEAR(same.regions[0].known_share, 0.25, 0.05);
  const PairFindings other = VerifyPair(query, Known(TestPicture(2)));
  EXPECT_EQ(other.band, Band::kNone);
  EXPECT_LT(other.evidence, same.evidence);
}

TEST(PairVerification, SidesCanBeLeftOut) {
  const Image picture = TestPicture(3);
  const PreparedKnown known = Known(picture);
  const PreparedQuery mirrored = Query(image::FlipHorizontal(image::Crop(picture, {200, 100, 380, 300})));
  PairOptions plain;
  plain.sides = 1;
  EXPECT_EQ(VerifyPair(mirrored, known, plain).band, Band::kNone);
  PairOptions both;
  both.sides = 3;
  const PairFindings found = VerifyPair(mirrored, known, both);
  EXPECT_EQ(found.band, Band::kStrong);
  ASSERT_FALSE(found.regions.empty());
  EXPECT_TRUE(found.regions[0].mirrored);

  Image negative = picture;
  for (auto& value : negative.pixels()) value = static_cast<std::uint8_t>(255 - value);
  const PreparedQuery inverted = Query(image::Crop(negative, {50, 50, 400, 300}));
  EXPECT_EQ(VerifyPair(inverted, known, both).band, Band::kNone);
  EXPECT_EQ(VerifyPair(inverted, known).band, Band::kStrong);
}

TEST(PairVerification, TheHashProposesTurnedPictures) {
  const Image picture = TestPicture(4, 512, 512);
  PairOptions only_hash;
  only_hash.sides = 0;
  const PairFindings found = VerifyPair(Query(image::RotateQuarter(picture, 1)), Known(picture), only_hash);
  EXPECT_LE(found.pdq_distance, 31);
  EXPECT_NE(found.pdq_variant, image::Dihedral::kOriginal);
  EXPECT_GE(found.band, Band::kModerate);
}

TEST(PairVerification, ADamagedStoredFormIsRefused) {
  auto stored = StoreKnown(TestPicture(6), 640, 480);
  ASSERT_TRUE(stored.ok());
  StoredKnown cut = *stored;
  cut.features.resize(cut.features.size() / 2);
  EXPECT_EQ(PrepareKnown(cut).error().code, ErrorCode::kCorrupt);
  cut = *stored;
  cut.preview.resize(20);
  EXPECT_FALSE(PrepareKnown(cut).ok());
}

// The pair alone must come to what the library's search comes to.
TEST(PairVerification, AgreesWithTheDetector) {
  namespace fs = std::filesystem;
  const fs::path root = fs::temp_directory_path() / ("kantei_pair." + std::to_string(::getpid()));
  fs::remove_all(root);
  fs::create_directories(root);
  const Image picture = TestPicture(5);
  const fs::path file = root / "known.png";
  ASSERT_TRUE(image::WriteImage(file, picture).ok());
  {
    auto catalog = store::Catalog::Open(root / "library", store::OpenMode::kCreate);
    ASSERT_TRUE(catalog.ok());
    ASSERT_TRUE(EnrollFiles(catalog->get(), {file}, {}, {}, nullptr).ok());
  }
  auto detector = CopyDetector::Open(root / "library", {}, {});
  ASSERT_TRUE(detector.ok());
  const Image query = image::Crop(image::Resize(picture, 700, 500), {60, 40, 500, 400});
  auto findings = (*detector)->Find(query, query.width(), query.height());
  ASSERT_TRUE(findings.ok());
  ASSERT_FALSE(findings->matches.empty());
  const PairFindings pair = VerifyPair(Query(query), Known(picture));
  EXPECT_EQ(pair.band, findings->matches[0].band);
  EXPECT_NEAR(pair.similarity, findings->matches[0].similarity, 1e-3);
  ASSERT_FALSE(pair.regions.empty());
  EXPECT_EQ(pair.regions[0].inliers, findings->matches[0].regions[0].inliers);
  fs::remove_all(root);
}

}  // namespace
}  // namespace kantei::copy
