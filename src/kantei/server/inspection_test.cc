// Pictures from outside: at once, as jobs, hostile ones, and a server that stops in between.
#include <gmock/gmock.h>

#include <chrono>
#include <set>
#include <thread>

#include "kantei/server/test_server.h"

namespace kantei::server {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

Json WaitForJob(Caller& caller, std::int64_t job_id) {
  const std::string path = "/api/v1/jobs/" + std::to_string(job_id);
  Json job;
  for (int i = 0; i < 1200; ++i) {
    job = Parsed(caller.Get(path));
    if (job["state"] != "queued" && job["state"] != "running") break;
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
  return job;
}

TEST(Inspections, OneSmallPictureIsAnsweredAtOnce) {
  const TestServer test;
  Caller reviewer = test.As("reviewer");
  const Json detail = test.Inspect(reviewer, 1, "../../<img src=x onerror=alert(1)>.jpg");
  EXPECT_EQ(detail["inspection"]["file_name"], "<img src=x onerror=alert(1)>.jpg") << "as text, in JSON";
  EXPECT_EQ(detail["result"]["schema"], "kantei.inspect/1");
  EXPECT_EQ(detail["inspection"]["band"], "strong");
  EXPECT_EQ(detail["inspection"]["bands"]["copy"], "strong");
  EXPECT_GT(detail["inspection"]["scores"]["copy"].get<double>(), 0.5);
  EXPECT_EQ(detail["inspection"]["pdq"].get<std::string>().size(), 64u);
  EXPECT_EQ(detail["inspection"]["source"], "console");
  std::set<std::string> names;
  for (const Json& artifact : detail["artifacts"]) {
    names.insert(artifact["name"].get<std::string>());
    const ClientResponse file = reviewer.Get(artifact["href"].get<std::string>());
    EXPECT_EQ(file.status, 200) << artifact["name"];
    EXPECT_EQ(file.body.size(), artifact["bytes"].get<std::size_t>()) << artifact["name"];
    EXPECT_EQ(file.Header("X-Content-Type-Options"), "nosniff");
    EXPECT_THAT(file.Header("Content-Security-Policy"), HasSubstr("default-src 'none'"));
    if (artifact["name"] == "original") {
      EXPECT_THAT(file.Header("Content-Disposition"), StartsWith("attachment"));
      EXPECT_EQ(file.Header("Content-Type"), "application/octet-stream");
    }
    if (artifact["name"] == "report-en") {
      EXPECT_THAT(file.body, testing::Not(HasSubstr("<img src=x")));
      EXPECT_THAT(file.Header("Content-Security-Policy"), HasSubstr("sandbox"));
    }
  }
  EXPECT_THAT(names, testing::IsSupersetOf({"original", "preview", "picture", "report-en", "report-ja"}));
  const std::string text = detail.dump();
  EXPECT_EQ(text.find(test.folder.path().native() + "/data"), std::string::npos)
      << "the server's own paths are nobody's business";
}

TEST(Inspections, HostilePicturesAreRefusedInOneSentence) {
  const TestServer test;
  Caller reviewer = test.As("reviewer");
  // A PNG head that claims 60,000 × 60,000 pixels.
  const std::string bomb(
      "\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\xea\x60\0\0\xea\x60\x08\x02\0\0\0\0\0\0\0\0\0\0\0IDAT\0\0\0\0", 49);
  const std::vector<std::pair<std::string, std::vector<int>>> cases = {
      {bomb, {413, 422}},
      {"GIF89a", {422}},
      {"no picture at all", {415}},
      {"<html><script>alert(1)</script></html>", {415}},
      {JpegOf(1).substr(0, 100), {422}},
      {std::string(64, '\0'), {415}}};
  for (const auto& [bytes, statuses] : cases) {
    const ClientResponse response =
        reviewer.Upload("/api/v1/inspections", {{"picture", "<b>bad</b>.png", bytes}});
    EXPECT_THAT(statuses, testing::Contains(response.status)) << response.body;
    EXPECT_EQ(response.Header("Content-Type"), "application/problem+json");
    const Json problem = Parsed(response);
    EXPECT_EQ(problem["detail"].get<std::string>().find(test.folder.path().native()), std::string::npos)
        << problem["detail"];
  }
  EXPECT_EQ(Parsed(reviewer.Get("/api/v1/inspections"))["items"].size(), 0u);
  EXPECT_TRUE(std::filesystem::is_empty(test.folder.path() / "data" / "spool")) << "nothing is left of them";
}

TEST(Inspections, UploadsKeepTheirLimits) {
  TestServer test;
  test.server.reset();
  test.options.service.upload_bytes = 100'000;
  test.options.service.request_bytes = 250'000;
  test.options.service.pictures_per_request = 2;
  test.Start();
  Caller reviewer = test.As("reviewer");
  EXPECT_EQ(reviewer.Upload("/api/v1/inspections", {{"picture", "a.jpg", std::string(100'001, 'x')}}).status,
            413);
  const std::string part(90'000, 'x');
  EXPECT_EQ(reviewer
                .Upload("/api/v1/inspections",
                        {{"picture", "a", part}, {"picture", "b", part}, {"picture", "c", part}})
                .status,
            413);
  EXPECT_EQ(reviewer
                .Upload("/api/v1/inspections",
                        {{"picture", "a", "x"}, {"picture", "b", "x"}, {"picture", "c", "x"}})
                .status,
            413);
  EXPECT_EQ(reviewer.Upload("/api/v1/inspections", {{"other", "a", "x"}}).status, 400);
  EXPECT_EQ(reviewer.Upload("/api/v1/inspections", {{"picture", "a", ""}}).status, 400);
  EXPECT_EQ(reviewer.Post("/api/v1/inspections", {{"picture", "a"}}).status, 415);
  EXPECT_EQ(reviewer.Get("/api/v1/session").status, 200);
  EXPECT_TRUE(std::filesystem::is_empty(test.folder.path() / "data" / "spool"));
}

TEST(Inspections, ManyPicturesBecomeAJob) {
  const TestServer test;
  Caller reviewer = test.As("reviewer");
  const ClientResponse queued = reviewer.Upload("/api/v1/inspections", {{"picture", "one.jpg", JpegOf(1)},
                                                                        {"picture", "bad.jpg", "rubbish"},
                                                                        {"picture", "two.jpg", JpegOf(60)},
                                                                        {"labels", "", "shop, may"}});
  ASSERT_EQ(queued.status, 202) << queued.body;
  const Json job = WaitForJob(reviewer, Parsed(queued)["job_id"].get<std::int64_t>());
  EXPECT_EQ(job["state"], "done");
  EXPECT_EQ(job["total"], 3);
  EXPECT_EQ(job["done"], 2);
  EXPECT_EQ(job["failed"], 1);
  EXPECT_EQ(job["items"][1]["state"], "failed");
  EXPECT_EQ(job["items"][1]["error"]["code"], "unsupported");
  EXPECT_FALSE(job["expires_at"].is_null());
  EXPECT_EQ(Parsed(reviewer.Get("/api/v1/inspections?label=shop"))["items"].size(), 2u);
  EXPECT_EQ(Parsed(reviewer.Get("/api/v1/jobs"))["items"][0]["job_id"], job["job_id"]);
  EXPECT_EQ(reviewer.Post("/api/v1/jobs/" + job["job_id"].dump() + "/cancel").status, 409);
}

TEST(Inspections, WhatWasAcceptedSurvivesARestartAndIsDoneOnce) {
  TestServer test;
  // No workers get a chance: the items are put into the queue of a server that has stopped working.
  Caller reviewer = test.As("reviewer");
  test.server->app().queue->Stop();
  std::vector<std::int64_t> jobs;
  for (int i = 0; i < 6; ++i) {
    const ClientResponse queued = reviewer.Upload(
        "/api/v1/inspections",
        {{"picture", "p" + std::to_string(i) + ".jpg", JpegOf(100 + static_cast<std::uint64_t>(i))},
         {"mode", "", "job"}});
    ASSERT_EQ(queued.status, 202) << queued.body;
    jobs.push_back(Parsed(queued)["job_id"].get<std::int64_t>());
  }
  test.server.reset();
  // What an interrupted upload leaves behind is swept.
  ASSERT_TRUE(
      WriteFileAtomic(test.folder.path() / "data" / "spool" / "upload-left-behind", std::string_view("x"))
          .ok());
  test.Start();
  EXPECT_FALSE(std::filesystem::exists(test.folder.path() / "data" / "spool" / "upload-left-behind"));
  Caller again = test.As("reviewer");
  for (const std::int64_t job : jobs) EXPECT_EQ(WaitForJob(again, job)["state"], "done");
  test.server.reset();
  test.Start();
  Caller third = test.As("reviewer");
  std::this_thread::sleep_for(std::chrono::milliseconds(300));
  const Json list = Parsed(third.Get("/api/v1/inspections"));
  ASSERT_EQ(list["items"].size(), jobs.size()) << "each once";
  for (const Json& item : list["items"]) EXPECT_EQ(item["runs"], 1);
  EXPECT_TRUE(std::filesystem::is_empty(test.folder.path() / "data" / "spool"));
}

TEST(Inspections, AQueueHasALimitAndJobsCanBeCancelled) {
  TestServer test;
  test.server.reset();
  test.options.service.queue_limit = 3;
  test.Start();
  Caller reviewer = test.As("reviewer"), second = test.As("second");
  test.server->app().queue->Stop();
  const auto queue = [&](int count) {
    std::vector<HttpClient::File> files = {{"mode", "", "job"}};
    for (int i = 0; i < count; ++i) files.push_back({"picture", "a.jpg", JpegOf(1, 64, 64)});
    return reviewer.Upload("/api/v1/inspections", files);
  };
  const ClientResponse first = queue(3);
  ASSERT_EQ(first.status, 202);
  const ClientResponse refused = queue(1);
  EXPECT_EQ(refused.status, 503);
  EXPECT_EQ(Parsed(refused)["code"], "queue_full");
  EXPECT_FALSE(refused.Header("Retry-After").empty());
  const std::string path = "/api/v1/jobs/" + Parsed(first)["job_id"].dump();
  EXPECT_EQ(second.Post(path + "/cancel").status, 403) << "another person's job";
  const Json cancelled = Parsed(reviewer.Post(path + "/cancel"));
  EXPECT_EQ(cancelled["state"], "cancelled");
  EXPECT_EQ(cancelled["cancelled"], 3);
  EXPECT_TRUE(std::filesystem::is_empty(test.folder.path() / "data" / "spool"));
  EXPECT_EQ(queue(3).status, 202) << "there is room again";
}

TEST(Inspections, ErasingLeavesTheRecord) {
  const TestServer test;
  Caller admin = test.As("admin"), reviewer = test.As("reviewer");
  const std::int64_t id = test.Inspect(reviewer, 1)["inspection"]["inspection_id"].get<std::int64_t>();
  const std::string path = "/api/v1/inspections/" + std::to_string(id);
  EXPECT_EQ(admin.Send("DELETE", path, Json::object()).status, 204);
  const Json detail = Parsed(reviewer.Get(path));
  EXPECT_TRUE(detail["inspection"]["erased"].get<bool>());
  EXPECT_EQ(detail["artifacts"].size(), 0u);
  EXPECT_EQ(reviewer.Get(path + "/artifacts/original").status, 404);
  EXPECT_EQ(reviewer.Post(path + "/rerun").status, 409);
  for (const auto& entry :
       std::filesystem::recursive_directory_iterator(test.folder.path() / "data" / "files"))
    EXPECT_FALSE(entry.is_regular_file()) << entry.path();
}

TEST(Tools, HashLookUpSearchCompareRealism) {
  const TestServer test;
  Caller partner = test.WithKey("viewer", {"lookup"});
  const Json hashes = Parsed(partner.Upload("/api/v1/hash", {{"picture", "a.jpg", JpegOf(2)}}));
  ASSERT_EQ(hashes["dihedral"].size(), 8u);
  const std::string pdq = hashes["pdq"].get<std::string>();
  const Json found = Parsed(partner.Get("/api/v1/lookup?pdq=" + pdq));
  ASSERT_EQ(found["matches"].size(), 1u);
  EXPECT_EQ(found["matches"][0]["label"], "known-2");
  EXPECT_LE(found["matches"][0]["pdq_distance"].get<int>(), 4);
  EXPECT_EQ(partner.Get("/api/v1/lookup?pdq=12").status, 400);
  EXPECT_EQ(partner.Get("/api/v1/lookup").status, 400);
  EXPECT_EQ(partner.Get("/api/v1/lookup?pdq=" + pdq + "&radius=65").status, 400);
  const Json many = Parsed(partner.Post("/api/v1/lookup", {{"hashes", {pdq, std::string(64, '0')}}}));
  ASSERT_EQ(many["results"].size(), 2u);
  EXPECT_EQ(many["results"][0]["matches"].size(), 1u);
  EXPECT_EQ(many["results"][1]["matches"].size(), 0u);
  const Json search = Parsed(partner.Upload("/api/v1/search", {{"picture", "a.jpg", JpegOf(3)}}));
  EXPECT_EQ(search["band"], "strong");
  EXPECT_EQ(search["matches"][0]["label"], "known-3");
  EXPECT_EQ(search["matches"][0]["path"], "known-3.jpg") << "not where it lies";
  const Json other =
      Parsed(partner.Upload("/api/v1/compare", {{"a", "a.jpg", JpegOf(9)}, {"b", "b.jpg", JpegOf(10)}}));
  EXPECT_EQ(other["band"], "none");
  const Json identical =
      Parsed(partner.Upload("/api/v1/compare", {{"a", "a.jpg", JpegOf(9)}, {"b", "b.jpg", JpegOf(9)}}));
  EXPECT_EQ(identical["band"], "strong");
  EXPECT_GE(identical["regions"].size(), 1u);
  const Json realism = Parsed(partner.Upload("/api/v1/realism", {{"picture", "a.jpg", JpegOf(9)}}));
  EXPECT_EQ(realism["measures"].size(), 5u);
  EXPECT_TRUE(realism["enlarged"].get<bool>());
  EXPECT_EQ(partner.Get("/api/v1/inspections").status, 403) << "looking up is all this key may do";
}

TEST(Library, IsReadAndChanged) {
  const TestServer test;
  Caller admin = test.As("admin"), viewer = test.As("viewer");
  const Json list = Parsed(viewer.Get("/api/v1/library/pictures?text=KNOWN-2"));
  ASSERT_EQ(list["items"].size(), 1u);
  EXPECT_EQ(list["items"][0]["path"], "") << "where it lies is told to administrators alone";
  EXPECT_EQ(list["items"][0]["file_name"], "known-2.jpg");
  EXPECT_EQ(viewer.Get("/api/v1/library/pictures/2/preview").Header("Content-Type"), "image/jpeg");
  EXPECT_EQ(Parsed(admin.Post("/api/v1/library/pictures/update",
                              {{"picture_ids", {2, 999}}, {"label", "<i>x</i>"}}))["missing"][0],
            999);
  EXPECT_EQ(Parsed(viewer.Get("/api/v1/library/pictures/2"))["label"], "<i>x</i>");
  EXPECT_EQ(admin.Post("/api/v1/library/banks", {{"name", "partner"}, {"kind", "allow"}}).status, 201);
  EXPECT_EQ(admin.Post("/api/v1/library/banks", {{"name", "partner"}, {"kind", "deny"}}).status, 409);
  const ClientResponse added =
      admin.Upload("/api/v1/library/pictures",
                   {{"picture", "../x.jpg", JpegOf(5)}, {"picture", "y.jpg", "no"}, {"bank", "", "partner"}});
  ASSERT_EQ(added.status, 200) << added.body;
  EXPECT_EQ(Parsed(added)["added"], 1);
  EXPECT_EQ(Parsed(added)["failures"][0]["file_name"], "y.jpg");
  EXPECT_EQ(
      admin.Upload("/api/v1/library/pictures", {{"picture", "x.jpg", JpegOf(5)}, {"bank", "", "nosuch"}})
          .status,
      404);
  EXPECT_THAT(admin.Get("/api/v1/library/export?bank=partner").body, HasSubstr("kantei-4"));
  EXPECT_EQ(Parsed(admin.Post("/api/v1/library/pictures/remove", {{"picture_ids", {4}}}))["changed"], 1);
  EXPECT_EQ(viewer.Get("/api/v1/library/pictures/4").status, 404);
}

}  // namespace
}  // namespace kantei::server
