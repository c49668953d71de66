#include "kantei/inspect/trace_words.h"

#include <gtest/gtest.h>

#include <set>

namespace kantei::inspect {
namespace {

using authenticity::Trace;
using authenticity::TraceObstacle;

TEST(TraceWordsTest, EveryKindSpeaksBothLanguagesAndNamesNoCertainty) {
  std::set<std::string> names, sentences;
  for (const authenticity::TraceKind kind : authenticity::kTraceKinds) {
    Trace trace;
    trace.kind = kind;
    trace.applicable = true;
    for (const double rate : {0.01, 0.5}) {
      trace.false_alarms = {rate, rate};
      const Text sentence = TraceSentence(trace);
      EXPECT_TRUE(sentences.insert(sentence.en).second) << sentence.en;
      EXPECT_TRUE(sentences.insert(sentence.ja).second) << sentence.ja;
      for (const char* word : {"proves", "certain", "definitely", "forged", "fake"})
        EXPECT_EQ(sentence.en.find(word), std::string::npos) << sentence.en;
    }
    EXPECT_TRUE(names.insert(TraceName(kind).en).second);
    EXPECT_FALSE(TraceName(kind).ja.empty());
  }
}

TEST(TraceWordsTest, TheWorseOfBothRatesDecides) {
  Trace trace;
  trace.kind = authenticity::TraceKind::kNoise;
  trace.applicable = true;
  trace.false_alarms = {0.01, 0.02};
  EXPECT_EQ(TraceSentence(trace).en, "Noise in the marked region differs from its surroundings.");
  EXPECT_EQ(TraceRateSentence(trace).en,
            "About 1% of authentic photos and 2% of authentic drawn pictures show as much.");
  trace.false_alarms.drawn = 0.2;
  EXPECT_NE(TraceSentence(trace).en, "Noise in the marked region differs from its surroundings.");
}

TEST(TraceWordsTest, ObstaclesAreSaid) {
  std::set<std::string> sentences;
  for (const TraceObstacle obstacle :
       {TraceObstacle::kTooSmall, TraceObstacle::kFlat, TraceObstacle::kNoGrid}) {
    Trace trace;
    trace.obstacle = obstacle;
    EXPECT_EQ(TraceSentence(trace).en.find("Not looked for"), 0u);
    sentences.insert(TraceSentence(trace).ja);
  }
  EXPECT_EQ(sentences.size(), 3u);
}

}  // namespace
}  // namespace kantei::inspect
