#include "kantei/generate/prompt_words.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace kantei::generate {
namespace {

using testing::ElementsAre;

/// Letters are tokens of their own here: "a fox" has four.
PromptWords Words(const std::string& prompt, int length = 16, std::size_t chunks = 1) {
  const ClipTokenizer tokenizer = ClipTokenizer::MakeBytes(length);
  return FindContentWords(tokenizer, prompt, chunks * static_cast<std::size_t>(length)).value();
}

std::vector<std::size_t> Set(const std::vector<float>& places) {
  std::vector<std::size_t> set;
  for (std::size_t i = 0; i < places.size(); ++i)
    if (places[i] != 0) set.push_back(i);
  return set;
}

TEST(PromptWords, LeavesOutStopWordsAndMarks) {
  const PromptWords words = Words("a fox, of sea");
  EXPECT_THAT(words.words, ElementsAre("fox", "sea"));
  // begin a f o x , o f s e a end
  EXPECT_THAT(Set(words.content), ElementsAre(2, 3, 4, 8, 9, 10));
  EXPECT_THAT(Set(words.informed), ElementsAre(2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15));
}

TEST(PromptWords, StopWordsCountWhereThereIsNothingElse) {
  EXPECT_THAT(Words("of the").words, ElementsAre("of", "the"));
  EXPECT_TRUE(Words("").empty());
  EXPECT_TRUE(Words("...").empty());
  EXPECT_THAT(Set(Words("").informed), ElementsAre());
}

TEST(PromptWords, OtherScriptsAreWords) {
  EXPECT_EQ(Words("犬").words.size(), 1u);
  EXPECT_THAT(Set(Words("犬").content), ElementsAre(1, 2, 3));  // its bytes
}

TEST(PromptWords, LongPromptsGoOnInTheNextChunk) {
  // Chunks of six: four tokens between begin and end.
  const PromptWords words = Words("the foxes", 6, 2);
  EXPECT_THAT(words.words, ElementsAre("foxes"));
  EXPECT_THAT(Set(words.content), ElementsAre(4, 7, 8, 9, 10));
  EXPECT_THAT(Set(words.informed), ElementsAre(4, 5, 7, 8, 9, 10, 11));
  // A word that does not fit any more is no word of the picture.
  EXPECT_TRUE(Words("the foxes", 6, 1).empty());
  EXPECT_THAT(Set(Words("fox", 6, 3).informed), ElementsAre(1, 2, 3, 4, 5));  // the empty chunks know nothing
}

}  // namespace
}  // namespace kantei::generate
