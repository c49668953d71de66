// Hand-made findings for the tests of this folder.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

#include "kantei/authenticity/metadata.h"
#include "kantei/authenticity/realism.h"
#include "kantei/copy/detector.h"
#include "kantei/image/image.h"

namespace kantei::inspect::samples {

/// Smooth waves with a checked corner: every part looks different.
inline image::Image Picture(int width, int height, double phase = 0) {
  image::Image out(width, height, 3);
  for (int y = 0; y < height; ++y)
    for (int x = 0; x < width; ++x) {
      const double u = static_cast<double>(x) / width, v = static_cast<double>(y) / height;
      const bool check = u < 0.3 && v < 0.3 && ((x / 12 + y / 12) % 2 == 0);
      const auto wave = [&](double t) {
        return static_cast<std::uint8_t>(127.5 + 110 * std::sin(t + phase));
      };
      std::uint8_t* pixel = out.row(y) + 3 * x;
      pixel[0] = check ? 20 : wave(7 * u + 2 * v);
      pixel[1] = check ? 20 : wave(5 * v - 3 * u);
      pixel[2] = check ? 20 : wave(4 * u * v + 1);
    }
  return out;
}

/// The known picture (800 × 600) lies mirrored, at half size and turned by `degrees` in a query of 1600 ×
/// 1200.
inline copy::RegionMatch Region(double degrees = 3, double scale = 0.5, bool mirrored = true) {
  const double turn = degrees * 3.14159265358979323846 / 180, c = scale * std::cos(turn),
               s = scale * std::sin(turn);
  const double flip = mirrored ? -1 : 1;
  // known -> query: R(degrees) · scale · mirror, the known centre (400, 300) going to (900, 500).
  image::Homography known_to_query;
  known_to_query.m = {
      flip * c, -s, 900 - (flip * c * 400 - s * 300), flip * s, c, 500 - (flip * s * 400 + c * 300), 0, 0, 1};
  copy::RegionMatch region;
  known_to_query.Invert(&region.query_to_known);
  region.mirrored = mirrored;
  region.inliers = 83;
  region.known_region = {{8, 6}, {792, 6}, {792, 594}, {8, 594}};
  for (const image::Point& point : region.known_region)
    region.query_region.push_back(known_to_query.Apply(point));
  region.query_share = 0.0625;
  region.known_share = 0.96;
  region.agreement = 0.91;
  region.agreeing_share = 0.94;
  return region;
}

inline copy::CopyMatch Match() {
  copy::CopyMatch match;
  match.picture.picture_id = 7;
  match.picture.bank = "deny";
  match.picture.path = "/known/lighthouse.jpg";
  match.picture.sha256 = std::string(64, 'a');
  match.picture.owner = "Agency";
  match.picture.source = "archive 2021";
  match.picture.width = 800;
  match.picture.height = 600;
  match.picture.has_features = true;
  match.bank_kind = store::BankKind::kDeny;
  match.band = Band::kStrong;
  match.similarity = 0.97;
  match.pdq_distance = 118;
  match.found_by = "local";
  match.regions.push_back(Region());
  return match;
}

inline copy::CopyFindings Findings() {
  copy::CopyFindings findings;
  findings.band = Band::kStrong;
  findings.matches.push_back(Match());
  findings.candidates_pdq = 1;
  findings.candidates_local = 12;
  findings.verified = 12;
  findings.pdq_quality = 100;
  findings.query_features = 480;
  findings.library_pictures = 10'000;
  return findings;
}

inline authenticity::Metadata CameraMetadata() {
  authenticity::Metadata metadata;
  metadata.exif = {{"Make", "Canon"},
                   {"Model", "Canon EOS 5D Mark IV"},
                   {"DateTimeOriginal", "2024:05:01 10:11:12"},
                   {"ExposureTime", "1/250"},
                   {"FNumber", "8.0"}};
  metadata.has_camera = true;
  authenticity::JpegCoding jpeg;
  jpeg.tables.resize(2);
  for (auto& table : jpeg.tables) table.fill(3);
  jpeg.estimated_quality = 92;
  jpeg.encoder_family = "IJG/libjpeg";
  jpeg.subsampling = "4:2:0";
  metadata.jpeg = jpeg;
  metadata.thumbnail = authenticity::ThumbnailCheck{160, 120, 0.99, false};
  return metadata;
}

inline authenticity::GeneratorTag WebUiTag() {
  return {"Stable Diffusion WebUI",
          "PNG tEXt parameters",
          {{"prompt", "a lighthouse at dusk, oil painting, highly detailed"},
           {"negative_prompt", "blurry, lowres"},
           {"steps", "30"},
           {"sampler", "DPM++ 2M Karras"},
           {"cfg_scale", "7"},
           {"seed", "1234567890"},
           {"model", "v1-5-pruned"}}};
}

inline authenticity::RealismScore Score(const std::string& reference, double offset = 0) {
  authenticity::RealismScore score;
  score.measures = {0.0712, 143.2, 0.00093, 612.0, 5120};
  score.radii = {1.1, 0.9, 1.0, 1.2, 0.8};
  score.percentiles = {63 + offset, 48, 35 - offset, 71, 99};
  score.irs = 2.61;
  score.irs_percentile = 55;
  score.robust = 0.83;
  score.robust_percentile = 61;
  score.reference = reference;
  return score;
}

inline authenticity::RealismReference Reference(const std::string& name) {
  authenticity::RealismReference reference;
  reference.name = name;
  reference.description = "Camera pictures of Debian packages.";
  reference.pictures = 250;
  return reference;
}

}  // namespace kantei::inspect::samples
