#include "kantei/dataset/build_plan.h"

#include <algorithm>
#include <cmath>
#include <set>

#include "kantei/base/files.h"
#include "kantei/dataset/forgery_maker.h"
#include "kantei/dataset/forgery_set_files.h"
#include "kantei/dataset/plan_fields.h"
#include "kantei/generate/inpaint_engine.h"

namespace kantei::dataset {
namespace {

constexpr std::uint64_t kMostBytes = 16 << 20;
constexpr std::size_t kMostEntries = 200;
constexpr std::array<std::string_view, 4> kPostNames{"jpeg", "webp", "resize", "lanczos-x2"};

Status ReadPictures(const Json& json, const std::string& place, PlanPictures* pictures) {
  PlanFields fields(json, place);
  fields.Integer("max_side", 64, 2048, &pictures->max_side);
  fields.Integer("least_side", 32, 2048, &pictures->least_side);
  std::string larger = pictures->shrink_larger ? "shrink" : "refuse";
  fields.Choice("larger", {"shrink", "refuse"}, &larger);
  pictures->shrink_larger = larger == "shrink";
  fields.Integer("variants", 0, 100, &pictures->variants);
  fields.Integer("attempts", 1, 100, &pictures->attempts);
  if (pictures->least_side > pictures->max_side) fields.Fail("least_side", "no more than max_side");
  return fields.Finish();
}

Status ReadMasks(const Json& json, const std::string& place, PlanMasks* masks) {
  PlanFields fields(json, place);
  if (const Json* kinds = fields.Object("kinds")) {
    masks->weights.fill(0);
    PlanFields weights(*kinds, fields.PlaceOf("kinds"));
    double sum = 0;
    for (std::size_t i = 0; i < kBuildMaskKinds.size(); ++i) {
      const std::string name(BuildMaskKindName(kBuildMaskKinds[i]));
      weights.Number(name.c_str(), 0, 1000, &masks->weights[i]);
      sum += masks->weights[i];
    }
    fields.Take(weights.Finish());
    if (sum <= 0) fields.Fail("kinds", "a weight above 0 for one kind at least");
  }
  fields.Range("area", 0.0001, 0.9, &masks->least_share, &masks->most_share);
  std::string law = masks->even_law ? "log-uniform" : "any";
  fields.Choice("law", {"log-uniform", "any"}, &law);
  masks->even_law = law == "log-uniform";
  fields.Integer("closing", 0, 64, &masks->closing);
  fields.Integer("grow", 0, 64, &masks->grow);
  fields.Number("grow_percent", 0, 200, &masks->grow_percent);
  return fields.Finish();
}

Status ReadEngine(const Json& json, const std::string& place, PlanEngine* engine) {
  PlanFields fields(json, place);
  const std::vector<std::string> names = BuildEngineNames();
  if (!fields.Has("engine")) fields.Fail("engine", "the engine's name");
  fields.Choice("engine", {names.begin(), names.end()}, &engine->name);
  if (const ForgeryKind* kind = FindForgeryKind(engine->name))
    engine->most_share = std::min(engine->most_share, kind->most_share);
  fields.Number("weight", 0, 1000, &engine->weight);
  fields.Integer("count", 0, 20, &engine->count);
  fields.Number("most_area", 0.0001, 0.9, &engine->most_share);
  fields.Number("regenerated", 0, 1, &engine->regenerated);
  fields.Flag("held_out", &engine->held_out);
  if (engine->name == "copy-paste") fields.Flag("mixed", &engine->mixed);
  if (engine->name == "diffusion" || engine->name == "autoencoder") fields.Text("model", &engine->model);
  if (engine->name == "diffusion") {
    fields.Integer("steps", 1, 1000, &engine->steps);
    fields.Integer("side", 0, 2048, &engine->side);
    fields.Number("guidance", 0, 100, &engine->guidance);
    fields.Number("strength", 0.01, 1, &engine->strength);
  }
  return fields.Finish();
}

Status ReadRecipe(const Json& json, const std::string& place, PlanRecipe* recipe) {
  PlanFields fields(json, place);
  if (!fields.Has("name")) fields.Fail("name", "a name for tables");
  fields.Text("name", &recipe->name);
  if (recipe->name != PlainFileName(recipe->name)) fields.Fail("name", "letters, digits, '-', '.' and '_'");
  fields.Number("weight", 0, 1000, &recipe->weight);
  if (const Json* steps = fields.List("steps")) {
    if (steps->size() > 8) fields.Fail("steps", "8 steps at most");
    for (std::size_t i = 0; i < steps->size(); ++i) {
      const std::string at = fields.PlaceOf("steps") + "[" + std::to_string(i) + "]";
      PlanFields step((*steps)[i], at);
      PlanPostStep read;
      int found = 0;
      for (std::size_t k = 0; k < kPostNames.size(); ++k) {
        const char* key = kPostNames[k].data();
        const auto kind = static_cast<PlanPostStep::Kind>(k);
        if (step.Has(key)) ++found, read.kind = kind;
        bool on = true;
        if (kind == PlanPostStep::Kind::kLanczosX2)
          step.Flag(key, &on);
        else if (kind == PlanPostStep::Kind::kResize)
          step.Range(key, 0.1, 4, &read.low, &read.high);
        else
          step.Range(key, 1, 100, &read.low, &read.high);
      }
      if (found != 1)
        fields.Fail("steps",
                    "one of jpeg, webp, resize (each with [least, most]) and lanczos-x2 (true) in each step");
      fields.Take(step.Finish());
      const bool codec = read.kind == PlanPostStep::Kind::kJpeg || read.kind == PlanPostStep::Kind::kWebp;
      if (codec && i + 1 < steps->size()) fields.Fail("steps", "jpeg and webp as the last step only");
      recipe->steps.push_back(read);
    }
  }
  return fields.Finish();
}

Status ReadQuality(const Json& json, const std::string& place, PlanQuality* quality) {
  PlanFields fields(json, place);
  fields.Number("least_psnr", 0, 100, &quality->least_psnr);
  fields.Number("least_ssim", 0, 1, &quality->least_ssim);
  fields.Number("least_changed", 0, 1, &quality->least_changed);
  fields.Number("most_flat", 0, 1, &quality->most_flat);
  fields.Text("realism", &quality->realism);
  fields.Number("least_realism", 0, 1, &quality->least_realism);
  fields.Text("detector", &quality->detector);
  fields.Number("least_uncertainty", 0, 1, &quality->least_uncertainty);
  if (quality->realism.empty() && quality->least_realism > 0)
    fields.Fail("least_realism", "0, since \"realism\" is empty and nothing is measured");
  if (quality->detector.empty() && quality->least_uncertainty > 0)
    fields.Fail("least_uncertainty", "0, since \"detector\" is empty and nothing is measured");
  return fields.Finish();
}

Status ReadSplits(const Json& json, const std::string& place, PlanSplits* splits) {
  PlanFields fields(json, place);
  if (const Json* ratios = fields.Object("ratios")) {
    splits->ratios.fill(0);
    PlanFields shares(*ratios, fields.PlaceOf("ratios"));
    double sum = 0;
    for (std::size_t i = 0; i < kBuildSplits.size(); ++i) {
      shares.Number(kBuildSplits[i].data(), 0, 1, &splits->ratios[i]);
      sum += splits->ratios[i];
    }
    if (std::fabs(sum - 1) > 1e-6) fields.Fail("ratios", "shares that sum up to 1");
    fields.Take(shares.Finish());
  }
  fields.Texts("held_out_sources", &splits->held_out_sources);
  fields.Texts("held_out_objects", &splits->held_out_objects);
  fields.Integer("near_duplicate", 0, 128, &splits->near_duplicate);
  return fields.Finish();
}

Status ReadTextToPicture(const Json& json, const std::string& place, PlanTextToPicture* made) {
  PlanFields fields(json, place);
  fields.Number("share", 0, 1, &made->share);
  fields.Text("model", &made->model);
  fields.Integer("steps", 1, 1000, &made->steps);
  fields.Integer("side", 0, 2048, &made->side);
  fields.Number("guidance", 0, 100, &made->guidance);
  return fields.Finish();
}

/// Reads the objects of a list into `list`.
template <typename T, typename Read>
void ReadList(PlanFields* fields, const char* key, std::vector<T>* list, const Read& read) {
  const Json* json = fields->List(key);
  if (json == nullptr) return;
  list->clear();
  if (json->size() > kMostEntries) return fields->Fail(key, "200 entries at most");
  for (std::size_t i = 0; i < json->size(); ++i)
    fields->Take(
        read((*json)[i], fields->PlaceOf(key) + "[" + std::to_string(i) + "]", &list->emplace_back()));
}

Status ReadPlan(const Json& json, const std::string& name, BuildPlan* plan) {
  PlanFields fields(json, name);
  fields.Text("name", &plan->name);
  fields.Text("licence", &plan->licence);
  fields.Seed("seed", &plan->seed);
  const auto part = [&](const char* key, auto* value, auto read) {
    if (const Json* object = fields.Object(key)) fields.Take(read(*object, fields.PlaceOf(key), value));
  };
  part("pictures", &plan->pictures, ReadPictures);
  part("masks", &plan->masks, ReadMasks);
  ReadList(&fields, "engines", &plan->engines, ReadEngine);
  fields.Number("regenerated", 0, 1, &plan->regenerated);
  std::string history = plan->regenerated_as_edited ? "edited" : "generated";
  fields.Choice("regenerated_history", {"edited", "generated"}, &history);
  plan->regenerated_as_edited = history == "edited";
  fields.Text("redecoder", &plan->redecoder);
  part("text_to_picture", &plan->text_to_picture, ReadTextToPicture);
  ReadList(&fields, "post_processing", &plan->post, ReadRecipe);
  part("quality", &plan->quality, ReadQuality);
  part("splits", &plan->splits, ReadSplits);
  fields.Texts("annotations", &plan->annotations);

  bool drawn = false, in_domain = false, held_out = false;
  std::set<std::string> engines;
  for (const PlanEngine& engine : plan->engines) {
    drawn = drawn || engine.weight > 0;
    in_domain = in_domain || !engine.held_out;
    held_out = held_out || engine.held_out;
    if (!engines.insert(engine.name).second) fields.Fail("engines", "each engine once");
  }
  if (!drawn && plan->pictures.variants > 0)
    fields.Fail("engines", "an engine with a weight above 0, or no variants");
  if (!held_out && plan->splits.ratios[3] > 0)
    fields.Fail(
        "splits",
        "a test-out ratio of 0, since no engine is held out (sources and objects that are go there anyway)");
  if (!in_domain) fields.Fail("engines", "an engine that is not held out");
  double weights = 0;
  for (const PlanRecipe& recipe : plan->post) weights += recipe.weight;
  if (weights <= 0) fields.Fail("post_processing", "a recipe with a weight above 0");
  for (const std::string& format : plan->annotations)
    if (std::find(kAnnotationFormats.begin(), kAnnotationFormats.end(), format) == kAnnotationFormats.end())
      fields.Fail("annotations", "names out of coco, imdl, tp-gt, animedl2m, csv");
  return fields.Finish();
}

}  // namespace

std::string_view BuildMaskKindName(BuildMaskKind kind) {
  constexpr std::array<std::string_view, 5> kNames{"instance", "multi-instance", "multi-class", "background",
                                                   "random-shape"};
  return kNames[static_cast<std::size_t>(kind)];
}

std::vector<std::string> BuildEngineNames() {
  std::vector<std::string> names;
  for (const auto& engine : generate::ClassicalInpaintEngines()) names.emplace_back(engine.name);
  names.insert(names.end(), {"copy-paste", "diffusion", "autoencoder"});
  return names;
}

Result<BuildPlan> ParseBuildPlan(std::string_view json, std::string_view name) {
  KANTEI_TRY(const Json defaults, ParseJson(DefaultPlanText(), "the default plan"));
  KANTEI_TRY(const Json given, ParseJson(json, name));
  BuildPlan plan;
  KANTEI_RETURN_IF_ERROR(ReadPlan(defaults, "the default plan", &plan));
  KANTEI_RETURN_IF_ERROR(ReadPlan(given, std::string(name), &plan));
  return plan;
}

Result<BuildPlan> ReadBuildPlan(const std::filesystem::path& file) {
  KANTEI_TRY(const std::string text, ReadTextFile(file, kMostBytes));
  return ParseBuildPlan(text, DisplayPath(file));
}

Json BuildPlanJson(const BuildPlan& plan) {
  Json engines = Json::array(), post = Json::array(), kinds = Json::object(), ratios = Json::object();
  for (const PlanEngine& e : plan.engines) {
    Json engine{{"engine", e.name}, {"weight", e.weight}, {"count", e.count}, {"most_area", e.most_share}};
    if (e.regenerated >= 0) engine["regenerated"] = e.regenerated;
    engine["held_out"] = e.held_out;
    if (e.name == "copy-paste") engine["mixed"] = e.mixed;
    if (e.name == "diffusion" || e.name == "autoencoder") engine["model"] = e.model;
    if (e.name == "diffusion") {
      engine["steps"] = e.steps;
      engine["side"] = e.side;
      engine["guidance"] = e.guidance;
      engine["strength"] = e.strength;
    }
    engines.push_back(std::move(engine));
  }
  for (const PlanRecipe& r : plan.post) {
    Json steps = Json::array();
    for (const PlanPostStep& step : r.steps) {
      const std::string key(kPostNames[static_cast<std::size_t>(step.kind)]);
      if (step.kind == PlanPostStep::Kind::kLanczosX2) {
        steps.push_back(Json{{key, true}});
      } else {
        steps.push_back(Json{{key, Json::array({step.low, step.high})}});
      }
    }
    post.push_back(Json{{"name", r.name}, {"weight", r.weight}, {"steps", steps}});
  }
  for (std::size_t i = 0; i < kBuildMaskKinds.size(); ++i)
    kinds[std::string(BuildMaskKindName(kBuildMaskKinds[i]))] = plan.masks.weights[i];
  for (std::size_t i = 0; i < kBuildSplits.size(); ++i)
    ratios[std::string(kBuildSplits[i])] = plan.splits.ratios[i];
  const PlanPictures& p = plan.pictures;
  const PlanMasks& m = plan.masks;
  const PlanTextToPicture& t = plan.text_to_picture;
  const PlanQuality& q = plan.quality;
  return Json{{"name", plan.name},
              {"licence", plan.licence},
              {"seed", plan.seed},
              {"pictures",
               {{"max_side", p.max_side},
                {"least_side", p.least_side},
                {"larger", p.shrink_larger ? "shrink" : "refuse"},
                {"variants", p.variants},
                {"attempts", p.attempts}}},
              {"masks",
               {{"kinds", kinds},
                {"area", Json::array({m.least_share, m.most_share})},
                {"law", m.even_law ? "log-uniform" : "any"},
                {"closing", m.closing},
                {"grow", m.grow},
                {"grow_percent", m.grow_percent}}},
              {"engines", engines},
              {"regenerated", plan.regenerated},
              {"regenerated_history", plan.regenerated_as_edited ? "edited" : "generated"},
              {"redecoder", plan.redecoder},
              {"text_to_picture",
               {{"share", t.share},
                {"model", t.model},
                {"steps", t.steps},
                {"side", t.side},
                {"guidance", t.guidance}}},
              {"post_processing", post},
              {"quality",
               {{"least_psnr", q.least_psnr},
                {"least_ssim", q.least_ssim},
                {"least_changed", q.least_changed},
                {"most_flat", q.most_flat},
                {"realism", q.realism},
                {"least_realism", q.least_realism},
                {"detector", q.detector},
                {"least_uncertainty", q.least_uncertainty}}},
              {"splits",
               {{"ratios", ratios},
                {"held_out_sources", plan.splits.held_out_sources},
                {"held_out_objects", plan.splits.held_out_objects},
                {"near_duplicate", plan.splits.near_duplicate}}},
              {"annotations", plan.annotations}};
}

}  // namespace kantei::dataset
