#include "kantei/store/catalog_state.h"
#include "kantei/store/catalog_test_util.h"

namespace kantei::store {
namespace {

class CatalogDescriptorsTest : public CatalogFixture {
 protected:
  static Bytes Vectors(int seed) { return Bytes(16, static_cast<std::byte>(seed)); }
  std::vector<std::int64_t> Scan(Catalog* catalog, const std::string& model, std::int64_t after = 0) {
    std::vector<std::int64_t> ids;
    EXPECT_TRUE(catalog
                    ->ScanDescriptors(model, after,
                                      [&](Catalog::DescriptorRow&& row) {
                                        ids.push_back(row.picture_id);
                                        return true;
                                      })
                    .ok());
    return ids;
  }
};

TEST_F(CatalogDescriptorsTest, AreKeptPerPictureAndNetwork) {
  MakeLibrary(4);
  const auto catalog = OpenOrDie(OpenMode::kReadWrite);
  EXPECT_EQ(catalog->WithoutDescriptor("a", 0, 10).value(), (std::vector<std::int64_t>{1, 2, 3, 4}));
  ASSERT_TRUE(catalog->PutDescriptor(1, "a", Vectors(1)).ok());
  ASSERT_TRUE(catalog->PutDescriptor(3, "a", Vectors(3)).ok());
  ASSERT_TRUE(catalog->PutDescriptor(4, "a", {}).ok());
  EXPECT_EQ(catalog->GetDescriptor(3, "a").value(), Vectors(3));
  EXPECT_EQ(catalog->GetDescriptor(4, "a").value(), Bytes());  // looked at, has none
  EXPECT_EQ(catalog->GetDescriptor(2, "a").value(), std::nullopt);
  EXPECT_EQ(catalog->GetDescriptor(3, "b").value(), std::nullopt);
  EXPECT_EQ(catalog->WithoutDescriptor("a", 0, 10).value(), (std::vector<std::int64_t>{2}));
  EXPECT_EQ(Scan(catalog.get(), "a"), (std::vector<std::int64_t>{1, 3, 4}));
  EXPECT_EQ(Scan(catalog.get(), "a", 1), (std::vector<std::int64_t>{3, 4}));
  EXPECT_EQ(catalog->CountDescriptors("a").value(), 3);
  EXPECT_EQ(catalog->CountDescriptors("b").value(), 0);
  EXPECT_EQ(catalog->PutDescriptor(99, "a", Vectors(1)).error().code, ErrorCode::kNotFound);
}

TEST_F(CatalogDescriptorsTest, AnotherNetworkReplacesOneByOne) {
  MakeLibrary(3);
  const auto catalog = OpenOrDie(OpenMode::kReadWrite);
  for (int id = 1; id <= 3; ++id) ASSERT_TRUE(catalog->PutDescriptor(id, "old", Vectors(id)).ok());
  ASSERT_TRUE(catalog->PutDescriptor(2, "new", Vectors(9)).ok());
  EXPECT_EQ(Scan(catalog.get(), "old"), (std::vector<std::int64_t>{1, 3}));
  EXPECT_EQ(Scan(catalog.get(), "new"), (std::vector<std::int64_t>{2}));
  EXPECT_EQ(catalog->WithoutDescriptor("new", 0, 1).value(), (std::vector<std::int64_t>{1}));
  EXPECT_EQ(catalog->WithoutDescriptor("new", 1, 5).value(), (std::vector<std::int64_t>{3}));
}

TEST_F(CatalogDescriptorsTest, GoWithTheirPictureAndWithTheBatch) {
  MakeLibrary(2);
  const auto catalog = OpenOrDie(OpenMode::kReadWrite);
  ASSERT_TRUE(catalog->PutDescriptor(1, "a", Vectors(1)).ok());
  ASSERT_TRUE(catalog->Remove(1).ok());
  EXPECT_EQ(catalog->CountDescriptors("a").value(), 0);
  ASSERT_TRUE(catalog->Begin().ok());
  ASSERT_TRUE(catalog->PutDescriptor(2, "a", Vectors(2)).ok());
  ASSERT_TRUE(catalog->Rollback().ok());
  EXPECT_EQ(catalog->GetDescriptor(2, "a").value(), std::nullopt);
}

TEST_F(CatalogDescriptorsTest, ALibraryOfVersionOneIsReadAndThenUpgraded) {
  MakeLibrary(2);
  {
    auto database = Database::Open(library_ / "catalog.sqlite", Database::Access::kWrite);
    ASSERT_TRUE(database.ok());
    ASSERT_TRUE(
        (*database)
            ->Execute("DROP TABLE descriptors; DROP TABLE descriptor_models; PRAGMA user_version = 1; "
                      "PRAGMA wal_checkpoint(TRUNCATE)")
            .ok());
  }
  {
    const auto reader = OpenOrDie(OpenMode::kReadOnly);
    EXPECT_EQ(Scan(reader.get(), "a"), std::vector<std::int64_t>());
    EXPECT_EQ(reader->GetDescriptor(1, "a").value(), std::nullopt);
    EXPECT_EQ(reader->WithoutDescriptor("a", 0, 9).value(), (std::vector<std::int64_t>{1, 2}));
    EXPECT_EQ(reader->CountDescriptors("a").value(), 0);
  }
  const auto writer = OpenOrDie(OpenMode::kReadWrite);
  ASSERT_TRUE(writer->PutDescriptor(1, "a", Vectors(7)).ok());
  EXPECT_EQ(writer->GetDescriptor(1, "a").value(), Vectors(7));
  EXPECT_EQ(writer->Get(2)->path, "/pictures/1.jpg");
}

}  // namespace
}  // namespace kantei::store
