#include "kantei/base/json.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>

namespace kantei {
namespace {

using testing::HasSubstr;

ErrorCode JsonFault(const std::string& text) {
  const auto json = ParseJson(text, "the input");
  if (json.ok()) {
    ADD_FAILURE() << "accepted: " << text.substr(0, 100);
    return ErrorCode::kInternal;
  }
  EXPECT_THAT(json.error().message, HasSubstr("the input"));
  return json.error().code;
}

std::string Unhex(const std::string& digits) {
  std::string bytes;
  for (std::size_t i = 0; i + 1 < digits.size(); i += 2) {
    bytes += static_cast<char>(std::stoi(digits.substr(i, 2), nullptr, 16));
  }
  return bytes;
}

std::string Cbor(const std::string& hex) {
  const auto value = ParseCbor(Unhex(hex), "the input");
  return value.ok() ? DumpJson(*value) : std::string(ErrorCodeName(value.error().code));
}

TEST(JsonTest, KeepsTheOrderOfKeysAndEveryKindOfValue) {
  const std::string text =
      R"({"z":[1,-2,2.5,1e-7,true,false,null,"\n\"é\u9451"],"a":{"":{}},"m":[],"big":18446744073709551615,)"
      R"("low":-9223372036854775808})";
  const auto json = ParseJson(text, "the input");
  ASSERT_TRUE(json.ok()) << json.error().message;
  EXPECT_EQ(DumpJson(*json),
            "{\"z\":[1,-2,2.5,1e-07,true,false,null,\"\\n\\\"é鑑\"],\"a\":{\"\":{}},\"m\":[],"
            "\"big\":18446744073709551615,\"low\":-9223372036854775808}");
  EXPECT_EQ((*json)["z"][2].get<double>(), 2.5);
  EXPECT_EQ(ParseJson(DumpJson(*json, 2), "again").value(), *json);
  for (const std::string scalar : {"3", "\"x\"", "null", "true", " [ ] "})
    EXPECT_TRUE(ParseJson(scalar, "s").ok()) << scalar;
}

TEST(JsonTest, RefusesMalformedTextWithItsPosition) {
  for (const std::string text : {"",      " ",    "{",   "[1,]",   "{\"a\":1,}",  "{\"a\"}", "{a:1}",
                                 "[1 2]", "01",   "+1",  "nul",    "NaN",         "1e999",   "\"\\x\"",
                                 "\"a",   "[1]]", "{}x", "\"\t\"", "\"\\ud800\"", "'a'",     "[1]//c"}) {
    EXPECT_EQ(JsonFault(text), ErrorCode::kCorrupt) << text;
  }
  EXPECT_EQ(JsonFault("\"\xff\""), ErrorCode::kCorrupt);
  EXPECT_EQ(JsonFault("\"\xc0\xaf\""), ErrorCode::kCorrupt);
  EXPECT_THAT(ParseJson("[1,2,x]", "f").error().message, HasSubstr("byte 6"));
}

TEST(JsonTest, AZeroByteIsNotTheEnd) {
  EXPECT_EQ(JsonFault(std::string("{}\0{}", 5)), ErrorCode::kCorrupt);
  EXPECT_EQ(JsonFault(std::string("[1]\0", 4)), ErrorCode::kCorrupt);
}

TEST(JsonTest, RefusesEqualKeysOnlyWithinOneObject) {
  EXPECT_EQ(JsonFault(R"({"a":1,"b":2,"a":1})"), ErrorCode::kCorrupt);
  EXPECT_EQ(JsonFault(R"([{"x":{"a":1,"\u0061":1}}])"), ErrorCode::kCorrupt);
  EXPECT_TRUE(ParseJson(R"({"a":{"a":{"a":1}},"b":[{"a":1},{"a":1}]})", "f").ok());
}

TEST(JsonTest, SixtyFourLevelsAreReadAndNoMore) {
  const auto nested = [](const std::string& open, const std::string& close, int levels) {
    std::string text;
    for (int i = 0; i < levels; ++i) text += open;
    text += "1";
    for (int i = 0; i < levels; ++i) text += close;
    return text;
  };
  for (const auto& [open, close] : {std::pair<std::string, std::string>{"[", "]"}, {"{\"a\":", "}"}}) {
    EXPECT_TRUE(ParseJson(nested(open, close, 64), "f").ok());
    EXPECT_EQ(JsonFault(nested(open, close, 65)), ErrorCode::kTooLarge);
    EXPECT_EQ(JsonFault(nested(open, close, 1'000'000)), ErrorCode::kTooLarge);
  }
  std::string siblings = "[";  // depth is not the count of containers
  for (int i = 0; i < 1000; ++i) siblings += "[],{},";
  EXPECT_TRUE(ParseJson(siblings + "0]", "f").ok());
}

