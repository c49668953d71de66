// What the tests of the catalogue share.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "kantei/base/random.h"
#include "kantei/base/sha256.h"
#include "kantei/store/catalog.h"

namespace kantei::store {

struct Entry {
  Picture picture;
  PictureBlobs blobs;
};

/// The n-th of endlessly many different pictures; the same at every call.
inline Entry MakeEntry(std::uint64_t n, const std::string& bank = "deny") {
  Random random(n + 1);
  Entry entry;
  Picture& picture = entry.picture;
  picture.bank = bank;
  picture.path = "/pictures/" + std::to_string(n) + ".jpg";
  picture.sha256 = Sha256Hex("picture " + std::to_string(n));
  picture.label = "label " + std::to_string(n);
  picture.owner = n % 2 == 0 ? "even" : "odd";
  picture.source = "source";
  picture.notes = "notes";
  picture.width = 640 + static_cast<int>(n % 100);
  picture.height = 480;
  picture.file_bytes = 123'456;
  for (auto& word : picture.pdq.words) word = random.Next();
  picture.pdq_quality = static_cast<int>(n % 101);
  picture.has_features = true;
  const auto fill = [&](Bytes* bytes, std::size_t size) {
    for (std::size_t i = 0; i < size; ++i) bytes->push_back(static_cast<std::byte>(random.Next()));
  };
  fill(&entry.blobs.features, 3000 + n % 7);
  fill(&entry.blobs.postings, 160);
  fill(&entry.blobs.preview, 500);
  return entry;
}

inline Picture MakeBareHash(std::uint64_t n, const std::string& bank = "deny") {
  Picture picture;
  picture.bank = bank;
  picture.pdq = MakeEntry(n).picture.pdq;
  picture.pdq_quality = 100;
  return picture;
}

class CatalogFixture : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = (std::filesystem::temp_directory_path() / "kantei_catalog_XXXXXX").string();
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    root_ = name;
    library_ = root_ / "library";
  }
  void TearDown() override { std::filesystem::remove_all(root_); }

  std::unique_ptr<Catalog> OpenOrDie(OpenMode mode) {
    auto catalog = Catalog::Open(library_, mode);
    EXPECT_TRUE(catalog.ok()) << catalog.error().message;
    return std::move(catalog).value();
  }
  /// A closed library with pictures 0 .. count - 1.
  void MakeLibrary(std::uint64_t count) {
    const auto catalog = OpenOrDie(OpenMode::kCreate);
    ASSERT_TRUE(catalog->Begin().ok());
    for (std::uint64_t n = 0; n < count; ++n) {
      const Entry entry = MakeEntry(n);
      ASSERT_TRUE(catalog->Add(entry.picture, entry.blobs).ok());
    }
    ASSERT_TRUE(catalog->Commit().ok());
  }
  static std::vector<std::int64_t> Ids(Catalog* catalog, const PictureFilter& filter = {}) {
    std::vector<std::int64_t> ids;
    const Status listed = catalog->List(filter, [&](const Picture& picture) {
      ids.push_back(picture.picture_id);
      return true;
    });
    EXPECT_TRUE(listed.ok()) << listed.error().message;
    return ids;
  }

  std::filesystem::path root_, library_;
};

}  // namespace kantei::store
