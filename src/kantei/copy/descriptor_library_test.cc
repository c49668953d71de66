#include "kantei/copy/descriptor_library.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include "kantei/copy/descriptor_math.h"
#include "kantei/copy/detector.h"
#include "kantei/copy/enroll.h"
#include "kantei/copy/test_pictures.h"
#include "kantei/image/encode.h"
#include "kantei/image/transform.h"

namespace kantei::copy {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

class DescriptorLibraryTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (fs::temp_directory_path() / "kantei_descriptors_XXXXXX").string();
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    root_ = pattern;
    auto model = DescriptorModel::Open({});
    ASSERT_TRUE(model.ok()) << model.error().message;
    model_ = *model;
    for (std::uint64_t seed = 1; seed <= 6; ++seed) {
      const fs::path path = root_ / ("scene" + std::to_string(seed) + ".jpg");
      auto bytes = image::EncodeJpeg(TestPicture(seed, 320, 240), 90);
      ASSERT_TRUE(bytes.ok());
      ASSERT_TRUE(WriteFileAtomic(path, *bytes).ok());
      files_.push_back(path);
    }
  }
  void TearDown() override { fs::remove_all(root_); }

  void Enroll(const std::vector<fs::path>& files, bool describe = true, const std::string& bank = "deny") {
    auto catalog = store::Catalog::Open(root_ / "library", store::OpenMode::kCreate);
    ASSERT_TRUE(catalog.ok());
    EnrollOptions options;
    options.bank = bank;
    options.threads = 1;
    if (describe) options.descriptor = model_;
    const auto summary = EnrollFiles(catalog->get(), files, options, {}, nullptr);
    ASSERT_TRUE(summary.ok()) << summary.error().message;
    ASSERT_EQ(summary->added, static_cast<std::int64_t>(files.size()));
  }
  Result<std::unique_ptr<DescriptorLibrary>> Open(const DescriptorSearchOptions& options = {}) {
    auto catalog = store::Catalog::Open(root_ / "library", store::OpenMode::kReadOnly);
    if (!catalog.ok()) return catalog.error();
    return DescriptorLibrary::Open(catalog->get(), model_, options, true, {});
  }

  fs::path root_;
  std::shared_ptr<const DescriptorModel> model_;
  std::vector<fs::path> files_;
};

TEST_F(DescriptorLibraryTest, FindsAResavedPictureFirst) {
  Enroll(files_);
  const auto library = Open();
  ASSERT_TRUE(library.ok()) << library.error().message;
  EXPECT_EQ((*library)->descriptors(), 6);
  EXPECT_EQ((*library)->missing(), 0);
  for (std::uint64_t seed = 1; seed <= 6; ++seed) {
    const auto answer = (*library)->Find(image::Resize(TestPicture(seed, 320, 240), 200, 180));
    ASSERT_TRUE(answer.ok());
    ASSERT_FALSE(answer->hits.empty());
    EXPECT_EQ(answer->hits[0].picture_id, static_cast<std::int64_t>(seed));
    EXPECT_GT(answer->hits[0].cosine, 0.9f);
    for (std::size_t i = 1; i < answer->hits.size(); ++i)
      EXPECT_GE(answer->hits[i - 1].score, answer->hits[i].score);
  }
}

TEST_F(DescriptorLibraryTest, FollowsAdditionsAndRemovals) {
  Enroll({files_.begin(), files_.begin() + 4});
  ASSERT_EQ((*Open())->descriptors(), 4);
  {
    auto catalog = store::Catalog::Open(root_ / "library", store::OpenMode::kReadWrite);
    ASSERT_TRUE((*catalog)->Remove(2).ok());
  }
  Enroll({files_.begin() + 4, files_.end()});
  const auto library = Open();
  ASSERT_TRUE(library.ok());
  EXPECT_EQ((*library)->descriptors(), 5);
  const auto gone = (*library)->Find(TestPicture(2, 320, 240)),
             added = (*library)->Find(TestPicture(6, 320, 240));
  EXPECT_NE(gone->hits[0].picture_id, 2);
  EXPECT_EQ(added->hits[0].picture_id, 6);
}

TEST_F(DescriptorLibraryTest, ADamagedOrForeignIndexIsMadeAnew) {
  Enroll(files_);
  ASSERT_TRUE(Open().ok());
  const fs::path index = root_ / "library" / "index" / "descriptors.idx";
  ASSERT_TRUE(fs::exists(index));
  fs::resize_file(index, fs::file_size(index) / 2);
  EXPECT_EQ((*Open())->descriptors(), 6);
  ASSERT_TRUE(WriteFileAtomic(root_ / "library" / "index" / "descriptors.position", "1 0 nonsense\n").ok());
  EXPECT_EQ((*Open())->descriptors(), 6);
}

