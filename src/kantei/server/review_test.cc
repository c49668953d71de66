// What people decide about cases.
#include <gmock/gmock.h>

#include <algorithm>
#include <chrono>
#include <thread>

#include "kantei/base/sha256.h"
#include "kantei/server/test_server.h"
#include "kantei/server/thresholds.h"

namespace kantei::server {
namespace {

using testing::HasSubstr;

Json DecideAs(Caller& caller, std::int64_t id, const std::string& verdict,
              const std::string& reason = "seen") {
  return Parsed(caller.Post("/api/v1/review/decisions",
                            {{"inspection_ids", {id}}, {"verdict", verdict}, {"reason", reason}}));
}

/// Waits for a job; true when it is done.
bool Finishes(Caller& caller, std::int64_t job_id) {
  for (int i = 0; i < 600; ++i) {
    const Json job = Parsed(caller.Get("/api/v1/jobs/" + std::to_string(job_id)));
    if (job["state"] != "queued" && job["state"] != "running") return job["state"] == "done";
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
  }
  return false;
}

TEST(Review, AQueueIsDecidedUndoneAndFiled) {
  const TestServer test;
  Caller reviewer = test.As("reviewer");
  const std::int64_t copy = test.Inspect(reviewer, 1)["inspection"]["inspection_id"].get<std::int64_t>();
  const std::int64_t other = test.Inspect(reviewer, 77)["inspection"]["inspection_id"].get<std::int64_t>();
  const Json queue = Parsed(reviewer.Get("/api/v1/review/queue"));
  ASSERT_EQ(queue["items"][0]["inspection_id"], copy) << "the strongest evidence comes first";
  EXPECT_EQ(queue["items"][0]["band"], "strong");
  EXPECT_EQ(queue["items"][0]["top_match"]["label"], "known-1");
  EXPECT_EQ(queue["counts"]["open"], queue["items"].size());

  EXPECT_EQ(DecideAs(reviewer, copy, "confirm")["items"][0]["state"], "confirmed");
  const Json again = DecideAs(reviewer, copy, "dismiss");
  EXPECT_EQ(again["items"].size(), 0u);
  EXPECT_EQ(again["failures"][0]["code"], "conflict");
  Caller second = test.As("second");
  EXPECT_EQ(Parsed(second.Post("/api/v1/review/undo", {{"inspection_ids", {copy}}}))["failures"][0]["code"],
            "forbidden");
  EXPECT_EQ(Parsed(reviewer.Post("/api/v1/review/undo", {{"inspection_ids", {copy}}}))["items"][0]["state"],
            "open");
  EXPECT_EQ(DecideAs(second, copy, "dismiss", "<b>licensed</b>")["items"][0]["state"], "dismissed");
  EXPECT_EQ(
      Parsed(reviewer.Post("/api/v1/review/undo", {{"inspection_ids", {other}}}))["failures"][0]["code"],
      "conflict");

  const Json note = Parsed(reviewer.Post("/api/v1/review/notes",
                                         {{"inspection_id", copy}, {"text", "<script>alert(1)</script>"}}));
  EXPECT_EQ(note["text"], "<script>alert(1)</script>");
  const ClientResponse filed =
      reviewer.Post("/api/v1/inspections/" + std::to_string(copy) + "/case-files", {{"language", "ja"}});
  ASSERT_EQ(filed.status, 201) << filed.body;
  const Json file = Parsed(filed);
  const ClientResponse page = reviewer.Get(file["href"].get<std::string>());
  EXPECT_EQ(page.status, 200);
  EXPECT_THAT(page.Header("Content-Security-Policy"), HasSubstr("sandbox"));
  EXPECT_THAT(page.body, HasSubstr("&lt;script&gt;alert(1)"));
  EXPECT_THAT(page.body, testing::Not(HasSubstr("<script>alert")));
  EXPECT_THAT(page.body, HasSubstr("&lt;b&gt;licensed"));
  EXPECT_EQ(Sha256Hex(std::string_view(page.body)), file["sha256"]);
  const Json verified = Parsed(reviewer.Post("/api/v1/case-files/verify", {{"sha256", file["sha256"]}}));
  EXPECT_TRUE(verified["known"].get<bool>());
  EXPECT_FALSE(Parsed(reviewer.Post("/api/v1/case-files/verify", {{"sha256", std::string(64, 'a')}}))["known"]
                   .get<bool>());
  const Json detail = Parsed(reviewer.Get("/api/v1/inspections/" + std::to_string(copy)));
  ASSERT_EQ(detail["decisions"].size(), 3u) << "confirm, its undo, dismiss: nothing is lost";
  EXPECT_TRUE(detail["decisions"][0]["undone"].get<bool>());
  EXPECT_EQ(detail["decisions"][1]["kind"], "undo");
}

TEST(Review, TwoPersonsMustAgree) {
  const TestServer test;
  Caller admin = test.As("admin"), reviewer = test.As("reviewer"), second = test.As("second");
  ASSERT_EQ(
      admin.Send("PUT", "/api/v1/review/settings", {{"two_person", "confirm"}, {"reason_required", true}})
          .status,
      200);
  const std::int64_t id = test.Inspect(reviewer, 1)["inspection"]["inspection_id"].get<std::int64_t>();
  EXPECT_EQ(DecideAs(reviewer, id, "confirm", "")["failures"][0]["code"], "invalid_argument");
  EXPECT_EQ(DecideAs(reviewer, id, "confirm")["items"][0]["state"], "pending_second");
  EXPECT_EQ(DecideAs(reviewer, id, "confirm")["failures"][0]["code"], "forbidden") << "not the same person";
  EXPECT_EQ(DecideAs(second, id, "confirm")["items"][0]["state"], "confirmed");
  const std::int64_t disputed = test.Inspect(reviewer, 2)["inspection"]["inspection_id"].get<std::int64_t>();
  DecideAs(reviewer, disputed, "confirm");
  EXPECT_EQ(DecideAs(second, disputed, "dismiss")["items"][0]["state"], "escalated");
  const std::int64_t plain = test.Inspect(reviewer, 3)["inspection"]["inspection_id"].get<std::int64_t>();
  EXPECT_EQ(DecideAs(reviewer, plain, "dismiss")["items"][0]["state"], "dismissed")
      << "only confirming needs two";
}

TEST(Review, ARerunNeverOverwritesWhatPeopleDecided) {
  const TestServer test;
  Caller admin = test.As("admin"), reviewer = test.As("reviewer");
  const Json before = test.Inspect(reviewer, 1);
  const std::int64_t id = before["inspection"]["inspection_id"].get<std::int64_t>();
  const std::string path = "/api/v1/inspections/" + std::to_string(id);
  DecideAs(reviewer, id, "confirm");
  ASSERT_EQ(reviewer.Send("PATCH", path, {{"labels", {"shop", "may"}}}).status, 200);
  ASSERT_EQ(admin.Post("/api/v1/library/pictures/remove", {{"picture_ids", {1}}}).status, 200);
  ASSERT_TRUE(test.server->app().engine->Refresh().ok());
  const ClientResponse rerun = reviewer.Post(path + "/rerun");
  ASSERT_EQ(rerun.status, 202);
  ASSERT_TRUE(Finishes(reviewer, Parsed(rerun)["job_id"].get<std::int64_t>()));
  const Json after = Parsed(reviewer.Get(path));
  EXPECT_EQ(after["inspection"]["state"], "confirmed");
  EXPECT_EQ(after["inspection"]["labels"].size(), 2u);
  EXPECT_EQ(after["inspection"]["runs"], 2);
  EXPECT_EQ(after["runs"][0]["band"], "strong");
  EXPECT_NE(after["inspection"]["band"], "strong") << "the known picture is gone";
  EXPECT_TRUE(after["inspection"]["changed_since_decision"].get<bool>());
  EXPECT_EQ(after["decisions"].size(), 1u);
}

TEST(Review, AFalseAlarmIsSilencedByTheIgnoreBank) {
  const TestServer test;
  Caller reviewer = test.As("reviewer");
  const std::int64_t id = test.Inspect(reviewer, 1)["inspection"]["inspection_id"].get<std::int64_t>();
  const ClientResponse ignored =
      reviewer.Post("/api/v1/inspections/" + std::to_string(id) + "/ignore", {{"label", "template"}});
  ASSERT_EQ(ignored.status, 201) << ignored.body;
  EXPECT_EQ(Parsed(ignored)["bank_kind"], "ignore");
  EXPECT_EQ(reviewer.Post("/api/v1/inspections/" + std::to_string(id) + "/ignore", {{"bank", "deny"}}).status,
            400);
  ASSERT_TRUE(test.server->app().engine->Refresh().ok());
  const Json found = Parsed(reviewer.Upload("/api/v1/search", {{"picture", "again.jpg", JpegOf(1)}}));
  EXPECT_EQ(found["matches"].size(), 0u);
  EXPECT_GE(found["silenced"].size(), 1u);
  EXPECT_EQ(reviewer
                .Post("/api/v1/inspections/" + std::to_string(id) + "/ignore",
                      {{"region", {0, 0, 100'000, 100'000}}})
                .status,
            400);
}

TEST(Review, ALaterKnownPictureIsFoundInEarlierInspections) {
  const TestServer test;
  Caller reviewer = test.As("reviewer");
  const std::int64_t id = test.Inspect(reviewer, 42)["inspection"]["inspection_id"].get<std::int64_t>();
  const ClientResponse added = reviewer.Upload("/api/v1/library/pictures",
                                               {{"picture", "new.jpg", JpegOf(42)}, {"label", "", "later"}});
  ASSERT_EQ(added.status, 200) << added.body;
  ASSERT_EQ(Parsed(added)["added"], 1) << added.body;
  Json matches;
  for (int i = 0; i < 300; ++i) {
    matches = Parsed(reviewer.Get("/api/v1/library/retroactive?seen=false"))["items"];
    if (!matches.empty()) break;
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
  }
  ASSERT_EQ(matches.size(), 1u);
  EXPECT_EQ(matches[0]["inspection_id"], id);
  EXPECT_EQ(matches[0]["label"], "later");
  EXPECT_EQ(Parsed(reviewer.Get("/api/v1/inspections/" + std::to_string(id)))["inspection"]["flagged"], true);
  EXPECT_EQ(Parsed(reviewer.Post("/api/v1/library/retroactive/seen",
                                 {{"retroactive_ids", {matches[0]["retroactive_id"]}}}))["changed"],
            1);
  EXPECT_TRUE(Parsed(reviewer.Get("/api/v1/library/retroactive?seen=false"))["items"].empty());
}

TEST(Review, AssignmentAndFilters) {
  const TestServer test;
  Caller reviewer = test.As("reviewer"), viewer = test.As("viewer");
  const std::int64_t id =
      test.Inspect(reviewer, 1, "poster.jpg")["inspection"]["inspection_id"].get<std::int64_t>();
  test.Inspect(reviewer, 2, "other.jpg");
  const std::int64_t me = Parsed(reviewer.Get("/api/v1/session"))["user"]["user_id"].get<std::int64_t>();
  const std::int64_t not_able = Parsed(viewer.Get("/api/v1/session"))["user"]["user_id"].get<std::int64_t>();
  const auto assign = [&](const Json& user) {
    return reviewer.Send("PUT", "/api/v1/review/assignments", {{"inspection_ids", {id}}, {"user_id", user}});
  };
  EXPECT_EQ(assign(not_able).status, 400);
  EXPECT_EQ(Parsed(assign(me))["items"][0]["assignee"]["name"], "reviewer");
  const auto count = [&](const std::string& query) {
    return Parsed(reviewer.Get("/api/v1/inspections?" + query))["items"].size();
  };
  EXPECT_EQ(count("assignee=me"), 1u);
  EXPECT_EQ(count("assignee=none"), 1u);
  EXPECT_EQ(count("text=POSTER"), 1u);
  EXPECT_EQ(count("state=open,confirmed"), 2u);
  EXPECT_EQ(count("band=strong"), 2u);
  EXPECT_EQ(count("from=2999-01-01"), 0u);
  EXPECT_EQ(reviewer.Get("/api/v1/inspections?band=red").status, 400);
  EXPECT_EQ(reviewer.Get("/api/v1/inspections?state=red").status, 400);
  EXPECT_EQ(reviewer.Get("/api/v1/inspections?cursor=x").status, 400);
  EXPECT_EQ(reviewer.Get("/api/v1/inspections?limit=0").status, 400);
  const Json page = Parsed(reviewer.Get("/api/v1/inspections?limit=1"));
  ASSERT_FALSE(page["next"].is_null());
  const Json rest =
      Parsed(reviewer.Get("/api/v1/inspections?limit=1&cursor=" + page["next"].get<std::string>()));
  EXPECT_NE(rest["items"][0]["inspection_id"], page["items"][0]["inspection_id"]);
  EXPECT_TRUE(rest["next"].is_null());
}

TEST(Thresholds, CountWhatEachWouldBring) {
  const std::vector<store::ReviewedScore> reviewed = {
      {0.9, true}, {0.8, true}, {0.8, false}, {0.2, false}, {0.1, true}};
  const std::vector<double> all = {0.0, 0.1, 0.2, 0.8, 0.8, 0.9, 0.95, 0.99, 0.05, 0.05};
  std::vector<double> sorted = all;
  std::sort(sorted.begin(), sorted.end());
  const auto points = ThresholdCurve(reviewed, sorted, 200);
  ASSERT_EQ(points.size(), 4u);
  EXPECT_DOUBLE_EQ(points[2].threshold, 0.8);
  EXPECT_DOUBLE_EQ(*points[2].precision, 2.0 / 3);
  EXPECT_DOUBLE_EQ(*points[2].recall, 2.0 / 3);
  EXPECT_DOUBLE_EQ(points[2].per_1000, 500);
  EXPECT_EQ(points[3].confirmed, 1);
  EXPECT_EQ(points[3].dismissed, 0);
  EXPECT_EQ(ThresholdCurve(reviewed, sorted, 2).size(), 2u);
  EXPECT_TRUE(ThresholdCurve({}, sorted, 200).empty());
  EXPECT_FALSE(ThresholdCurve({{0.5, false}}, sorted, 200)[0].recall) << "nothing to find: no recall";
}

TEST(Thresholds, ASavedOneBringsPicturesIntoTheQueue) {
  const TestServer test;
  Caller admin = test.As("admin");
  const std::int64_t id = test.Inspect(admin, 55)["inspection"]["inspection_id"].get<std::int64_t>();
  const auto queued = [&] {
    const Json queue = Parsed(admin.Get("/api/v1/review/queue"));
    for (const Json& item : queue["items"])
      if (item["inspection_id"] == id) return true;
    return false;
  };
  ASSERT_FALSE(queued());
  ASSERT_EQ(admin
                .Send("PUT", "/api/v1/thresholds/profile",
                      {{"copy", 0.0}, {"ai_made", nullptr}, {"edited", nullptr}})
                .status,
            200);
  EXPECT_TRUE(queued());
  EXPECT_EQ(Parsed(admin.Get("/api/v1/thresholds/profile"))["saved_by"]["name"], "admin");
  ASSERT_EQ(admin
                .Send("PUT", "/api/v1/thresholds/profile",
                      {{"copy", nullptr}, {"ai_made", nullptr}, {"edited", nullptr}})
                .status,
            200);
  EXPECT_FALSE(queued());
  EXPECT_EQ(
      admin
          .Send("PUT", "/api/v1/thresholds/profile", {{"copy", 2}, {"ai_made", nullptr}, {"edited", nullptr}})
          .status,
      400);
  DecideAs(admin, id, "dismiss");
  const Json curve = Parsed(admin.Get("/api/v1/thresholds?score=copy"));
  EXPECT_EQ(curve["dismissed"], 1);
  EXPECT_EQ(curve["points"].size(), 1u);
  EXPECT_EQ(admin.Get("/api/v1/thresholds?score=beauty").status, 400);
}

}  // namespace
}  // namespace kantei::server
