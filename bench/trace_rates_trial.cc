// How often authentic pictures show a trace, and how often plain forgeries do.
//   trace_rates_trial rates TRAIN photo|drawn [count [kind]]  scores of authentic pictures; prints half of trace_rates_table.inc
//   trace_rates_trial forgeries VAL photo|drawn [count]   true positives at 1 % and 5 % false alarms, on forgeries and their untouched twins
//   trace_rates_trial generated FILE...                   how often generated pictures pass the thresholds
//   trace_rates_trial time FILE...                        seconds and what was found; `pixels`: without the facts of the file
// TRAIN and VAL hold one folder for each source, with PHOTOS and DRAWN as below.
#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <map>
#include <string>
#include <vector>

#include "kantei/authenticity/traces.h"
#include "kantei/base/files.h"
#include "kantei/base/random.h"
#include "kantei/image/decode.h"
#include "kantei/image/encode.h"
#include "kantei/image/transform.h"

namespace {

using namespace kantei;
using authenticity::kTraceKinds;
using authenticity::TraceKind;

constexpr std::array<const char*, 3> kPhotos = {"photos-caltech101", "photos-clothing", "lomiri-wallpapers"};
constexpr std::array<const char*, 5> kDrawn = {"openclipart-png", "wesnoth-", "renpy-", "hedgewars-data",
                                               "warmux-data"};
constexpr int kLeastSide = 128, kMostSide = 1024;

/// `count` pictures of at least 128 pixels a side, as evenly over the sources as they allow, larger ones cropped to 1024.
std::vector<image::Image> Load(const std::string& root, bool drawn, std::size_t count, std::uint64_t seed) {
  std::vector<std::vector<std::filesystem::path>> sources;
  const auto add = [&](std::string_view prefix) {
    std::vector<std::filesystem::path> files;
    for (const auto& entry : std::filesystem::directory_iterator(root)) {
      if (!entry.path().filename().string().starts_with(prefix)) continue;
      const std::vector<std::filesystem::path> roots = {entry.path()};
      auto listed = ListFiles(roots);
      if (!listed.ok()) continue;
      for (const auto& file : *listed) {
        if (HasImageExtension(file)) files.push_back(file);
      }
    }
    std::sort(files.begin(), files.end());
    Random random(seed);
    for (std::size_t i = files.size(); i > 1; --i) std::swap(files[i - 1], files[random.Below(i)]);
    sources.push_back(std::move(files));
  };
  if (drawn) {
    for (const char* prefix : kDrawn) add(prefix);
  } else {
    for (const char* prefix : kPhotos) add(prefix);
  }
  std::vector<image::Image> pictures;
  for (std::size_t i = 0, left = 1; pictures.size() < count && left > 0; ++i) {
    left = 0;
    for (const auto& files : sources) {
      if (i >= files.size() || pictures.size() >= count) continue;
      ++left;
      auto decoded = image::DecodeImageFile(files[i]);
      if (!decoded.ok()) continue;
      image::Image& pixels = decoded->pixels;
      if (std::min(pixels.width(), pixels.height()) < kLeastSide) continue;
      const int width = std::min(pixels.width(), kMostSide), height = std::min(pixels.height(), kMostSide);
      pictures.push_back(image::Crop(
          pixels, {(pixels.width() - width) / 16 * 8, (pixels.height() - height) / 16 * 8, width, height}));
    }
  }
  return pictures;
}

struct Coding {
  const char* name;
  int jpeg = 0, webp = 0;  ///< 0: not coded
};

struct Measured {
  std::array<double, kTraceKinds.size()> scores{};
  std::array<bool, kTraceKinds.size()> applicable{};
};

image::Image Recode(const image::Image& picture, int quality) {
  auto bytes = image::EncodeJpeg(picture, quality);
  return image::DecodeImage(*bytes, "recoded")->pixels;
}

Measured Measure(const image::Image& picture, const Coding& coding, std::string_view only = {}) {
  std::optional<authenticity::JpegFacts> facts;
  image::Image pixels = picture;
  if (coding.jpeg > 0 || coding.webp > 0) {
    auto bytes =
        coding.jpeg > 0 ? image::EncodeJpeg(picture, coding.jpeg) : image::EncodeWebp(picture, coding.webp);
    facts = authenticity::ReadJpegFacts(*bytes);
    pixels = image::DecodeImage(*bytes, "coded")->pixels;
  }
  authenticity::TraceOptions options;
  for (const TraceKind kind : kTraceKinds) {
    if (only == authenticity::TraceKey(kind)) options.kinds.push_back(kind);
  }
  auto traces = authenticity::FindTraces(pixels, facts ? &*facts : nullptr, options, {});
  Measured measured;
  if (!traces.ok()) {
    std::fprintf(stderr, "%s\n", traces.error().message.c_str());
    return measured;
  }
  for (const authenticity::Trace& one : *traces) {
    const auto i = static_cast<std::size_t>(one.kind);
    measured.scores[i] = one.score;
    measured.applicable[i] = one.applicable;
  }
  return measured;
}

void Rates(const std::string& root, std::size_t count, bool drawn, std::string_view only) {
  constexpr std::array<Coding, 5> kCodings = {
      {{"as is", 0, 0}, {"jpeg95", 95, 0}, {"jpeg85", 85, 0}, {"jpeg70", 70, 0}, {"webp80", 0, 80}}};
  constexpr std::array<double, 6> kShares = {0.5, 0.2, 0.1, 0.05, 0.02, 0.01};
  const std::vector<image::Image> pictures = Load(root, drawn, count, 11);
  std::fprintf(stderr, "%s: %zu pictures, each in %zu codings; score at 1 %% by coding\n",
               drawn ? "drawn" : "photo", pictures.size(), kCodings.size());
  std::array<std::vector<double>, kTraceKinds.size()> all;
  std::map<std::string, std::array<std::vector<double>, kTraceKinds.size()>> by_coding;
  for (const image::Image& picture : pictures) {
    for (const Coding& coding : kCodings) {
      const Measured measured = Measure(picture, coding, only);
      for (std::size_t k = 0; k < kTraceKinds.size(); ++k) {
        if (!measured.applicable[k]) continue;
        all[k].push_back(measured.scores[k]);
        by_coding[coding.name][k].push_back(measured.scores[k]);
      }
    }
  }
  const auto at_share = [&](std::vector<double> scores, double share) {
    if (scores.empty()) return 0.0;
    std::sort(scores.begin(), scores.end(), std::greater<>());
    return scores[static_cast<std::size_t>(share * static_cast<double>(scores.size() - 1))];
  };
  std::printf("// %s: %zu pictures, each in %zu codings\n{{\n", drawn ? "drawn" : "photo", pictures.size(),
              kCodings.size());
  for (std::size_t k = 0; k < kTraceKinds.size(); ++k) {
    const std::string key(authenticity::TraceKey(kTraceKinds[k]));
    std::printf("    {");
    for (const double share : kShares)
      std::printf("%s%.4g", share < 0.5 ? ", " : "", at_share(all[k], share));
    std::printf("},  // %s, %zu\n", key.c_str(), all[k].size());
    std::fprintf(stderr, "%-20s", key.c_str());
    for (const Coding& coding : kCodings)
      std::fprintf(stderr, " %s %.3g", coding.name, at_share(by_coding[coding.name][k], 0.01));
    std::fprintf(stderr, "\n");
  }
  std::printf("}},\n");
}

/// Elliptic part of `from` (at fx, fy) over `onto` (at x, y).
void Paste(const image::Image& from, int fx, int fy, int width, int height, int x, int y,
           image::Image* onto) {
  for (int j = 0; j < height; ++j) {
    for (int i = 0; i < width; ++i) {
      const double u = (i + 0.5) / width * 2 - 1, v = (j + 0.5) / height * 2 - 1;
      if (u * u + v * v > 1) continue;
      std::memcpy(onto->row(y + j) + 3 * (x + i), from.row(fy + j) + 3 * (fx + i), 3);
    }
  }
}

void AddNoise(int x, int y, int width, int height, double sigma, Random* random, image::Image* picture) {
  for (int j = 0; j < height; ++j) {
    for (int i = 0; i < width; ++i) {
      const double u = (i + 0.5) / width * 2 - 1, v = (j + 0.5) / height * 2 - 1;
      if (u * u + v * v > 1) continue;
      const double n = sigma * random->Normal();
      for (int c = 0; c < 3; ++c) {
        std::uint8_t& value = picture->row(y + j)[3 * (x + i) + c];
        value = static_cast<std::uint8_t>(std::clamp(std::lround(value + n), 0l, 255l));
      }
    }
  }
}

void Forgeries(const std::string& root, std::size_t count, bool drawn) {
  struct Kind {
    const char* name;
    int first;  ///< quality of the earlier JPEG of the background, 0: none
    Coding last;
    int what;  ///< 0 splice, 1 resampled paste, 2 copy-move, 3 noise, 4 blur (down and up)
  };
  constexpr std::array<Kind, 12> kKinds = {{
      {"splice, jpeg 70, then jpeg 95", 70, {"jpeg95", 95}, 0},
      {"splice, jpeg 80, then jpeg 90", 80, {"jpeg90", 90}, 0},
      {"splice, jpeg 90, then jpeg 75", 90, {"jpeg75", 75}, 0},
      {"splice, jpeg 85, then png", 85, {"png"}, 0},
      {"resampled paste x1.1-1.6, png", 0, {"png"}, 1},
      {"resampled paste x1.1-1.6, jpeg 95", 0, {"jpeg95", 95}, 1},
      {"copy-move, png", 0, {"png"}, 2},
      {"copy-move, jpeg 75", 0, {"jpeg75", 75}, 2},
      {"noise sigma 4, png", 0, {"png"}, 3},
      {"noise sigma 4, jpeg 90", 0, {"jpeg90", 90}, 3},
      {"softened (half size and back), png", 0, {"png"}, 4},
      {"softened (half size and back), jpeg 90", 0, {"jpeg90", 90}, 4},
  }};
  {
    const std::vector<image::Image> pictures = Load(root, drawn, count, 12);
    std::printf(
        "\n%s, %zu pictures: share found at 1 %% / 5 %% false alarms; in brackets the untouched twins\n",
        drawn ? "drawn" : "photo", pictures.size());
    for (std::size_t forgery = 0; forgery < kKinds.size(); ++forgery) {
      const Kind& kind = kKinds[forgery];
      std::array<std::array<int, 4>, kTraceKinds.size()> hits{};
      int made = 0;
      for (std::size_t p = 0; p < pictures.size(); ++p) {
        Random random(1000 * forgery + p);
        const image::Image base = kind.first > 0 ? Recode(pictures[p], kind.first) : pictures[p];
        image::Image forged = base;
        const int width = static_cast<int>(base.width() * random.Uniform(0.25, 0.4)),
                  height = static_cast<int>(base.height() * random.Uniform(0.25, 0.4));
        const int x = static_cast<int>(random.Below(static_cast<std::uint64_t>(base.width() - width))),
                  y = static_cast<int>(random.Below(static_cast<std::uint64_t>(base.height() - height)));
        image::Image other = pictures[(p + 1 + random.Below(pictures.size() - 1)) % pictures.size()];
        if (kind.what == 1) {
          const double factor = random.Uniform(1.1, 1.6);
          other = image::Resize(other, static_cast<int>(other.width() * factor),
                                static_cast<int>(other.height() * factor));
        }
        const auto room = [&](int size, int part) {
          return static_cast<int>(random.Below(static_cast<std::uint64_t>(size - part + 1)));
        };
        switch (kind.what) {
          case 0:
          case 1:
            if (other.width() < width || other.height() < height) continue;
            Paste(other, room(other.width(), width), room(other.height(), height), width, height, x, y,
                  &forged);
            break;
          case 2: {
            int fx = 0, fy = 0, tries = 0;
            do {
              fx = room(base.width(), width), fy = room(base.height(), height);
            } while (std::abs(fx - x) < width && std::abs(fy - y) < height && ++tries < 60);
            if (tries >= 60) continue;
            Paste(base, fx, fy, width, height, x, y, &forged);
            break;
          }
          case 3:
            AddNoise(x, y, width, height, 4, &random, &forged);
            break;
          default: {
            const image::Image soft = image::Resize(image::Resize(base, base.width() / 2, base.height() / 2),
                                                    base.width(), base.height());
            Paste(soft, x, y, width, height, x, y, &forged);
          }
        }
        ++made;
        const Measured found = Measure(forged, kind.last), twin = Measure(base, kind.last);
        for (std::size_t k = 0; k < kTraceKinds.size(); ++k) {
          const auto rate = [&](const Measured& measured) {
            if (!measured.applicable[k]) return 1.0;
            const auto rates = authenticity::TraceFalseAlarmRate(kTraceKinds[k], measured.scores[k]);
            return drawn ? rates.drawn : rates.photo;
          };
          hits[k][0] += rate(found) <= 0.01, hits[k][1] += rate(found) <= 0.05;
          hits[k][2] += rate(twin) <= 0.01, hits[k][3] += rate(twin) <= 0.05;
        }
      }
      std::printf("%s (%d)\n", kind.name, made);
      for (std::size_t k = 0; k < kTraceKinds.size(); ++k) {
        const auto percent = [&](int n) { return 100.0 * n / std::max(1, made); };
        std::printf("    %-20s %5.1f / %5.1f   (%4.1f / %4.1f)\n",
                    std::string(authenticity::TraceKey(kTraceKinds[k])).c_str(), percent(hits[k][0]),
                    percent(hits[k][1]), percent(hits[k][2]), percent(hits[k][3]));
      }
      std::fflush(stdout);
    }
  }
}

void Times(int count, char** files, bool use_facts) {
  for (int i = 0; i < count; ++i) {
    auto bytes = ReadFile(files[i], 1ull << 30);
    if (!bytes.ok()) continue;
    auto decoded = image::DecodeImage(*bytes, files[i]);
    if (!decoded.ok()) continue;
    auto facts = authenticity::ReadJpegFacts(*bytes);
    if (!use_facts) facts.reset();
    std::printf("%s %dx%d\n", files[i], decoded->pixels.width(), decoded->pixels.height());
    for (std::size_t k = 0; k <= kTraceKinds.size(); ++k) {
      authenticity::TraceOptions options;
      if (k < kTraceKinds.size()) options.kinds = {kTraceKinds[k]};
      const auto start = std::chrono::steady_clock::now();
      auto traces = authenticity::FindTraces(decoded->pixels, facts ? &*facts : nullptr, options, {});
      const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
      if (!traces.ok()) continue;
      const authenticity::Trace& one = traces->front();
      std::printf("  %-20s %.3f s",
                  k < kTraceKinds.size() ? std::string(authenticity::TraceKey(one.kind)).c_str() : "all",
                  seconds);
      if (k < kTraceKinds.size()) {
        std::printf("  score %.3g, photo %.3g, drawn %.3g %s", one.score, one.false_alarms.photo,
                    one.false_alarms.drawn, one.reason.c_str());
        for (const auto& [name, value] : one.numbers) std::printf(" %s=%.3g", name.c_str(), value);
        for (const auto& region : one.regions)
          std::printf(" [%d %d %d %d]", region.box.x, region.box.y, region.box.width, region.box.height);
      }
      std::printf("\n");
    }
  }
}

/// Whole-picture traces on pictures of generators: the share that authentic photos reach in 1 % and 5 % of cases.
void Generated(int count, char** files) {
  constexpr std::array<Coding, 4> kCodings = {{{"as is"}, {"jpeg95", 95}, {"jpeg85", 85}, {"jpeg70", 70}}};
  for (const Coding& coding : kCodings) {
    std::array<std::array<int, 4>, kTraceKinds.size()> hits{};
    int made = 0;
    for (int i = 0; i < count; ++i) {
      auto decoded = image::DecodeImageFile(files[i]);
      if (!decoded.ok()) continue;
      ++made;
      for (const TraceKind kind : {TraceKind::kResampledWhole, TraceKind::kUpsamplingGrid}) {
        const auto k = static_cast<std::size_t>(kind);
        const Measured measured = Measure(decoded->pixels, coding, authenticity::TraceKey(kind));
        if (!measured.applicable[k]) continue;
        const auto rates = authenticity::TraceFalseAlarmRate(kind, measured.scores[k]);
        hits[k][0] += rates.photo <= 0.01, hits[k][1] += rates.photo <= 0.05;
        hits[k][2] += rates.drawn <= 0.01, hits[k][3] += rates.drawn <= 0.05;
      }
    }
    for (const TraceKind kind : {TraceKind::kResampledWhole, TraceKind::kUpsamplingGrid}) {
      const auto& hit = hits[static_cast<std::size_t>(kind)];
      const auto percent = [&](int n) { return 100.0 * n / std::max(1, made); };
      std::printf("%-8s %-20s photo thresholds %5.1f / %5.1f, drawn %5.1f / %5.1f (%d)\n", coding.name,
                  std::string(authenticity::TraceKey(kind)).c_str(), percent(hit[0]), percent(hit[1]),
                  percent(hit[2]), percent(hit[3]), made);
    }
  }
}

}  // namespace

int main(int argc, char** argv) {
  const std::string verb = argc > 2 ? argv[1] : "";
  const bool drawn = argc > 3 && std::string(argv[3]) == "drawn";
  const std::size_t count = argc > 4 ? std::strtoul(argv[4], nullptr, 10) : 200;
  if (verb == "rates") {
    Rates(argv[2], count, drawn, argc > 5 ? argv[5] : "");
  } else if (verb == "forgeries") {
    Forgeries(argv[2], count, drawn);
  } else if (verb == "generated") {
    Generated(argc - 2, argv + 2);
  } else if (verb == "time" || verb == "pixels") {
    Times(argc - 2, argv + 2, verb == "time");
  } else {
    std::fprintf(
        stderr,
        "usage: trace_rates_trial rates TRAIN photo|drawn [count [kind]] | forgeries VAL photo|drawn "
        "[count] | generated FILE... | time FILE... | pixels FILE...\n");
    return 2;
  }
  return 0;
}
