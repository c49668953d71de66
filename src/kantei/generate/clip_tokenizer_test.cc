#include "kantei/generate/clip_tokenizer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <string>

#include "kantei/base/files.h"

namespace kantei::generate {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

ClipVocabulary Small() {
  ClipVocabulary vocabulary;
  vocabulary.words = {"!",  "a",      "b",       "a</w>",           "b</w>",
                      "ab", "ab</w>", "aab</w>", "<|startoftext|>", "<|endoftext|>"};
  vocabulary.merges = {{"a", "b</w>"}, {"a", "b"}, {"a", "ab</w>"}};
  return vocabulary;
}

class ClipTokenizerTest : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::temp_directory_path() / ("kantei-tokenizer-" + std::to_string(getpid()));
    fs::create_directories(folder_);
  }
  void TearDown() override { fs::remove_all(folder_); }
  void Put(const std::string& name, const std::string& text) {
    ASSERT_TRUE(WriteFileAtomic(folder_ / name, std::string_view(text)).ok());
  }
  std::string Failure() {
    const auto opened = ClipTokenizer::Open(folder_);
    EXPECT_FALSE(opened.ok());
    return opened.ok() ? "" : opened.error().message;
  }
  fs::path folder_;
};

TEST_F(ClipTokenizerTest, MergesInTheirOrder) {
  const ClipTokenizer tokenizer = ClipTokenizer::Make(Small()).value();
  EXPECT_THAT(tokenizer.Tokens("ab").value(), ElementsAre(6));
  EXPECT_THAT(tokenizer.Tokens("AAB").value(), ElementsAre(7));
  EXPECT_THAT(tokenizer.Tokens("aba").value(), ElementsAre(5, 3));
  EXPECT_THAT(tokenizer.Tokens("  b \t a ").value(), ElementsAre(4, 3));
  EXPECT_THAT(tokenizer.Tokens("c").value(), ElementsAre(9));  // no such word: unknown
  EXPECT_TRUE(tokenizer.Tokens("").value().empty());
  EXPECT_THAT(tokenizer.Tokens("a<|endoftext|>b").value(), ElementsAre(3, 9, 4));
}

TEST_F(ClipTokenizerTest, ChunksBeginEndAndArePadded) {
  const ClipTokenizer tokenizer = ClipTokenizer::Make(Small(), 5).value();
  EncodedPrompt prompt = tokenizer.Encode("a").value();
  ASSERT_EQ(prompt.chunks.size(), 1u);
  EXPECT_THAT(prompt.chunks[0], ElementsAre(8, 3, 9, 9, 9));
  EXPECT_FALSE(prompt.shortened);
  EXPECT_THAT(tokenizer.PaddedWith(0).Encode("a").value().chunks[0], ElementsAre(8, 3, 9, 0, 0));
  prompt = tokenizer.Encode("a b a b").value();
  EXPECT_THAT(prompt.chunks[0], ElementsAre(8, 3, 4, 3, 9));
  EXPECT_TRUE(prompt.shortened);
  EXPECT_EQ(prompt.tokens, 4);
  prompt = tokenizer.Encode("a b a b", 3).value();
  ASSERT_EQ(prompt.chunks.size(), 2u);
  EXPECT_THAT(prompt.chunks[1], ElementsAre(8, 4, 9, 9, 9));
  EXPECT_FALSE(prompt.shortened);
}

TEST_F(ClipTokenizerTest, BytesTakeAnything) {
  const ClipTokenizer tokenizer = ClipTokenizer::MakeBytes();
  EXPECT_EQ(tokenizer.size(), 514);
  EXPECT_THAT(tokenizer.Tokens("Hi").value(), ElementsAre('h', 256 + 'i'));
  EXPECT_THAT(tokenizer.Tokens("鑑").value(), ElementsAre(0xE9, 0x91, 256 + 0x91));
  std::string hostile = "\xff\xfe\xc0\x80\xed\xa0\x80\xf5\x80\x80\x80\xe3\x81";
  hostile.push_back('\0');
  EXPECT_FALSE(tokenizer.Tokens(hostile).value().empty());
  EXPECT_EQ(tokenizer.Tokens(std::string(ClipTokenizer::kMaxPromptBytes, 'x')).value().size(),
            ClipTokenizer::kMaxPromptBytes);
  const auto refused = tokenizer.Tokens(std::string(ClipTokenizer::kMaxPromptBytes + 1, 'x'));
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, ErrorCode::kTooLarge);
}