TEST_F(DescriptorLibraryTest, ReindexDescribesWhatWasAddedWithout) {
  Enroll({files_.begin(), files_.begin() + 3}, false);
  Enroll({files_.begin() + 3, files_.end()}, true);
  ASSERT_EQ((*Open())->missing(), 3);
  {
    auto catalog = store::Catalog::Open(root_ / "library", store::OpenMode::kReadWrite);
    const CancellationToken stopped;
    stopped.Cancel();
    const auto none = ReindexLibrary(catalog->get(), *model_, {}, stopped, nullptr);
    ASSERT_TRUE(none.ok());
    EXPECT_TRUE(none->cancelled);
    const auto summary =
        ReindexLibrary(catalog->get(), *model_, {.threads = 1, .batch = 2, .backend = {}}, {}, nullptr);
    ASSERT_TRUE(summary.ok()) << summary.error().message;
    EXPECT_EQ(summary->described, 3);
    EXPECT_FALSE(summary->cancelled);
  }
  const auto library = Open();
  EXPECT_EQ((*library)->missing(), 0);
  EXPECT_EQ((*library)->descriptors(), 6);
  // From the preview: the same descriptor but for the shrinking.
  EXPECT_GT((*library)->Find(TestPicture(1, 320, 240))->hits[0].cosine, 0.97f);
}

TEST_F(DescriptorLibraryTest, AnotherNetworkIsRefusedWithWhatToDo) {
  Enroll({files_.begin(), files_.begin() + 2});
  DescriptorProfile other;
  other.scales = {96};
  other.dimension = model_->dimension();
  other.weights_sha256 = model_->info().sha256;
  model_ = model_->WithProfile(other);
  const auto library = Open();
  ASSERT_FALSE(library.ok());
  EXPECT_EQ(library.error().code, ErrorCode::kUnsupported);
  EXPECT_THAT(library.error().message, HasSubstr("kantei library reindex"));
  auto catalog = store::Catalog::Open(root_ / "library", store::OpenMode::kReadWrite);
  EnrollOptions options;
  options.descriptor = model_;
  EXPECT_EQ(EnrollFiles(catalog->get(), {files_[3]}, options, {}, nullptr).error().code,
            ErrorCode::kUnsupported);
  ASSERT_TRUE(ReindexLibrary(catalog->get(), *model_, {}, {}, nullptr).ok());
  catalog->reset();
  EXPECT_TRUE(Open().ok());
}

TEST_F(DescriptorLibraryTest, ABlankPictureHasNoDescriptor) {
  image::Image grey(200, 150, 3);
  for (auto& pixel : grey.pixels()) pixel = 128;
  EXPECT_TRUE(IsBlank(grey));
  EXPECT_FALSE(IsBlank(TestPicture(1, 320, 240)));
  const fs::path path = root_ / "blank.png";
  ASSERT_TRUE(WriteFileAtomic(path, *image::EncodePng(grey)).ok());
  Enroll({path, files_[0]});
  const auto library = Open();
  EXPECT_EQ((*library)->descriptors(), 1);
  EXPECT_EQ((*library)->missing(), 0);  // it was looked at
  const auto answer = (*library)->Find(grey);
  ASSERT_TRUE(answer.ok());
  EXPECT_TRUE(answer->hits.empty());
  EXPECT_TRUE(answer->views.at(0).blank);
}

TEST_F(DescriptorLibraryTest, PicturesOfIgnoreBanksCountAsBackground) {
  DescriptorSearchOptions additive;
  additive.normalisation = Normalisation::kAdditive;
  const auto score_of_first = [&] {
    const auto answer = (*Open(additive))->Find(TestPicture(1, 320, 240));
    for (const DescriptorHit& hit : answer->hits)
      if (hit.picture_id == 1) return hit.score;
    return -100.0f;
  };
  Enroll({files_.begin(), files_.begin() + 2});
  const float before = score_of_first();
  // The same picture, to be passed over: it is now the nearest of the background.
  Enroll({files_[0]}, true, "ignore");
  const float after = score_of_first();
  EXPECT_GT(before, -100.0f);
  EXPECT_LT(after, before - 0.01f);
}

