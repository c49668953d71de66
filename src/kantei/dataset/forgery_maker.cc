#include "kantei/dataset/forgery_maker.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <string>
#include <utility>

#include "kantei/dataset/edit_math.h"
#include "kantei/dataset/forgery_pixels.h"
#include "kantei/image/transform.h"

namespace kantei::dataset {
namespace {

using image::Image;

constexpr std::array<ForgeryKind, 12> kKinds{{
    {"telea", "a hole filled by fast marching", 1},
    {"navier-stokes", "a hole filled by fluid dynamics", 1},
    {"fsr", "a hole filled by frequency-selective reconstruction (slow)", 0.4, false, false, 0.2},
    {"shift-map", "a hole filled with shifted pieces of the picture (slow)", 0.6, false, false, 0.1},
    {"patch-match", "a hole filled with patches of the picture", 2},
    {"diffuse", "a hole filled with the smoothest surface", 0.5},
    {"splice", "a segment of another picture pasted in", 2, true},
    {"cutout", "a cut-out with its own transparency pasted in", 2, false, true},
    {"copy-move", "a segment of the same picture pasted elsewhere", 1.5},
    {"renoise", "noise laid over a part", 0.5},
    {"blur", "a part blurred", 0.5},
    {"recolour", "the colours of a part changed", 0.5},
}};
constexpr std::size_t kEngines = 6;

/// At least a quarter of the pixel is new.
constexpr int kLeastWeight = 64;

struct Job {
  const Image& rgb;
  const ForgeryMaterial& material;
  const ForgeryOptions& options;
};

MaskKind DrawMaskKind(Random& random, double segments) {
  constexpr std::array kOthers{MaskKind::kStrokes, MaskKind::kStrokes, MaskKind::kBlob,
                               MaskKind::kBlob,    MaskKind::kPolygon, MaskKind::kRectangle};
  if (random.Chance(segments)) return MaskKind::kSegment;
  return kOthers[random.Below(kOthers.size())];
}

int DrawFeather(const ForgeryOptions& options, Random& random) {
  if (!random.Chance(options.feather_chance)) return 0;
  return Round(random.Uniform(0, options.most_feather));
}

std::optional<Image> DrawMask(const Image& rgb, MaskOptions options, double segments, int least_dilation,
                              int most_dilation, Random& random) {
  const MaskKind kind = DrawMaskKind(random, segments);
  // Who removes an object takes a little of its surroundings along.
  options.dilation += kind == MaskKind::kSegment ? Between(random, least_dilation, most_dilation) : 0;
  return MakeMask(rgb, kind, options, random);
}

/// Soft within the mask only, since a filling ends there.
Image InnerFeather(const Image& mask, int radius) {
  if (radius == 0) return mask;
  Image soft = Feather(mask, radius);
  for (std::size_t i = 0; i < soft.pixels().size(); ++i) {
    if (mask.pixels()[i] == 0) soft.pixels()[i] = 0;
  }
  return soft;
}

Result<std::optional<Layer>> Inpaint(const Job& job, const generate::InpaintEngine& engine, Random& random,
                                     const CancellationToken& cancellation) {
  MaskOptions shape = job.options.mask;
  shape.most_share =
      std::clamp(FindForgeryKind(engine.name())->most_share, shape.least_share, shape.most_share);
  const std::optional<Image> mask = DrawMask(job.rgb, shape, 0.45, 1, 4, random);
  if (!mask) return std::optional<Layer>();
  Result<Image> filled = engine.Inpaint(job.rgb, *mask, random.Next(), cancellation);
  if (!filled.ok()) {
    if (filled.error().code != ErrorCode::kInvalidArgument) return filled.error();
    return std::optional<Layer>();  // too little around this hole: another mask may do
  }
  if (random.Chance(job.options.grain_chance)) {
    Image grainy = *filled;
    const double sigma = NoiseLevel(job.rgb, *mask) * random.Uniform(0.5, 1.1);
    AddNoise(&grainy, sigma, random);
    *filled = std::move(grainy);
  }
  Image weight = InnerFeather(*mask, DrawFeather(job.options, random));
  Image mixed = Mix(job.rgb, *filled, weight);
  return std::optional<Layer>(Layer{std::move(mixed), std::move(weight)});
}

Piece Padded(const Piece& piece, int margin) {
  const int width = piece.alpha.width() + 2 * margin, height = piece.alpha.height() + 2 * margin;
  Piece padded{Image(width, height, 3), Image(width, height, 1)};
  for (int y = 0; y < piece.alpha.height(); ++y) {
    std::copy_n(piece.colour.row(y), piece.colour.stride(), padded.colour.row(y + margin) + 3 * margin);
    std::copy_n(piece.alpha.row(y), piece.alpha.stride(), padded.alpha.row(y + margin) + margin);
  }
  return padded;
}

/// A piece laid where its centre is inside the picture.
Layer LaySomewhere(const Job& job, Piece piece, Random& random) {
  const int feather = DrawFeather(job.options, random);
  if (feather > 0) {
    // The rim is softened inwards: what lies outside the piece has no colour. A frame around it, so that pieces that fill
    // their box are soft there too.
    piece = Padded(piece, feather);
    Image soft = InnerFeather(piece.alpha, feather);
    for (std::size_t i = 0; i < soft.pixels().size(); ++i) {
      const int before = std::max<int>(1, piece.alpha.pixels()[i]);
      const int after = std::min(before, int(soft.pixels()[i]));
      for (std::size_t c = 0; c < 3; ++c)
        piece.colour.pixels()[3 * i + c] =
            static_cast<std::uint8_t>((piece.colour.pixels()[3 * i + c] * after + before / 2) / before);
      soft.pixels()[i] = static_cast<std::uint8_t>(piece.alpha.pixels()[i] == 0 ? 0 : after);
    }
    piece.alpha = std::move(soft);
  }
  const int cx = Round(job.rgb.width() * random.Uniform(0.1, 0.9));
  const int cy = Round(job.rgb.height() * random.Uniform(0.1, 0.9));
  return Lay(job.rgb, piece, cx - piece.colour.width() / 2, cy - piece.colour.height() / 2);
}

/// The scale at which a piece covers the drawn share of the picture, within what still looks like a picture.
double ScaleFor(const Job& job, const Piece& piece, double most, Random& random) {
  const double share = LogUniform(random, job.options.mask.least_share, job.options.mask.most_share);
  const double area = double(job.rgb.width()) * job.rgb.height() * share;
  const double own = std::max(1.0, MaskShare(piece.alpha) * piece.alpha.width() * piece.alpha.height());
  const double fits =
      std::min(1.2 * job.rgb.width() / piece.alpha.width(), 1.2 * job.rgb.height() / piece.alpha.height());
  return std::min({std::sqrt(area / own), most, fits});
}

std::optional<Layer> Splice(const Job& job, Random& random) {
  if (!job.material.draw_donor) return std::nullopt;
  const std::optional<Image> donor = job.material.draw_donor(random);
  if (!donor) return std::nullopt;
  MaskOptions shape;
  shape.least_share = 0.03;
  shape.most_share = 0.45;
  const std::optional<Image> mask = DrawMask(*donor, shape, 0.75, 0, 2, random);
  if (!mask) return std::nullopt;
  Piece piece = CutPiece(*donor, *mask);
  double scale = ScaleFor(job, piece, 1.6, random);
  // Pasted as it is, without a trace of resampling, when it is about the wished size anyway.
  if (scale > 0.7 && scale < 1.4) scale = 1;
  const double degrees = random.Chance(0.4) ? Signed(random, 2, 40) : 0;
  const bool mirrored = random.Chance(0.3);
  piece = Transform(piece, scale, degrees, mirrored);
  if (random.Chance(0.6)) MatchColour(&piece.colour, piece.alpha, job.rgb, random.Uniform(0.2, 0.9));
  return LaySomewhere(job, std::move(piece), random);
}

std::optional<Layer> LayCutout(const Job& job, Random& random) {
  if (job.material.cutouts.empty()) return std::nullopt;
  const image::Cutout& cutout = job.material.cutouts[random.Below(job.material.cutouts.size())];
  const image::Rect box = MaskBox(cutout.alpha);
  if (box.width < 8 || box.height < 8) return std::nullopt;
  Piece piece{image::Crop(cutout.colour, box), image::Crop(cutout.alpha, box)};
  double scale = ScaleFor(job, piece, 2, random);
  if (scale > 0.8 && scale < 1.25) scale = 1;
  const double degrees = random.Chance(0.4) ? Signed(random, 2, 40) : 0;
  const bool mirrored = random.Chance(0.5);
  piece = Transform(piece, scale, degrees, mirrored);
  if (random.Chance(0.4)) MatchColour(&piece.colour, piece.alpha, job.rgb, random.Uniform(0.2, 0.6));
  return LaySomewhere(job, std::move(piece), random);
}

std::optional<Layer> CopyMove(const Job& job, Random& random) {
  const std::optional<Image> mask = DrawMask(job.rgb, job.options.mask, 0.7, 0, 2, random);
  if (!mask) return std::nullopt;
  const image::Rect box = MaskBox(*mask);
  Piece piece = CutPiece(job.rgb, *mask);
  const bool plain = random.Chance(0.6);
  const double scale = plain || random.Chance(0.4) ? 1 : LogUniform(random, 0.6, 1.5);
  const double degrees = plain || random.Chance(0.4) ? 0 : Signed(random, 2, 90);
  const bool mirrored = !plain && random.Chance(0.3);
  piece = Transform(piece, scale, degrees, mirrored);
  // Somewhere else, not a shift by a few pixels.
  for (int attempt = 0; attempt < 8; ++attempt) {
    const int cx = Between(random, 0, job.rgb.width() - 1), cy = Between(random, 0, job.rgb.height() - 1);
    const int dx = cx - (box.x + box.width / 2), dy = cy - (box.y + box.height / 2);
    if (std::abs(dx) * 2 < box.width && std::abs(dy) * 2 < box.height) continue;
    Piece soft = piece;
    const int feather = DrawFeather(job.options, random);
    Layer layer = Lay(job.rgb, soft, cx - soft.colour.width() / 2, cy - soft.colour.height() / 2);
    if (feather > 0) {
      layer.weight = InnerFeather(layer.weight, feather);
      layer.picture = Mix(job.rgb, layer.picture, layer.weight);
    }
    return layer;
  }
  return std::nullopt;
}

std::optional<Layer> Retouch(const Job& job, std::string_view kind, Random& random) {
  const std::optional<Image> mask = DrawMask(job.rgb, job.options.mask, 0.5, 0, 3, random);
  if (!mask) return std::nullopt;
  Image changed = job.rgb;
  if (kind == "renoise") {
    AddNoise(&changed, LogUniform(random, 3, 16), random);
  } else if (kind == "blur") {
    const int radius = Between(random, 1, 3), passes = Between(random, 1, 3);
    changed = BoxBlur(changed, radius, passes);
  } else {
    Recolour(&changed, random);
  }
  const int feather = DrawFeather(job.options, random) * 2;
  Layer layer;
  layer.weight = feather > 0 ? Feather(*mask, feather) : *mask;
  layer.picture = Mix(job.rgb, changed, layer.weight);
  return layer;
}

/// The mask as the header says; nullopt when too little was changed.
std::optional<Forgery> Finish(const Image& rgb, Layer layer, const ForgeryOptions& options) {
  Image changed(rgb.width(), rgb.height(), 1), mask(rgb.width(), rgb.height(), 1);
  double differing = 0;
  for (std::size_t i = 0; i < changed.pixels().size(); ++i) {
    if (layer.weight.pixels()[i] == 0) continue;
    int most = 0;
    for (std::size_t c = 0; c < 3; ++c)
      most = std::max(most, std::abs(int(rgb.pixels()[3 * i + c]) - int(layer.picture.pixels()[3 * i + c])));
    if (most > kChangeLevel) changed.pixels()[i] = 255;
  }
  const Image near = Dilate(changed, kChangeReach);
  double size = 0;
  for (std::size_t i = 0; i < mask.pixels().size(); ++i) {
    if (layer.weight.pixels()[i] < kLeastWeight || near.pixels()[i] == 0) continue;
    mask.pixels()[i] = 255;
    size += 1;
    differing += changed.pixels()[i] != 0 ? 1 : 0;
  }
  const double area = double(rgb.width()) * rgb.height();
  if (size < area * options.mask.least_share / 2 ||
      size > area * std::min(0.95, options.mask.most_share * 1.5) || differing < size * options.least_changed)
    return std::nullopt;
  return Forgery{std::move(layer.picture), std::move(mask)};
}

}  // namespace

std::span<const ForgeryKind> AllForgeryKinds() {
  return kKinds;
}

const ForgeryKind* FindForgeryKind(std::string_view name) {
  const auto found =
      std::find_if(kKinds.begin(), kKinds.end(), [&](const ForgeryKind& k) { return k.name == name; });
  return found == kKinds.end() ? nullptr : &*found;
}

Status ForgeryOptions::Validate() const {
  KANTEI_RETURN_IF_ERROR(mask.Validate());
  const auto bad = [](const std::string& text) { return Error{ErrorCode::kInvalidArgument, text}; };
  for (const double chance : {feather_chance, grain_chance, least_changed, most_flat}) {
    if (!(chance >= 0 && chance <= 1))
      return bad("a chance or share is " + std::to_string(chance) + "; choose 0 to 1");
  }
  if (!(most_feather >= 0 && most_feather <= 16))
    return bad("the feather is " + std::to_string(most_feather) + " pixels; choose 0 to 16");
  if (attempts < 1 || attempts > 100) return bad("choose 1 to 100 attempts");
  return {};
}

Result<ForgeryMaker> ForgeryMaker::Create(const ForgeryOptions& options) {
  KANTEI_RETURN_IF_ERROR(options.Validate());
  ForgeryMaker maker(options);
  for (std::size_t i = 0; i < kEngines; ++i) {
    KANTEI_TRY(auto engine, generate::MakeInpaintEngine(kKinds[i].name));
    maker.engines_.push_back(std::move(engine));
  }
  return maker;
}

Result<std::optional<Forgery>> ForgeryMaker::Forge(std::string_view kind, const Image& rgb,
                                                   const ForgeryMaterial& material, std::uint64_t seed,
                                                   const CancellationToken& cancellation) const {
  if (FindForgeryKind(kind) == nullptr)
    return Error{ErrorCode::kInvalidArgument, "no way of forging is called '" + std::string(kind) + "'"};
  if (rgb.empty() || rgb.channels() != 3)
    return Error{ErrorCode::kInvalidArgument, "a picture of 3 channels is needed to forge it"};
  const Job job{rgb, material, options_};
  for (int attempt = 0; attempt < options_.attempts; ++attempt) {
    KANTEI_RETURN_IF_ERROR(cancellation.Check());
    Random random = Random(seed).Fork(static_cast<std::uint64_t>(attempt));
    std::optional<Layer> layer;
    const auto engine =
        std::find_if(engines_.begin(), engines_.end(), [&](const auto& e) { return e->name() == kind; });
    if (engine != engines_.end()) {
      KANTEI_TRY(layer, Inpaint(job, **engine, random, cancellation));
    } else if (kind == "splice") {
      layer = Splice(job, random);
    } else if (kind == "cutout") {
      layer = LayCutout(job, random);
    } else if (kind == "copy-move") {
      layer = CopyMove(job, random);
    } else {
      layer = Retouch(job, kind, random);
    }
    if (!layer) continue;
    std::optional<Forgery> forgery = Finish(rgb, std::move(*layer), options_);
    if (!forgery) continue;
    if (engine != engines_.end() && FlatShare(forgery->picture, forgery->mask) > options_.most_flat) continue;
    return forgery;
  }
  return std::optional<Forgery>();
}

}  // namespace kantei::dataset