// A builder that compares each key with all before it needs minutes for this.
TEST(JsonTest, ManyKeysAreReadInGoodTime) {
  std::string text = "{";
  for (int i = 0; i < 300'000; ++i) text += "\"key" + std::to_string(i) + "\":0,";
  const auto json = ParseJson(text + "\"last\":1}", "f");
  ASSERT_TRUE(json.ok());
  EXPECT_EQ(json->size(), 300'001u);
}

TEST(JsonTest, DumpReplacesInvalidUtf8) {
  const Json json = {{"name", "a\xff\x62"}};
  EXPECT_EQ(DumpJson(json),
            "{\"name\":\"a\xEF\xBF\xBD"
            "b\"}");
}

// Examples of RFC 8949, appendix A.
TEST(CborTest, ReadsTheExamplesOfTheStandard) {
  EXPECT_EQ(Cbor("00"), "0");
  EXPECT_EQ(Cbor("1818"), "24");
  EXPECT_EQ(Cbor("1903e8"), "1000");
  EXPECT_EQ(Cbor("1a000f4240"), "1000000");
  EXPECT_EQ(Cbor("1bffffffffffffffff"), "18446744073709551615");
  EXPECT_EQ(Cbor("20"), "-1");
  EXPECT_EQ(Cbor("3903e7"), "-1000");
  EXPECT_EQ(Cbor("3b7fffffffffffffff"), "-9223372036854775808");
  EXPECT_EQ(Cbor("f93c00"), "1.0");
  EXPECT_EQ(Cbor("f97bff"), "65504.0");
  EXPECT_EQ(Cbor("f90001"), "5.960464477539063e-08");
  EXPECT_EQ(Cbor("f9c400"), "-4.0");
  EXPECT_EQ(Cbor("fa47c35000"), "100000.0");
  EXPECT_EQ(Cbor("fb3ff199999999999a"), "1.1");
  EXPECT_EQ(Cbor("f4"), "false");
  EXPECT_EQ(Cbor("f5"), "true");
  EXPECT_EQ(Cbor("f6"), "null");
  EXPECT_EQ(Cbor("f7"), "null");
  EXPECT_EQ(Cbor("c074323031332d30332d32315432303a30343a30305a"), "\"2013-03-21T20:04:00Z\"");
  EXPECT_EQ(Cbor("6449455446"), "\"IETF\"");
  EXPECT_EQ(Cbor("80"), "[]");
  EXPECT_EQ(Cbor("8301820203820405"), "[1,[2,3],[4,5]]");
  EXPECT_EQ(Cbor("a201020304"), "{\"1\":2,\"3\":4}");
  EXPECT_EQ(Cbor("a26161016162820203"), "{\"a\":1,\"b\":[2,3]}");
  EXPECT_EQ(Cbor("7f657374726561646d696e67ff"), "\"streaming\"");
  EXPECT_EQ(Cbor("9f018202039f0405ffff"), "[1,[2,3],[4,5]]");
  EXPECT_EQ(Cbor("bf61610161629f0203ffff"), "{\"a\":1,\"b\":[2,3]}");
}

TEST(CborTest, ByteStringsStayBytes) {
  const auto value = ParseCbor(Unhex("5f42010243030405ff"), "f");
  ASSERT_TRUE(value.ok());
  ASSERT_TRUE(value->is_binary());
  EXPECT_THAT(value->get_binary(), testing::ElementsAre(1, 2, 3, 4, 5));
}

TEST(CborTest, RefusesMalformedBytes) {
  for (const std::string hex : {"",
                                "18",
                                "19ff",
                                "1c",
                                "1f",
                                "3f",
                                "61",
                                "7f61",
                                "7f6161",
                                "7f4161ff",
                                "5f6161ff",
                                "5f5f4101ffff",
                                "81",
                                "9f",
                                "9f01",
                                "a1",
                                "a16161",
                                "bf6161ff",
                                "a1f600",
                                "a1410000",
                                "a2616100616100",
                                "ff",
                                "f8",
                                "f818",
                                "fc",
                                "dfff",
                                "c0",
                                "0000",
                                "9bffffffffffffffff",
                                "bbffffffffffffffff",
                                "5bffffffffffffffff",
                                "7b7fffffffffffffff"}) {
    EXPECT_EQ(Cbor(hex), "corrupt") << hex;
  }
}

TEST(CborTest, DepthIsLimitedInEveryWayOfNesting) {
  const auto repeated = [](const std::string& unit, std::size_t count) {
    std::string hex;
    for (std::size_t i = 0; i < count; ++i) hex += unit;
    return hex;
  };
  EXPECT_EQ(Cbor(repeated("81", 64) + "00").size(), 129u);
  EXPECT_EQ(Cbor(repeated("81", 65) + "00"), "too_large");
  EXPECT_EQ(Cbor(repeated("9f", 100'000)), "too_large");
  EXPECT_EQ(Cbor(repeated("a16161", 100'000)), "too_large");
  EXPECT_EQ(Cbor(repeated("c0", 500'000) + "05"), "5");  // tags do not nest values, and may not use the stack
  EXPECT_EQ(Cbor(repeated("5f", 100'000)), "corrupt");
}

TEST(CborTest, ItemsAreLimited) {
  std::string bytes = Unhex("9a00200000") + std::string(0x200000, '\0');  // two million zeros
  EXPECT_EQ(ParseCbor(bytes, "f").error().code, ErrorCode::kTooLarge);
}

}  // namespace
}  // namespace kantei