TEST_F(DescriptorLibraryTest, TheGraphIndexGivesTheSameAnswerOnSmallLibraries) {
  Enroll(files_);
  const auto flat = (*Open())->Find(TestPicture(3, 320, 240));
  {
    auto catalog = store::Catalog::Open(root_ / "library", store::OpenMode::kReadWrite);
    ASSERT_TRUE(SetBackend(catalog->get(), store::VectorBackend::kHnsw).ok());
  }
  const auto graph = (*Open())->Find(TestPicture(3, 320, 240));
  ASSERT_TRUE(graph.ok());
  ASSERT_EQ(graph->hits.size(), flat->hits.size());
  for (std::size_t i = 0; i < flat->hits.size(); ++i)
    EXPECT_EQ(graph->hits[i].picture_id, flat->hits[i].picture_id);
}

/// Who wants to know how near the nearest is gets it of strangers too, with the threshold it is to be held against.
TEST_F(DescriptorLibraryTest, TheDetectorNamesWhatIsNearWhetherAMatchOrNot) {
  Enroll({files_.begin(), files_.begin() + 3});
  Enroll({files_.begin() + 3, files_.begin() + 4}, true, "ignore");
  Enroll({files_.begin() + 4, files_.begin() + 5}, true, "allow");
  const auto detector = CopyDetector::Open(root_ / "library", {}, {});
  ASSERT_TRUE(detector.ok());
  const auto network = (*detector)->network();
  ASSERT_TRUE(network && network->threshold_probability);
  EXPECT_EQ(network->id, model_->id());
  EXPECT_FALSE(network->threshold_source.empty());
  const double threshold = *network->threshold_probability;
  EXPECT_GT(threshold, 0);
  EXPECT_LT(threshold, 1);
  const CopyFindings known = (*detector)->Find(TestPicture(2, 320, 240), 320, 240).value();
  ASSERT_FALSE(known.near.empty());
  EXPECT_EQ(known.near[0].picture.picture_id, 2);
  EXPECT_GE(*known.near[0].descriptor.probability, threshold);
  image::Image rings(320, 240, 3);
  for (int y = 0; y < 240; ++y)
    for (int x = 0; x < 320; ++x)
      std::fill_n(rings.row(y) + 3 * x, 3, static_cast<std::uint8_t>((x * x + y * y) / 150 % 200));
  const CopyFindings stranger = (*detector)->Find(rings, 320, 240).value();
  EXPECT_TRUE(stranger.matches.empty());
  ASSERT_FALSE(stranger.near.empty());
  EXPECT_LT(*stranger.near[0].descriptor.probability, threshold);
  for (std::size_t i = 1; i < stranger.near.size(); ++i)
    EXPECT_GE(stranger.near[i - 1].descriptor.score, stranger.near[i].descriptor.score);
  const CopyFindings ignored = (*detector)->Find(TestPicture(4, 320, 240), 320, 240).value();
  for (const NearKnown& near : ignored.near) EXPECT_NE(near.picture.bank, "ignore");
  const CopyFindings allowed = (*detector)->Find(TestPicture(5, 320, 240), 320, 240).value();
  ASSERT_FALSE(allowed.near.empty());
  EXPECT_EQ(allowed.near[0].bank_kind, store::BankKind::kAllow);
  DetectorOptions without;
  without.use_descriptor = false;
  EXPECT_FALSE((*CopyDetector::Open(root_ / "library", without, {}))->network().has_value());
}

TEST_F(DescriptorLibraryTest, TheDetectorSaysWhatEachStepBrought) {
  Enroll(files_);
  const auto detector = CopyDetector::Open(root_ / "library", {}, {});
  ASSERT_TRUE(detector.ok()) << detector.error().message;
  const auto findings = (*detector)->Find(TestPicture(4, 320, 240), 320, 240);
  ASSERT_TRUE(findings.ok());
  ASSERT_FALSE(findings->matches.empty());
  EXPECT_EQ(findings->matches[0].picture.picture_id, 4);
  EXPECT_THAT(findings->matches[0].found_by, HasSubstr("descriptor"));
  ASSERT_TRUE(findings->matches[0].descriptor.has_value());
  EXPECT_EQ(findings->matches[0].descriptor_view.kind, ViewKind::kWhole);
  EXPECT_GT(findings->views, 1);
  std::vector<std::string> names;
  for (const SearchStep& step : findings->steps) names.push_back(step.name);
  EXPECT_THAT(names, testing::IsSupersetOf({"pdq", "local", "descriptor whole", "verification"}));

  DetectorOptions without;
  without.use_descriptor = false;
  const auto plain =
      (*CopyDetector::Open(root_ / "library", without, {}))->Find(TestPicture(4, 320, 240), 320, 240);
  EXPECT_EQ(plain->views, 0);
  EXPECT_FALSE(plain->matches.at(0).descriptor.has_value());
}

}  // namespace
}  // namespace kantei::copy
