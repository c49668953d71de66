#include "kantei/dataset/edits.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <numbers>
#include <set>
#include <string>
#include <vector>

#include "kantei/dataset/edit_math.h"
#include "kantei/dataset/edit_shapes.h"
#include "kantei/dataset/edit_test_pictures.h"
#include "kantei/image/ssim.h"
#include "kantei/image/transform.h"

namespace kantei::dataset {
namespace {

using testing_pictures::Hash;
using testing_pictures::Others;
using testing_pictures::Scene;

constexpr std::array kLevels{EditLevel::kEasy, EditLevel::kMedium, EditLevel::kHard};

Image Edited(std::string_view name, const Image& picture, EditLevel level, std::uint64_t seed) {
  Random random(seed);
  return ApplyEdit(*FindEdit(name), picture, level, Others(), random);
}

TEST(Edits, TableNamesEachOnceWithRangesThatGoOneWay) {
  std::set<std::string_view> names;
  std::set<EditFamily> families;
  for (const EditInfo& edit : AllEdits()) {
    EXPECT_TRUE(names.insert(edit.name).second) << edit.name;
    families.insert(edit.family);
    EXPECT_EQ(FindEdit(edit.name), &edit);
    EXPECT_FALSE(edit.description.empty()) << edit.name;
    if (edit.parameter.empty()) continue;
    const double easy = edit.ranges[0][0] + edit.ranges[0][1], medium = edit.ranges[1][0] + edit.ranges[1][1],
                 hard = edit.ranges[2][0] + edit.ranges[2][1];
    EXPECT_TRUE((easy <= medium && medium <= hard) || (easy >= medium && medium >= hard)) << edit.name;
    EXPECT_NE(easy, hard) << edit.name;
    for (const auto& range : edit.ranges) EXPECT_LE(range[0], range[1]) << edit.name;
  }
  EXPECT_GE(names.size(), 30u);
  EXPECT_EQ(families.size(), 6u);
  EXPECT_EQ(FindEdit("Crop"), nullptr);
}

TEST(Edits, LevelsHaveNames) {
  for (const EditLevel level : kLevels) {
    const auto parsed = ParseEditLevel(EditLevelName(level));
    ASSERT_TRUE(parsed.ok());
    EXPECT_EQ(*parsed, level);
  }
  const auto wrong = ParseEditLevel("harder");
  ASSERT_FALSE(wrong.ok());
  EXPECT_EQ(wrong.error().code, ErrorCode::kInvalidArgument);
  EXPECT_THAT(wrong.error().message, testing::HasSubstr("easy, medium or hard"));
}

TEST(Edits, SameSeedSamePixelsOtherSeedOtherPixels) {
  const Image picture = Scene(160, 120, 5);
  // These take nothing from the generator.
  const std::set<std::string_view> fixed{"flip"};
  for (const EditInfo& edit : AllEdits()) {
    const std::string first = Hash(Edited(edit.name, picture, EditLevel::kMedium, 1));
    EXPECT_EQ(first, Hash(Edited(edit.name, picture, EditLevel::kMedium, 1))) << edit.name;
    std::set<std::string> seen;
    for (std::uint64_t seed = 1; seed <= 8; ++seed)
      seen.insert(Hash(Edited(edit.name, picture, EditLevel::kMedium, seed)));
    if (fixed.contains(edit.name)) {
      EXPECT_EQ(seen.size(), 1u) << edit.name;
    } else {
      EXPECT_GE(seen.size(), 2u) << edit.name;
    }
  }
}

TEST(Edits, EveryEditChangesThePictureAndKeepsItsSizeWithinBounds) {
  for (const auto& [width, height] : {std::pair{16, 16}, {16, 200}, {200, 16}, {17, 31}, {150, 90}}) {
    const Image picture = Scene(width, height, 11);
    for (const EditInfo& edit : AllEdits()) {
      for (const EditLevel level : kLevels) {
        for (std::uint64_t seed = 0; seed < 4; ++seed) {
          const Image out = Edited(edit.name, picture, level, seed);
          const std::string where = std::string(edit.name) + " " + std::string(EditLevelName(level)) + " " +
                                    std::to_string(width) + "x" + std::to_string(height);
          ASSERT_EQ(out.channels(), 3) << where;
          ASSERT_GE(std::min(out.width(), out.height()), 16) << where;
          ASSERT_LE(std::max(out.width(), out.height()), std::max(width, height) * 3 / 2) << where;
          if (width == 150) {
            EXPECT_NE(Hash(out), Hash(picture)) << where;
          }
        }
      }
    }
  }
}

TEST(Edits, GreyPictureIsEditedAsItsRgb) {
  const Image grey = image::ToGrey(Scene(80, 60, 3));
  const Image rgb = image::ToRgb(grey);
  for (const EditInfo& edit : AllEdits())
    EXPECT_EQ(Hash(Edited(edit.name, grey, EditLevel::kHard, 2)),
              Hash(Edited(edit.name, rgb, EditLevel::kHard, 2)))
        << edit.name;
}

TEST(Edits, OthersAreUsedWhereTheTableSaysSo) {
  const Image picture = Scene(120, 120, 6);
  std::vector<Image> swapped;
  std::vector<const Image*> pointers;
  for (std::uint64_t i = 0; i < 4; ++i) swapped.push_back(Scene(100, 100, 4000 + i));
  for (const Image& other : swapped) pointers.push_back(&other);
  for (const EditInfo& edit : AllEdits()) {
    Random random(9);
    const Image with = ApplyEdit(edit, picture, EditLevel::kMedium, pointers, random);
    const bool differs = Hash(with) != Hash(Edited(edit.name, picture, EditLevel::kMedium, 9));
    EXPECT_EQ(differs, edit.needs_others) << edit.name;
    Random again(9);
    if (!edit.needs_others) ApplyEdit(edit, picture, EditLevel::kMedium, {}, again);
  }
}

double GreySsim(const Image& a, const Image& b) {
  const Image same = image::Resize(b, a.width(), a.height());
  return *image::Ssim(image::ToGrey(a), image::ToGrey(same));
}

TEST(Edits, HarderLevelsLeaveLessOfThePicture) {
  // The same at every level; or what stands around the picture outweighs it in this measure (next test).
  const std::set<std::string_view> left_out{"quarter-turn", "flip", "overlay", "recapture"};
  for (const EditInfo& edit : AllEdits()) {
    if (left_out.contains(edit.name)) continue;
    std::array<double, 3> mean{};
    constexpr int kTrials = 24;
    for (std::uint64_t seed = 0; seed < kTrials; ++seed) {
      const Image picture = Scene(200, 150, 70 + seed);
      for (std::size_t level = 0; level < 3; ++level)
        mean[level] += GreySsim(picture, Edited(edit.name, picture, kLevels[level], seed)) / kTrials;
    }
    EXPECT_GT(mean[0], mean[2]) << edit.name;
    EXPECT_GT(mean[0] + 0.04, mean[1]) << edit.name;
    EXPECT_GT(mean[1] + 0.04, mean[2]) << edit.name;
  }
}

TEST(Edits, EmbeddingsShowLessOfThePictureAtHarderLevels) {
  // A picture of a colour that no other has; recapture and page fade it.
  Image picture(180, 140, 3);
  Fill(&picture, {255, 0, 255});
  std::vector<Image> grey;
  std::vector<const Image*> others;
  for (const Image* other : Others()) grey.push_back(image::ToRgb(image::ToGrey(*other)));
  for (const Image& other : grey) others.push_back(&other);
  for (const EditInfo& edit : AllEdits()) {
    if (edit.family != EditFamily::kEmbedding) continue;
    std::array<double, 3> shown{};
    for (std::uint64_t seed = 0; seed < 60; ++seed) {
      for (std::size_t level = 0; level < 3; ++level) {
        Random random(seed);
        const Image out = ApplyEdit(edit, picture, kLevels[level], others, random);
        int count = 0;
        for (std::size_t i = 0; i < out.pixels().size(); i += 3)
          count +=
              out.pixels()[i] > out.pixels()[i + 1] + 60 && out.pixels()[i + 2] > out.pixels()[i + 1] + 60
                  ? 1
                  : 0;
        shown[level] += static_cast<double>(count) / (60.0 * out.width() * out.height());
      }
    }
    EXPECT_GT(shown[0], shown[1]) << edit.name;
    EXPECT_GT(shown[1], shown[2]) << edit.name;
    EXPECT_GT(shown[2], 0.02) << edit.name;
  }
}

TEST(Edits, ChainsHaveDifferentFamiliesInOrderAndTheirLength) {
  const Image picture = Scene(96, 72, 8);
  const std::map<EditFamily, int> order{{EditFamily::kGeometry, 0},  {EditFamily::kColour, 1},
                                        {EditFamily::kDetail, 2},    {EditFamily::kOverlay, 3},
                                        {EditFamily::kEmbedding, 4}, {EditFamily::kCoding, 5}};
  const std::array<std::pair<std::size_t, std::size_t>, 3> lengths{{{1, 1}, {1, 2}, {2, 4}}};
  for (std::size_t level = 0; level < 3; ++level) {
    std::set<std::size_t> seen_lengths;
    std::set<std::string> seen_edits;
    for (std::uint64_t seed = 0; seed < 300; ++seed) {
      Random random(seed);
      const EditedPicture edited = ApplyRandomEdits(picture, kLevels[level], Others(), random);
      ASSERT_GE(edited.edits.size(), lengths[level].first);
      ASSERT_LE(edited.edits.size(), lengths[level].second);
      seen_lengths.insert(edited.edits.size());
      int last = -1;
      for (const std::string& name : edited.edits) {
        seen_edits.insert(name);
        const int rank = order.at(FindEdit(name)->family);
        EXPECT_GT(rank, last) << "family twice or out of order";
        last = rank;
      }
    }
    EXPECT_EQ(seen_lengths.size(), lengths[level].second - lengths[level].first + 1);
    EXPECT_GE(seen_edits.size(), AllEdits().size() * 3 / 4);
  }
}

TEST(Edits, ChainsWithoutOthersDoWithoutThem) {
  const Image picture = Scene(64, 64, 8);
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    Random random(seed);
    const EditedPicture edited = ApplyRandomEdits(picture, EditLevel::kHard, {}, random);
    for (const std::string& name : edited.edits) EXPECT_FALSE(FindEdit(name)->needs_others) << name;
  }
}

TEST(Edits, ResultsOfPlainEditsAreWhatTheirNamesSay) {
  const Image picture = Scene(90, 60, 21);
  EXPECT_EQ(Hash(Edited("flip", picture, EditLevel::kHard, 1)), Hash(image::FlipHorizontal(picture)));
  const Image posterised = Edited("posterise", picture, EditLevel::kHard, 1);
  for (const std::uint8_t value : posterised.pixels())
    EXPECT_TRUE(value == 0 || value == 255 || value == 127 || value == 128) << int{value};
  const Image grey = Edited("greyscale", picture, EditLevel::kEasy, 1);
  for (std::size_t i = 0; i < grey.pixels().size(); i += 3) {
    EXPECT_EQ(grey.pixels()[i], grey.pixels()[i + 1]);
    EXPECT_EQ(grey.pixels()[i], grey.pixels()[i + 2]);
  }
  const Image negative = Edited("invert", picture, EditLevel::kHard, 1);
  for (std::size_t i = 0; i < picture.pixels().size(); ++i)
    EXPECT_EQ(picture.pixels()[i] + negative.pixels()[i], 255);
  // Pixels and tiles change places, none is lost.
  for (const char* name : {"shuffle-pixels", "flip", "quarter-turn"}) {
    Image out = Edited(name, picture, EditLevel::kHard, 4), in = picture;
    std::sort(out.pixels().begin(), out.pixels().end());
    std::sort(in.pixels().begin(), in.pixels().end());
    EXPECT_TRUE(std::equal(out.pixels().begin(), out.pixels().end(), in.pixels().begin(), in.pixels().end()))
        << name;
  }
  const Image mirrored = Edited("mirror", picture, EditLevel::kHard, 1);
  EXPECT_EQ(Hash(mirrored), Hash(image::FlipHorizontal(mirrored)));
  EXPECT_EQ(Hash(mirrored), Hash(image::FlipVertical(mirrored)));
}

TEST(TrainingView, HasItsSideAndItsSeed) {
  const Image picture = Scene(300, 256, 1);
  TrainingViewOptions options;
  std::set<std::string> seen;
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    options.side = seed % 2 == 0 ? 64 : 97;
    Random random(seed), again(seed);
    const Image view = MakeTrainingView(picture, options, Others(), random);
    ASSERT_EQ(view.width(), options.side);
    ASSERT_EQ(view.height(), options.side);
    ASSERT_EQ(view.channels(), 3);
    EXPECT_EQ(Hash(view), Hash(MakeTrainingView(picture, options, Others(), again)));
    seen.insert(Hash(view));
  }
  EXPECT_EQ(seen.size(), 200u);
  Random random(1);
  EXPECT_EQ(MakeTrainingView(image::ToGrey(picture), options, {}, random).channels(), 3);
  EXPECT_EQ(MakeTrainingView(Scene(16, 16, 1), options, Others(), random).width(), 97);
}

