#include "kantei/dataset/picture_builder.h"

#include <algorithm>
#include <utility>

#include "kantei/base/sha256.h"
#include "kantei/copy/pdq.h"
#include "kantei/dataset/forgery_pixels.h"
#include "kantei/dataset/forgery_set_files.h"
#include "kantei/dataset/mask_maker.h"
#include "kantei/image/encode.h"
#include "kantei/image/transform.h"

namespace kantei::dataset {
namespace {

namespace fs = std::filesystem;
using image::Image;

/// Of a channel, above which a pixel has changed.
constexpr int kChangedLevel = 2;
constexpr int kDonorAttempts = 6;
constexpr double kLeastDonor = 0.01, kMostDonor = 0.4;
/// Donors' pieces are cut at this longer side at most.
constexpr int kDonorSide = 1024;

/// Tasks that draw from a picture's random numbers, so that none depends on whether another was done before.
enum Task : std::uint64_t { kScene = 1, kPost = 2, kIdeas = 3, kEngines = 4, kVariant = 1000 };

Json Row(const std::string& key, const char* step, const char* status) {
  return Json{{"picture", key}, {"step", step}, {"status", status}};
}

double ChangedShare(const Image& before, const Image& after, const Image& mask) {
  double changed = 0, count = 0;
  for (std::size_t i = 0; i < mask.pixels().size(); ++i) {
    if (mask.pixels()[i] == 0) continue;
    int most = 0;
    for (std::size_t c = 3 * i; c < 3 * i + 3; ++c)
      most = std::max(most, std::abs(int(before.pixels()[c]) - int(after.pixels()[c])));
    changed += most > kChangedLevel ? 1 : 0;
    count += 1;
  }
  return count > 0 ? changed / count : 0;
}

Status WriteBytes(const fs::path& path, std::span<const std::byte> bytes) {
  std::error_code failure;
  fs::create_directories(path.parent_path(), failure);
  if (failure)
    return Error{ErrorCode::kUnavailable,
                 DisplayPath(path.parent_path()) + " cannot be made: " + failure.message()};
  return WriteFileAtomic(path, bytes);
}

std::string TwoDigits(std::size_t number) {
  return (number < 10 ? "0" : "") + std::to_string(number);
}

/// One of them by weight, taken out of the list.
std::size_t Draw(const BuildPlan& plan, std::vector<std::size_t>* left, Random& random) {
  double sum = 0;
  for (const std::size_t e : *left) sum += plan.engines[e].weight;
  double at = random.Uniform(0, sum);
  std::size_t i = 0;
  while (i + 1 < left->size() && at >= plan.engines[(*left)[i]].weight)
    at -= plan.engines[(*left)[i++]].weight;
  const std::size_t drawn = (*left)[i];
  left->erase(left->begin() + static_cast<std::ptrdiff_t>(i));
  return drawn;
}

/// The engines of a picture's variants in order: fixed counts first, then those that are drawn, each once before any comes again.
std::vector<std::size_t> EngineOrder(const BuildPlan& plan, const SourcePicture& picture) {
  const std::vector<std::size_t> allowed = EnginesFor(plan, picture);
  std::vector<std::size_t> order, drawable, left;
  for (const std::size_t e : allowed) {
    for (int n = 0; n < plan.engines[e].count; ++n) order.push_back(e);
    if (plan.engines[e].weight > 0) drawable.push_back(e);
  }
  Random random = Random(plan.seed ^ Hash(picture.digest)).Fork(kEngines);
  for (int n = 0; n < plan.pictures.variants && !drawable.empty(); ++n) {
    if (left.empty()) left = drawable;
    order.push_back(Draw(plan, &left, random));
  }
  return order;
}

bool WantsText(const BuildPlan& plan, const SourcePicture& picture) {
  return plan.text_to_picture.share > 0 &&
         Random(plan.seed ^ Hash(picture.digest)).Fork(kIdeas).Chance(plan.text_to_picture.share);
}

}  // namespace

std::string SourceKey(const SourcePicture& picture) {
  return picture.source + "/" + PlainFileName(picture.file.stem().string()).substr(0, 40) + "." +
         picture.digest.substr(0, 10);
}

std::vector<std::string> PictureKeys(const BuildPlan& plan, const SourcePicture& picture) {
  const std::string key = SourceKey(picture);
  std::vector<std::string> keys;
  for (std::size_t n = 0; n <= EngineOrder(plan, picture).size(); ++n)
    keys.push_back(key + "#" + TwoDigits(n));
  if (WantsText(plan, picture)) keys.push_back(key + "#text");
  return keys;
}

struct PictureBuilder::Source {
  const SourcePicture& picture;
  Image rgb;
  std::string remark;
  Scene scene;
  PostChain post;
  std::string key, authentic;  ///< path of the authentic picture in the set
  std::vector<std::size_t> engines;
  Random random;
  std::string split() const { return std::string(kBuildSplits[picture.split]); }
  std::string Path(const char* folder, const std::string& tail, std::string_view extension) const {
    return split() + "/" + folder + "/" + key + tail + std::string(extension);
  }
};

Result<Image> PictureBuilder::Read(const SourcePicture& picture, std::string* remark) const {
  const PlanPictures& plan = context_.options->plan.pictures;
  KANTEI_TRY(const Bytes bytes, ReadFile(picture.file, image::DecodeLimits{}.max_file_bytes));
  if (Sha256Hex(bytes) != picture.digest)
    return Error{ErrorCode::kCorrupt, DisplayPath(picture.file) + " was changed while the set was built"};
  KANTEI_TRY(image::DecodedImage decoded, image::DecodeImage(bytes, DisplayPath(picture.file)));
  if (decoded.had_alpha) *remark = "transparency over white; ";
  const int side = std::max(decoded.pixels.width(), decoded.pixels.height());
  if (side <= plan.max_side) return image::ToRgb(decoded.pixels);
  if (!plan.shrink_larger)
    return Error{ErrorCode::kTooLarge, "its longer side is " + std::to_string(side) + ", above the plan's " +
                                           std::to_string(plan.max_side)};
  *remark += "shrunk from " + std::to_string(decoded.pixels.width()) + "x" +
             std::to_string(decoded.pixels.height()) + "; ";
  return image::ResizeToFit(image::ToRgb(decoded.pixels), plan.max_side);
}

Status PictureBuilder::Refuse(const std::string& key, std::vector<Json> rows, const char* step,
                              const char* status, const std::string& reason) {
  rows.push_back(Row(key, step, status));
  rows.back()["reason"] = reason;
  return manifest_.Append(key, rows);
}

PictureBuilder::Outcome PictureBuilder::Build(const SourcePicture& picture,
                                              const std::function<void()>& done) {
  Outcome outcome;
  const BuildPlan& plan = context_.options->plan;
  const std::vector<std::string> keys = PictureKeys(plan, picture);
  const auto all_done = [&](std::size_t from) {
    for (std::size_t i = from; i < keys.size(); ++i) done();
  };
  if (std::all_of(keys.begin(), keys.end(), [&](const std::string& k) { return manifest_.Finished(k); })) {
    all_done(0);
    return outcome;
  }
  const Random random(plan.seed ^ Hash(picture.digest));
  Random post = random.Fork(kPost);
  Source source{picture, {}, {}, {}, PostChain::Draw(plan.post, post), SourceKey(picture), {}, {}, random};
  source.authentic = source.Path("authentic", "", source.post.extension());
  source.engines = EngineOrder(plan, picture);
  Result<Image> rgb = Read(picture, &source.remark);
  std::string reason;
  if (!rgb.ok() && rgb.error().code != ErrorCode::kTooLarge) {
    outcome.file = rgb.error();
    reason = rgb.error().message;
  } else if (!rgb.ok()) {
    reason = rgb.error().message;
  } else if (std::min(rgb->width(), rgb->height()) < plan.pictures.least_side) {
    reason = "its shorter side is below the plan's " + std::to_string(plan.pictures.least_side);
  } else if (IsBlank(*rgb) || HasBlackCorners(*rgb)) {
    reason = "it is blank or has black corners";
  }
  if (!reason.empty()) {
    // A file that cannot be read now may be readable later: it gets no row.
    for (const std::string& key : keys)
      if (outcome.file.ok() && outcome.disk.ok() && !manifest_.Finished(key))
        outcome.disk = Refuse(key, {}, "objects", "refused", reason);
    all_done(0);
    return outcome;
  }
  source.rgb = std::move(*rgb);
  const CocoPicture* annotated = context_.annotations.Find(picture.file);
  Result<Scene> scene = FindScene(source.rgb, annotated, source.random.Fork(kScene).Next());
  if (!scene.ok()) {
    outcome.file = Error{scene.error().code, DisplayPath(picture.file) + ": " + scene.error().message};
    all_done(0);
    return outcome;
  }
  source.scene = std::move(*scene);
  for (std::size_t i = 0; i < keys.size() && outcome.disk.ok(); ++i) {
    if (cancellation_.cancelled()) break;
    if (!manifest_.Finished(keys[i])) {
      outcome.disk = i == 0                       ? Authentic(&source)
                     : keys[i].ends_with("#text") ? FromText(source, keys[i])
                                                  : Variant(source, i, keys[i]);
    }
    done();
  }
  // What was stopped midway has no row and is made again by the next run.
  if (!outcome.disk.ok() && outcome.disk.error().code == ErrorCode::kCancelled) outcome.disk = {};
  return outcome;
}

Status PictureBuilder::Write(const Source& source, const FinishedPicture& finished, const Image& mask,
                             BuiltSample* sample) const {
  const fs::path& out = context_.options->out;
  sample->source = source.picture.source;
  sample->split = source.split();
  sample->group = source.picture.group;
  sample->width = finished.pixels.width();
  sample->height = finished.pixels.height();
  sample->caption = source.scene.caption;
  sample->post = source.post.name();
  sample->post_steps = source.post.Describe();
  sample->picture_sha256 = Sha256Hex(finished.file);
  const copy::PdqHash hash = copy::ComputePdq(finished.pixels);
  sample->pdq = hash.code.ToHex();
  sample->pdq_quality = hash.quality;
  if (!mask.empty()) {
    KANTEI_TRY(const Bytes png, image::EncodePng(mask));
    sample->mask_sha256 = Sha256Hex(png);
    sample->mask_share = MaskShare(mask);
    sample->box = MaskBox(mask);
    sample->rle = RleString(EncodeRle(mask).counts);
    KANTEI_RETURN_IF_ERROR(WriteBytes(out / sample->mask, png));
  }
  return WriteBytes(out / sample->picture, finished.file);
}

Status PictureBuilder::Authentic(Source* source) {
  const std::string key = source->key + "#00";
  std::vector<Json> rows{Row(key, "objects", "ok")};
  Json objects = Json::array();
  for (const FoundObject& object : source->scene.objects)
    objects.push_back(Json{{"name", object.name}, {"origin", object.origin}, {"share", object.share}});
  rows[0]["file"] = DisplayPath(source->picture.file.filename());
  rows[0]["sha256"] = source->picture.digest;
  rows[0]["width"] = source->rgb.width();
  rows[0]["height"] = source->rgb.height();
  if (!source->remark.empty()) rows[0]["remark"] = source->remark.substr(0, source->remark.size() - 2);
  rows[0]["caption"] = source->scene.caption;
  rows[0]["objects"] = std::move(objects);
  BuiltSample sample;
  sample.key = key;
  sample.picture = source->authentic;
  sample.history = sample.kind = sample.engine = "authentic";
  for (const FoundObject& object : source->scene.objects) sample.objects.push_back(object.name);
  std::sort(sample.objects.begin(), sample.objects.end());
  sample.objects.erase(std::unique(sample.objects.begin(), sample.objects.end()), sample.objects.end());
  KANTEI_TRY(const FinishedPicture finished, source->post.Apply(source->rgb));
  KANTEI_RETURN_IF_ERROR(context_.quality.MeasureWhole(finished.pixels, {}, cancellation_, &sample));
  KANTEI_RETURN_IF_ERROR(Write(*source, finished, {}, &sample));
  rows.push_back(BuiltSampleRow(sample));
  return manifest_.Append(key, rows);
}

Result<ReplacementIdea> PictureBuilder::Idea(const SceneDescription& scene, std::uint64_t seed,
                                             std::vector<Json>* rows) const {
  SceneDescription described = scene;
  if (described.objects.empty()) described.objects.push_back({"background", 1});
  Result<ReplacementIdea> idea = context_.ideas->Propose(described, seed, cancellation_);
  if (!idea.ok() && idea.error().code == ErrorCode::kCancelled) return idea.error();
  const std::string key = rows->front().at("picture").get<std::string>();
  Json row = Row(key, "idea", "ok");
  if (!idea.ok() || idea->object_idx >= described.objects.size()) {
    // Whoever had to have the idea could not; the picture is not lost for it.
    row["remark"] =
        idea.ok() ? std::string("the idea is about an object that is not there") : idea.error().message;
    KANTEI_TRY(idea, MakeCaptionSource()->Propose(described, seed, cancellation_));
  }
  row["object"] = described.objects[idea->object_idx].name;
  row["replacement"] = idea->replacement;
  row["prompt"] = idea->prompt;
  row["negative_prompt"] = idea->negative_prompt;
  row["reason"] = idea->reason;
  row["source"] = idea->source;
  rows->push_back(std::move(row));
  return *idea;
}

Result<std::optional<PasteMaterial>> PictureBuilder::Material(const Source& source, Random& random) const {
  const std::vector<CutoutFile>& cutouts = context_.cutouts[source.picture.split];
  const std::vector<std::size_t>& donors = context_.donors[source.picture.split];
  for (int attempt = 0; attempt < kDonorAttempts; ++attempt) {
    KANTEI_RETURN_IF_ERROR(cancellation_.Check());
    if (!cutouts.empty() && (donors.size() < 2 || random.Chance(0.5))) {
      const CutoutFile& drawn = cutouts[random.Below(cutouts.size())];
      return std::optional(PasteMaterial{drawn.cutout, DisplayPath(drawn.file.filename())});
    }
    if (donors.size() < 2) break;
    const SourcePicture& donor = context_.pictures[donors[random.Below(donors.size())]];
    if (donor.group == source.picture.group) continue;
    std::string remark;
    Result<Image> rgb = Read(donor, &remark);
    if (!rgb.ok()) continue;
    *rgb = image::ResizeToFit(*rgb, kDonorSide);
    if (std::min(rgb->width(), rgb->height()) < 32 || IsBlank(*rgb)) continue;
    const Result<Scene> scene = FindScene(*rgb, context_.annotations.Find(donor.file), random.Next());
    if (!scene.ok()) continue;
    std::vector<const FoundObject*> fits;
    for (const FoundObject& object : scene->objects)
      if (object.share >= kLeastDonor && object.share <= kMostDonor) fits.push_back(&object);
    if (fits.empty()) continue;
    const FoundObject& object = *fits[random.Below(fits.size())];
    KANTEI_TRY(Image alpha, DrawFound(object, *scene, rgb->width(), rgb->height()));
    return std::optional(
        PasteMaterial{{std::move(*rgb), CloseMask(alpha, 2)}, SourceKey(donor) + " (" + object.name + ")"});
  }
  return std::optional<PasteMaterial>();
}

Status PictureBuilder::Variant(const Source& source, std::size_t number, const std::string& key) {
  const BuildPlan& plan = context_.options->plan;
  const std::size_t e = source.engines[number - 1];
  const PlanEngine& engine = plan.engines[e];
  const Random own = source.random.Fork(kVariant + number);
  Random draw = own;
  const bool regenerated = draw.Chance(engine.regenerated >= 0 ? engine.regenerated : plan.regenerated);
  // An autoencoder alone leaves nothing to be found but that all was decoded.
  const bool whole = regenerated && engine.name == "autoencoder";
  std::string reason = "no mask fits the plan's area";
  std::vector<Json> rows;
  for (int attempt = 0; attempt < plan.pictures.attempts; ++attempt) {
    KANTEI_RETURN_IF_ERROR(cancellation_.Check());
    Random random = own.Fork(static_cast<std::uint64_t>(attempt));
    rows.clear();
    std::optional<ChosenMask> chosen;
    if (whole) {
      chosen = ChosenMask{Image(source.rgb.width(), source.rgb.height(), 1), {}, "whole", {}, 1};
      std::fill(chosen->mask.pixels().begin(), chosen->mask.pixels().end(), std::uint8_t{255});
    } else {
      KANTEI_TRY(chosen, ChooseMask(source.rgb, source.scene, plan.masks, engine.most_share, random));
    }
    if (!chosen) continue;
    BuiltSample sample;
    sample.key = key;
    if (!whole) sample.mask_kind = BuildMaskKindName(chosen->kind);
    sample.mask_shape = chosen->shape;
    for (const std::size_t i : chosen->objects) sample.objects.push_back(source.scene.objects[i].name);
    rows.push_back(Row(key, "mask", "ok"));
    rows[0]["kind"] = sample.mask_kind;
    rows[0]["shape"] = sample.mask_shape;
    rows[0]["objects"] = sample.objects;
    rows[0]["share"] = chosen->share;
    rows[0]["attempt"] = attempt + 1;
    KANTEI_TRY(const ReplacementIdea idea,
               Idea(source.scene.Describe(chosen->objects), random.Next(), &rows));
    const FillJob job{source.rgb, chosen->mask, idea, [&](Random& from) { return Material(source, from); }};
    const std::uint64_t seed = random.Next();
    KANTEI_TRY(std::optional<FilledPicture> filled, context_.engines[e]->Fill(job, seed, cancellation_));
    if (!filled) {
      reason = engine.name == "copy-paste" ? "nothing was found that fits to be pasted"
                                           : "too little is known around the hole";
      continue;
    }
    if (!whole && ChangedShare(source.rgb, filled->picture, filled->mask) < plan.quality.least_changed) {
      reason = "hardly a pixel changed";
      continue;
    }
    if (!whole && FlatShare(filled->picture, filled->mask) > plan.quality.most_flat) {
      reason = "the result is flat";
      continue;
    }
    if (whole) {
      filled->mask = Image(source.rgb.width(), source.rgb.height(), 1);  // nothing is left as it was
    } else if (regenerated) {
      KANTEI_TRY(filled->picture, context_.redecode(filled->picture, cancellation_));
    }
    sample.engine = engine.name;
    sample.kind = regenerated ? "regenerated" : "spliced";
    sample.history = whole || (regenerated && !plan.regenerated_as_edited) ? "generated" : "edited";
    sample.original = source.authentic;
    sample.material = filled->material;
    sample.replacement = idea.replacement;
    sample.prompt = idea.prompt;
    sample.negative_prompt = idea.negative_prompt;
    sample.reason = idea.reason;
    sample.idea_source = idea.source;
    const std::string tail = "-" + engine.name + "-" + sample.kind + "-" + TwoDigits(number);
    const bool as_edited = sample.history == "edited";
    sample.picture = source.Path(as_edited ? "edited" : "generated", tail, source.post.extension());
    if (!whole) sample.mask = source.Path("masks", tail, ".png");
    rows.push_back(Row(key, "inpaint", "ok"));
    rows.back()["engine"] = engine.name;
    rows.back()["kind"] = sample.kind;
    rows.back()["seed"] = seed;
    if (!sample.material.empty()) rows.back()["material"] = sample.material;
    KANTEI_RETURN_IF_ERROR(
        context_.quality.MeasureOutside(source.rgb, filled->picture, filled->mask, &sample));
    KANTEI_TRY(const FinishedPicture finished, source.post.Apply(filled->picture));
    const Image mask = whole ? Image() : source.post.ApplyToMask(filled->mask);
    KANTEI_RETURN_IF_ERROR(context_.quality.MeasureWhole(finished.pixels, mask, cancellation_, &sample));
    Json quality = Row(key, "quality", "ok");
    const auto number_of = [](const std::optional<double>& value) {
      return value ? Json(*value) : Json(nullptr);
    };
    quality["identical_outside"] = sample.identical_outside;
    quality["psnr_outside"] = number_of(sample.psnr_outside);
    quality["ssim_outside"] = number_of(sample.ssim_outside);
    quality["irs"] = number_of(sample.irs);
    quality["realism"] = number_of(sample.realism);
    quality["detector_uncertainty"] = number_of(sample.detector_uncertainty);
    if (const auto refusal = context_.quality.Refusal(sample)) {
      quality["status"] = "refused";
      quality["reason"] = *refusal;
      rows.push_back(std::move(quality));
      return manifest_.Append(key, rows);
    }
    rows.push_back(std::move(quality));
    KANTEI_RETURN_IF_ERROR(Write(source, finished, mask, &sample));
    rows.push_back(BuiltSampleRow(sample));
    return manifest_.Append(key, rows);
  }
  Json row = Row(key, "inpaint", "fruitless");
  row["engine"] = engine.name;
  row["reason"] = reason;
  rows.push_back(std::move(row));
  return manifest_.Append(key, rows);
}

Status PictureBuilder::FromText(const Source& source, const std::string& key) {
  const PlanTextToPicture& plan = context_.options->plan.text_to_picture;
  Random random = source.random.Fork(kIdeas).Fork(1);
  std::vector<std::size_t> all(source.scene.objects.size());
  for (std::size_t i = 0; i < all.size(); ++i) all[i] = i;
  std::vector<Json> rows{Row(key, "objects", "ok")};
  KANTEI_TRY(const ReplacementIdea idea, Idea(source.scene.Describe(all), random.Next(), &rows));
  if (idea.prompt.empty())
    return Refuse(key, std::move(rows), "inpaint", "fruitless", "no words are known of what it shows");
  const std::uint64_t seed = random.Next();
  KANTEI_TRY(const Image made, PictureFromText(*context_.text_model, idea, plan, seed, cancellation_));
  BuiltSample sample;
  sample.key = key;
  sample.picture = source.Path("generated", "-text", source.post.extension());
  sample.history = "generated";
  sample.kind = "text-to-picture";
  sample.engine = "diffusion";
  sample.prompt = idea.prompt;
  sample.negative_prompt = idea.negative_prompt;
  sample.replacement = idea.replacement;
  sample.reason = idea.reason;
  sample.idea_source = idea.source;
  rows.push_back(Row(key, "inpaint", "ok"));
  rows.back()["engine"] = sample.engine;
  rows.back()["kind"] = sample.kind;
  rows.back()["seed"] = seed;
  KANTEI_TRY(const FinishedPicture finished, source.post.Apply(made));
  KANTEI_RETURN_IF_ERROR(context_.quality.MeasureWhole(finished.pixels, {}, cancellation_, &sample));
  if (const auto refusal = context_.quality.Refusal(sample))
    return Refuse(key, std::move(rows), "quality", "refused", *refusal);
  KANTEI_RETURN_IF_ERROR(Write(source, finished, {}, &sample));
  rows.push_back(BuiltSampleRow(sample));
  return manifest_.Append(key, rows);
}

}  // namespace kantei::dataset
