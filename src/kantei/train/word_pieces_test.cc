#include "kantei/train/word_pieces.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "kantei/base/json.h"

namespace kantei::train {
namespace {

using testing::Contains;
using testing::Not;
using testing::Pair;

TEST(WordPieces, WordsBecomeTokens) {
  const WordPieces pieces = LearnWordPieces({"a Red fox", "red  snow 42", "fox-hound 猫"}, 4096);
  for (const char* word : {"red</w>", "fox</w>", "snow</w>", "hound</w>", "a</w>", "4</w>"})
    EXPECT_THAT(pieces.tokens, Contains(word));
  EXPECT_THAT(pieces.tokens, Not(Contains("42</w>")));  // digits stand alone
  EXPECT_EQ(pieces.tokens.back(), "<|endoftext|>");
  EXPECT_EQ(std::set(pieces.tokens.begin(), pieces.tokens.end()).size(), pieces.tokens.size());
  EXPECT_EQ(pieces.tokens[0], "!");
  EXPECT_EQ(pieces.tokens[256], "!</w>");
}

TEST(WordPieces, TheMostFrequentPairIsMergedFirst) {
  const WordPieces pieces = LearnWordPieces({"abab abab", "ab", "cd"}, 4096);
  // "ab" inside a word is seen twice, "a b</w>" three times.
  EXPECT_THAT(pieces.merges.front(), Pair("a", "b</w>"));
}

TEST(WordPieces, StopsAtTheLimitAndIsWrittenAsFiles) {
  const std::vector<std::string> captions{"alpha beta gamma delta epsilon"};
  const WordPieces few = LearnWordPieces(captions, 520);
  EXPECT_EQ(few.tokens.size(), 520u);
  EXPECT_EQ(few.merges.size(), 6u);
  EXPECT_EQ(LearnWordPieces(captions, 514).merges.size(), 0u);
  const auto vocabulary = ParseJson(few.VocabJson(), "vocab.json");
  ASSERT_TRUE(vocabulary.ok());
  EXPECT_EQ(vocabulary->size(), 520u);
  EXPECT_EQ((*vocabulary)["<|startoftext|>"], 518);
  const std::string merges = few.MergesText();
  EXPECT_EQ(std::count(merges.begin(), merges.end(), '\n'), 7);
}

}  // namespace
}  // namespace kantei::train
