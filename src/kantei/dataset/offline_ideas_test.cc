#include "kantei/dataset/offline_ideas.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <map>
#include <set>

#include "kantei/dataset/object_ontology.h"

namespace kantei::dataset {
namespace {

using ::testing::HasSubstr;

const std::vector<std::string> kCocoNames = {"person",        "bicycle",      "car",
                                             "motorcycle",    "airplane",     "bus",
                                             "train",         "truck",        "boat",
                                             "traffic light", "fire hydrant", "stop sign",
                                             "parking meter", "bench",        "bird",
                                             "cat",           "dog",          "horse",
                                             "sheep",         "cow",          "elephant",
                                             "bear",          "zebra",        "giraffe",
                                             "backpack",      "umbrella",     "handbag",
                                             "tie",           "suitcase",     "frisbee",
                                             "skis",          "snowboard",    "sports ball",
                                             "kite",          "baseball bat", "baseball glove",
                                             "skateboard",    "surfboard",    "tennis racket",
                                             "bottle",        "wine glass",   "cup",
                                             "fork",          "knife",        "spoon",
                                             "bowl",          "banana",       "apple",
                                             "sandwich",      "orange",       "broccoli",
                                             "carrot",        "hot dog",      "pizza",
                                             "donut",         "cake",         "chair",
                                             "couch",         "potted plant", "bed",
                                             "dining table",  "toilet",       "tv",
                                             "laptop",        "mouse",        "remote",
                                             "keyboard",      "cell phone",   "microwave",
                                             "oven",          "toaster",      "sink",
                                             "refrigerator",  "book",         "clock",
                                             "vase",          "scissors",     "teddy bear",
                                             "hair drier",    "toothbrush"};
// The categories of Caltech-101, whose words models/generator knows.
const std::vector<std::string> kCaltechNames = {"accordion",     "airplanes",
                                                "anchor",        "ant",
                                                "barrel",        "bass",
                                                "beaver",        "binocular",
                                                "bonsai",        "brain",
                                                "brontosaurus",  "buddha",
                                                "butterfly",     "camera",
                                                "cannon",        "car_side",
                                                "ceiling_fan",   "cellphone",
                                                "chair",         "chandelier",
                                                "cougar_body",   "cougar_face",
                                                "crab",          "crayfish",
                                                "crocodile",     "crocodile_head",
                                                "cup",           "dalmatian",
                                                "dollar_bill",   "dolphin",
                                                "dragonfly",     "electric_guitar",
                                                "elephant",      "emu",
                                                "euphonium",     "ewer",
                                                "Faces",         "Faces_easy",
                                                "ferry",         "flamingo",
                                                "flamingo_head", "garfield",
                                                "gerenuk",       "gramophone",
                                                "grand_piano",   "hawksbill",
                                                "headphone",     "hedgehog",
                                                "helicopter",    "ibis",
                                                "inline_skate",  "joshua_tree",
                                                "kangaroo",      "ketch",
                                                "lamp",          "laptop",
                                                "Leopards",      "llama",
                                                "lobster",       "lotus",
                                                "mandolin",      "mayfly",
                                                "menorah",       "metronome",
                                                "minaret",       "Motorbikes",
                                                "nautilus",      "octopus",
                                                "okapi",         "pagoda",
                                                "panda",         "pigeon",
                                                "pizza",         "platypus",
                                                "pyramid",       "revolver",
                                                "rhino",         "rooster",
                                                "saxophone",     "schooner",
                                                "scissors",      "scorpion",
                                                "sea_horse",     "snoopy",
                                                "soccer_ball",   "stapler",
                                                "starfish",      "stegosaurus",
                                                "stop_sign",     "strawberry",
                                                "sunflower",     "tick",
                                                "trilobite",     "umbrella",
                                                "watch",         "water_lilly",
                                                "wheelchair",    "wild_cat",
                                                "windsor_chair", "wrench",
                                                "yin_yang"};

TEST(ObjectOntology, HasTheNounsOfCocoAndCaltech) {
  for (const auto* names : {&kCocoNames, &kCaltechNames})
    for (const std::string& name : *names) {
      const OntologyNoun* noun = FindNoun(CanonicalNoun(name));
      ASSERT_NE(noun, nullptr) << name;
      // By itself, not by its last word.
      EXPECT_EQ(noun->name, CanonicalNoun(name)) << name;
    }
}

TEST(ObjectOntology, IsWellFormed) {
  std::set<std::string> names;
  std::map<std::string, int> group_sizes;
  for (const OntologyNoun& noun : OntologyNouns()) {
    EXPECT_TRUE(names.insert(noun.name).second) << noun.name << " twice";
    EXPECT_GE(noun.size, 1) << noun.name;
    EXPECT_LE(noun.size, 9) << noun.name;
    EXPECT_EQ(CanonicalNoun(noun.name), noun.name);
    ++group_sizes[OntologyClasses()[noun.class_idx].group];
  }
  EXPECT_GE(names.size(), 500u);
  EXPECT_GE(OntologyClasses().size(), 30u);
  for (const auto& [group, count] : group_sizes) EXPECT_GE(count, 5) << group;
  for (const OntologyClass& kind : OntologyClasses()) EXPECT_FALSE(kind.places.empty()) << kind.name;
  // Every noun has a sibling that fills its place.
  for (const OntologyNoun& noun : OntologyNouns()) {
    bool found = false;
    for (const OntologyNoun& other : OntologyNouns())
      found = found || (other.name != noun.name && std::abs(other.size - noun.size) <= 1 &&
                        OntologyClasses()[other.class_idx].group == OntologyClasses()[noun.class_idx].group);
    EXPECT_TRUE(found) << noun.name;
  }
}

TEST(ObjectOntology, ReadsNamesAsPeopleWriteThem) {
  EXPECT_EQ(CanonicalNoun(" Dining_Table "), "dining table");
  EXPECT_EQ(CanonicalNoun("T-V"), "t v");
  EXPECT_EQ(CanonicalNoun("cherries"), "cherry");
  EXPECT_EQ(CanonicalNoun("dogs"), "dog");
  EXPECT_EQ(CanonicalNoun("couches"), "couch");
  EXPECT_EQ(CanonicalNoun("glass"), "glass");
  EXPECT_EQ(CanonicalNoun("aeroplanes"), "airplane");
  EXPECT_EQ(CanonicalNoun("xyzzys"), "xyzzys");
  EXPECT_EQ(FindNoun("red sports cars")->name, "sports car");
  EXPECT_EQ(FindNoun("xyzzy"), nullptr);
  EXPECT_EQ(FindNoun(""), nullptr);
  EXPECT_EQ(Article("apple"), "an");
  EXPECT_EQ(Article("cat"), "a");
  EXPECT_EQ(Article("ukulele"), "a");
  EXPECT_EQ(Article("scissors"), "");
}

SceneDescription Scene(std::vector<SceneObject> objects, std::string caption = {}) {
  return {std::move(caption), std::move(objects)};
}

/// 30 streets with cars, of which 20 have a bus; 30 farms with cows, of which 20 have sheep and 10 horses; 10 empty ones.
std::vector<SceneDescription> StreetsAndFarms() {
  std::vector<SceneDescription> scenes;
  for (int i = 0; i < 30; ++i) {
    scenes.push_back(Scene({{"car", 0.1}, {"car", 0.1}, {"traffic light", 0.01}}));
    if (i < 20) scenes.back().objects.push_back({"bus", 0.2});
  }
  for (int i = 0; i < 30; ++i) {
    scenes.push_back(Scene({{"cow", 0.1}, {"tree", 0.2}}));
    scenes.back().objects.push_back({i < 20 ? "sheep" : "horse", 0.1});
  }
  scenes.resize(70);
  return scenes;
}

TEST(ObjectStatistics, CountsScenesAndInformation) {
  const auto scenes = StreetsAndFarms();
  const ObjectStatistics statistics = ObjectStatistics::Build(scenes);
  EXPECT_EQ(statistics.scenes(), 70);
  EXPECT_EQ(statistics.Count("car"), 30);
  EXPECT_EQ(statistics.Together("car", "bus"), 20);
  EXPECT_EQ(statistics.Together("bus", "car"), 20);
  EXPECT_EQ(statistics.Together("cow", "bus"), 0);
  EXPECT_EQ(statistics.Together("cow", "dragon"), 0);
  // By hand: P(bus) = 20/70; P(bus | car) = (20 + 2·20/70) / 32.
  EXPECT_NEAR(statistics.MutualInformation("bus", "car"), std::log((20 + 40.0 / 70) / 32 / (20.0 / 70)),
              1e-12);
  // Never together, in 30 scenes of the other: (0 + 2·20/70) / 32.
  EXPECT_NEAR(statistics.MutualInformation("bus", "cow"), std::log(2.0 / 32), 1e-12);
  EXPECT_EQ(statistics.MutualInformation("dragon", "car"), 0);
  EXPECT_NEAR(statistics.MutualInformation("bus", "dragon"), 0, 1e-12);
}

TEST(OfflineIdeas, AreTheSameForTheSameSeed) {
  OfflineReplacementSource source(nullptr);
  const SceneDescription scene = Scene({{"dog", 0.2}, {"couch", 0.3}}, "A dog sleeps on a couch.");
  std::set<std::string> replacements;
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    const auto one = source.Propose(scene, seed, {}), two = source.Propose(scene, seed, {});
    ASSERT_TRUE(one.ok());
    EXPECT_EQ(one->replacement, two->replacement);
    EXPECT_EQ(one->prompt, two->prompt);
    EXPECT_EQ(one->object_idx, two->object_idx);
    EXPECT_EQ(one->source, "offline");
    replacements.insert(one->replacement);
  }
  EXPECT_GE(replacements.size(), 8u);
}

TEST(OfflineIdeas, AreSiblingsOfSimilarSize) {
  OfflineReplacementSource source(nullptr);
  for (const std::string& name : kCocoNames) {
    for (std::uint64_t seed = 0; seed < 20; ++seed) {
      const auto idea = source.Propose(Scene({{name, 0.2}}), seed, {});
      ASSERT_TRUE(idea.ok()) << name;
      const OntologyNoun *was = FindNoun(name), *is = FindNoun(idea->replacement);
      ASSERT_NE(is, nullptr);
      EXPECT_NE(was, is);
      EXPECT_EQ(OntologyClasses()[was->class_idx].group, OntologyClasses()[is->class_idx].group);
      EXPECT_LE(std::abs(was->size - is->size), 2) << name << " " << idea->replacement;
      EXPECT_LE(CountWords(idea->prompt), kMaxPromptWords);
      EXPECT_THAT(idea->prompt, HasSubstr(idea->replacement));
      EXPECT_THAT(idea->negative_prompt, HasSubstr(CanonicalNoun(name)));
      EXPECT_THAT(idea->reason, HasSubstr(idea->replacement));
    }
  }
}

TEST(OfflineIdeas, FollowTheAnnotations) {
  const auto scenes = StreetsAndFarms();
  OfflineReplacementSource source(std::make_shared<ObjectStatistics>(ObjectStatistics::Build(scenes)));
  // A van (not in the annotations) in a street: of its class the bus stands beside cars and traffic lights.
  int buses = 0, sheep = 0;
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    const auto street =
        source.Propose(Scene({{"truck", 0.2}, {"traffic light", 0.0}, {"car", 0.0}}), seed, {});
    ASSERT_TRUE(street.ok());
    if (street->object_idx == 0 && street->replacement == "bus") {
      ++buses;
      EXPECT_THAT(street->reason, HasSubstr("annotated scenes with"));
    }
    const auto farm = source.Propose(Scene({{"goat", 0.2}, {"tree", 0.0}}), seed, {});
    if (farm->object_idx == 0 && farm->replacement == "sheep") ++sheep;
  }
  OfflineReplacementSource blind(nullptr);
  int blind_buses = 0, blind_sheep = 0;
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    const auto street =
        blind.Propose(Scene({{"truck", 0.2}, {"traffic light", 0.0}, {"car", 0.0}}), seed, {});
    blind_buses += street->object_idx == 0 && street->replacement == "bus" ? 1 : 0;
    const auto farm = blind.Propose(Scene({{"goat", 0.2}, {"tree", 0.0}}), seed, {});
    blind_sheep += farm->object_idx == 0 && farm->replacement == "sheep" ? 1 : 0;
  }
  EXPECT_GT(buses, 2 * blind_buses + 5);
  EXPECT_GT(sheep, 2 * blind_sheep + 5);
}