TEST(TrainingView, ChainsFollowTheirSeedAndTakeTheirShare) {
  const Image picture = Scene(300, 256, 1);
  TrainingViewOptions plain, all;
  plain.side = all.side = 64;
  all.chains = 1;
  for (std::uint64_t seed = 0; seed < 30; ++seed) {
    all.strength = 0.1 + static_cast<double>(seed % 3) * 0.4;  // easy, medium, hard
    Random one(seed), two(seed), three(seed);
    const Image view = MakeTrainingView(picture, all, Others(), one);
    ASSERT_EQ(view.width(), 64);
    ASSERT_EQ(view.height(), 64);
    EXPECT_EQ(Hash(view), Hash(MakeTrainingView(picture, all, Others(), two)));
    EXPECT_NE(Hash(view), Hash(MakeTrainingView(picture, plain, Others(), three)));
  }
}

TEST(AnchorView, IsNearlyThePicture) {
  const Image picture = Scene(300, 256, 1), small = image::Resize(picture, 64, 64);
  int whole = 0;
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    Random one(seed), two(seed);
    const Image view = MakeAnchorView(picture, 64, one);
    ASSERT_EQ(view.width(), 64);
    ASSERT_EQ(view.height(), 64);
    EXPECT_EQ(Hash(view), Hash(MakeAnchorView(picture, 64, two)));
    whole += Hash(view) == Hash(small) ? 1 : 0;
  }
  // Half are whole; of these 0.7 are not coded again.
  EXPECT_GT(whole, 20);
  EXPECT_LT(whole, 50);
  Random random(1);
  EXPECT_EQ(MakeAnchorView(image::ToGrey(picture), 32, random).channels(), 3);
}

