#include "kantei/dataset/build_scene.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <utility>

#include "kantei/dataset/edit_math.h"
#include "kantei/dataset/mask_maker.h"
#include "kantei/dataset/segments.h"
#include "kantei/generate/grab_cut.h"
#include "kantei/generate/subject_mask.h"
#include "kantei/image/transform.h"

namespace kantei::dataset {
namespace {

using image::Image;

constexpr int kSegmentSide = 384;
constexpr double kSegmentScale = 300, kLeastSegment = 0.005, kMostSegment = 0.5;
constexpr std::size_t kMostSegments = 24;

/// A segment that runs along the picture's edge is ground rather than a thing.
constexpr double kMostEdge = 0.2;

void AddSegments(const Image& rgb, Scene* scene) {
  const Image small = image::ResizeToFit(rgb, kSegmentSide);
  const double area = double(small.width()) * small.height();
  const Segments segments = SegmentPicture(small, kSegmentScale, std::max(20, Round(area * 0.002)));
  std::vector<int> edge(segments.sizes.size(), 0);
  for (int y = 0; y < small.height(); ++y) {
    for (int x = 0; x < small.width(); ++x) {
      if (x > 0 && y > 0 && x + 1 < small.width() && y + 1 < small.height()) continue;
      ++edge[std::size_t(segments.label[std::size_t(y) * std::size_t(small.width()) + std::size_t(x)])];
    }
  }
  std::vector<std::size_t> order;
  for (std::size_t s = 0; s < segments.sizes.size(); ++s) {
    const double share = segments.sizes[s] / area;
    if (share >= kLeastSegment && share <= kMostSegment &&
        edge[s] <= kMostEdge * 2 * (small.width() + small.height()))
      order.push_back(s);
  }
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return segments.sizes[a] > segments.sizes[b]; });
  order.resize(std::min(order.size(), kMostSegments));
  for (const std::size_t s : order) {
    Image mask(small.width(), small.height(), 1);
    for (std::size_t i = 0; i < segments.label.size(); ++i)
      mask.pixels()[i] = std::size_t(segments.label[i]) == s ? 255 : 0;
    const double share = segments.sizes[s] / area;
    scene->objects.push_back({"segment", "segments", share, std::move(mask)});
  }
}

/// The objects of each name, in order of their names.
std::map<std::string, std::vector<std::size_t>> ByName(const Scene& scene) {
  std::map<std::string, std::vector<std::size_t>> names;
  for (std::size_t i = 0; i < scene.objects.size(); ++i) names[scene.objects[i].name].push_back(i);
  return names;
}

struct Law {
  double least, most, wished;
  bool even;
};

/// The one whose share is nearest to the law's in the logarithm, or any; nullopt when none is within the limits.
std::optional<std::size_t> Pick(const Scene& scene, const std::vector<std::size_t>& among, double taken,
                                const Law& law, Random& random) {
  std::vector<std::size_t> fits;
  for (const std::size_t i : among) {
    const double share = taken + scene.objects[i].share;
    if (share >= law.least * (taken > 0 ? 0 : 1) && share <= law.most) fits.push_back(i);
  }
  if (fits.empty()) return std::nullopt;
  if (!law.even) return fits[random.Below(fits.size())];
  const auto distance = [&](std::size_t i) {
    return std::fabs(Log((taken + scene.objects[i].share) / law.wished));
  };
  return *std::min_element(fits.begin(), fits.end(),
                           [&](std::size_t a, std::size_t b) { return distance(a) < distance(b); });
}

std::vector<std::size_t> Without(std::vector<std::size_t> list, const std::vector<std::size_t>& taken) {
  std::erase_if(list, [&](std::size_t i) { return std::find(taken.begin(), taken.end(), i) != taken.end(); });
  return list;
}

