#include "kantei/server/multipart.h"

#include <gtest/gtest.h>

#include "kantei/base/files.h"
#include "kantei/server/test_server.h"

namespace kantei::server {
namespace {

constexpr const char* kBody =
    "preamble\r\n--XyZ\r\nContent-Disposition: form-data; name=\"mode\"\r\n\r\njob\r\n"
    "--XyZ\r\ncontent-disposition: form-data; filename=\"a\\\"b.jpg\"; name=picture\r\nContent-Type: "
    "image/jpeg\r\n\r\n\r\n--Xy\r\n\x01\x02\r\n"
    "--XyZ \r\nContent-Disposition: form-data; name=\"empty\"\r\n\r\n\r\n--XyZ--\r\nepilogue";

BodyRule Rule(const std::filesystem::path& spool) {
  BodyRule rule;
  rule.multipart = true;
  rule.max_bytes = 1 << 20;
  rule.max_file_bytes = 1000;
  rule.max_files = 2;
  rule.spool = spool;
  return rule;
}

Status Read(const std::filesystem::path& spool, std::string_view body, std::size_t step,
            std::vector<Part>* parts) {
  MultipartReader reader("XyZ", Rule(spool));
  for (std::size_t at = 0; at < body.size(); at += step)
    KANTEI_RETURN_IF_ERROR(reader.Feed(body.substr(at, step)));
  KANTEI_RETURN_IF_ERROR(reader.Finish());
  *parts = reader.TakeParts();
  return {};
}

TEST(Multipart, ReadsPartsHoweverTheyArrive) {
  const TestFolder folder;
  for (const std::size_t step :
       {std::size_t{1}, std::size_t{2}, std::size_t{3}, std::size_t{7}, std::size_t{1000}}) {
    SCOPED_TRACE(step);
    std::vector<Part> parts;
    const Status read = Read(folder.path(), kBody, step, &parts);
    ASSERT_TRUE(read.ok()) << read.error().message;
    ASSERT_EQ(parts.size(), 3u);
    EXPECT_EQ(parts[0].name, "mode");
    EXPECT_EQ(parts[0].value, "job");
    EXPECT_TRUE(parts[1].is_file);
    EXPECT_EQ(parts[1].name, "picture");
    EXPECT_EQ(parts[1].file_name, "a\"b.jpg");
    const auto text = ReadTextFile(parts[1].spooled, 1000);
    ASSERT_TRUE(text.ok());
    EXPECT_EQ(*text, "\r\n--Xy\r\n\x01\x02");
    EXPECT_EQ(parts[2].value, "");
    std::filesystem::remove(parts[1].spooled);
  }
  EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
}

TEST(Multipart, RefusesWhatIsMalformedAndLeavesNoFile) {
  const TestFolder folder;
  const std::string head =
      "--XyZ\r\nContent-Disposition: form-data; name=\"picture\"; filename=\"a\"\r\n\r\n";
  const std::vector<std::string> bad = {
      "",
      "no boundary at all",
      head + "unfinished",
      head + "x\r\n--XyZrubbish\r\n",
      "--XyZ\r\nContent-Disposition: attachment; name=\"x\"\r\n\r\n\r\n--XyZ--",
      "--XyZ\r\nContent-Disposition: form-data\r\n\r\nx\r\n--XyZ--",
      "--XyZ\r\nContent-Disposition: form-data; name=\"torn\r\n\r\nx\r\n--XyZ--",
      "--XyZ\r\nno colon\r\n\r\nx\r\n--XyZ--",
      "--XyZ\r\n\r\nx\r\n--XyZ--",
      "--XyZ\r\nX: " + std::string(100'000, 'a') + "\r\n\r\nx\r\n--XyZ--",
      "--XyZ" + std::string(1000, ' ')};
  for (const std::string& body : bad) {
    SCOPED_TRACE(body.substr(0, 80));
    std::vector<Part> parts;
    EXPECT_EQ(Read(folder.path(), body, 5, &parts).ok(), false);
  }
  EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
}

TEST(Multipart, KeepsItsLimits) {
  const TestFolder folder;
  const auto file = [](std::size_t size) {
    return "--XyZ\r\nContent-Disposition: form-data; name=\"p\"; filename=\"a\"\r\n\r\n" +
           std::string(size, 'x') + "\r\n";
  };
  std::vector<Part> parts;
  const Status large = Read(folder.path(), file(1001) + "--XyZ--", 64, &parts);
  ASSERT_FALSE(large.ok());
  EXPECT_EQ(large.error().code, ErrorCode::kTooLarge);
  const Status many = Read(folder.path(), file(1) + file(1) + file(1) + "--XyZ--", 64, &parts);
  ASSERT_FALSE(many.ok());
  EXPECT_EQ(many.error().code, ErrorCode::kTooLarge);
  EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
}

TEST(Multipart, FindsTheBoundary) {
  EXPECT_EQ(MultipartBoundary("multipart/form-data; boundary=abc").value(), "abc");
  EXPECT_EQ(MultipartBoundary("multipart/form-data; charset=utf-8; Boundary=\"a b\"").value(), "a b");
  for (const char* bad :
       {"multipart/form-data", "multipart/form-data; boundary=", "multipart/form-data; boundary=\"a\r\n\""})
    EXPECT_FALSE(MultipartBoundary(bad).ok()) << bad;
  EXPECT_FALSE(MultipartBoundary("multipart/form-data; boundary=" + std::string(71, 'a')).ok());
}

TEST(SafeFileName, KeepsOnlyTheName) {
  EXPECT_EQ(SafeFileName("../../etc/passwd"), "passwd");
  EXPECT_EQ(SafeFileName("C:\\pictures\\a.jpg"), "a.jpg");
  EXPECT_EQ(SafeFileName(".."), "unnamed");
  EXPECT_EQ(SafeFileName(""), "unnamed");
  EXPECT_EQ(SafeFileName(std::string("a\0b\r\nc", 6)), "abc");
  EXPECT_EQ(SafeFileName("\xFF.jpg"), "\xEF\xBF\xBD.jpg");
  EXPECT_LE(SafeFileName(std::string(999, 'a')).size(), 200u);
}

}  // namespace
}  // namespace kantei::server