TEST(TrainingView, WithoutStrengthIsACropAndAFlip) {
  // Every pixel of a flat picture stays.
  Image flat(200, 150, 3);
  Fill(&flat, {10, 120, 230});
  TrainingViewOptions options;
  options.side = 32;
  options.strength = 0;
  int mirrored = 0;
  Image left_dark(128, 128, 3);
  FillRect(&left_dark, {64, 0, 64, 128}, {255, 255, 255});
  options.min_scale = 1;
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    Random random(seed);
    const Image crop = MakeTrainingView(flat, options, Others(), random);
    for (const std::uint8_t value : crop.pixels()) ASSERT_TRUE(value == 10 || value == 120 || value == 230);
    const Image view = MakeTrainingView(left_dark, options, Others(), random);
    mirrored += view.row(5)[0] > 128 ? 1 : 0;
  }
  EXPECT_GT(mirrored, 70);
  EXPECT_LT(mirrored, 130);
}

TEST(TrainingView, KeepsMoreOfThePictureAtLessStrength) {
  std::array<double, 3> mean{};
  TrainingViewOptions options;
  options.side = 96;
  options.min_scale = 0.9;
  for (std::uint64_t seed = 0; seed < 150; ++seed) {
    const Image picture = Scene(256, 256, seed), small = image::Resize(picture, 96, 96);
    const Image mirrored = image::FlipHorizontal(small);
    for (std::size_t i = 0; i < 3; ++i) {
      options.strength = 0.5 * static_cast<double>(i);
      Random random(seed);
      const Image view = MakeTrainingView(picture, options, Others(), random);
      mean[i] += std::max(GreySsim(small, view), GreySsim(mirrored, view));
    }
  }
  EXPECT_GT(mean[0], 1.2 * mean[1]);
  EXPECT_GT(mean[1], 1.1 * mean[2]);
}

