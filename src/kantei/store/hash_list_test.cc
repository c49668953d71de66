#include "kantei/store/hash_list.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace kantei::store {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

const std::string kA = "f8f8f0cee0f4a84f06370a22038f63f0b36e2ed596621e1d33e6b39c4e9c9b22";
const std::string kB = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

HashList Parse(const std::string& csv) {
  auto list = ParseHashList(csv);
  EXPECT_TRUE(list.ok()) << (list.ok() ? "" : list.error().message);
  return list.ok() ? *list : HashList{};
}

TEST(HashList, ReadsThreatExchangeDatasetCsv) {
  const HashList list =
      Parse("collab,signal_type,signal_str,category,tags\r\nSample Signals,pdq," + kA +
            ",WORTH_INVESTIGATING,\r\nSample Signals,pdq," + kB + ",NEGATIVE_CLASS,tag_a tag_b\r\n");
  ASSERT_EQ(list.rows.size(), 2u);
  EXPECT_THAT(list.problems, IsEmpty());
  EXPECT_EQ(list.rows[0].pdq.ToHex(), kA);
  EXPECT_EQ(list.rows[0].label, "");
  EXPECT_EQ(list.rows[0].quality, 100);
  EXPECT_EQ(list.rows[1].label, "tag_a tag_b");
}

TEST(HashList, ReadsNamedColumnsInAnyOrder) {
  const HashList list =
      Parse("\xEF\xBB\xBF# shared with us\n Quality , Label,ID,INDICATOR,indicator_type\n87,cats,x-1," + kA +
            ",HASH_PDQ\n,dogs,x-2," + kB + ",pdq\n");
  ASSERT_EQ(list.rows.size(), 2u);
  EXPECT_EQ(list.rows[0].quality, 87);
  EXPECT_EQ(list.rows[0].label, "cats");
  EXPECT_EQ(list.rows[0].source_id, "x-1");
  EXPECT_EQ(list.rows[1].quality, 100);
  EXPECT_EQ(list.rows[1].pdq.ToHex(), kB);
}

TEST(HashList, ReadsPathAndHashHeader) {
  const HashList list =
      Parse("FilePath,Hash\n../a/b.jpg," + kA + "\n../c.mp4,0a21c8f85a55a9e276ffc2c53f6887c4\n");
  ASSERT_EQ(list.rows.size(), 1u);
  EXPECT_EQ(list.rows[0].source_id, "../a/b.jpg");
  EXPECT_THAT(list.problems, ElementsAre(HasSubstr("line 3: ")));
}

TEST(HashList, ReadsHeaderlessForms) {
  EXPECT_EQ(Parse(kA).rows.at(0).pdq.ToHex(), kA);
  EXPECT_EQ(Parse(kA + ",42\n").rows.at(0).quality, 42);
  const HashListRow reference = Parse(kA + ",99,dir/a picture.jpg\n").rows.at(0);
  EXPECT_EQ(reference.quality, 99);
  EXPECT_EQ(reference.source_id, "dir/a picture.jpg");
  const HashListRow sample = Parse(kA + ",2880742865368386,2020-07-31T18:47:52+0000,one two\n").rows.at(0);
  EXPECT_EQ(sample.quality, 100);
  EXPECT_EQ(sample.source_id, "2880742865368386");
  EXPECT_EQ(sample.label, "one two");
  EXPECT_EQ(Parse("pdq," + kA + ",one,two\n").rows.at(0).label, "one two");
  const HashListRow cache =
      Parse("2718543894913670," + kA + ",3104082029674934,2020-07-31T18:47:52+0000,tag\n").rows.at(0);
  EXPECT_EQ(cache.source_id, "2718543894913670");
  EXPECT_EQ(cache.label, "tag");
}

TEST(HashList, UpperCaseHashesAreTheSame) {
  std::string upper = kA;
  for (char& c : upper) c = static_cast<char>(std::toupper(c));
  EXPECT_EQ(Parse(upper).rows.at(0).pdq, Parse(kA).rows.at(0).pdq);
}

