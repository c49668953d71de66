#include "kantei/evaluate/picture_conditions.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

#include "kantei/base/random.h"
#include "kantei/image/decode.h"
#include "kantei/image/encode.h"
#include "kantei/image/transform.h"

namespace kantei::evaluate {
namespace {

using Kind = PictureCondition::Kind;
using image::Image;

constexpr double kMostPixels = 1e8;

struct KindFacts {
  Kind kind;
  std::string_view name;
  double least, most;
};
constexpr std::array<KindFacts, 5> kKinds = {{{Kind::kJpeg, "jpeg", 1, 100},
                                              {Kind::kWebp, "webp", 1, 100},
                                              {Kind::kBlur, "blur", 3, 101},
                                              {Kind::kNoise, "noise", 0, 10'000},
                                              {Kind::kResize, "resize", 0.1, 4}}};

std::string Number(double value) {
  char text[32];
  return {text, std::to_chars(text, text + sizeof text, value).ptr};
}

Result<Image> ThroughCodec(const Image& picture, bool webp, int quality) {
  Result<Bytes> coded = webp ? image::EncodeWebp(picture, quality) : image::EncodeJpeg(picture, quality);
  if (!coded.ok()) return coded.error();
  KANTEI_TRY(image::DecodedImage decoded, image::DecodeImage(*coded, "a re-encoded picture"));
  return std::move(decoded.pixels);
}

/// Separable Gaussian with mirrored borders (the edge pixel not repeated).
Image Blurred(const Image& picture, int side) {
  const int radius = side / 2, w = picture.width(), h = picture.height();
  const double sigma = 0.3 * ((side - 1) * 0.5 - 1) + 0.8;
  std::vector<float> kernel(static_cast<std::size_t>(side));
  float sum = 0;
  for (int k = -radius; k <= radius; ++k)
    sum += kernel[static_cast<std::size_t>(k + radius)] =
        static_cast<float>(std::exp(-k * k / (2 * sigma * sigma)));
  for (float& weight : kernel) weight /= sum;
  const auto mirrored = [](int at, int count) {
    if (count == 1) return 0;
    const int period = 2 * (count - 1);
    at = ((at % period) + period) % period;
    return at < count ? at : period - at;
  };
  const int c = picture.channels();
  std::vector<float> across(picture.pixels().size());
  std::vector<int> from(
      static_cast<std::size_t>(w + 2 * radius));  // where position x - radius is read, in values
  for (int x = 0; x < w + 2 * radius; ++x) from[static_cast<std::size_t>(x)] = mirrored(x - radius, w) * c;
  for (int y = 0; y < h; ++y) {
    const std::uint8_t* row = picture.row(y);
    float* out = across.data() + static_cast<std::size_t>(y) * picture.stride();
    for (int x = 0; x < w; ++x, out += c)
      for (int k = 0; k < side; ++k)
        for (int channel = 0; channel < c; ++channel)
          out[channel] += kernel[static_cast<std::size_t>(k)] *
                          static_cast<float>(row[from[static_cast<std::size_t>(x + k)] + channel]);
  }
  Image blurred(w, h, c);
  std::vector<float> sums(picture.stride());
  for (int y = 0; y < h; ++y) {
    std::fill(sums.begin(), sums.end(), 0.5f);  // rounds
    for (int k = -radius; k <= radius; ++k) {
      const float* row = across.data() + static_cast<std::size_t>(mirrored(y + k, h)) * picture.stride();
      const float weight = kernel[static_cast<std::size_t>(k + radius)];
      for (std::size_t i = 0; i < sums.size(); ++i) sums[i] += weight * row[i];
    }
    for (std::size_t i = 0; i < sums.size(); ++i)
      blurred.row(y)[i] = static_cast<std::uint8_t>(std::clamp(sums[i], 0.0f, 255.0f));
  }
  return blurred;
}

Image Noised(Image picture, double variance, std::uint64_t seed) {
  Random random(seed);
  const double sigma = std::sqrt(variance);
  for (std::uint8_t& value : picture.pixels())
    value =
        static_cast<std::uint8_t>(std::clamp(std::floor(value + sigma * random.Normal() + 0.5), 0.0, 255.0));
  return picture;
}

Result<MaskedPicture> Resized(const MaskedPicture& in, double factor) {
  const int w = in.picture.width(), h = in.picture.height();
  if (w * factor * h * factor > kMostPixels)
    return Error{ErrorCode::kTooLarge, "a picture of " + std::to_string(w) + " x " + std::to_string(h) +
                                           " pixels is too large to be resized by " + Number(factor)};
  const int small = std::min(w, h);
  if (small >= kLeastSide) factor = std::max(factor, static_cast<double>(kLeastSide) / small);
  const auto scaled = [&](int side) { return std::max(1, static_cast<int>(std::lround(side * factor))); };
  MaskedPicture out;
  out.picture = image::Resize(in.picture, scaled(w), scaled(h));
  if (!in.mask.empty()) {
    out.mask = image::Resize(in.mask, scaled(w), scaled(h));
    for (std::uint8_t& value : out.mask.pixels()) value = value >= 128 ? 255 : 0;
  }
  return out;
}

}  // namespace

std::string PictureCondition::Name() const {
  for (const KindFacts& facts : kKinds)
    if (facts.kind == kind) return std::string(facts.name) + "-" + Number(amount);
  return "none";
}

Result<PictureCondition> ParseCondition(std::string_view name) {
  if (name == "none") return PictureCondition{};
  const std::size_t dash = name.find('-');
  for (const KindFacts& facts : kKinds) {
    if (name.substr(0, dash) != facts.name || dash == std::string_view::npos) continue;
    PictureCondition condition{facts.kind, 0};
    const std::string_view number = name.substr(dash + 1);
    const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), condition.amount);
    const bool whole = condition.amount == std::floor(condition.amount);
    if (error == std::errc() && end == number.data() + number.size() && condition.amount >= facts.least &&
        condition.amount <= facts.most &&
        (whole || facts.kind == Kind::kNoise || facts.kind == Kind::kResize) &&
        (facts.kind != Kind::kBlur || std::fmod(condition.amount, 2) == 1))
      return condition;
    return Error{ErrorCode::kInvalidArgument, "\"" + std::string(name) + "\" is no condition; " +
                                                  std::string(facts.name) + " takes " + Number(facts.least) +
                                                  " to " + Number(facts.most) +
                                                  (facts.kind == Kind::kBlur ? ", odd" : "")};
  }
  return Error{
      ErrorCode::kInvalidArgument,
      "\"" + std::string(name) + "\" is no condition; choose jpeg-N, webp-N, blur-N, noise-N or resize-N"};
}