TEST(EditMath, AgreesWithTheLibrary) {
  for (double x = -400; x <= 800; x += 3.7) {
    EXPECT_NEAR(SinCosDegrees(x).sin, std::sin(x * std::numbers::pi / 180), 1e-12);
    EXPECT_NEAR(SinCosDegrees(x).cos, std::cos(x * std::numbers::pi / 180), 1e-12);
  }
  for (double x = -30; x <= 30; x += 0.37) EXPECT_NEAR(Exp(x) / std::exp(x), 1, 1e-13);
  for (double x = 1e-6; x < 1e6; x *= 1.7) EXPECT_NEAR(Log(x), std::log(x), 1e-12);
  for (double x = 0.01; x < 1; x += 0.013) EXPECT_NEAR(Pow(x, 2.4), std::pow(x, 2.4), 1e-12);
  EXPECT_EQ(Pow(0, 2), 0);
  EXPECT_EQ(SinCosDegrees(90).sin, 1);
  EXPECT_EQ(SinCosDegrees(90).cos, 0);
  EXPECT_EQ(SinCosDegrees(180).cos, -1);
}

TEST(EditShapes, CoverWhatGeometrySays) {
  Layer layer(100, 80);
  layer.FillEllipse(50, 40, 30, 20, {200, 10, 10});
  double area = 0;
  for (int y = 0; y < 80; ++y) {
    for (int x = 0; x < 100; ++x) area += layer.row(y)[4 * x + 3] / 255.0;
  }
  EXPECT_NEAR(area, std::numbers::pi * 30 * 20, 0.02 * std::numbers::pi * 30 * 20);
  Image canvas(100, 80, 3);
  Composite(&canvas, layer, 0, 0);
  EXPECT_EQ(canvas.row(40)[150], 200);
  EXPECT_EQ(canvas.row(2)[6], 0);
  // Far outside and half outside: clipped.
  Composite(&canvas, layer, -1000, 5000);
  Composite(&canvas, layer, 60, -50);
  Layer tiny(3, 3);
  tiny.Stroke({-500, -500}, {500, 500}, 1e4, {1, 2, 3});
  EXPECT_EQ(tiny.row(1)[7], 255);
}

TEST(EditShapes, EveryEmojiAndLetterIsDrawnAndDiffers) {
  std::set<std::string> seen;
  const auto ink = [](const Layer& layer) {
    Image picture(layer.width(), layer.height(), 3);
    Fill(&picture, {0, 0, 255});
    Composite(&picture, layer, 0, 0);
    return picture;
  };
  for (int kind = 0; kind < kEmojiKinds; ++kind)
    EXPECT_TRUE(seen.insert(Hash(ink(DrawEmoji(kind, 48, 10)))).second) << kind;
  TextStyle style;
  style.ink = {255, 255, 255};
  for (const char sign : std::string("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789!?.,:-+/#@%&*$"))
    EXPECT_TRUE(seen.insert(Hash(ink(TextLayer(std::string(1, sign), style)))).second) << sign;
  EXPECT_EQ(Hash(ink(TextLayer("q", style))), Hash(ink(TextLayer("Q", style))));
}

}  // namespace
}  // namespace kantei::dataset
