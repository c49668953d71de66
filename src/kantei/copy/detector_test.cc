#include "kantei/copy/detector.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>

#include "kantei/copy/enroll.h"
#include "kantei/copy/pdq.h"
#include "kantei/copy/test_pictures.h"
#include "kantei/copy/vocabulary.h"
#include "kantei/image/encode.h"

namespace kantei::copy {
namespace {

namespace fs = std::filesystem;
using image::Image;

class DetectorTest : public ::testing::Test {
 protected:
  static constexpr int kPictures = 12;

  static void SetUpTestSuite() {
    root_ = fs::temp_directory_path() / ("kantei_detector_test." + std::to_string(::getpid()));
    fs::create_directories(root_ / "pictures");
    for (int i = 0; i < kPictures; ++i)
      ASSERT_TRUE(image::WriteImage(Path(i), TestPicture(static_cast<std::uint64_t>(i)), 92).ok());
    ASSERT_TRUE(Enroll("deny", 0, kPictures).ok());
  }
  static void TearDownTestSuite() { fs::remove_all(root_); }

  static fs::path Path(int i) { return root_ / "pictures" / ("known " + std::to_string(i) + ".jpg"); }

  static Result<EnrollSummary> Enroll(const std::string& bank, int first, int last,
                                      const fs::path& library = {}) {
    KANTEI_TRY(auto catalog,
               store::Catalog::Open(library.empty() ? root_ / "library" : library, store::OpenMode::kCreate));
    std::vector<fs::path> files;
    for (int i = first; i < last; ++i) files.push_back(Path(i));
    EnrollOptions options;
    options.bank = bank;
    options.batch = 5;
    return EnrollFiles(catalog.get(), files, options, {}, nullptr);
  }

  static CopyFindings Find(const Image& query, const fs::path& library = {},
                           const DetectorOptions& options = {}) {
    auto detector = CopyDetector::Open(library.empty() ? root_ / "library" : library, options, {});
    EXPECT_TRUE(detector.ok()) << (detector.ok() ? "" : detector.error().message);
    auto findings = (*detector)->Find(query, query.width(), query.height());
    EXPECT_TRUE(findings.ok()) << (findings.ok() ? "" : findings.error().message);
    return *findings;
  }