TEST(HashList, ReadsQuotedFields) {
  const HashList list =
      Parse("hash,label,id\n\"" + kA + "\",\"a \"\"b\"\", c\nsecond line\",7\n" + kB + ",x,8\n" + "bad,,\n");
  ASSERT_EQ(list.rows.size(), 2u);
  EXPECT_EQ(list.rows[0].label, "a \"b\", c\nsecond line");
  EXPECT_EQ(list.rows[1].source_id, "8");
  EXPECT_THAT(list.problems,
              ElementsAre(HasSubstr("line 5: 'bad' is not a PDQ hash")));  // lines inside quotes count
}

TEST(HashList, NamesSkippedLinesAndGoesOn) {
  const HashList list = Parse("md5,0a21c8f85a55a9e276ffc2c53f6887c4,x\r\n\r\n" + kA + "\r\nvideo_md5," + kB +
                              "\r\n" + kA + "0\r\n\"open," + kA + "\r\npdq," + kB + "\r\n");
  ASSERT_EQ(list.rows.size(), 2u);
  EXPECT_THAT(list.problems, ElementsAre(HasSubstr("line 1: the signal type 'md5'"),
                                         HasSubstr("line 4: the signal type 'video_md5'"),
                                         HasSubstr("line 5: "), HasSubstr("line 6: a quotation mark")));
  const HashList quality =
      Parse("hash,quality\n" + kA + ",101\n" + kA + ",-1\n" + kA + ",high\n" + kA + ",0\n");
  EXPECT_EQ(quality.rows.size(), 1u);
  EXPECT_EQ(quality.problems.size(), 3u);
}

TEST(HashList, WithoutAUsableLineItIsCorrupt) {
  for (const std::string& text : {std::string(), std::string("hash,quality\n"), std::string("# only talk\n"),
                                  std::string("\xFF\xFE\0\0binary\0", 11), std::string("a,b,c\nd\n")}) {
    const auto list = ParseHashList(text);
    ASSERT_FALSE(list.ok());
    EXPECT_EQ(list.error().code, ErrorCode::kCorrupt);
  }
}

TEST(HashList, ProblemsAreBounded) {
  std::string csv = kA + "\n";
  for (int i = 0; i < 5000; ++i) csv += "nonsense\n";
  const HashList list = Parse(csv);
  EXPECT_EQ(list.problems.size(), 1001u);
  EXPECT_THAT(list.problems.back(), HasSubstr("4000 more lines"));
}

TEST(HashList, RoundTrips) {
  std::vector<HashListRow> rows(5);
  for (HashListRow& row : rows) row.pdq = Code256::FromHex(kA).value();
  rows[1] = {Code256::FromHex(kB).value(), 0, "plain words", "id 1"};
  rows[2].label = "comma, \"quote\" and\nline";
  rows[2].source_id = "  blanks at the edges ";
  rows[3].label = "# looks like a comment";
  rows[4].source_id = "\xE7\x8C\xAB.jpg";
  rows[4].quality = 55;
  const std::string csv = FormatHashList(rows);
  EXPECT_TRUE(csv.starts_with("collab,signal_type,signal_str,category,tags,"));
  const HashList list = Parse(csv);
  EXPECT_THAT(list.problems, IsEmpty());
  ASSERT_EQ(list.rows.size(), rows.size());
  for (std::size_t i = 0; i < rows.size(); ++i) {
    EXPECT_EQ(list.rows[i].pdq, rows[i].pdq);
    EXPECT_EQ(list.rows[i].quality, rows[i].quality);
    EXPECT_EQ(list.rows[i].label, rows[i].label);
    EXPECT_EQ(list.rows[i].source_id, rows[i].source_id);
  }
}

}  // namespace
}  // namespace kantei::store
