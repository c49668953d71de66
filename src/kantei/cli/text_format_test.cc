#include "kantei/cli/text_format.h"

#include <gtest/gtest.h>

namespace kantei::cli {
namespace {

TEST(TerminalText, MakesControlCharactersVisible) {
  EXPECT_EQ(TerminalText("a\nb\tc\x1b[31md\x7f"), "a\\nb\\tc\\x1b[31md\\x7f");
  EXPECT_EQ(TerminalText("\xC2\x9B"), "\\x9b");  // CSI as one C1 character
  EXPECT_EQ(TerminalText("鑑定 é.jpg"), "鑑定 é.jpg");
  EXPECT_EQ(TerminalText("photo\u202Egpj.exe"), "photo\uFFFDgpj.exe");
}

TEST(CsvField, QuotesOnlyWhereItMust) {
  EXPECT_EQ(CsvField("plain"), "plain");
  EXPECT_EQ(CsvField("a,b"), "\"a,b\"");
  EXPECT_EQ(CsvField("say \"x\""), "\"say \"\"x\"\"\"");
  EXPECT_EQ(CsvField("two\nlines"), "\"two\nlines\"");
  EXPECT_EQ(CsvLine({"a", "", "b,c"}), "a,,\"b,c\"");
}

TEST(DisplayWidth, CountsWideAndCombining) {
  EXPECT_EQ(DisplayWidth("abc"), 3);
  EXPECT_EQ(DisplayWidth("鑑定"), 4);
  EXPECT_EQ(DisplayWidth("e\u0301"), 1);
  EXPECT_EQ(DisplayWidth("×…"), 2);
}

TEST(AlignColumns, LinesUpWideText) {
  EXPECT_EQ(AlignColumns({{"name", "n"}, {"鑑定鑑", "12"}}), "name    n\n鑑定鑑  12\n");
}

TEST(WrapText, BreaksAtBlanksAndIndents) {
  EXPECT_EQ(WrapText("one two three", 9, 2), "one two\n  three");
  EXPECT_EQ(WrapText("a verylongword b", 6, 2), "a\n  verylongword\n  b");
  EXPECT_EQ(WrapText("", 10, 2), "");
}

TEST(WrapText, BreaksBetweenWideCharactersButNotBeforeAFullStop) {
  EXPECT_EQ(WrapText("鑑定鑑定", 6, 2), "鑑定\n  鑑定");
  EXPECT_EQ(WrapText("鑑定。鑑", 6, 2), "鑑定。\n  鑑");
}

TEST(FixedNumber, HasAPointAndTheAskedPlaces) {
  EXPECT_EQ(FixedNumber(1234.5, 2), "1234.50");
  EXPECT_EQ(FixedNumber(-0.125, 3), "-0.125");
  EXPECT_EQ(FixedNumber(1e300, 0).size(), 301u);
}

}  // namespace
}  // namespace kantei::cli
