// The same ids as transformers' CLIPTokenizer; data/clip_tokenizer is made by make_clip_tokenizer.py.
#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <vector>

#include "kantei/base/files.h"
#include "kantei/base/json.h"
#include "kantei/generate/clip_tokenizer.h"

namespace kantei::generate {
namespace {

TEST(ClipTokenizerGolden, SameIdsAsTransformers) {
  const std::filesystem::path folder =
      std::filesystem::path(KANTEI_SOURCE_DIR) / "tests" / "golden" / "data" / "clip_tokenizer";
  const auto opened = ClipTokenizer::Open(folder);
  ASSERT_TRUE(opened.ok()) << opened.error().message;
  const Json expected =
      ParseJson(ReadTextFile(folder / "expected.json", 1 << 20).value(), "expected.json").value();
  ASSERT_GE(expected.size(), 24u);
  for (const Json& each : expected) {
    ClipVocabulary vocabulary = opened->vocabulary();
    vocabulary.pad = each.at("pad").get<std::string>();
    const ClipTokenizer tokenizer = ClipTokenizer::Make(std::move(vocabulary)).value();
    const auto prompt = each.at("prompt").get<std::string>();
    const auto ids = each.at("ids").get<std::vector<std::int64_t>>();
    EXPECT_EQ(tokenizer.Tokens(prompt).value(), ids) << prompt;
    const EncodedPrompt encoded = tokenizer.Encode(prompt).value();
    ASSERT_EQ(encoded.chunks.size(), 1u);
    EXPECT_EQ(encoded.chunks[0], each.at("padded").get<std::vector<std::int64_t>>()) << prompt;
    EXPECT_EQ(encoded.tokens, static_cast<int>(ids.size()));
    EXPECT_EQ(encoded.shortened, ids.size() > 75) << prompt;
  }
}

}  // namespace
}  // namespace kantei::generate
