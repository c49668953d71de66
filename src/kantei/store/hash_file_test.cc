#include "kantei/store/hash_file.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <vector>

#include "kantei/base/random.h"

namespace kantei::store {
namespace {

class HashFileTest : public ::testing::Test {
 protected:
  void SetUp() override {
    path_ = std::filesystem::temp_directory_path() / ("kantei_hash_file." + std::to_string(::getpid()));
    Random random(1);
    for (std::int64_t id = 1; id <= 50; ++id) {
      Code256 code;
      for (auto& word : code.words) word = random.Next();
      codes_.push_back(code);
      ids_.push_back(id * 3);
    }
    ASSERT_TRUE(SaveHashFile(path_, codes_, ids_, {"0d3f-uuid", 150, 7}).ok());
  }
  void TearDown() override { std::filesystem::remove(path_); }

  std::filesystem::path path_;
  std::vector<Code256> codes_;
  std::vector<std::int64_t> ids_;
};

TEST_F(HashFileTest, GivesBackWhatWasSaved) {
  const auto file = HashFile::Open(path_);
  ASSERT_TRUE(file.ok());
  EXPECT_EQ(std::vector<Code256>(file->codes().begin(), file->codes().end()), codes_);
  EXPECT_EQ(std::vector<std::int64_t>(file->picture_ids().begin(), file->picture_ids().end()), ids_);
  EXPECT_EQ(file->checkpoint(), (Checkpoint{"0d3f-uuid", 150, 7}));
}

TEST_F(HashFileTest, AnEmptyOneIsFine) {
  ASSERT_TRUE(SaveHashFile(path_, {}, {}, {"u", 0, 0}).ok());
  const auto file = HashFile::Open(path_);
  ASSERT_TRUE(file.ok());
  EXPECT_TRUE(file->codes().empty());
}

TEST_F(HashFileTest, EveryFlippedByteOfTheBodyAndEveryCutIsNoticed) {
  const auto whole = ReadFile(path_, 1 << 20);
  ASSERT_TRUE(whole.ok());
  for (std::size_t cut = 0; cut < whole->size(); cut += 7) {
    ASSERT_TRUE(WriteFileAtomic(path_, std::span(*whole).first(cut)).ok());
    EXPECT_FALSE(HashFile::Open(path_).ok()) << cut;
  }
  for (std::size_t at = 168; at < whole->size(); at += 61) {
    Bytes changed = *whole;
    changed[at] ^= std::byte{0x10};
    ASSERT_TRUE(WriteFileAtomic(path_, changed).ok());
    EXPECT_FALSE(HashFile::Open(path_).ok()) << at;
  }
  Bytes longer = *whole;
  longer.push_back(std::byte{0});
  ASSERT_TRUE(WriteFileAtomic(path_, longer).ok());
  EXPECT_FALSE(HashFile::Open(path_).ok());
}

TEST_F(HashFileTest, UnsortedIdsAreRefused) {
  std::swap(ids_[3], ids_[4]);
  ASSERT_TRUE(SaveHashFile(path_, codes_, ids_, {"u", 150, 0}).ok());
  EXPECT_FALSE(HashFile::Open(path_).ok());
}

}  // namespace
}  // namespace kantei::store
