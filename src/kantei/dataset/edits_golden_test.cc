// The pixels of every edit on a drawn picture, fixed: a change of compiler, processor or library must not move one.
// After an intended change of an edit: KANTEI_PRINT_GOLDEN=1 kantei_dataset_test --gtest_filter='EditsGolden*'.
#include <gtest/gtest.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <map>
#include <sstream>
#include <string>
#include <string_view>

#include "kantei/dataset/edit_test_pictures.h"
#include "kantei/dataset/edits.h"

namespace kantei::dataset {
namespace {

/// First 16 digits of the SHA-256 over the results at the three levels with two seeds. WebP is left out: its coder
/// differs between versions of libwebp. JPEG is in: libjpeg-turbo's integer transform is exact in every version.
const std::map<std::string_view, std::string_view> kGolden = {
    {"crop", "3732b8628e8e31b2"},
    {"rotate", "a5ba13527d6a3906"},
    {"quarter-turn", "c2127e83b5511766"},
    {"flip", "6ea60d62463fa351"},
    {"perspective", "506726a961b4abd7"},
    {"stretch", "4e5962a97543822a"},
    {"pad", "862ffc93d06b76d3"},
    {"mirror", "140ebc34820503ad"},
    {"colour", "bd526f58f442539f"},
    {"hue", "f941a0012936ea74"},
    {"greyscale", "636d0213e00a5351"},
    {"tone", "1decd5f6d496e86d"},
    {"posterise", "44d2b07228b2ef93"},
    {"solarise", "e8b6133ce18b3681"},
    {"gamma", "f5e600d0c15cf28c"},
    {"invert", "19f7b04bf077cfc2"},
    {"vignette", "4915245102dc91e6"},
    {"filter", "908c2e8f6c11e359"},
    {"blur", "6c254ce99daa4e82"},
    {"sharpen", "43ee83ae606ed10c"},
    {"noise", "70ce22d5e22e056c"},
    {"pixelise", "73c7b7a1d3fddb3b"},
    {"shuffle-pixels", "125477116f9e9da6"},
    {"shuffle-tiles", "5181e18f9ff51d44"},
    {"oil", "4857e5d7dc499fd3"},
    {"sketch", "0000a6b93fa24d5a"},
    {"stripes", "481df7fad78432ae"},
    {"moire", "638efa3c33cc026d"},
    {"emoji", "97eae672698ad462"},
    {"stickers", "366a99e9e636837d"},
    {"text", "0322de79ec4c2b02"},
    {"watermark", "c5ebaad4ae87ad52"},
    {"erase", "1fdf13a49b3c2c06"},
    {"underlay", "d8765b4946349869"},
    {"blend", "9e83940a7e933611"},
    {"overlay", "2cefc03998b64c1e"},
    {"collage", "1b927033bf955011"},
    {"screenshot", "a861b61602af0301"},
    {"meme", "373995bd5472bdf4"},
    {"border", "4b479ca69d3dd557"},
    {"page", "12d65f2819c1dd24"},
    {"recapture", "b9efbf1342264621"},
    {"shrink", "ca53d39bcb76e110"},
    {"jpeg", "7ef8f45374dbdac7"},
    {"training views", "3594492eb8d36d3c"},
    {"chains", "3a8b121d1706fffb"},
};

std::string Digest(const std::string& text) {
  return Sha256Hex(text).substr(0, 16);
}

void Check(std::string_view name, const std::string& digest) {
  if (std::getenv("KANTEI_PRINT_GOLDEN") != nullptr) {
    std::printf("    {\"%s\", \"%s\"},\n", std::string(name).c_str(), digest.c_str());
    return;
  }
  const auto golden = kGolden.find(name);
  ASSERT_NE(golden, kGolden.end()) << name;
  EXPECT_EQ(digest, golden->second) << name;
}

TEST(EditsGolden, EveryEdit) {
  const Image picture = testing_pictures::Scene(179, 133, 42);
  for (const EditInfo& edit : AllEdits()) {
    if (edit.name == "webp") continue;
    std::string hashes;
    for (const EditLevel level : {EditLevel::kEasy, EditLevel::kMedium, EditLevel::kHard}) {
      for (std::uint64_t seed = 1; seed <= 2; ++seed) {
        Random random(seed);
        hashes += testing_pictures::Hash(ApplyEdit(edit, picture, level, testing_pictures::Others(), random));
      }
    }
    Check(edit.name, Digest(hashes));
  }
}

TEST(EditsGolden, TrainingViews) {
  const Image picture = testing_pictures::Scene(340, 256, 43);
  std::string hashes;
  for (std::uint64_t seed = 0; seed < 400; ++seed) {
    Random random(seed);
    hashes += testing_pictures::Hash(MakeTrainingView(picture, {}, testing_pictures::Others(), random));
  }
  Check("training views", Digest(hashes));
}

TEST(EditsGolden, ChainsByName) {
  const Image picture = testing_pictures::Scene(64, 48, 44);
  std::string names;
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    Random random(seed);
    const EditedPicture edited =
        ApplyRandomEdits(picture, EditLevel::kHard, testing_pictures::Others(), random);
    for (const std::string& name : edited.edits) names += name + " ";
  }
  Check("chains", Digest(names));
}

std::string Range(const std::array<double, 2>& range) {
  std::ostringstream text;
  text << range[0];
  if (range[1] != range[0]) text << "–" << range[1];
  return text.str();
}

TEST(EditsGolden, TheDocumentHasTheTable) {
  std::ifstream file(std::string(KANTEI_SOURCE_DIR) + "/docs/edits.md");
  std::stringstream document;
  document << file.rdbuf();
  for (const EditInfo& edit : AllEdits()) {
    std::string row =
        "| `" + std::string(edit.name) + "` | " + std::string(EditFamilyName(edit.family)) + " | ";
    row += std::string(edit.description) + (edit.needs_others ? " *" : "") + " | ";
    for (const auto& range : edit.ranges) row += (edit.parameter.empty() ? "" : Range(range)) + " | ";
    row += std::string(edit.parameter) + " |\n";
    if (std::getenv("KANTEI_PRINT_GOLDEN") != nullptr) {
      std::printf("%s", row.c_str());
    } else {
      EXPECT_NE(document.str().find(row), std::string::npos) << row;
    }
  }
}

}  // namespace
}  // namespace kantei::dataset