TEST(OfflineIdeas, ObjectsThatNobodyKnowsGetWhatStandsThere) {
  const auto scenes = StreetsAndFarms();
  OfflineReplacementSource source(std::make_shared<ObjectStatistics>(ObjectStatistics::Build(scenes)));
  for (std::uint64_t seed = 0; seed < 30; ++seed) {
    const auto idea = source.Propose(Scene({{"flurbl", 0.2}, {"cow", 0.0}}), seed, {});
    ASSERT_TRUE(idea.ok());
    if (idea->object_idx != 0) continue;
    EXPECT_TRUE(idea->replacement == "sheep" || idea->replacement == "horse" || idea->replacement == "tree")
        << idea->replacement;
    const auto alone = source.Propose(Scene({{"flurbl", 0.2}}), seed, {});
    ASSERT_TRUE(alone.ok());
    EXPECT_FALSE(alone->replacement.empty());
  }
}

TEST(OfflineIdeas, RefuseAnEmptySceneAndStopWhenAsked) {
  OfflineReplacementSource source(nullptr);
  EXPECT_EQ(source.Propose({}, 1, {}).error().code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(source.Propose(Scene({{" ", 0.5}}), 1, {}).error().code, ErrorCode::kInvalidArgument);
  const CancellationToken token;
  token.Cancel();
  EXPECT_EQ(source.Propose(Scene({{"dog", 0.5}}), 1, token).error().code, ErrorCode::kCancelled);
  // Shares that make no sense do no harm.
  EXPECT_TRUE(source.Propose(Scene({{"dog", std::nan("")}, {"cat", -3}, {"cow", 1e300}}), 1, {}).ok());
}

TEST(ReplacementPrompt, ExchangesTheNounOfTheCaption) {
  const auto prompt = [](const std::string& caption, const std::string& object,
                         const std::string& replacement) {
    return ReplacementPrompt(Scene({{object, 0.1}, {"couch", 0.2}}, caption), 0, replacement);
  };
  EXPECT_THAT(prompt("A dog sleeps on a couch.", "dog", "iguana"), HasSubstr("An iguana sleeps on a couch"));
  EXPECT_THAT(prompt("Two DOGS sleep.", "dog", "cat"), HasSubstr("Two cat sleep"));
  EXPECT_THAT(prompt("On an apple stands a cell phone", "cell_phone", "radio"),
              HasSubstr("apple stands a radio"));
  // Not inside a word.
  EXPECT_THAT(prompt("A dogged man", "dog", "cat"), HasSubstr("a cat beside a couch"));
  EXPECT_THAT(prompt("", "dog", "cat"), HasSubstr("a cat beside a couch"));
  std::string long_caption = "so";
  for (int i = 0; i < 100; ++i) long_caption += " very";
  EXPECT_THAT(prompt(long_caption + " tired dog", "dog", "cat"), HasSubstr("a cat beside a couch"));
  EXPECT_LE(CountWords(prompt("a dog" + long_caption, "dog", "cat")), kMaxPromptWords);
}

TEST(OfflineIdeas, PlaceholdersAreNoNames) {
  OfflineReplacementSource source(std::make_shared<const ObjectStatistics>());
  const auto none = source.Propose({"", {{"segment", 0.2}, {"background", 0.8}}}, 1, {});
  EXPECT_EQ(none.error().code, ErrorCode::kInvalidArgument);
  const auto one = source.Propose({"", {{"segment", 0.6}, {"dog", 0.1}}}, 1, {});
  ASSERT_TRUE(one.ok()) << one.error().message;
  EXPECT_EQ(one->object_idx, 1u);
  EXPECT_THAT(one->negative_prompt, testing::Not(testing::HasSubstr("segment")));
}

}  // namespace
}  // namespace kantei::dataset
