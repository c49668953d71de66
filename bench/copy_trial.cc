// How many copies, strangers and look-alikes does the copy check name? Makes a library of some pictures of a folder, edits
// them (docs/edits.md), adds strangers and look-alikes (the most similar other picture of the same sub-folder), and prints a
// table per level and per edit. With --rows FILE every query's measurements are written for study.
//
//   copy_trial FOLDER WORK_DIR [--known 60] [--strangers 200] [--lookalikes 200] [--distractors 0] [--edits 1] [--seed 1] [--list FILE]
//              [--same FILE] [--rows FILE]
//
// FOLDER holds pictures in sub-folders by subject. --list names pictures (one path a line, relative to FOLDER) to choose from. --same names pairs of
// different files that are the same picture, found by looking (two paths a line, relative to FOLDER or any parent): naming one
// of them for the other is no error.

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <map>
#include <set>

#include "kantei/base/parallel.h"
#include "kantei/copy/detector.h"
#include "kantei/copy/enroll.h"
#include "kantei/copy/verdict.h"
#include "kantei/copy/working_size.h"
#include "kantei/dataset/edits.h"
#include "kantei/image/encode.h"
#include "kantei/image/transform.h"

namespace {

namespace fs = std::filesystem;
using namespace kantei;

struct Arguments {
  fs::path folder, work, list, same, rows;
  std::size_t known = 60, strangers = 200, lookalikes = 200, distractors = 0, edits = 1;
  std::uint64_t seed = 1;
};

struct Query {
  std::string level, edit;
  fs::path source;      // the picture that is edited; for strangers and look-alikes the query itself
  fs::path known_twin;  // look-alikes: the library picture it resembles
  const dataset::EditInfo* edit_info = nullptr;
  dataset::EditLevel edit_level = dataset::EditLevel::kEasy;
  std::uint64_t seed = 0;
  bool has_source = false;
};

struct Outcome {
  Band band = Band::kNone;   // of the right answer (queries with a source), or of the best wrong one (others)
  Band wrong = Band::kNone;  // best band of a wrong picture
  std::string row;
};

void Shuffle(std::vector<fs::path>* paths, Random& random) {
  for (std::size_t i = paths->size(); i > 1; --i) std::swap((*paths)[i - 1], (*paths)[random.Below(i)]);
}

image::Image Load(const fs::path& path) {
  image::DecodeOptions options;
  options.max_longer_side = 1600;
  auto decoded = image::DecodeImageFile(path, options);
  if (!decoded.ok()) {
    std::fprintf(stderr, "%s\n", decoded.error().message.c_str());
    std::exit(1);
  }
  return std::move(decoded->pixels);
}

std::vector<float> Thumbnail(const image::Image& picture) {
  const image::Image small = image::Resize(image::ToGrey(picture), 24, 24);
  std::vector<float> values(small.pixels().begin(), small.pixels().end());
  float mean = 0, norm = 0;
  for (float v : values) mean += v / static_cast<float>(values.size());
  for (float& v : values) {
    v -= mean;
    norm += v * v;
  }
  for (float& v : values) v /= std::sqrt(norm + 1e-3f);
  return values;
}

// Folder and file name: what a pair of the same picture is named by.
std::string LastTwo(const fs::path& path) {
  return (path.parent_path().filename() / path.filename()).native();
}

int Run(const Arguments& arguments) {
  std::set<std::pair<std::string, std::string>> same;
  if (!arguments.same.empty()) {
    std::ifstream pairs(arguments.same);
    for (std::string a, b; pairs >> a >> b;) {
      same.insert({LastTwo(a), LastTwo(b)});
      same.insert({LastTwo(b), LastTwo(a)});
    }
  }
  Random random(arguments.seed);
  std::vector<fs::path> all;
  if (!arguments.list.empty()) {
    std::ifstream list(arguments.list);
    for (std::string line; std::getline(list, line);) all.push_back(arguments.folder / line);
  } else {
    const fs::path roots[] = {arguments.folder};
    auto listed = ListFiles(roots);
    if (!listed.ok()) return std::fprintf(stderr, "%s\n", listed.error().message.c_str()), 1;
    for (const fs::path& path : *listed) {
      if (HasImageExtension(path)) all.push_back(path);
    }
  }
  Shuffle(&all, random);
  constexpr std::size_t kBackgrounds = 24;
  if (all.size() < arguments.known + arguments.strangers + arguments.distractors + kBackgrounds) {
    return std::fprintf(stderr, "the folder has too few pictures\n"), 1;
  }
  // Known, then backgrounds, then distractors (in the library, never a query), then the rest: strangers and look-alikes.
  std::vector<fs::path> known(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(arguments.known));
  const auto after_known = all.begin() + static_cast<std::ptrdiff_t>(arguments.known);
  const std::vector<fs::path> background_paths(after_known, after_known + kBackgrounds);
  std::vector<fs::path> enrolled = known;
  enrolled.insert(enrolled.end(), after_known + kBackgrounds,
                  after_known + static_cast<std::ptrdiff_t>(kBackgrounds + arguments.distractors));
  const std::vector<fs::path> rest(
      after_known + static_cast<std::ptrdiff_t>(kBackgrounds + arguments.distractors), all.end());
  const CancellationToken cancellation = CancellationToken::OnInterrupt();
  const int threads = ThreadCount(0);

  fs::create_directories(arguments.work);
  const fs::path library = arguments.work / "library";
  fs::remove_all(library);
  {
    auto catalog = store::Catalog::Open(library, store::OpenMode::kCreate);
    if (!catalog.ok()) return std::fprintf(stderr, "%s\n", catalog.error().message.c_str()), 1;
    auto summary = copy::EnrollFiles(catalog->get(), enrolled, {}, cancellation, nullptr);
    if (!summary.ok()) return std::fprintf(stderr, "%s\n", summary.error().message.c_str()), 1;
    if (!summary->failures.empty())
      return std::fprintf(stderr, "%zu known pictures could not be read\n", summary->failures.size()), 1;
  }
  auto detector = copy::CopyDetector::Open(library, {}, cancellation);
  if (!detector.ok()) return std::fprintf(stderr, "%s\n", detector.error().message.c_str()), 1;

  const auto edits = dataset::AllEdits();
  std::vector<Query> queries;
  for (const auto level :
       {dataset::EditLevel::kEasy, dataset::EditLevel::kMedium, dataset::EditLevel::kHard}) {
    for (std::size_t k = 0; k < known.size(); ++k) {
      for (std::size_t n = 0; n < arguments.edits; ++n) {
        const dataset::EditInfo& edit = edits[(k * arguments.edits + n) % edits.size()];
        queries.push_back({std::string(dataset::EditLevelName(level)),
                           std::string(edit.name),
                           known[k],
                           {},
                           &edit,
                           level,
                           random.Next(),
                           true});
      }
    }
  }
  for (std::size_t i = 0; i < std::min(arguments.strangers, rest.size()); ++i)
    queries.push_back({"stranger", "stranger", rest[i], {}, nullptr, {}, 0, false});
  {
    // Look-alikes: for each known picture the most similar picture of its sub-folder that is not known.
    std::map<fs::path, std::vector<fs::path>> by_folder;
    for (const fs::path& path : rest) by_folder[path.parent_path()].push_back(path);
    std::vector<std::pair<double, Query>> found(known.size());
    ParallelFor(known.size(), threads, cancellation, [&](std::size_t k) {
      const auto folder = by_folder.find(known[k].parent_path());
      if (folder == by_folder.end()) return;
      const std::vector<float> mine = Thumbnail(Load(known[k]));
      for (const fs::path& path : folder->second) {
        const std::vector<float> other = Thumbnail(Load(path));
        double correlation = 0;
        for (std::size_t i = 0; i < mine.size(); ++i) correlation += mine[i] * other[i];
        if (correlation > found[k].first)
          found[k] = {correlation, {"look-alike", "look-alike", path, known[k], nullptr, {}, 0, false}};
      }
    });
    std::stable_sort(found.begin(), found.end(),
                     [](const auto& a, const auto& b) { return a.first > b.first; });
    for (std::size_t i = 0; i < std::min(arguments.lookalikes, found.size()); ++i) {
      if (found[i].first > 0) queries.push_back(found[i].second);
    }
  }

  std::vector<image::Image> backgrounds;
  for (const fs::path& path : background_paths) backgrounds.push_back(Load(path));

  std::vector<Outcome> outcomes(queries.size());
  Progress progress("trial", queries.size(), "queries");
  ParallelFor(queries.size(), threads, cancellation, [&](std::size_t i) {
    const Query& query = queries[i];
    image::Image picture = Load(query.source);
    if (query.has_source) {
      Random edit_random(query.seed);
      std::vector<const image::Image*> others;
      for (const image::Image& background : backgrounds) others.push_back(&background);
      picture = dataset::ApplyEdit(*query.edit_info, picture, query.edit_level, others, edit_random);
      // What is passed on is coded again, the more often the worse.
      constexpr int kQuality[] = {75, 60, 50};
      const auto coded = image::EncodeJpeg(picture, kQuality[static_cast<int>(query.edit_level)]);
      picture = std::move(image::DecodeImage(*coded, "an edited picture")->pixels);
    }
    auto findings =
        (*detector)->Find(image::ResizeToFit(picture, copy::kWorkingSide), picture.width(), picture.height());
    if (!findings.ok()) {
      std::fprintf(stderr, "%s: %s\n", query.source.c_str(), findings.error().message.c_str());
      return;
    }
    Outcome& outcome = outcomes[i];
    const copy::CopyMatch* shown = nullptr;
    for (const copy::CopyMatch& match : findings->matches) {
      if (same.contains({LastTwo(query.source), LastTwo(match.picture.path)})) continue;
      const bool right =
          query.has_source && match.picture.path == fs::absolute(query.source).lexically_normal().native();
      if (right) {
        outcome.band = match.band;
        shown = &match;
      } else {
        outcome.wrong = std::max(outcome.wrong, match.band);
        if (shown == nullptr && !query.has_source) shown = &match;
      }
    }
    if (!query.has_source) outcome.band = outcome.wrong;
    char row[1200];
    const copy::RegionMatch none;
    const copy::RegionMatch& region =
        shown != nullptr && !shown->regions.empty() ? shown->regions.front() : none;
    std::snprintf(row, sizeof row,
                  "%s\t%s\t%s\t%s\t%s\t%d\t%.3f\t%.3f\t%d\t%d\t%d\t%.3f\t%s\t%s\t%.3f\t%.3f\t%.3f",
                  query.level.c_str(), query.edit.c_str(), query.has_source ? "source" : "none",
                  std::string(BandName(outcome.band)).c_str(), std::string(BandName(outcome.wrong)).c_str(),
                  region.inliers, region.agreement, region.agreeing_share, region.agreeing_blocks,
                  shown != nullptr ? shown->pdq_distance : 256, findings->query_features,
                  shown != nullptr ? shown->similarity : 0.0, query.source.c_str(),
                  shown != nullptr ? shown->picture.path.c_str() : "", region.query_share, region.known_share,
                  region.changed_share);
    outcome.row = row;
    progress.Advance();
  });
  if (cancellation.cancelled()) return 130;

  struct Count {
    int total = 0, named = 0, strong = 0, wrong = 0;
  };
  std::map<std::string, Count> levels;
  std::map<std::pair<std::string, std::string>, Count> by_edit;
  for (std::size_t i = 0; i < queries.size(); ++i) {
    for (Count* count : {&levels[queries[i].level], &by_edit[{queries[i].level, queries[i].edit}]}) {
      ++count->total;
      count->named += outcomes[i].band >= Band::kModerate;
      count->strong += outcomes[i].band == Band::kStrong;
      count->wrong += outcomes[i].wrong >= Band::kModerate;
    }
  }
  std::printf("library %zu pictures (%zu of them sources), seed %llu; named = band moderate or strong\n",
              enrolled.size(), known.size(), static_cast<unsigned long long>(arguments.seed));
  std::printf("%-12s %-32s %8s %8s %8s %14s\n", "level", "edit", "queries", "named", "strong", "wrong named");
  const auto print = [](const std::string& level, const std::string& edit, const Count& c) {
    std::printf("%-12s %-32s %8d %7.1f%% %7.1f%% %13.1f%%\n", level.c_str(), edit.c_str(), c.total,
                100.0 * c.named / c.total, 100.0 * c.strong / c.total, 100.0 * c.wrong / c.total);
  };
  for (const char* level : {"easy", "medium", "hard", "stranger", "look-alike"}) {
    if (levels.contains(level)) print(level, "all", levels[level]);
  }
  std::printf("\n");
  for (const auto& [key, count] : by_edit) print(key.first, key.second, count);
  if (!arguments.rows.empty()) {
    std::ofstream rows(arguments.rows);
    rows << "level\tedit\tkind\tband\twrong\tinliers\tagreement\tagreeing_"
            "share\tblocks\tpdq\tfeatures\tsimilarity\tquery\tmatch\tquery_share\tknown_share\tchanged\n";
    for (const Outcome& outcome : outcomes) rows << outcome.row << '\n';
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  Arguments arguments;
  std::vector<std::string> positional;
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    if (!word.starts_with("--")) {
      positional.push_back(word);
      continue;
    }
    const char* value = ++i < argc ? argv[i] : nullptr;
    if (value == nullptr) return std::fprintf(stderr, "%s needs a value\n", word.c_str()), 2;
    const auto number = std::strtoull(value, nullptr, 10);
    if (word == "--known")
      arguments.known = number;
    else if (word == "--strangers")
      arguments.strangers = number;
    else if (word == "--lookalikes")
      arguments.lookalikes = number;
    else if (word == "--distractors")
      arguments.distractors = number;
    else if (word == "--edits")
      arguments.edits = number;
    else if (word == "--seed")
      arguments.seed = number;
    else if (word == "--list")
      arguments.list = value;
    else if (word == "--same")
      arguments.same = value;
    else if (word == "--rows")
      arguments.rows = value;
    else
      return std::fprintf(stderr, "unknown option %s\n", word.c_str()), 2;
  }
  if (positional.size() != 2) return std::fprintf(stderr, "usage: copy_trial FOLDER WORK_DIR [options]\n"), 2;
  arguments.folder = positional[0];
  arguments.work = positional[1];
  return Run(arguments);
}
