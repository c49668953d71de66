#include "kantei/dataset/edit_table.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "kantei/dataset/edit_coding.h"
#include "kantei/dataset/edit_colour.h"
#include "kantei/dataset/edit_detail.h"
#include "kantei/dataset/edit_embedding.h"
#include "kantei/dataset/edit_geometry.h"
#include "kantei/dataset/edit_math.h"

namespace kantei::dataset {
namespace {

/// For edits that work in place.
template <typename F>
Image Changed(const EditCall& call, F change) {
  Image out = call.picture;
  change(&out);
  return out;
}

Image Cropped(const EditCall& c) {
  const double aspect = LogUniform(c.random, 0.75, 1.33);
  return image::Crop(c.picture, RandomWindow(c.picture, c.value, aspect, c.random));
}

Image Rotated(const EditCall& c) {
  const double degrees = c.random.Chance(0.5) ? c.value : -c.value;
  const auto frame = static_cast<RotationFrame>(c.random.Below(3));
  return Rotate(c.picture, degrees, frame, RandomGround(c.random));
}

Image InPerspective(const EditCall& c) {
  const Colour ground = RandomGround(c.random);
  return Perspective(c.picture, c.value, ground, c.random);
}

Image Stretched(const EditCall& c) {
  const double side = std::sqrt(c.value);
  const bool wide = c.random.Chance(0.5);
  return image::Resize(c.picture, std::max(1, Round(c.picture.width() * (wide ? side : 1 / side))),
                       std::max(1, Round(c.picture.height() * (wide ? 1 / side : side))));
}

Image Padded(const EditCall& c) {
  std::array<double, 4> shares{};
  const bool even = c.random.Chance(0.5);
  for (double& share : shares) share = even ? c.value : c.value * c.random.Uniform(0, 2);
  return Pad(c.picture, shares, RandomGround(c.random));
}

Image Coloured(const EditCall& c) {
  const auto factor = [&] { return 1 + Signed(c.random, c.value / 2, c.value); };
  const double brightness = factor(), contrast = factor(), saturation = factor();
  const double hue = Signed(c.random, 0, c.value * 0.12);
  return Changed(c, [&](Image* p) {
    ApplyMatrix(p, JitterMatrix(brightness, contrast, saturation, hue, MeanLuma(*p)));
  });
}

Image HueTurned(const EditCall& c) {
  const double turns = c.random.Chance(0.5) ? c.value : -c.value;
  return Changed(c, [&](Image* p) { ApplyMatrix(p, JitterMatrix(1, 1, 1.15, turns, 0.5)); });
}

Image Toned(const EditCall& c) {
  const bool sepia = c.level < 2 || c.random.Chance(0.3);
  const Colour tint = RandomColour(c.random);
  return Changed(c, [&](Image* p) { sepia ? Sepia(p, c.value) : Tint(p, tint, c.value); });
}

Image GammaBent(const EditCall& c) {
  const double exponent = c.random.Chance(0.5) ? c.value : 1 / c.value;
  return Changed(c, [&](Image* p) { Gamma(p, exponent); });
}

Image Inverted(const EditCall& c) {
  std::array<bool, 3> channels{true, true, true};
  const auto odd = c.random.Below(3);
  if (c.level == 0) channels = {odd == 0, odd == 1, odd == 2};
  if (c.level == 1) channels[odd] = false;
  return Changed(c, [&](Image* p) { Invert(p, channels[0], channels[1], channels[2]); });
}

Image Filtered(const EditCall& c) {
  const int look = static_cast<int>(c.random.Below(kPhotoLooks));
  return Changed(c, [&](Image* p) { PhotoFilter(p, look, c.value); });
}

Image Noisy(const EditCall& c) {
  const bool coloured = c.random.Chance(0.6);
  return Changed(c, [&](Image* p) { Noise(p, c.value, coloured, c.random); });
}

Image TilesMoved(const EditCall& c) {
  const int across = Between(c.random, 3, 6), down = Between(c.random, 3, 6);
  return ShuffleTiles(c.picture, across, down, c.value, c.random);
}

Image Blocky(const EditCall& c) {
  // A picture of few pixels has no room for many blocks: a share of its side then.
  constexpr std::array kMost{0.8, 0.55, 0.35};
  return Pixelise(c.picture, std::min(kMost[static_cast<std::size_t>(c.level)], c.value / c.shorter()));
}

Image Oiled(const EditCall& c) {
  const int tones = c.random.Chance(0.5) ? 16 : 10;
  return OilPaint(c.picture, std::clamp(Round(c.value * c.shorter()), 1, 10), tones);
}

Image Sketched(const EditCall& c) {
  const bool dark = c.random.Chance(0.3);
  return Changed(c, [&](Image* p) { Sketch(p, c.value, dark); });
}

Image Striped(const EditCall& c) {
  const double period = std::max(2.0, c.shorter() * LogUniform(c.random, 0.008, 0.08));
  const double degrees = c.random.Chance(0.5) ? 90 : c.random.Uniform(0, 180);
  const Colour colour = RandomGround(c.random);
  const int opacity = Between(c.random, 150, 256);
  return Changed(c, [&](Image* p) { Stripes(p, degrees, period, period * c.value, colour, opacity); });
}

Image Beating(const EditCall& c) {
  const double period = std::max(6.0, c.shorter() * LogUniform(c.random, 0.04, 0.2)),
               degrees = c.random.Uniform(0, 180);
  const bool coloured = c.random.Chance(0.6);
  return Changed(c, [&](Image* p) { Moire(p, period, degrees, c.value, coloured); });
}

Image Shrunk(const EditCall& c) {
  return image::Resize(c.picture, std::max(1, Round(c.picture.width() * c.value)),
                       std::max(1, Round(c.picture.height() * c.value)));
}

Image WithEmoji(const EditCall& c) {
  const int count = c.level == 0 ? 1 : c.level == 1 ? Between(c.random, 2, 3) : Between(c.random, 4, 6);
  return Changed(c, [&](Image* p) { AddEmoji(p, count, c.value, c.random); });
}

Image WithStickers(const EditCall& c) {
  const int count = c.level == 0 ? 1 : c.level == 1 ? Between(c.random, 2, 3) : Between(c.random, 4, 5);
  return Changed(c, [&](Image* p) { AddStickers(p, count, c.value, c.random); });
}

Image WithText(const EditCall& c) {
  const int lines = c.level == 0 ? 1 : c.level == 1 ? Between(c.random, 2, 3) : Between(c.random, 3, 5);
  const bool plate = c.level > 0 && c.random.Chance(0.4);
  return Changed(c, [&](Image* p) { AddText(p, lines, c.value, plate, c.random); });
}

Image WithPicture(const EditCall& c) {
  const Image& other = Pick(c.others, c.random);
  return Changed(c, [&](Image* p) { AddPicture(p, other, c.value, c.random); });
}

Image Blended(const EditCall& c) {
  const Image& other = Pick(c.others, c.random);
  return Changed(c, [&](Image* p) { MixWith(p, other, 1 - c.value); });
}

Image OnOther(const EditCall& c) {
  const Image& ground = Pick(c.others, c.random);
  // The frame has the other picture's aspect, within 3 : 4 of this one's.
  const double aspect = std::clamp(static_cast<double>(ground.width()) / ground.height(), 0.5, 2.0);
  const int width = aspect >= 1 ? c.longer() : Round(c.longer() * aspect);
  const int height = aspect >= 1 ? Round(c.longer() / aspect) : c.longer();
  const double degrees = c.level > 0 && c.random.Chance(0.25) ? c.random.Uniform(-20, 20) : 0;
  return PasteOnto(c.picture, ground, std::max(width, 16), std::max(height, 16), c.value, degrees, c.random);
}

using enum EditFamily;

/// Where a level takes its values from is stated in docs/edits.md, which a test compares with this table.
constexpr std::array kTable = {
    EditEntry{{"crop",
               kGeometry,
               false,
               "a random window, aspect 3:4 to 4:3 of the picture's",
               "share of the area that stays",
               {{{0.75, 0.95}, {0.45, 0.7}, {0.15, 0.4}}}},
              Cropped},
    EditEntry{{"rotate",
               kGeometry,
               false,
               "corners filled, frame kept or grown, or cut to what is inside",
               "degrees, either way",
               {{{3, 10}, {12, 30}, {35, 75}}}},
              Rotated},
    EditEntry{{"quarter-turn", kGeometry, false, "by 90, 180 or 270 degrees", "", {}},
              [](const EditCall& c) { return image::RotateQuarter(c.picture, Between(c.random, 1, 3)); }},
    EditEntry{{"flip", kGeometry, false, "left and right exchanged", "", {}},
              [](const EditCall& c) { return image::FlipHorizontal(c.picture); }},
    EditEntry{{"perspective",
               kGeometry,
               false,
               "each corner moved",
               "largest shift, share of the side",
               {{{0.04, 0.08}, {0.1, 0.18}, {0.22, 0.34}}}},
              InPerspective},
    EditEntry{{"stretch",
               kGeometry,
               false,
               "another aspect, the same area",
               "factor of the aspect",
               {{{1.1, 1.25}, {1.35, 1.7}, {1.9, 2.6}}}},
              Stretched},
    EditEntry{{"pad",
               kGeometry,
               false,
               "margins of one colour",
               "margin on each side, share of the side",
               {{{0.03, 0.1}, {0.12, 0.25}, {0.3, 0.5}}}},
              Padded},
    EditEntry{
        {"mirror", kGeometry, false, "reflected edges, one half twice, or one quarter four times", "", {}},
        [](const EditCall& c) { return MirrorParts(c.picture, static_cast<Mirror>(c.level), c.random); }},
    EditEntry{{"colour",
               kColour,
               false,
               "brightness, contrast, saturation and a little hue",
               "change of each, half to all of it",
               {{{0.15, 0.25}, {0.3, 0.45}, {0.55, 0.75}}}},
              Coloured},
    EditEntry{{"hue",
               kColour,
               false,
               "all colours turned round the circle",
               "turns, either way",
               {{{0.06, 0.12}, {0.15, 0.28}, {0.33, 0.5}}}},
              HueTurned},
    EditEntry{
        {"greyscale", kColour, false, "no colour, contrast raised", "contrast", {{{1, 1}, {1.4, 2}, {3, 6}}}},
        [](const EditCall& c) { return Changed(c, [&](Image* p) { Greyscale(p, 1, c.value); }); }},
    EditEntry{{"tone",
               kColour,
               false,
               "sepia; at hard mostly one tint of any colour",
               "amount",
               {{{0.4, 0.7}, {0.8, 1}, {1, 1}}}},
              Toned},
    EditEntry{{"posterise", kColour, false, "few levels a channel", "levels", {{{7, 11}, {4, 6}, {2, 3}}}},
              [](const EditCall& c) { return Changed(c, [&](Image* p) { Posterise(p, Round(c.value)); }); }},
    EditEntry{{"solarise",
               kColour,
               false,
               "what is brighter than a threshold is inverted",
               "threshold, grey levels",
               {{{205, 240}, {140, 190}, {60, 120}}}},
              [](const EditCall& c) { return Changed(c, [&](Image* p) { Solarise(p, Round(c.value)); }); }},
    EditEntry{{"gamma",
               kColour,
               false,
               "a power of the value, dark or bright",
               "exponent or its inverse",
               {{{1.2, 1.4}, {1.6, 2.1}, {2.5, 3.6}}}},
              GammaBent},
    EditEntry{{"invert", kColour, false, "negative of one, two or all three channels", "", {}}, Inverted},
    EditEntry{{"vignette",
               kColour,
               false,
               "dark corners",
               "darkening at the corners",
               {{{0.3, 0.5}, {0.7, 1}, {1.2, 1.7}}}},
              [](const EditCall& c) { return Changed(c, [&](Image* p) { Vignette(p, c.value); }); }},
    EditEntry{{"filter",
               kColour,
               false,
               "a look of photo apps: faded, warm, cold, hard, crossed, vivid",
               "amount",
               {{{0.4, 0.6}, {0.75, 1}, {1.2, 1.6}}}},
              Filtered},
    EditEntry{{"blur",
               kDetail,
               false,
               "Gaussian",
               "sigma, share of the shorter side",
               {{{0.003, 0.006}, {0.009, 0.016}, {0.022, 0.036}}}},
              [](const EditCall& c) {
                return Changed(
                    c, [&](Image* p) { GaussianBlur(p, std::clamp(c.value * c.shorter(), 0.3, 40.0)); });
              }},
    EditEntry{{"sharpen", kDetail, false, "unsharp mask", "amount", {{{1, 2}, {3, 5}, {7, 12}}}},
              [](const EditCall& c) {
                return Changed(
                    c, [&](Image* p) { Sharpen(p, std::clamp(c.shorter() * 0.004, 0.8, 6.0), c.value); });
              }},
    EditEntry{{"noise",
               kDetail,
               false,
               "Gaussian, grey or coloured",
               "sigma, grey levels",
               {{{6, 12}, {16, 28}, {38, 65}}}},
              Noisy},
    EditEntry{{"pixelise",
               kDetail,
               false,
               "square blocks of one colour",
               "blocks on the shorter side",
               {{{80, 120}, {36, 60}, {14, 24}}}},
              [](const EditCall& c) { return Blocky(c); }},
    EditEntry{
        {"shuffle-pixels",
         kDetail,
         false,
         "pixels change places across the picture",
         "share of the pixels",
         {{{0.04, 0.1}, {0.15, 0.3}, {0.4, 0.65}}}},
        [](const EditCall& c) { return Changed(c, [&](Image* p) { ShufflePixels(p, c.value, c.random); }); }},
    EditEntry{{"shuffle-tiles",
               kDetail,
               false,
               "tiles of a grid of 3 to 6 by 3 to 6 change places",
               "share of the tiles",
               {{{0.1, 0.2}, {0.35, 0.5}, {0.8, 1.2}}}},
              TilesMoved},
    EditEntry{{"oil",
               kDetail,
               false,
               "repainted in flat strokes",
               "radius, share of the shorter side",
               {{{0.004, 0.006}, {0.008, 0.011}, {0.014, 0.02}}}},
              Oiled},
    EditEntry{{"sketch",
               kDetail,
               false,
               "replaced by its edges, dark on white or light on black",
               "amount",
               {{{0.25, 0.4}, {0.55, 0.75}, {0.95, 1}}}},
              Sketched},
    EditEntry{{"stripes",
               kDetail,
               false,
               "scan lines or slanting bands of one colour",
               "share that is covered",
               {{{0.08, 0.15}, {0.2, 0.32}, {0.42, 0.55}}}},
              Striped},
    EditEntry{{"moire",
               kDetail,
               false,
               "beat of a screen's grid with a camera's",
               "depth",
               {{{0.15, 0.25}, {0.35, 0.5}, {0.65, 0.85}}}},
              Beating},
    EditEntry{{"emoji",
               kOverlay,
               false,
               "1, 2-3 or 4-6 picture characters",
               "size, share of the shorter side",
               {{{0.12, 0.2}, {0.2, 0.3}, {0.3, 0.42}}}},
              WithEmoji},
    EditEntry{{"stickers",
               kOverlay,
               false,
               "1, 2-3 or 4-5 bursts, bubbles, arrows, labels",
               "size, share of the shorter side",
               {{{0.15, 0.25}, {0.25, 0.36}, {0.36, 0.5}}}},
              WithStickers},
    EditEntry{{"text",
               kOverlay,
               false,
               "1, 2-3 or 3-5 lines, from medium on also on a plate",
               "height of a letter, share of the shorter side",
               {{{0.04, 0.07}, {0.07, 0.11}, {0.12, 0.18}}}},
              WithText},
    EditEntry{
        {"watermark",
         kOverlay,
         false,
         "one slanting line of text over and over",
         "opacity",
         {{{0.12, 0.22}, {0.3, 0.45}, {0.6, 0.85}}}},
        [](const EditCall& c) { return Changed(c, [&](Image* p) { AddWatermark(p, c.value, c.random); }); }},
    EditEntry{{"erase",
               kOverlay,
               false,
               "1 to 4 rectangles of colour or noise",
               "share of the area",
               {{{0.04, 0.1}, {0.15, 0.25}, {0.35, 0.5}}}},
              [](const EditCall& c) { return Changed(c, [&](Image* p) { Erase(p, c.value, c.random); }); }},
    EditEntry{{"underlay",
               kOverlay,
               true,
               "another picture pasted onto it",
               "size of the other, share of the shorter side",
               {{{0.18, 0.3}, {0.38, 0.52}, {0.6, 0.78}}}},
              WithPicture},
    EditEntry{{"blend",
               kOverlay,
               true,
               "another picture through it",
               "opacity of the other",
               {{{0.12, 0.22}, {0.28, 0.4}, {0.46, 0.6}}}},
              Blended},
    EditEntry{{"overlay",
               kEmbedding,
               true,
               "pasted onto another picture, from medium on also aslant",
               "share of the frame's side",
               {{{0.7, 0.85}, {0.5, 0.65}, {0.28, 0.42}}}},
              OnOther},
    EditEntry{{"collage", kEmbedding, true, "one cell among others", "cells", {{{2, 2}, {4, 4}, {6, 9}}}},
              [](const EditCall& c) { return Collage(c.picture, Round(c.value), c.others, c.random); }},
    EditEntry{{"screenshot",
               kEmbedding,
               false,
               "in an app on a phone or a page in a browser",
               "share of the area that is picture",
               {{{0.7, 0.85}, {0.45, 0.6}, {0.2, 0.35}}}},
              [](const EditCall& c) { return Screenshot(c.picture, c.value, c.random); }},
    EditEntry{{"meme",
               kEmbedding,
               false,
               "captions in bars or on the picture, or a poster",
               "height of a bar, share of the picture's",
               {{{0.1, 0.16}, {0.18, 0.28}, {0.35, 0.5}}}},
              [](const EditCall& c) { return Meme(c.picture, c.value, c.random); }},
    EditEntry{{"border",
               kEmbedding,
               false,
               "a plain, double, instant photo, rounded or film frame",
               "width, share of the shorter side",
               {{{0.02, 0.04}, {0.06, 0.1}, {0.13, 0.2}}}},
              [](const EditCall& c) { return Border(c.picture, c.value, c.random); }},
    EditEntry{{"page",
               kEmbedding,
               false,
               "printed among text and scanned a little askew",
               "share of the page's width",
               {{{0.75, 0.9}, {0.5, 0.65}, {0.3, 0.42}}}},
              [](const EditCall& c) { return PageScan(c.picture, c.value, c.random); }},
    EditEntry{{"recapture",
               kEmbedding,
               true,
               "a screen in a room, photographed aslant, with moire",
               "largest shift of a corner, share of the side",
               {{{0.02, 0.05}, {0.08, 0.14}, {0.18, 0.28}}}},
              [](const EditCall& c) { return Recapture(c.picture, c.value, c.others, c.random); }},
    EditEntry{{"shrink",
               kCoding,
               false,
               "made smaller",
               "share of the side that stays",
               {{{0.6, 0.8}, {0.3, 0.45}, {0.12, 0.2}}}},
              Shrunk},
    EditEntry{{"jpeg", kCoding, false, "coded again", "quality", {{{50, 75}, {22, 40}, {6, 14}}}},
              [](const EditCall& c) { return ThroughJpeg(c.picture, Round(c.value)); }},
    EditEntry{{"webp", kCoding, false, "coded as WebP", "quality", {{{40, 65}, {15, 30}, {1, 6}}}},
              [](const EditCall& c) { return ThroughWebp(c.picture, Round(c.value)); }},
};

}  // namespace

std::span<const EditEntry> EditTable() {
  return kTable;
}

}  // namespace kantei::dataset