  static fs::path root_;
};
fs::path DetectorTest::root_;

TEST_F(DetectorTest, FindsTheUntouchedPicture) {
  const CopyFindings findings = Find(TestPicture(3));
  EXPECT_EQ(findings.band, Band::kStrong);
  ASSERT_FALSE(findings.matches.empty());
  const CopyMatch& match = findings.matches[0];
  EXPECT_EQ(match.picture.path, fs::absolute(Path(3)).native());
  EXPECT_LE(match.pdq_distance, 4);
  EXPECT_EQ(match.found_by, "pdq+local");
  ASSERT_FALSE(match.regions.empty());
  EXPECT_GT(match.regions[0].query_share, 0.97);
  EXPECT_GT(match.regions[0].known_share, 0.97);
  EXPECT_LT(match.regions[0].changed_share, 0.01);
  EXPECT_EQ(findings.matches.size(), 1u);
}

TEST_F(DetectorTest, LocatesACropInFullSizeCoordinates) {
  const Image crop = image::Crop(TestPicture(5), {160, 120, 320, 240});
  // The caller says that the query is a shrunk copy of a picture twice as large.
  auto detector = CopyDetector::Open(root_ / "library", {}, {});
  ASSERT_TRUE(detector.ok());
  const auto findings = (*detector)->Find(crop, 640, 480);
  ASSERT_TRUE(findings.ok());
  ASSERT_FALSE(findings->matches.empty());
  const CopyMatch& match = findings->matches[0];
  EXPECT_EQ(match.picture.path, fs::absolute(Path(5)).native());
  EXPECT_GE(match.band, Band::kModerate);
  const image::Point corner = match.regions[0].query_to_known.Apply({0, 0}),
                     centre = match.regions[0].query_to_known.Apply({320, 240});
  EXPECT_NEAR(corner.x, 160, 3);
  EXPECT_NEAR(corner.y, 120, 3);
  EXPECT_NEAR(centre.x, 320, 2);
  EXPECT_NEAR(centre.y, 240, 2);
  EXPECT_NEAR(match.regions[0].known_share, 0.25, 0.03);
}

TEST_F(DetectorTest, FindsEveryDihedralVariantWithItsTransform) {
  const Image original = TestPicture(7);
  for (int quarter = 0; quarter < 4; ++quarter) {
    for (const bool flip : {false, true}) {
      Image query = image::RotateQuarter(original, quarter);
      if (flip) query = image::FlipHorizontal(query);
      for (const bool use_local : {true, false}) {
        DetectorOptions options;
        options.use_local = use_local;
        const CopyFindings findings = Find(query, {}, options);
        ASSERT_FALSE(findings.matches.empty()) << quarter << flip << use_local;
        const CopyMatch& match = findings.matches[0];
        EXPECT_EQ(match.picture.path, fs::absolute(Path(7)).native()) << quarter << flip << use_local;
        EXPECT_EQ(match.band, Band::kStrong) << quarter << flip << use_local;
        ASSERT_FALSE(match.regions.empty());
        EXPECT_EQ(match.regions[0].mirrored, flip) << quarter << use_local;
        EXPECT_GT(match.regions[0].agreement, 0.8) << quarter << flip << use_local;
      }
    }
  }
}

TEST_F(DetectorTest, FindsANegativeAndSaysSo) {
  Image query = image::Crop(TestPicture(9), {60, 40, 480, 360});
  for (std::uint8_t& v : query.pixels()) v = static_cast<std::uint8_t>(255 - v);
  for (const bool mirror : {false, true}) {
    const CopyFindings findings = Find(mirror ? image::FlipHorizontal(query) : query);
    ASSERT_FALSE(findings.matches.empty());
    EXPECT_EQ(findings.matches[0].picture.path, fs::absolute(Path(9)).native());
    EXPECT_GE(findings.band, Band::kModerate);
    ASSERT_FALSE(findings.matches[0].regions.empty());
    EXPECT_TRUE(findings.matches[0].regions[0].inverted);
    EXPECT_EQ(findings.matches[0].regions[0].mirrored, mirror);
  }
}

TEST_F(DetectorTest, FindsTwoKnownPicturesInOneCollage) {
  const Image a = image::Resize(TestPicture(1), 320, 240),
              b = image::FlipHorizontal(image::Resize(TestPicture(2), 320, 240));
  const Image other = TestPicture(1001);
  Image collage(640, 480, 3);
  for (int y = 0; y < 480; ++y) {
    for (int x = 0; x < 640; ++x) {
      const std::uint8_t* from = x < 320 && y < 240     ? a.row(y) + x * 3
                                 : x >= 320 && y >= 240 ? b.row(y - 240) + (x - 320) * 3
                                                        : other.row(y) + x * 3;
      std::copy_n(from, 3, collage.row(y) + x * 3);
    }
  }
  const CopyFindings findings = Find(collage);
  ASSERT_GE(findings.matches.size(), 2u);
  for (int i = 0; i < 2; ++i) {
    const CopyMatch& match = findings.matches[static_cast<std::size_t>(i)];
    EXPECT_GE(match.band, Band::kModerate);
    ASSERT_FALSE(match.regions.empty());
    EXPECT_NEAR(match.regions[0].query_share, 0.25, 0.05);
    EXPECT_EQ(match.regions[0].mirrored, match.picture.path == fs::absolute(Path(2)).native());
  }
}

TEST_F(DetectorTest, NamesNoStranger) {
  for (std::uint64_t seed = 500; seed < 520; ++seed)
    EXPECT_LT(Find(TestPicture(seed)).band, Band::kModerate) << seed;
}

TEST_F(DetectorTest, BlankPicturesAreNoMatchAndNoError) {
  const CopyFindings findings = Find(Image(300, 200, 3));
  EXPECT_EQ(findings.band, Band::kNone);
  EXPECT_EQ(findings.query_features, 0);
  EXPECT_LT(findings.pdq_quality, 50);
}

TEST_F(DetectorTest, AnIgnoreBankSilencesItsRegion) {
  const fs::path library = root_ / "ignoring";
  ASSERT_TRUE(Enroll("deny", 3, 4, library).ok());
  {
    // The ignored picture is a mirror-free resave of the denied one: both match the same region.
    ASSERT_TRUE(Enroll("ignore", 3, 4, library).ok());
  }
  const CopyFindings findings = Find(TestPicture(3), library);
  EXPECT_EQ(findings.band, Band::kNone);
  EXPECT_TRUE(findings.matches.empty());
  EXPECT_EQ(findings.silenced.size(), 2u);
  // A denied picture elsewhere in the query is not silenced.
  ASSERT_TRUE(Enroll("deny", 4, 5, library).ok());
  Image both(1280, 480, 3);
  const Image left = TestPicture(3), right = TestPicture(4);
  for (int y = 0; y < 480; ++y) {
    std::copy_n(left.row(y), 640 * 3, both.row(y));
    std::copy_n(right.row(y), 640 * 3, both.row(y) + 640 * 3);
  }
  const CopyFindings mixed = Find(both, library);
  ASSERT_EQ(mixed.matches.size(), 1u);
  EXPECT_EQ(mixed.matches[0].picture.path, fs::absolute(Path(4)).native());
}

TEST_F(DetectorTest, RemovedPicturesAreNotFoundAndLaterOnesAre) {
  const fs::path library = root_ / "changing";
  ASSERT_TRUE(Enroll("deny", 0, 4, library).ok());
  ASSERT_TRUE(RefreshIndexes(library, nullptr, {}).ok());
  EXPECT_EQ(Find(TestPicture(2), library).band, Band::kStrong);
  {
    auto catalog = store::Catalog::Open(library, store::OpenMode::kReadWrite);
    ASSERT_TRUE(catalog.ok());
    ASSERT_TRUE((*catalog)->Remove(3).ok());  // ids start at 1
  }
  ASSERT_TRUE(Enroll("deny", 6, 7, library).ok());
  EXPECT_LT(Find(TestPicture(2), library).band, Band::kModerate);
  EXPECT_EQ(Find(TestPicture(6), library).band, Band::kStrong);
  ASSERT_TRUE(RefreshIndexes(library, nullptr, {}).ok());
  EXPECT_LT(Find(TestPicture(2), library).band, Band::kModerate);
  EXPECT_EQ(Find(TestPicture(6), library).band, Band::kStrong);
}

TEST_F(DetectorTest, DamagedIndexFilesAreRebuilt) {
  const fs::path library = root_ / "damaged";
  ASSERT_TRUE(Enroll("deny", 0, 3, library).ok());
  ASSERT_TRUE(RefreshIndexes(library, nullptr, {}).ok());
  for (const char* name : {"pdq.idx", "local.idx"}) {
    const fs::path path = library / "index" / name;
    ASSERT_TRUE(fs::exists(path));
    fs::resize_file(path, fs::file_size(path) / 2);
    EXPECT_EQ(Find(TestPicture(1), library).band, Band::kStrong) << name;
  }
  std::ofstream(library / "index" / "pdq.idx") << "not an index";
  EXPECT_EQ(Find(TestPicture(1), library).band, Band::kStrong);
}

TEST_F(DetectorTest, EnrollingAgainAddsNothingAndNamesBadFiles) {
  const fs::path library = root_ / "again";
  ASSERT_TRUE(Enroll("deny", 0, 3, library).ok());
  std::ofstream(root_ / "broken.jpg") << "\xFF\xD8 this is no picture";
  auto catalog = store::Catalog::Open(library, store::OpenMode::kReadWrite);
  ASSERT_TRUE(catalog.ok());
  const auto summary = EnrollFiles(
      catalog->get(), {Path(0), root_ / "broken.jpg", root_ / "missing.png", Path(4)}, {}, {}, nullptr);
  ASSERT_TRUE(summary.ok());
  EXPECT_EQ(summary->added, 1);
  EXPECT_EQ(summary->already_known, 1);
  ASSERT_EQ(summary->failures.size(), 2u);
  EXPECT_NE(summary->failures[0].error.message.find("broken.jpg"), std::string::npos);
  EXPECT_EQ(summary->failures[1].error.code, ErrorCode::kNotFound);
}

TEST_F(DetectorTest, HashOnlyLibrariesFindResaves) {
  const fs::path library = root_ / "hashes";
  auto catalog = store::Catalog::Open(library, store::OpenMode::kCreate);
  ASSERT_TRUE(catalog.ok());
  EnrollOptions options;
  options.hashes_only = true;
  ASSERT_TRUE(EnrollFiles(catalog->get(), {Path(0), Path(1)}, options, {}, nullptr).ok());
  const CopyFindings findings = Find(image::Resize(TestPicture(1), 400, 300), library);
  EXPECT_EQ(findings.band, Band::kModerate);
  ASSERT_EQ(findings.matches.size(), 1u);
  EXPECT_EQ(findings.matches[0].found_by, "pdq");
  EXPECT_TRUE(findings.matches[0].regions.empty());
}

TEST_F(DetectorTest, ALibraryOfAnotherVocabularyIsRefused) {
  const fs::path library = root_ / "foreign";
  {
    auto catalog = store::Catalog::Open(library, store::OpenMode::kCreate);
    ASSERT_TRUE(catalog.ok());
    ASSERT_TRUE((*catalog)->SetSetting("vocabulary", "0123456789abcdef").ok());
  }
  const auto detector = CopyDetector::Open(library, {}, {});
  ASSERT_FALSE(detector.ok());
  EXPECT_EQ(detector.error().code, ErrorCode::kUnsupported);
  const auto enrolled = Enroll("deny", 0, 1, library);
  ASSERT_FALSE(enrolled.ok());
  EXPECT_EQ(enrolled.error().code, ErrorCode::kUnsupported);
}

TEST(Vocabulary, PostingsSurviveTheirByteForm) {
  const auto vocabulary = Vocabulary::Shipped();
  ASSERT_TRUE(vocabulary.ok()) << vocabulary.error().message;
  const LocalFeatures features = ExtractLocalFeatures(TestPicture(42));
  ASSERT_GT(features.size(), 100u);
  const auto postings = (*vocabulary)->Quantise(features);
  ASSERT_EQ(postings.size(), features.size());
  const Bytes bytes = SerializePostings(postings);
  const auto parsed = ParsePostings(bytes, (*vocabulary)->words());
  ASSERT_TRUE(parsed.ok());
  for (std::size_t i = 0; i < postings.size(); ++i) {
    EXPECT_EQ((*parsed)[i].word, postings[i].word);
    EXPECT_EQ((*parsed)[i].signature, postings[i].signature);
  }
  EXPECT_FALSE(ParsePostings(std::span(bytes).first(bytes.size() - 1), (*vocabulary)->words()).ok());
  EXPECT_FALSE(ParsePostings(bytes, 1).ok()) << "words out of range";
  EXPECT_FALSE(ParsePostings({}, (*vocabulary)->words()).ok());
}

TEST(Vocabulary, SignaturesOfOnePictureAgreeUnderRecompression) {
  const auto vocabulary = Vocabulary::Shipped();
  ASSERT_TRUE(vocabulary.ok());
  const Image picture = TestPicture(43);
  const auto jpeg = image::EncodeJpeg(picture, 60);
  ASSERT_TRUE(jpeg.ok());
  const auto decoded = image::DecodeImage(*jpeg, "test");
  ASSERT_TRUE(decoded.ok());
  const auto a = (*vocabulary)->Quantise(ExtractLocalFeatures(picture)),
             b = (*vocabulary)->QuantiseQuery(ExtractLocalFeatures(decoded->pixels), 3);
  std::size_t found = 0;
  for (const auto& posting : a) {
    found += std::any_of(b.begin(), b.end(), [&](const auto& other) {
      return other.word == posting.word && std::popcount(other.signature ^ posting.signature) <= 22;
    });
  }
  EXPECT_GT(found * 2, a.size()) << "most features keep their word and signature";
}

}  // namespace
}  // namespace kantei::copy
