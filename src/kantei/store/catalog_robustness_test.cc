// What must hold when things go wrong around the catalogue: other processes, crashes, full disks, damaged
// files.
#include <gmock/gmock.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <atomic>
#include <fstream>
#include <set>
#include <thread>

#include "kantei/store/catalog_test_util.h"
#include "kantei/store/sqlite.h"

namespace kantei::store {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class CatalogRobustnessTest : public CatalogFixture {
 protected:
  fs::path File() const { return library_ / "catalog.sqlite"; }
  void Tamper(const std::string& sql) {
    auto database = Database::Open(File(), Database::Access::kWrite);
    ASSERT_TRUE(database.ok());
    ASSERT_TRUE((*database)->Execute("PRAGMA foreign_keys = OFF").ok());
    const Status done = (*database)->Execute(sql);
    ASSERT_TRUE(done.ok()) << done.error().message;
  }
  ErrorCode OpenError(OpenMode mode) {
    const auto catalog = Catalog::Open(library_, mode);
    EXPECT_FALSE(catalog.ok());
    if (catalog.ok()) return ErrorCode::kInternal;
    EXPECT_THAT(catalog.error().message, HasSubstr("library"));
    return catalog.error().code;
  }
  /// Exit status of `body` in a child process.
  static int InChild(const std::function<int()>& body) {
    const pid_t child = ::fork();
    if (child == 0) ::_exit(body());
    int status = 0;
    ::waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
  }
};

TEST_F(CatalogRobustnessTest, OneWriterAtATime) {
  MakeLibrary(1);
  {
    const auto writer = OpenOrDie(OpenMode::kReadWrite);
    for (const OpenMode mode : {OpenMode::kReadWrite, OpenMode::kCreate}) {
      const auto second = Catalog::Open(library_, mode);
      ASSERT_FALSE(second.ok());
      EXPECT_EQ(second.error().code, ErrorCode::kUnavailable);
      EXPECT_THAT(second.error().message,
                  HasSubstr("being written by another process (" + std::to_string(::getpid()) + ")"));
    }
    EXPECT_EQ(InChild([&] { return Catalog::Open(library_, OpenMode::kReadWrite).ok() ? 1 : 0; }), 0);
    EXPECT_EQ(OpenOrDie(OpenMode::kReadOnly)->Count({}).value(), 1);
  }
  EXPECT_TRUE(Catalog::Open(library_, OpenMode::kReadWrite).ok());
}

TEST_F(CatalogRobustnessTest, ReadersSeeWholeBatchesWhileAWriterWrites) {
  MakeLibrary(4);
  std::atomic<bool> stop = false;
  std::atomic<int> reads = 0;
  std::vector<std::thread> readers;
  for (int t = 0; t < 3; ++t) {
    readers.emplace_back([&] {
      const auto catalog = OpenOrDie(OpenMode::kReadOnly);
      std::int64_t last = 0;
      while (!stop) {
        const std::int64_t count = catalog->Count({}).value();
        EXPECT_EQ(count % 4, 0) << "half a batch was seen";
        EXPECT_GE(count, last);
        last = count;
        EXPECT_EQ(catalog->GetFeatures(count).value().size(), 3000 + static_cast<std::size_t>(count - 1) % 7);
        ++reads;
      }
    });
  }
  {
    const auto writer = OpenOrDie(OpenMode::kReadWrite);
    for (std::uint64_t n = 4; n < 200;) {
      ASSERT_TRUE(writer->Begin().ok());
      for (int i = 0; i < 4; ++i, ++n) {
        const Entry entry = MakeEntry(n);
        ASSERT_TRUE(writer->Add(entry.picture, entry.blobs).ok());
      }
      ASSERT_TRUE(writer->Commit().ok());
    }
  }
  while (reads < 30) std::this_thread::yield();
  stop = true;
  for (std::thread& reader : readers) reader.join();
  EXPECT_THAT(OpenOrDie(OpenMode::kReadOnly)->Verify({}).value(), IsEmpty());
}

TEST_F(CatalogRobustnessTest, KillingTheWriterLosesNothingAndDoublesNothing) {
  constexpr std::int64_t kBatch = 4;
  Random random(42);
  std::int64_t reported = 0;  // pictures whose commit a child has told of
  std::int64_t before = 0;    // pictures there when the round begins
  for (int round = 0; round < 10; ++round) {
    int channel[2];
    ASSERT_EQ(::pipe(channel), 0);
    const pid_t child = ::fork();
    if (child == 0) {
      // As `library add` does it: skip what is there, add the rest in batches.
      auto opened = Catalog::Open(library_, OpenMode::kCreate);
      if (!opened.ok()) ::_exit(2);
      Catalog& catalog = **opened;
      std::int64_t n = 0;
      while (catalog.FindBySha256(MakeEntry(static_cast<std::uint64_t>(n)).picture.sha256, "deny").value())
        ++n;
      while (true) {
        if (!catalog.Begin().ok()) ::_exit(3);
        for (std::int64_t i = 0; i < kBatch; ++i, ++n) {
          const Entry entry = MakeEntry(static_cast<std::uint64_t>(n));
          if (!catalog.Add(entry.picture, entry.blobs).ok()) ::_exit(4);
        }
        if (!catalog.Commit().ok()) ::_exit(5);
        if (::write(channel[1], &n, sizeof n) != sizeof n) ::_exit(6);
      }
    }
    ::close(channel[1]);
    std::int64_t n = 0;
    // In every other round the child gets as far as its first commit, however slow the machine is.
    if (round % 2 == 1 && ::read(channel[0], &n, sizeof n) == sizeof n) reported = n;
    ::usleep(static_cast<useconds_t>(random.Below(80'000)));
    ASSERT_EQ(::kill(child, SIGKILL), 0);
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFSIGNALED(status)) << "the child ended by itself with " << WEXITSTATUS(status);
    while (::read(channel[0], &n, sizeof n) == sizeof n) reported = n;
    ::close(channel[0]);

    if (reported > 0) {  // a reader needs no writer to tidy up first
      EXPECT_GE(OpenOrDie(OpenMode::kReadOnly)->Count({}).value(), reported);
    }
    const auto catalog = OpenOrDie(OpenMode::kCreate);
    EXPECT_THAT(catalog->Verify({}).value(), IsEmpty());
    std::int64_t count = 0;
    ASSERT_TRUE(catalog
                    ->List({},
                           [&](const Picture& picture) {
                             const Entry entry = MakeEntry(static_cast<std::uint64_t>(count++));
                             EXPECT_EQ(picture.sha256, entry.picture.sha256) << "one is missing, or double";
                             EXPECT_EQ(catalog->GetFeatures(picture.picture_id).value(),
                                       entry.blobs.features);
                             return true;
                           })
                    .ok());
    EXPECT_EQ(count % kBatch, 0) << "half a batch";
    EXPECT_GE(count, reported);
    EXPECT_LE(count, std::max(reported, before) + kBatch);
    before = count;
    EXPECT_EQ(catalog->CurrentCheckpoint().value().last_picture_id, count);
  }
  EXPECT_GT(reported, 0) << "no child lived long enough to commit";
}

TEST_F(CatalogRobustnessTest, FullDiskIsASentenceAndLeavesTheCatalogueIntact) {
  MakeLibrary(8);
  // A limit on file sizes fails writes as a full disk does. In a child, since limits cannot be raised again.
  const int result = InChild([&] {
    ::signal(SIGXFSZ, SIG_IGN);
    const rlimit limit{600'000, 600'000};
    if (::setrlimit(RLIMIT_FSIZE, &limit) != 0) return 1;
    auto opened = Catalog::Open(library_, OpenMode::kReadWrite);
    if (!opened.ok()) return 2;
    Catalog& catalog = **opened;
    for (std::uint64_t n = 8;;) {
      if (n > 2000) return 3;
      if (!catalog.Begin().ok()) return 4;
      for (int i = 0; i < 8; ++i, ++n) {
        const Entry entry = MakeEntry(n);
        const auto id = catalog.Add(entry.picture, entry.blobs);
        if (id.ok()) continue;
        if (id.error().code != ErrorCode::kUnavailable) return 5;
        if (!id.error().message.starts_with(library_.string())) return 6;
        if (id.error().message.find("disk full") == std::string::npos) return 7;
        (void)catalog.Rollback();
        return catalog.Count({}).ok() ? 0 : 8;  // reading goes on
      }
      const Status committed = catalog.Commit();
      if (committed.ok()) continue;
      if (committed.error().code != ErrorCode::kUnavailable) return 9;
      if (committed.error().message.find("disk full") == std::string::npos) return 10;
      if (!catalog.Rollback().ok()) return 11;
      return catalog.Count({}).ok() ? 0 : 12;
    }
  });
  EXPECT_EQ(result, 0);
  const auto catalog = OpenOrDie(OpenMode::kReadWrite);
  EXPECT_THAT(catalog->Verify({}).value(), IsEmpty());
  const std::int64_t count = catalog->Count({}).value();
  EXPECT_EQ(count % 8, 0);
  EXPECT_GT(count, 8);
  const Entry next = MakeEntry(static_cast<std::uint64_t>(count));
  EXPECT_TRUE(catalog->Add(next.picture, next.blobs).ok());
}

TEST_F(CatalogRobustnessTest, ReadsInAReadOnlyDirectory) {
  MakeLibrary(3);
  ASSERT_FALSE(fs::exists(library_ / "catalog.sqlite-wal")) << "closing the last connection removes the log";
  fs::permissions(root_, fs::perms(0755));
  fs::permissions(library_, fs::perms(0555));
  fs::permissions(File(), fs::perms(0444));
  const int result = InChild([&] {
    if (::geteuid() == 0 && (::setgid(65534) != 0 || ::setuid(65534) != 0)) return 1;
    auto catalog = Catalog::Open(library_, OpenMode::kReadOnly);
    if (!catalog.ok()) return 2;
    if ((*catalog)->Count({}).value() != 3 ||
        (*catalog)->GetFeatures(2).value() != MakeEntry(1).blobs.features)
      return 3;
    if (!(*catalog)->Verify({}).value().empty()) return 4;
    const auto writer = Catalog::Open(library_, OpenMode::kReadWrite);
    return !writer.ok() && writer.error().code == ErrorCode::kUnavailable ? 0 : 5;
  });
  fs::permissions(library_, fs::perms(0755));
  EXPECT_EQ(result, 0);
}

TEST_F(CatalogRobustnessTest, ACreationThatWasCutOffIsMadeAnew) {
  fs::create_directories(library_);
  std::ofstream(File()).flush();
  EXPECT_EQ(OpenError(OpenMode::kReadOnly), ErrorCode::kNotFound);
  EXPECT_EQ(OpenError(OpenMode::kReadWrite), ErrorCode::kNotFound);
  EXPECT_EQ(OpenOrDie(OpenMode::kCreate)->Banks().value().size(), 3u);
}

TEST_F(CatalogRobustnessTest, RefusesWhatIsNotItsOwn) {
  fs::create_directories(library_);
  std::ofstream(File()) << std::string(5000, 'x');
  for (const OpenMode mode : {OpenMode::kReadOnly, OpenMode::kReadWrite, OpenMode::kCreate}) {
    EXPECT_EQ(OpenError(mode), ErrorCode::kCorrupt);
  }
  fs::remove(File());
  {
    auto database = Database::Open(File(), Database::Access::kCreate);
    ASSERT_TRUE((*database)->Execute("CREATE TABLE bookmarks (url)").ok());
  }
  EXPECT_EQ(OpenError(OpenMode::kReadOnly), ErrorCode::kCorrupt);
  EXPECT_EQ(OpenError(OpenMode::kCreate), ErrorCode::kCorrupt);
  fs::remove(File());
  fs::create_directories(File());
  EXPECT_EQ(OpenError(OpenMode::kReadOnly), ErrorCode::kCorrupt);
}

TEST_F(CatalogRobustnessTest, RefusesANewerVersion) {
  MakeLibrary(1);
  Tamper("PRAGMA user_version = 3");
  EXPECT_EQ(OpenError(OpenMode::kReadOnly), ErrorCode::kUnsupported);
  EXPECT_EQ(OpenError(OpenMode::kReadWrite), ErrorCode::kUnsupported);
  Tamper("PRAGMA user_version = 0");
  EXPECT_EQ(OpenError(OpenMode::kCreate), ErrorCode::kCorrupt);
  Tamper("PRAGMA user_version = 1; PRAGMA application_id = 7");
  EXPECT_EQ(OpenError(OpenMode::kReadOnly), ErrorCode::kCorrupt);
}

TEST_F(CatalogRobustnessTest, MissingTableIsCorrupt) {
  MakeLibrary(1);
  Tamper("DROP TABLE blobs");
  const auto catalog = OpenOrDie(OpenMode::kReadOnly);
  const auto features = catalog->GetFeatures(1);
  ASSERT_FALSE(features.ok());
  EXPECT_EQ(features.error().code, ErrorCode::kCorrupt);
  EXPECT_THAT(features.error().message, HasSubstr("catalog.sqlite"));
}

TEST_F(CatalogRobustnessTest, VerifyNamesWhatIsWrong) {
  MakeLibrary(9);
  const auto problems = [&](const std::string& sql) {
    Tamper(sql);
    return OpenOrDie(OpenMode::kReadOnly)->Verify({}).value();
  };
  EXPECT_THAT(problems(""), IsEmpty());
  EXPECT_THAT(problems("DELETE FROM blobs WHERE picture_id = 2"),
              ElementsAre(HasSubstr("picture 2 says that it has local")));
  EXPECT_THAT(problems("DELETE FROM pictures WHERE picture_id = 2"), IsEmpty());
  EXPECT_THAT(problems("UPDATE pictures SET has_features = 0 WHERE picture_id = 3"),
              ElementsAre(HasSubstr("picture 3")));
  EXPECT_THAT(problems("UPDATE pictures SET has_features = 1, bank_id = 77 WHERE picture_id = 3"),
              ElementsAre(HasSubstr("row 3 of the table pictures points to a row that is not in banks")));
  EXPECT_THAT(problems("UPDATE pictures SET bank_id = 2, path = x'' WHERE picture_id = 3"),
              ElementsAre(HasSubstr("no path")));
  EXPECT_THAT(
      problems("UPDATE pictures SET path = x'61' WHERE picture_id = 3; INSERT INTO removals VALUES (5, 4)"),
      ElementsAre(HasSubstr("picture 4"), HasSubstr("gaps")));
  EXPECT_THAT(problems("DELETE FROM removals; DELETE FROM banks WHERE name = 'ignore'"),
              ElementsAre(HasSubstr("'ignore'")));
  EXPECT_THAT(problems("INSERT INTO banks VALUES (3, 'ignore', 2); UPDATE sqlite_sequence SET seq = 8 WHERE "
                       "name = 'pictures'"),
              ElementsAre(HasSubstr("picture 9 has a higher number")));
}

TEST_F(CatalogRobustnessTest, VerifyCanBeCancelled) {
  MakeLibrary(3);
  const auto catalog = OpenOrDie(OpenMode::kReadOnly);
  const CancellationToken token;
  token.Cancel();
  EXPECT_EQ(catalog->Verify(token).error().code, ErrorCode::kCancelled);
  EXPECT_THAT(catalog->Verify({}).value(), IsEmpty());
}

TEST_F(CatalogRobustnessTest, DamagedPagesAreErrorsNotCrashes) {
  MakeLibrary(12);
  std::string good;
  {
    std::ifstream in(File(), std::ios::binary);
    good.assign(std::istreambuf_iterator<char>(in), {});
  }
  Random random(3);
  int noticed = 0;
  for (int trial = 0; trial < 60; ++trial) {
    std::string bad = good;
    if (trial % 10 == 0) {
      bad.resize(random.Below(bad.size()));
    } else {
      const std::size_t page = random.Below(bad.size() / 16384) * 16384;
      for (int k = 0; k < 40; ++k)
        bad[page + random.Below(k < 10 ? 100 : 16384)] = static_cast<char>(random.Next());
    }
    std::ofstream(File(), std::ios::binary | std::ios::trunc)
        .write(bad.data(), static_cast<std::streamsize>(bad.size()));
    bool failed = false;
    const auto check = [&](const auto& result) {
      if (result.ok()) return;
      failed = true;
      EXPECT_NE(result.error().code, ErrorCode::kInternal) << result.error().message;
      EXPECT_FALSE(result.error().message.empty());
    };
    auto catalog = Catalog::Open(library_, OpenMode::kReadOnly);
    check(catalog);
    if (catalog.ok()) {
      check((*catalog)->List({}, [](const Picture&) { return true; }));
      check((*catalog)->ScanForIndex(0, true, [](Catalog::IndexRow&&) { return true; }));
      for (int id = 1; id <= 12; ++id) check((*catalog)->GetBlobs(id));
      check((*catalog)->CurrentCheckpoint());
      const auto problems = (*catalog)->Verify({});
      check(problems);
      failed = failed || (problems.ok() && !problems->empty());
    }
    noticed += failed ? 1 : 0;
  }
  EXPECT_GT(noticed, 40) << "most damage should be seen";
}

}  // namespace
}  // namespace kantei::store
