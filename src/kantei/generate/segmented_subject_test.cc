#include "kantei/generate/segmented_subject.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace kantei::generate {
namespace {

using testing::HasSubstr;

const std::vector<std::string> kNames = {
    "wall", "person, individual, someone", "animal; fauna", "lamp", "swivel chair", "sky-other"};

/// 20 x 20: so many rows of each class, from the top.
nn::Segmentation Rows(const std::vector<int>& rows) {
  nn::Segmentation s{20, 20, {}, std::vector<double>(kNames.size())};
  for (std::size_t i = 0; i < rows.size(); ++i) {
    s.labels.insert(s.labels.end(), static_cast<std::size_t>(20 * rows[i]), static_cast<std::uint16_t>(i));
    s.shares[i] = rows[i] / 20.0;
  }
  return s;
}

TEST(SegmentedSubject, WordsNameClasses) {
  EXPECT_TRUE(NamesClass({"red", "lamps"}, "lamp"));
  EXPECT_TRUE(NamesClass({"woman"}, "person, individual"));
  EXPECT_TRUE(NamesClass({"fox"}, "Animal; fauna"));
  EXPECT_TRUE(NamesClass({"individual"}, "person, individual"));
  EXPECT_TRUE(NamesClass({"old", "swivel", "chair"}, "swivel chair"));
  EXPECT_FALSE(NamesClass({"chair"}, "swivel chair"));
  EXPECT_FALSE(NamesClass({"lampshade"}, "lamp"));
  EXPECT_FALSE(NamesClass({}, "lamp"));
  EXPECT_TRUE(IsBackdrop("sky-other"));
  EXPECT_TRUE(IsBackdrop("floor, flooring"));
  EXPECT_FALSE(IsBackdrop("lamp"));
}

TEST(SegmentedSubject, TheNamedClassThenTheLargestThing) {
  const auto find = [&](const nn::Segmentation& s, const std::vector<std::string>& words,
                        const std::string& subject = "") {
    return SubjectOfSegmentation(s, kNames, words, subject);
  };
  const nn::Segmentation s = Rows({8, 2, 6, 4});
  const SubjectMask person = find(s, {"woman"});
  EXPECT_EQ(person.source, MaskSource::kSegmentation);
  EXPECT_EQ(person.class_name, kNames[1]);
  EXPECT_EQ(person.class_by, "word");
  EXPECT_NEAR(person.area, 0.1, 1e-9);
  EXPECT_EQ(person.pixels.row(8)[3], 255);
  EXPECT_EQ(person.pixels.row(7)[3], 0);
  // No class of this name: the largest thing, not the wall.
  const SubjectMask largest = find(s, {"teapot"});
  EXPECT_EQ(largest.class_name, kNames[2]);
  EXPECT_EQ(largest.class_by, "largest");
  // Of two that are named the larger one.
  EXPECT_EQ(find(s, {"lamp", "fox"}).class_name, kNames[2]);
  EXPECT_EQ(find(s, {"fox"}, "LAMP").class_by, "subject");
  EXPECT_EQ(find(s, {"fox"}, "LAMP").class_name, "lamp");
  // A subject that is not there is not made up for by another thing.
  EXPECT_EQ(find(s, {"fox"}, "swivel chair").source, MaskSource::kNone);
  EXPECT_EQ(find(Rows({20}), {"fox"}).source, MaskSource::kNone);
  EXPECT_EQ(find(Rows({1, 0, 0, 19}), {"lamp"}).source, MaskSource::kNone);  // 95 %
}

TEST(SegmentedSubject, UnknownSubjectsAreRefused) {
  EXPECT_TRUE(CheckSubjectName(kNames, "Someone").ok());
  EXPECT_TRUE(CheckSubjectName(kNames, "swivel chair").ok());
  const Status unknown = CheckSubjectName(kNames, "fox");
  EXPECT_EQ(unknown.error().code, ErrorCode::kNotFound);
  EXPECT_THAT(unknown.error().message, HasSubstr("swivel chair"));
}

}  // namespace
}  // namespace kantei::generate