std::vector<PictureCondition> RobustnessGrid() {
  std::vector<PictureCondition> grid;
  const auto add = [&](Kind kind, std::initializer_list<double> amounts) {
    for (const double amount : amounts) grid.push_back({kind, amount});
  };
  add(Kind::kJpeg, {100, 90, 80, 70, 60, 50, 30});
  add(Kind::kWebp, {80, 60});
  add(Kind::kBlur, {3, 7, 11, 15, 19, 23});
  add(Kind::kNoise, {3, 7, 11, 15, 19, 23});
  add(Kind::kResize, {0.5, 0.75, 1.25, 2});
  return grid;
}

Result<MaskedPicture> ApplyCondition(const MaskedPicture& picture, const PictureCondition& condition,
                                     std::uint64_t seed) {
  MaskedPicture out;
  switch (condition.kind) {
    case Kind::kNone:
      return picture;
    case Kind::kResize:
      return Resized(picture, condition.amount);
    case Kind::kJpeg:
    case Kind::kWebp: {
      KANTEI_TRY(out.picture, ThroughCodec(picture.picture, condition.kind == Kind::kWebp,
                                           static_cast<int>(condition.amount)));
      break;
    }
    case Kind::kBlur:
      out.picture = Blurred(picture.picture, static_cast<int>(condition.amount));
      break;
    case Kind::kNoise:
      out.picture = Noised(picture.picture, condition.amount, seed);
      break;
  }
  out.mask = picture.mask;
  return out;
}

Result<MaskedPicture> Equalised(const MaskedPicture& picture, std::uint64_t seed) {
  Random random(seed);
  const double factor = random.Uniform(0.7, 1.3);
  const int quality = 70 + static_cast<int>(random.Below(26));
  KANTEI_TRY(MaskedPicture resized, Resized(picture, factor));
  KANTEI_TRY(resized.picture, ThroughCodec(resized.picture, false, quality));
  return resized;
}

}  // namespace kantei::evaluate
