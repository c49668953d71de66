#include "kantei/store/catalog.h"

#include <gmock/gmock.h>

#include <fstream>

#include "kantei/store/catalog_test_util.h"

namespace kantei::store {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class CatalogTest : public CatalogFixture {};

TEST_F(CatalogTest, StartsWithThreeBanksAndAnIdentity) {
  std::string uuid;
  {
    const auto catalog = OpenOrDie(OpenMode::kCreate);
    const std::vector<Bank> banks = catalog->Banks().value();
    ASSERT_EQ(banks.size(), 3u);
    EXPECT_EQ(banks[0].name, "allow");
    EXPECT_EQ(banks[0].kind, BankKind::kAllow);
    EXPECT_EQ(banks[1].name, "deny");
    EXPECT_EQ(banks[1].kind, BankKind::kDeny);
    EXPECT_EQ(banks[2].name, "ignore");
    EXPECT_EQ(banks[2].kind, BankKind::kIgnore);
    const Checkpoint checkpoint = catalog->CurrentCheckpoint().value();
    uuid = checkpoint.catalog_uuid;
    EXPECT_THAT(uuid,
                testing::MatchesRegex("[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"));
    EXPECT_EQ(checkpoint.last_picture_id, 0);
    EXPECT_EQ(checkpoint.removals, 0);
    EXPECT_THAT(catalog->Verify({}).value(), IsEmpty());
  }
  EXPECT_EQ(OpenOrDie(OpenMode::kReadOnly)->CurrentCheckpoint().value().catalog_uuid, uuid);
  EXPECT_EQ(OpenOrDie(OpenMode::kCreate)->CurrentCheckpoint().value().catalog_uuid, uuid);
  library_ = root_ / "other";
  EXPECT_NE(OpenOrDie(OpenMode::kCreate)->CurrentCheckpoint().value().catalog_uuid, uuid);
}

TEST_F(CatalogTest, MissingLibraryIsNotFoundAndNotMade) {
  for (const OpenMode mode : {OpenMode::kReadOnly, OpenMode::kReadWrite}) {
    const auto catalog = Catalog::Open(library_, mode);
    ASSERT_FALSE(catalog.ok());
    EXPECT_EQ(catalog.error().code, ErrorCode::kNotFound);
    EXPECT_THAT(catalog.error().message, HasSubstr("library add"));
  }
  EXPECT_FALSE(std::filesystem::exists(library_));
}

TEST_F(CatalogTest, RoundTripsEveryField) {
  Entry entry = MakeEntry(7, "allow");
  entry.picture.path = std::string("/p\xFF\xFE\n'\"; DROP TABLE pictures;--/\xE7\x8C\xAB\x01.jpg");
  entry.picture.label = "\xE9\x91\x91\xE5\xAE\x9A";
  entry.picture.notes = std::string("a\0b", 3);
  entry.picture.owner = "";
  std::int64_t id = 0;
  {
    const auto catalog = OpenOrDie(OpenMode::kCreate);
    id = catalog->Add(entry.picture, entry.blobs).value();  // outside a batch: durable by itself
  }
  const auto catalog = OpenOrDie(OpenMode::kReadOnly);
  const Picture picture = catalog->Get(id).value();
  EXPECT_EQ(picture.picture_id, id);
  EXPECT_EQ(picture.bank, "allow");
  EXPECT_EQ(picture.path, entry.picture.path);
  EXPECT_EQ(picture.sha256, entry.picture.sha256);
  EXPECT_EQ(picture.label, entry.picture.label);
  EXPECT_EQ(picture.owner, "");
  EXPECT_EQ(picture.source, "source");
  EXPECT_EQ(picture.notes, entry.picture.notes);
  EXPECT_EQ(picture.width, entry.picture.width);
  EXPECT_EQ(picture.height, 480);
  EXPECT_EQ(picture.file_bytes, 123'456);
  EXPECT_THAT(picture.added_at,
              testing::MatchesRegex("20[0-9]{2}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z"));
  EXPECT_EQ(picture.pdq, entry.picture.pdq);
  EXPECT_EQ(picture.pdq_quality, entry.picture.pdq_quality);
  EXPECT_TRUE(picture.has_features);
  const PictureBlobs blobs = catalog->GetBlobs(id).value();
  EXPECT_EQ(blobs.features, entry.blobs.features);
  EXPECT_EQ(blobs.postings, entry.blobs.postings);
  EXPECT_EQ(blobs.preview, entry.blobs.preview);
  EXPECT_EQ(catalog->GetFeatures(id).value(), entry.blobs.features);
  EXPECT_EQ(catalog->GetPreview(id).value(), entry.blobs.preview);
  EXPECT_EQ(Ids(catalog.get(), {.path_prefix = "/p\xFF\xFE\n"}).size(), 1u);
  EXPECT_EQ(catalog->Get(id + 1).error().code, ErrorCode::kNotFound);
  EXPECT_EQ(catalog->GetBlobs(id + 1).error().code, ErrorCode::kNotFound);
  EXPECT_EQ(catalog->GetFeatures(id + 1).error().code, ErrorCode::kNotFound);
}

TEST_F(CatalogTest, OnePictureABank) {
  const auto catalog = OpenOrDie(OpenMode::kCreate);
  const Entry entry = MakeEntry(1);
  const std::int64_t id = catalog->Add(entry.picture, entry.blobs).value();
  const auto again = catalog->Add(entry.picture, entry.blobs);
  ASSERT_FALSE(again.ok());
  EXPECT_EQ(again.error().code, ErrorCode::kInvalidArgument);
  EXPECT_THAT(again.error().message, HasSubstr("already in the bank 'deny'"));
  Entry elsewhere = entry;
  elsewhere.picture.bank = "ignore";
  const std::int64_t other = catalog->Add(elsewhere.picture, elsewhere.blobs).value();
  EXPECT_GT(other, id);
  EXPECT_EQ(catalog->FindBySha256(entry.picture.sha256, "deny").value(), id);
  EXPECT_EQ(catalog->FindBySha256(entry.picture.sha256, "ignore").value(), other);
  EXPECT_EQ(catalog->FindBySha256(entry.picture.sha256, "allow").value(), std::nullopt);
  EXPECT_EQ(catalog->FindBySha256(entry.picture.sha256, "no such bank").value(), std::nullopt);
  EXPECT_EQ(catalog->FindBySha256("abc", "deny").error().code, ErrorCode::kInvalidArgument);

  // A bare hash with the same PDQ is another thing than the file.
  EXPECT_EQ(catalog->FindBareHash(entry.picture.pdq, "deny").value(), std::nullopt);
  const std::int64_t bare = catalog->Add(MakeBareHash(1), {}).value();
  EXPECT_EQ(catalog->FindBareHash(entry.picture.pdq, "deny").value(), bare);
  EXPECT_EQ(catalog->Add(MakeBareHash(1), {}).error().code, ErrorCode::kInvalidArgument);
  EXPECT_TRUE(catalog->Add(MakeBareHash(1, "allow"), {}).ok());
  EXPECT_EQ(catalog->Get(bare).value().sha256, "");
  EXPECT_TRUE(catalog->GetFeatures(bare).value().empty());
  EXPECT_TRUE(catalog->GetBlobs(bare).value().preview.empty());
  // Two pictures of the same PDQ but of other bytes are two files.
  Entry twin = MakeEntry(2);
  twin.picture.pdq = entry.picture.pdq;
  EXPECT_TRUE(catalog->Add(twin.picture, twin.blobs).ok());
  EXPECT_THAT(catalog->Verify({}).value(), IsEmpty());
}

TEST_F(CatalogTest, RefusesWhatMakesNoSense) {
  const auto catalog = OpenOrDie(OpenMode::kCreate);
  const Entry good = MakeEntry(1);
  const auto refused = [&](const std::function<void(Entry*)>& spoil) {
    Entry entry = good;
    spoil(&entry);
    const auto id = catalog->Add(entry.picture, entry.blobs);
    return !id.ok() && id.error().code == ErrorCode::kInvalidArgument;
  };
  EXPECT_TRUE(refused([](Entry* entry) { entry->picture.bank = "nowhere"; }));
  EXPECT_TRUE(refused([](Entry* entry) { entry->picture.sha256 = "12"; }));
  EXPECT_TRUE(refused([](Entry* entry) { entry->picture.sha256[5] = 'g'; }));
  EXPECT_TRUE(refused([](Entry* entry) { entry->picture.sha256.clear(); }));  // a bare hash has no blobs
  EXPECT_TRUE(refused([](Entry* entry) { entry->picture.path.clear(); }));
  EXPECT_TRUE(refused([](Entry* entry) { entry->picture.pdq_quality = 101; }));
  EXPECT_TRUE(refused([](Entry* entry) { entry->picture.width = -1; }));
  EXPECT_TRUE(refused([](Entry* entry) { entry->picture.has_features = false; }));
  EXPECT_TRUE(refused([](Entry* entry) { entry->blobs.features.clear(); }));
  EXPECT_EQ(catalog->Count({}).value(), 0);
  EXPECT_TRUE(catalog->Add(good.picture, good.blobs).ok());
}

TEST_F(CatalogTest, BatchesAreAllOrNothing) {
  const auto catalog = OpenOrDie(OpenMode::kCreate);
  const auto reader = OpenOrDie(OpenMode::kReadOnly);
  EXPECT_EQ(catalog->Commit().error().code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(catalog->Rollback().error().code, ErrorCode::kInvalidArgument);
  ASSERT_TRUE(catalog->Begin().ok());
  EXPECT_EQ(catalog->Begin().error().code, ErrorCode::kInvalidArgument);
  const Entry a = MakeEntry(1), b = MakeEntry(2), c = MakeEntry(3);
  ASSERT_TRUE(catalog->Add(a.picture, a.blobs).ok());
  EXPECT_FALSE(catalog->Add(a.picture, a.blobs).ok());  // a refused picture does not harm the batch
  ASSERT_TRUE(catalog->Add(b.picture, b.blobs).ok());
  EXPECT_EQ(catalog->Count({}).value(), 2);
  EXPECT_EQ(reader->Count({}).value(), 0);
  EXPECT_EQ(catalog->CurrentCheckpoint().value().last_picture_id, 0) << "nothing is committed yet";
  ASSERT_TRUE(catalog->Commit().ok());
  EXPECT_EQ(reader->Count({}).value(), 2);
  EXPECT_EQ(catalog->CurrentCheckpoint().value(), reader->CurrentCheckpoint().value());
  EXPECT_EQ(reader->CurrentCheckpoint().value().last_picture_id, 2);

  ASSERT_TRUE(catalog->Begin().ok());
  ASSERT_TRUE(catalog->Add(c.picture, c.blobs).ok());
  ASSERT_TRUE(catalog->Remove(1).ok());
  ASSERT_TRUE(catalog->EnsureBank("new", BankKind::kAllow).ok());
  ASSERT_TRUE(catalog->Rollback().ok());
  EXPECT_THAT(Ids(catalog.get()), ElementsAre(1, 2));
  EXPECT_EQ(catalog->Banks().value().size(), 3u);
  EXPECT_THAT(catalog->RemovedSince(0).value(), IsEmpty());
  ASSERT_TRUE(catalog->Begin().ok());
  ASSERT_TRUE(catalog->Add(c.picture, c.blobs).ok());
  // Closing in the middle of a batch is a rollback.
}

TEST_F(CatalogTest, AnUncommittedBatchIsGoneAfterClosing) {
  {
    const auto catalog = OpenOrDie(OpenMode::kCreate);
    ASSERT_TRUE(catalog->Begin().ok());
    const Entry entry = MakeEntry(1);
    ASSERT_TRUE(catalog->Add(entry.picture, entry.blobs).ok());
  }
  EXPECT_EQ(OpenOrDie(OpenMode::kReadOnly)->Count({}).value(), 0);
}

TEST_F(CatalogTest, ReadOnlyRefusesWrites) {
  MakeLibrary(1);
  const auto catalog = OpenOrDie(OpenMode::kReadOnly);
  const Entry entry = MakeEntry(5);
  EXPECT_EQ(catalog->Begin().error().code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(catalog->Add(entry.picture, entry.blobs).error().code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(catalog->Remove(1).error().code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(catalog->UpdateTexts(1, "", "", "", "").error().code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(catalog->EnsureBank("x", BankKind::kDeny).error().code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(catalog->SetSetting("x", "y").error().code, ErrorCode::kInvalidArgument);
}

TEST_F(CatalogTest, ListsInOrderByPagesAndFilters) {
  MakeLibrary(20);
  {
    const auto writer = OpenOrDie(OpenMode::kReadWrite);
    Entry entry = MakeEntry(100, "allow");
    entry.picture.path = "/elsewhere/100.jpg";
    ASSERT_TRUE(writer->Add(entry.picture, entry.blobs).ok());
  }
  const auto catalog = OpenOrDie(OpenMode::kReadOnly);
  EXPECT_EQ(Ids(catalog.get()).size(), 21u);
  EXPECT_TRUE(std::ranges::is_sorted(Ids(catalog.get())));
  EXPECT_THAT(Ids(catalog.get(), {.after_id = 5, .limit = 3}), ElementsAre(6, 7, 8));
  EXPECT_THAT(Ids(catalog.get(), {.bank = "allow"}), ElementsAre(21));
  EXPECT_THAT(Ids(catalog.get(), {.bank = "none"}), IsEmpty());
  EXPECT_THAT(Ids(catalog.get(), {.label = "label 3"}), ElementsAre(4));
  EXPECT_EQ(Ids(catalog.get(), {.bank = "deny", .owner = "odd"}).size(), 10u);
  EXPECT_THAT(Ids(catalog.get(), {.path_prefix = "/else"}), ElementsAre(21));
  EXPECT_EQ(Ids(catalog.get(), {.path_prefix = "/pictures/1"}).size(), 11u);
  EXPECT_THAT(Ids(catalog.get(), {.owner = "odd", .path_prefix = "/pictures/1", .after_id = 2, .limit = 2}),
              ElementsAre(12, 14));
  EXPECT_EQ(catalog->Count({}).value(), 21);
  EXPECT_EQ(catalog->Count({.bank = "deny", .owner = "odd"}).value(), 10);
  EXPECT_EQ(catalog->Count({.after_id = 5, .limit = 3}).value(), 3);
  EXPECT_EQ(catalog->Banks().value()[1].pictures, 20);

  int seen = 0;
  ASSERT_TRUE(catalog
                  ->List({},
                         [&](const Picture& picture) {
                           // Other calls, also of the same kind, are fine inside a visit.
                           EXPECT_EQ(catalog->Get(picture.picture_id).value().path, picture.path);
                           EXPECT_EQ(Ids(catalog.get(), {.limit = 2}).size(), 2u);
                           return ++seen < 4;
                         })
                  .ok());
  EXPECT_EQ(seen, 4);
}

TEST_F(CatalogTest, RemovalsAreCountedAndIdsNeverComeBack) {
  MakeLibrary(3);
  const auto catalog = OpenOrDie(OpenMode::kReadWrite);
  const Checkpoint before = catalog->CurrentCheckpoint().value();
  ASSERT_TRUE(catalog->Remove(3).ok());
  ASSERT_TRUE(catalog->Remove(1).ok());
  EXPECT_EQ(catalog->Remove(1).error().code, ErrorCode::kNotFound);
  EXPECT_EQ(catalog->Remove(99).error().code, ErrorCode::kNotFound);
  EXPECT_THAT(Ids(catalog.get()), ElementsAre(2));
  EXPECT_EQ(catalog->GetBlobs(3).error().code, ErrorCode::kNotFound);
  const Checkpoint after = catalog->CurrentCheckpoint().value();
  EXPECT_EQ(after.removals, 2);
  EXPECT_EQ(after.last_picture_id, 3) << "the highest id that was given out, even if it is gone";
  EXPECT_FALSE(before == after);
  EXPECT_THAT(catalog->RemovedSince(0).value(), ElementsAre(3, 1));
  EXPECT_THAT(catalog->RemovedSince(1).value(), ElementsAre(1));
  EXPECT_THAT(catalog->RemovedSince(2).value(), IsEmpty());
  const Entry entry = MakeEntry(2);  // picture 3 again
  EXPECT_EQ(catalog->Add(entry.picture, entry.blobs).value(), 4);
  EXPECT_THAT(catalog->Verify({}).value(), IsEmpty());
}

TEST_F(CatalogTest, ScansForTheIndexInOrder) {
  MakeLibrary(5);
  {
    const auto writer = OpenOrDie(OpenMode::kReadWrite);
    ASSERT_TRUE(writer->Add(MakeBareHash(50), {}).ok());
    ASSERT_TRUE(writer->Remove(2).ok());
  }
  const auto catalog = OpenOrDie(OpenMode::kReadOnly);
  for (const bool with_postings : {false, true}) {
    std::vector<std::int64_t> ids;
    ASSERT_TRUE(
        catalog
            ->ScanForIndex(1, with_postings,
                           [&](Catalog::IndexRow&& row) {
                             ids.push_back(row.picture_id);
                             const Entry entry = MakeEntry(
                                 row.picture_id == 6 ? 50 : static_cast<std::uint64_t>(row.picture_id - 1));
                             EXPECT_EQ(row.pdq, entry.picture.pdq);
                             EXPECT_EQ(row.postings,
                                       with_postings && row.picture_id != 6 ? entry.blobs.postings : Bytes());
                             return true;
                           })
            .ok());
    EXPECT_THAT(ids, ElementsAre(3, 4, 5, 6));
  }
}

TEST_F(CatalogTest, TextsSettingsAndBanksChange) {
  MakeLibrary(1);
  {
    const auto catalog = OpenOrDie(OpenMode::kReadWrite);
    ASSERT_TRUE(catalog->UpdateTexts(1, "l", "o", "s", "n").ok());
    EXPECT_EQ(catalog->UpdateTexts(2, "l", "o", "s", "n").error().code, ErrorCode::kNotFound);
    EXPECT_EQ(catalog->GetSetting("vocabulary").value(), std::nullopt);
    ASSERT_TRUE(catalog->SetSetting("vocabulary", "a").ok());
    ASSERT_TRUE(catalog->SetSetting("vocabulary", "b").ok());
    EXPECT_EQ(catalog->SetSetting("catalog_uuid", "mine").error().code, ErrorCode::kInvalidArgument);
    ASSERT_TRUE(catalog->EnsureBank("press", BankKind::kAllow).ok());
    ASSERT_TRUE(catalog->EnsureBank("press", BankKind::kAllow).ok());
    EXPECT_EQ(catalog->EnsureBank("press", BankKind::kDeny).error().code, ErrorCode::kInvalidArgument);
    EXPECT_EQ(catalog->EnsureBank("", BankKind::kDeny).error().code, ErrorCode::kInvalidArgument);
    const Entry entry = MakeEntry(9, "press");
    ASSERT_TRUE(catalog->Add(entry.picture, entry.blobs).ok());
  }
  const auto catalog = OpenOrDie(OpenMode::kReadOnly);
  const Picture picture = catalog->Get(1).value();
  EXPECT_EQ(picture.label + picture.owner + picture.source + picture.notes, "losn");
  EXPECT_EQ(catalog->GetSetting("vocabulary").value(), "b");
  EXPECT_EQ(catalog->Banks().value().back().name, "press");
  EXPECT_EQ(catalog->Banks().value().back().pictures, 1);
}

TEST_F(CatalogTest, BankKindsHaveNames) {
  for (const BankKind kind : {BankKind::kAllow, BankKind::kDeny, BankKind::kIgnore}) {
    EXPECT_EQ(ParseBankKind(BankKindName(kind)).value(), kind);
  }
  EXPECT_EQ(ParseBankKind("Deny").error().code, ErrorCode::kInvalidArgument);
}

}  // namespace
}  // namespace kantei::store