TEST_F(ClipTokenizerTest, LongWordsOfOneLetterAreQuick) {
  ClipVocabulary vocabulary = Small();
  std::string word = "a";
  for (int i = 0; i < 12; ++i) {
    vocabulary.merges.emplace_back(word, word);
    vocabulary.words.push_back(word += word);
  }
  const ClipTokenizer tokenizer = ClipTokenizer::Make(vocabulary).value();
  EXPECT_EQ(tokenizer.Tokens(std::string(1 << 16, 'a')).value().size(), 16u + 12u);
}

TEST_F(ClipTokenizerTest, SavedFilesAreReadBack) {
  ClipVocabulary vocabulary = Small();
  vocabulary.pad = "!";
  const ClipTokenizer tokenizer = ClipTokenizer::Make(vocabulary, 9).value();
  ASSERT_TRUE(tokenizer.Save(folder_).ok());
  const auto opened = ClipTokenizer::Open(folder_);
  ASSERT_TRUE(opened.ok()) << opened.error().message;
  EXPECT_EQ(opened->vocabulary().words, vocabulary.words);
  EXPECT_EQ(opened->vocabulary().merges, vocabulary.merges);
  EXPECT_EQ(opened->length(), 9);
  EXPECT_EQ(opened->pad(), 0);
  EXPECT_EQ(opened->begin(), 8);
}

TEST_F(ClipTokenizerTest, OneFileInPlaceOfTwo) {
  Put("tokenizer.json",
      R"({"model": {"type": "BPE", "vocab": {"a": 0, "b</w>": 1, "ab</w>": 2, "<|startoftext|>": 3, "<|endoftext|>": 4},
                            "merges": [["a", "b</w>"]]}})");
  Put("special_tokens_map.json", R"({"pad_token": {"content": "a", "lstrip": false}})");
  Put("tokenizer_config.json",
      R"({"pad_token": "<|endoftext|>", "model_max_length": 1000000000000000019884624838656})");
  const auto opened = ClipTokenizer::Open(folder_);
  ASSERT_TRUE(opened.ok()) << opened.error().message;
  EXPECT_EQ(opened->length(), 77);
  EXPECT_EQ(opened->pad(), 0);
  EXPECT_EQ(opened->vocabulary().merges.size(), 1u);
}

TEST_F(ClipTokenizerTest, WrongFilesAreNamed) {
  EXPECT_THAT(Failure(), HasSubstr("vocab.json and merges.txt"));
  const std::string good = R"({"a": 0, "b</w>": 1, "ab</w>": 2, "<|startoftext|>": 3, "<|endoftext|>": 4})";
  Put("merges.txt", "#version: 0.2\na b</w>\n");
  Put("vocab.json", good);
  EXPECT_TRUE(ClipTokenizer::Open(folder_).ok());
  for (const char* vocabulary : {"[]", "{}", "{\"a\": -1}", "{\"a\": 4000000000}", "{\"a\": 0, \"b\": 0}",
                                 "{\"a\": \"0\"}", "{", "{\"a\": 1.5}", "{\"\": 0}"}) {
    Put("vocab.json", vocabulary);
    EXPECT_THAT(Failure(), HasSubstr("vocab.json")) << vocabulary;
  }
  Put("vocab.json", R"({"a": 0})");
  EXPECT_THAT(Failure(), HasSubstr("<|startoftext|> is not in its vocabulary"));
  Put("vocab.json", good);
  for (const char* merges : {"a  b</w>\n", "a\n", " a b\n", "a b c\n", "a \n"}) {
    Put("merges.txt", merges);
    EXPECT_THAT(Failure(), HasSubstr("merges.txt")) << merges;
  }
  Put("merges.txt", "a x\n");
  EXPECT_THAT(Failure(), HasSubstr("(a x)"));
}

}  // namespace
}  // namespace kantei::generate
