#include "kantei/store/audit_store.h"

#include <gmock/gmock.h>
#include <sqlite3.h>
#include <unistd.h>

#include <filesystem>

namespace kantei::store {
namespace {

class AuditStore : public testing::Test {
 protected:
  void SetUp() override {
    file_ =
        std::filesystem::temp_directory_path() / ("kantei-audit-" + std::to_string(::getpid()) + ".sqlite");
    Remove();
    auto database = ServerDatabase::Open(file_);
    ASSERT_TRUE(database.ok()) << database.error().message;
    for (int i = 0; i < 6; ++i) {
      AuditRow row;
      row.actor = i % 2 == 0 ? "alice" : "bob";
      row.action = "review.decide";
      row.target = "inspection:" + std::to_string(i);
      row.detail = {{"reason", "naïve <b>"}};
      ASSERT_TRUE(AuditLog(database->get()).Append(row).ok());
    }
    EXPECT_FALSE(ServerDatabase::Open(file_).ok()) << "one server at a time";
  }
  void TearDown() override { Remove(); }
  void Remove() const {
    for (const char* end : {"", "-wal", "-shm", ".lock"}) std::filesystem::remove(file_.native() + end);
  }
  int Execute(const char* sql) const {
    sqlite3* raw = nullptr;
    EXPECT_EQ(sqlite3_open(file_.c_str(), &raw), SQLITE_OK);
    const int outcome = sqlite3_exec(raw, sql, nullptr, nullptr, nullptr);
    sqlite3_close(raw);
    return outcome;
  }
  AuditVerdict Verdict() const {
    auto verdict = VerifyAuditFile(file_, CancellationToken());
    EXPECT_TRUE(verdict.ok());
    return verdict.ok() ? *verdict : AuditVerdict();
  }
  std::filesystem::path file_;
};

TEST_F(AuditStore, RefusesChangesByStatement) {
  EXPECT_FALSE(Verdict().problem);
  EXPECT_EQ(Verdict().rows, 6);
  EXPECT_NE(Execute("UPDATE audit SET actor = 'nobody' WHERE seq = 2"), SQLITE_OK);
  EXPECT_NE(Execute("DELETE FROM audit WHERE seq = 2"), SQLITE_OK);
  EXPECT_FALSE(Verdict().problem);
}

TEST_F(AuditStore, NoticesAChangedRow) {
  ASSERT_EQ(Execute("DROP TRIGGER audit_no_update; UPDATE audit SET actor = 'nobody' WHERE seq = 3"),
            SQLITE_OK);
  ASSERT_TRUE(Verdict().problem);
  EXPECT_THAT(*Verdict().problem, testing::HasSubstr("row 3"));
}

TEST_F(AuditStore, NoticesAMissingRow) {
  ASSERT_EQ(Execute("DROP TRIGGER audit_no_delete; DELETE FROM audit WHERE seq = 3"), SQLITE_OK);
  ASSERT_TRUE(Verdict().problem);
  EXPECT_THAT(*Verdict().problem, testing::HasSubstr("row 3 is missing"));
}

TEST_F(AuditStore, ACutOffEndShowsAgainstAHeadKeptElsewhere) {
  const std::string head = Verdict().head;
  EXPECT_TRUE(AuditFileHasHash(file_, head).value());
  ASSERT_EQ(Execute("DROP TRIGGER audit_no_delete; DELETE FROM audit WHERE seq > 4"), SQLITE_OK);
  EXPECT_FALSE(Verdict().problem) << "the chain alone cannot know";
  EXPECT_FALSE(AuditFileHasHash(file_, head).value());
}

TEST_F(AuditStore, ListsPages) {
  auto database = ServerDatabase::Open(file_);
  ASSERT_TRUE(database.ok());
  AuditFilter filter;
  filter.actor = "bob";
  filter.limit = 2;
  const auto rows = AuditLog(database->get()).List(filter);
  ASSERT_TRUE(rows.ok());
  ASSERT_EQ(rows->size(), 2u);
  EXPECT_EQ((*rows)[0].seq, 6);
  EXPECT_EQ((*rows)[0].detail["reason"], "naïve <b>");
  filter.before_seq = 4;
  EXPECT_EQ(AuditLog(database->get()).List(filter)->front().seq, 2);
}

}  // namespace
}  // namespace kantei::store