/// The objects of a mask of this kind; empty when the scene does not offer one.
std::vector<std::size_t> PickObjects(const Scene& scene, BuildMaskKind kind, const Law& law, Random& random) {
  const auto names = ByName(scene);
  std::vector<std::size_t> all(scene.objects.size());
  for (std::size_t i = 0; i < all.size(); ++i) all[i] = i;
  std::vector<std::size_t> chosen;
  const auto take = [&](const std::vector<std::size_t>& among, double wished_share) {
    Law now = law;
    now.wished = std::max(law.least, wished_share);
    double taken = 0;
    for (const std::size_t i : chosen) taken += scene.objects[i].share;
    const auto found = Pick(scene, among, taken, now, random);
    if (found) chosen.push_back(*found);
    return found.has_value();
  };
  if (kind == BuildMaskKind::kInstance) {
    take(all, law.wished);
    return chosen;
  }
  if (kind == BuildMaskKind::kMultiInstance) {
    std::vector<const std::vector<std::size_t>*> several;
    for (const auto& [name, list] : names)
      if (list.size() > 1) several.push_back(&list);
    if (several.empty()) return {};
    const std::vector<std::size_t>& list = *several[random.Below(several.size())];
    const int wished = Between(random, 2, int(std::min<std::size_t>(4, list.size())));
    for (int n = 1; n <= wished; ++n)
      if (!take(Without(list, chosen), law.wished * n / wished)) break;
    return chosen.size() > 1 ? chosen : std::vector<std::size_t>();
  }
  // One object each of several names.
  if (names.size() < 2) return {};
  const int wished = Between(random, 2, int(std::min<std::size_t>(3, names.size())));
  for (int n = 1; n <= wished; ++n) {
    std::vector<std::size_t> among;
    for (const std::size_t i : Without(all, chosen)) {
      const bool known = std::any_of(chosen.begin(), chosen.end(), [&](std::size_t c) {
        return scene.objects[c].name == scene.objects[i].name;
      });
      if (!known) among.push_back(i);
    }
    if (!take(among, law.wished * n / wished)) break;
  }
  return chosen.size() > 1 ? chosen : std::vector<std::size_t>();
}

Result<Image> DrawUnion(const Scene& scene, const std::vector<std::size_t>& objects, int width, int height) {
  Image mask(width, height, 1);
  for (const std::size_t i : objects) {
    KANTEI_TRY(const Image one, DrawFound(scene.objects[i], scene, width, height));
    for (std::size_t k = 0; k < mask.pixels().size(); ++k)
      if (one.pixels()[k] != 0) mask.pixels()[k] = 255;
  }
  return mask;
}

Image Invert(Image mask) {
  for (std::uint8_t& value : mask.pixels()) value = static_cast<std::uint8_t>(255 - value);
  return mask;
}

/// Closed and grown as the plan says, but not beyond `most` of the area.
Image Finish(Image mask, const PlanMasks& plan, double most) {
  mask = CloseMask(mask, plan.closing);
  Image grown = Dilate(mask, plan.grow);
  if (MaskShare(grown) <= most) mask = std::move(grown);
  const double wished = std::min(most, MaskShare(mask) * (1 + plan.grow_percent / 100));
  for (int step = 0; step < 256 && plan.grow_percent > 0 && MaskShare(mask) < wished; ++step) {
    Image next = Dilate(mask, 1);
    if (MaskShare(next) > most) break;
    mask = std::move(next);
  }
  return mask;
}

std::optional<ChosenMask> RandomShape(const Image& rgb, const Law& law, Random& random) {
  constexpr std::array kShapes{MaskKind::kStrokes, MaskKind::kBlob, MaskKind::kPolygon, MaskKind::kRectangle};
  const MaskKind shape = kShapes[random.Below(kShapes.size())];
  auto mask = MakeMask(rgb, shape, {law.least, law.most, 0}, random);
  if (!mask) return std::nullopt;
  for (std::uint8_t& value : mask->pixels()) value = value >= 128 ? 255 : 0;
  return ChosenMask{std::move(*mask), BuildMaskKind::kRandomShape, std::string(MaskKindName(shape)), {}, 0};
}

Result<std::optional<ChosenMask>> Background(const Image& rgb, const Scene& scene, const Law& law,
                                             Random& random) {
  if (scene.foreground.empty()) return std::optional<ChosenMask>();
  KANTEI_TRY(const Image objects, DrawUnion(scene, scene.foreground, rgb.width(), rgb.height()));
  Image ground = Invert(objects);
  const double share = MaskShare(ground);
  if (share < law.least) return std::optional<ChosenMask>();
  std::string shape = "background";
  if (share > law.most) {
    // A part of it, since all of it would leave nothing to fill from.
    Law part = law;
    part.least = std::min(law.most, law.least * 1.5);
    auto random_shape = RandomShape(rgb, part, random);
    if (!random_shape) return std::optional<ChosenMask>();
    for (std::size_t i = 0; i < ground.pixels().size(); ++i)
      if (random_shape->mask.pixels()[i] == 0) ground.pixels()[i] = 0;
    shape = random_shape->shape;
  }
  return std::optional<ChosenMask>(
      ChosenMask{std::move(ground), BuildMaskKind::kBackground, std::move(shape), {}, 0});
}

}  // namespace

