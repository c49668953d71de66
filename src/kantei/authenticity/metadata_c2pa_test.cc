#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "kantei/authenticity/metadata.h"
#include "kantei/authenticity/metadata_internal.h"
#include "kantei/authenticity/metadata_test_util.h"
#include "kantei/base/json.h"

namespace kantei::authenticity {
namespace {

using test::CborAssertion;
using test::Claim;
using test::IsoBox;
using test::Manifest;
using test::Store;
using test::Superbox;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

const std::string kTypes = "http://cv.iptc.org/newscodes/digitalsourcetype/";

C2paSummary Read(const std::string& store) {
  const auto summary = origin::ReadC2pa(std::as_bytes(std::span(store)));
  EXPECT_TRUE(summary.has_value());
  return summary.value_or(C2paSummary{});
}

Json Actions(const std::string& action, const std::string& type) {
  Json one = {{"action", action}};
  if (!type.empty()) one["digitalSourceType"] = kTypes + type;
  return {{"actions", Json::array({one})}};
}

TEST(MetadataC2pa, ClaimActionsAndSourceType) {
  const C2paSummary summary = Read(test::FireflyStore());
  EXPECT_EQ(summary.manifests, 1);
  EXPECT_EQ(summary.active_manifest, "urn:uuid:0b5f6b9c");
  EXPECT_EQ(summary.claim_generator, "Adobe_Firefly/1.0 c2pa-rs/0.25.2");
  EXPECT_EQ(summary.title, "Generated image");
  EXPECT_EQ(summary.format, "image/jpeg");
  EXPECT_THAT(summary.actions, ElementsAre("c2pa.created"));
  EXPECT_THAT(summary.software_agents, ElementsAre("Adobe Firefly"));
  EXPECT_THAT(summary.digital_source_types, ElementsAre("trainedAlgorithmicMedia"));
  EXPECT_FALSE(summary.signature_checked);
  EXPECT_EQ(summary.problem, "");
}

TEST(MetadataC2pa, VersionTwoClaimAndActions) {
  const Json claim = {{"claim_generator_info", {{"name", "ChatGPT"}, {"version", "2"}}},
                      {"signature", "self#jumbf=x"}};
  const Json actions = {{"actions", Json::array({{{"action", "c2pa.created"},
                                                  {"softwareAgent", {{"name", "GPT-4o"}}},
                                                  {"digitalSourceType", kTypes + "trainedAlgorithmicMedia"}},
                                                 {{"action", "c2pa.converted"}}})},
                        {"softwareAgents", Json::array({{{"name", "OpenAI API"}}})}};
  const C2paSummary summary = Read(Store(
      Manifest("urn:c2pa:1", Claim(claim, "c2pa.claim.v2"), CborAssertion("c2pa.actions.v2", actions))));
  EXPECT_EQ(summary.claim_generator, "ChatGPT 2");
  EXPECT_THAT(summary.actions, ElementsAre("c2pa.created", "c2pa.converted"));
  EXPECT_THAT(summary.software_agents, ElementsAre("GPT-4o", "OpenAI API"));
  EXPECT_EQ(summary.problem, "");
}

TEST(MetadataC2pa, TheLastManifestIsActiveAndASilentOneTakesItsParents) {
  const Json claim = {{"claim_generator", "one"}, {"signature", "s"}},
             second = {{"claim_generator", "two"}, {"signature", "s"}};
  const std::string made =
      Manifest("urn:a", Claim(claim),
               CborAssertion("c2pa.actions", Actions("c2pa.created", "trainedAlgorithmicMedia")));
  const auto opened = [&](const std::string& relationship, const std::string& own_type) {
    const Json ingredient = {{"relationship", relationship},
                             {"c2pa_manifest", {{"url", "self#jumbf=/c2pa/urn:a"}}}};
    return Manifest("urn:b", Claim(second),
                    CborAssertion("c2pa.actions", Actions("c2pa.opened", own_type)) +
                        CborAssertion("c2pa.ingredient__1", ingredient));
  };
  C2paSummary summary = Read(Store(made + opened("parentOf", "")));
  EXPECT_EQ(summary.manifests, 2);
  EXPECT_EQ(summary.active_manifest, "urn:b");
  EXPECT_EQ(summary.claim_generator, "two");
  EXPECT_THAT(summary.actions, ElementsAre("c2pa.opened"));
  EXPECT_THAT(summary.digital_source_types, ElementsAre("trainedAlgorithmicMedia"));
  // A placed component says nothing about the whole, and an own statement stands before the parent's.
  EXPECT_THAT(Read(Store(made + opened("componentOf", ""))).digital_source_types, IsEmpty());
  EXPECT_THAT(Read(Store(made + opened("parentOf", "digitalCapture"))).digital_source_types,
              ElementsAre("digitalCapture"));
}

TEST(MetadataC2pa, ManifestsThatNameEachOtherAsParentEnd) {
  const Json claim = {{"signature", "s"}};
  const auto manifest = [&](const std::string& label, const std::string& parent) {
    const Json ingredient = {{"relationship", "parentOf"},
                             {"activeManifest", {{"url", "self#jumbf=/c2pa/" + parent}}}};
    return Manifest(label, Claim(claim), CborAssertion("c2pa.ingredient.v3", ingredient));
  };
  EXPECT_EQ(Read(Store(manifest("urn:a", "urn:b") + manifest("urn:b", "urn:a"))).manifests, 2);
}

TEST(MetadataC2pa, JsonAssertionsAndTags) {
  const std::string iptc = Superbox("json", "stds.iptc",
                                    IsoBox("json", R"({"@context": {}, "Iptc4xmpExt:DigitalSourceType": ")" +
                                                       kTypes + R"(compositeSynthetic"})"));
  // {"action": ..., "when": 0("2024-01-01T00:00:00Z")}: dates carry CBOR tag 0.
  const std::string when = std::string("\xA1\x67") + "actions" + "\x81\xA2\x66" + "action\x6B" +
                           "c2pa.edited" + "\x64when\xC0\x74" + "2024-01-01T00:00:00Z";
  const std::string dated = Superbox("cbor", "c2pa.actions", IsoBox("cbor", when));
  const C2paSummary summary =
      Read(Store(Manifest("m", Claim({{"claim_generator", "x"}, {"signature", "s"}}), iptc + dated)));
  EXPECT_THAT(summary.digital_source_types, ElementsAre("compositeSynthetic"));
  EXPECT_THAT(summary.actions, ElementsAre("c2pa.edited"));
  EXPECT_EQ(summary.problem, "");
}

TEST(MetadataC2pa, PartsThatCannotBeReadAreNamed) {
  const std::string bad = Superbox("cbor", "c2pa.actions", IsoBox("cbor", "\xFF"));
  const C2paSummary damaged =
      Read(Store(Manifest("m", Claim({{"claim_generator", "x"}, {"signature", "s"}}), bad)));
  EXPECT_EQ(damaged.claim_generator, "x");
  EXPECT_THAT(damaged.problem, HasSubstr("c2pa.actions"));
  EXPECT_THAT(Read(Store("")).problem, HasSubstr("no manifest"));
  EXPECT_THAT(Read(Store(Superbox("c2ma", "m", ""))).problem, HasSubstr("no claim"));
  EXPECT_THAT(Read(Store(Superbox("c2cm", "m", IsoBox("brob", "xx")))).problem, HasSubstr("compressed"));
  const std::string store = test::FireflyStore();
  EXPECT_THAT(Read(store.substr(0, store.size() - 60)).problem, Not(IsEmpty()));
  const std::string other = Superbox("abcd", "other", "");
  EXPECT_FALSE(origin::ReadC2pa(std::as_bytes(std::span(other))).has_value());
}

TEST(MetadataC2pa, JpegSegmentsMayComeInAnyOrderButNotWithAGap) {
  const std::string store = test::FireflyStore();
  const auto segment = [&](std::uint64_t sequence, std::size_t from, std::size_t count) {
    return test::Segment(
        0xEB, "JP" + test::Be(7, 2) + test::Be(sequence, 4) + store.substr(0, 8) + store.substr(from, count));
  };
  const std::size_t half = store.size() / 2;
  const Metadata joined = ReadMetadata(
      test::ToBytes(test::Jpeg(segment(2, half, store.size()) + segment(1, 8, half - 8))), nullptr);
  ASSERT_TRUE(joined.c2pa.has_value());
  EXPECT_EQ(joined.c2pa->problem, "");
  EXPECT_EQ(joined.c2pa->manifests, 1);
  const Metadata gap = ReadMetadata(
      test::ToBytes(test::Jpeg(segment(3, half, store.size()) + segment(1, 8, half - 8))), nullptr);
  EXPECT_THAT(gap.problems, ::testing::Contains(HasSubstr("JUMBF segments")));
}

TEST(MetadataCbor, ValuesOfEveryKind) {
  const auto parse = [](const std::string& bytes) { return ParseCbor(bytes, "test"); };
  const Json value = {{"a", 1},       {"b", -500},          {"c", 1.5},
                      {"d", nullptr}, {"e", {true, false}}, {"f", {{"g", "text"}}},
                      {"h", 1e300}};
  EXPECT_EQ(*parse(test::Cbor(value)), value);
  EXPECT_EQ(*parse(std::string("\xD8\x20\xC1\x05", 4)), Json(5));             // tags fall away
  EXPECT_EQ(*parse("\xBF\x61k\x7F\x61x\x61y\xFF\xFF"), Json({{"k", "xy"}}));  // indefinite map and text
  EXPECT_EQ(*parse(std::string("\xA2\x01\x02\x20\x03", 5)), Json({{"1", 2}, {"-1", 3}}));  // COSE keys
  EXPECT_EQ(*parse(std::string("\xF9\x3C\x00", 3)), Json(1.0));                            // half precision
  EXPECT_EQ(*parse(std::string("\xF9\xC4\x00", 3)), Json(-4.0));
  EXPECT_EQ(*parse("\xF7"), Json(nullptr));
  EXPECT_EQ(parse(std::string("\x43\x01\x02\x03", 4))->get_binary().size(), 3u);
}

TEST(MetadataCbor, HostileInputIsRefused) {
  const auto code = [](const std::string& bytes) { return ParseCbor(bytes, "test").error().code; };
  EXPECT_EQ(code(""), ErrorCode::kCorrupt);
  EXPECT_EQ(code(std::string("\x01\x01", 2)), ErrorCode::kCorrupt);              // something follows
  EXPECT_EQ(code("\x5B\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF"), ErrorCode::kCorrupt);  // 2^64-1 bytes
  EXPECT_EQ(code("\x9B\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF"), ErrorCode::kCorrupt);  // 2^64-1 items
  EXPECT_EQ(code("\xBB\x7F\xFF\xFF\xFF\xFF\xFF\xFF\xFF"), ErrorCode::kCorrupt);  // 2^63-1 pairs
  EXPECT_EQ(code("\xA2\x61k\x01\x61k\x02"), ErrorCode::kCorrupt);                // a key twice
  EXPECT_EQ(code("\xFF"), ErrorCode::kCorrupt);
  EXPECT_EQ(code("\x1C"), ErrorCode::kCorrupt);
  EXPECT_EQ(code(std::string(100'000, '\xC6')), ErrorCode::kCorrupt);  // tags of tags of tags
  EXPECT_EQ(code(std::string(100'000, '\x7F')), ErrorCode::kCorrupt);
  EXPECT_EQ(code(std::string(100'000, '\x81')), ErrorCode::kTooLarge);
  EXPECT_EQ(code(std::string("\x9F") + std::string(1'000'001, '\x01') + "\xFF"), ErrorCode::kTooLarge);
}

}  // namespace
}  // namespace kantei::authenticity
