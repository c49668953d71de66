#include "kantei/train/word_pieces.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

namespace kantei::train {
namespace {

using testing::Contains;
using testing::Not;
using testing::Pair;

TEST(WordPieces, WordsBecomeTokens) {
  const generate::ClipVocabulary pieces =
      LearnWordPieces({"a Red fox", "red  snow 42", "fox-hound 猫"}, 4096);
  for (const char* word : {"red</w>", "fox</w>", "snow</w>", "hound</w>", "a</w>", "4</w>"})
    EXPECT_THAT(pieces.words, Contains(word));
  EXPECT_THAT(pieces.words, Not(Contains("42</w>")));  // digits stand alone
  EXPECT_EQ(pieces.words.back(), "<|endoftext|>");
  EXPECT_EQ(std::set(pieces.words.begin(), pieces.words.end()).size(), pieces.words.size());
  EXPECT_EQ(pieces.words[0], "!");
  EXPECT_EQ(pieces.words[256], "!</w>");
}

TEST(WordPieces, TheMostFrequentPairIsMergedFirst) {
  const generate::ClipVocabulary pieces = LearnWordPieces({"abab abab", "ab", "cd"}, 4096);
  // "ab" inside a word is seen twice, "a b</w>" three times.
  EXPECT_THAT(pieces.merges.front(), Pair("a", "b</w>"));
}

TEST(WordPieces, StopsAtTheLimit) {
  const std::vector<std::string> captions{"alpha beta gamma delta epsilon"};
  const generate::ClipVocabulary few = LearnWordPieces(captions, 520);
  EXPECT_EQ(few.words.size(), 520u);
  EXPECT_EQ(few.merges.size(), 6u);
  EXPECT_EQ(LearnWordPieces(captions, 514).merges.size(), 0u);
  EXPECT_EQ(few.words[518], few.begin);
}

TEST(WordPieces, TheTokenizerReadsThem) {
  const auto tokenizer = generate::ClipTokenizer::Make(LearnWordPieces({"a red fox", "red snow"}, 4096), 16);
  ASSERT_TRUE(tokenizer.ok()) << tokenizer.error().message;
  EXPECT_EQ(tokenizer->length(), 16);
  const auto fox = tokenizer->Tokens("Red fox"), unknown = tokenizer->Tokens("oxen");
  ASSERT_TRUE(fox.ok() && unknown.ok());
  EXPECT_EQ(fox->size(), 2u);
  EXPECT_GT(unknown->size(), 1u);
  EXPECT_EQ(tokenizer->vocabulary().words[static_cast<std::size_t>((*fox)[1])], "fox</w>");
}

}  // namespace
}  // namespace kantei::train