SceneDescription Scene::Describe(const std::vector<std::size_t>& chosen) const {
  SceneDescription scene;
  scene.caption = caption;
  for (const std::size_t i : chosen) scene.objects.push_back({objects[i].name, objects[i].share});
  return scene;
}

Image CloseMask(const Image& mask, int radius) {
  if (radius <= 0) return mask;
  // Outside the picture counts as set while shrinking, so that shapes at its edge keep their pixels.
  return Invert(Dilate(Invert(Dilate(mask, radius)), radius));
}

Result<Scene> FindScene(const Image& rgb, const CocoPicture* annotated, std::uint64_t seed) {
  Scene scene;
  scene.annotated = annotated;
  if (annotated != nullptr) {
    if (!annotated->captions.empty()) scene.caption = annotated->captions.front();
    for (const CocoObject& object : annotated->objects)
      scene.objects.push_back({object.category, "annotation", object.share, &object});
  }
  if (scene.objects.empty()) {
    generate::SubjectMask subject = generate::FindSubject({}, rgb, generate::MaskSource::kSaliency);
    if (subject.source == generate::MaskSource::kSaliency && subject.area > 0) {
      KANTEI_TRY(Image refined, generate::RefineByGrabCut(rgb, subject.pixels, seed));
      const double share = MaskShare(refined);
      const bool kept = share > 0.3 * subject.area && share < 3 * subject.area;
      if (!kept) refined = std::move(subject.pixels);
      scene.objects.push_back(
          {"subject", kept ? "grabcut" : "saliency", kept ? share : subject.area, std::move(refined)});
    }
    if (!scene.objects.empty()) scene.foreground = {0};
    AddSegments(rgb, &scene);
  } else {
    for (std::size_t i = 0; i < scene.objects.size(); ++i) scene.foreground.push_back(i);
  }
  return scene;
}

Result<Image> DrawFound(const FoundObject& object, const Scene& scene, int width, int height) {
  if (const auto* annotated = std::get_if<const CocoObject*>(&object.shape))
    return DrawObject(**annotated, *scene.annotated, width, height);
  const Image& shape = std::get<Image>(object.shape);
  if (shape.width() == width && shape.height() == height) return shape;
  Image mask = image::Resize(shape, width, height);
  for (std::uint8_t& value : mask.pixels()) value = value >= 128 ? 255 : 0;
  return mask;
}

Result<std::optional<ChosenMask>> ChooseMask(const Image& rgb, const Scene& scene, const PlanMasks& plan,
                                             double most_share, Random& random) {
  Law law{plan.least_share, std::max(plan.least_share, std::min(plan.most_share, most_share)), 0,
          plan.even_law};
  law.wished = LogUniform(random, law.least, law.most);
  std::array<double, 5> weights = plan.weights;
  while (true) {
    double sum = 0;
    for (const double weight : weights) sum += weight;
    if (sum <= 0) return std::optional<ChosenMask>();
    double at = random.Uniform(0, sum);
    std::size_t k = 0;
    while (k + 1 < weights.size() && (weights[k] <= 0 || at >= weights[k])) at -= weights[k++];
    const BuildMaskKind kind = kBuildMaskKinds[k];
    weights[k] = 0;
    std::optional<ChosenMask> chosen;
    if (kind == BuildMaskKind::kRandomShape) {
      Law shape = law;
      shape.least = std::max(law.least, law.wished * 0.9), shape.most = std::min(law.most, law.wished * 1.1);
      chosen = RandomShape(rgb, plan.even_law ? shape : law, random);
    } else if (kind == BuildMaskKind::kBackground) {
      KANTEI_TRY(chosen, Background(rgb, scene, law, random));
    } else if (const auto objects = PickObjects(scene, kind, law, random); !objects.empty()) {
      KANTEI_TRY(Image mask, DrawUnion(scene, objects, rgb.width(), rgb.height()));
      chosen = ChosenMask{std::move(mask), kind, "object", objects, 0};
    }
    if (!chosen) continue;
    if (chosen->shape == "object") chosen->mask = Finish(std::move(chosen->mask), plan, law.most);
    chosen->share = MaskShare(chosen->mask);
    if (chosen->share >= law.least * 0.5 && chosen->share <= law.most * 1.1) return chosen;
  }
}

}  // namespace kantei::dataset
