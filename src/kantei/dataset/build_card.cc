// What a built set says of itself: leaks and the data card.
#include <algorithm>
#include <map>
#include <mutex>
#include <set>
#include <utility>

#include "kantei/base/code256.h"
#include "kantei/base/files.h"
#include "kantei/base/json.h"
#include "kantei/base/parallel.h"
#include "kantei/dataset/build_lists.h"

namespace kantei::dataset {
namespace {

namespace fs = std::filesystem;

/// Hashes of poorer pictures say little.
constexpr int kLeastQuality = 50;
constexpr std::size_t kRows = 64, kMostNamed = 200;

bool Holds(const std::vector<std::string>& list, const std::string& word) {
  return std::find(list.begin(), list.end(), word) != list.end();
}

/// `| name | count | ... |` rows of pictures by two properties.
template <typename Row, typename Column>
std::string Table(std::span<const BuiltSample> samples, const char* title, const Row& row_of,
                  const Column& column_of) {
  std::map<std::string, std::map<std::string, int>> counts;
  std::set<std::string> columns;
  for (const BuiltSample& sample : samples) {
    ++counts[row_of(sample)][column_of(sample)];
    columns.insert(column_of(sample));
  }
  std::string text = std::string("| ") + title + " |", rule = "|---|";
  for (const std::string& column : columns) {
    text += " " + column + " |";
    rule += "---|";
  }
  text += "\n" + rule + "\n";
  for (auto& [row, cells] : counts) {
    text += "| " + row + " |";
    for (const std::string& column : columns) text += " " + std::to_string(cells[column]) + " |";
    text += "\n";
  }
  return text + "\n";
}

}  // namespace

Result<std::int64_t> CheckLeaks(const fs::path& out, const BuildPlan& plan,
                                std::span<const BuiltSample> samples, int threads,
                                const CancellationToken& cancellation) {
  struct Hashed {
    Code256 code;
    const BuiltSample* sample;
  };
  std::vector<Hashed> hashes;
  Json found = Json::array();
  std::set<std::string> held_out_engines;
  for (const PlanEngine& engine : plan.engines)
    if (engine.held_out) held_out_engines.insert(engine.name);
  std::int64_t count = 0;
  const auto report = [&](const char* what, const std::string& a, const std::string& b) {
    if (static_cast<std::size_t>(count++) < kMostNamed)
      found.push_back(Json{{"leak", what}, {"a", a}, {"b", b}});
  };
  std::map<std::uint32_t, const BuiltSample*> groups;
  for (const BuiltSample& sample : samples) {
    const auto [first, is_new] = groups.try_emplace(sample.group, &sample);
    if (!is_new && first->second->split != sample.split)
      report("near duplicates of one source picture are in two splits", first->second->picture,
             sample.picture);
    if (sample.split != "test-out") {
      if (held_out_engines.contains(sample.engine) && sample.kind != "text-to-picture")
        report("a held-out engine is not in test-out", sample.picture, sample.engine);
      if (Holds(plan.splits.held_out_sources, sample.source))
        report("a held-out source is not in test-out", sample.picture, sample.source);
      for (const std::string& object : sample.objects)
        if (Holds(plan.splits.held_out_objects, object))
          report("a held-out object is not in test-out", sample.picture, object);
    }
    const auto code = Code256::FromHex(sample.pdq);
    if (code.ok() && sample.pdq_quality >= kLeastQuality) hashes.push_back({*code, &sample});
  }
  std::mutex mutex;
  std::vector<std::pair<std::size_t, std::size_t>> near;
  ParallelFor((hashes.size() + kRows - 1) / kRows, threads, cancellation, [&](std::size_t block) {
    for (std::size_t i = block * kRows; i < std::min(hashes.size(), (block + 1) * kRows); ++i) {
      for (std::size_t j = i + 1; j < hashes.size(); ++j) {
        const BuiltSample &a = *hashes[i].sample, &b = *hashes[j].sample;
        if (a.split == b.split ||
            HammingDistance(hashes[i].code, hashes[j].code) > plan.splits.near_duplicate)
          continue;
        const std::lock_guard lock(mutex);
        near.emplace_back(i, j);
      }
    }
  });
  KANTEI_RETURN_IF_ERROR(cancellation.Check());
  std::sort(near.begin(), near.end());
  for (const auto& [i, j] : near)
    report("two pictures look alike and are in two splits", hashes[i].sample->picture,
           hashes[j].sample->picture);
  const Json json{{"checked", samples.size()}, {"hashed", hashes.size()}, {"leaks", count}, {"found", found}};
  KANTEI_RETURN_IF_ERROR(WriteFileAtomic(out / "leaks.json", DumpJson(json, 2) + "\n"));
  return count;
}

Status WriteDataCard(const BuildSetOptions& options, const BuildSetSummary& summary,
                     std::span<const BuiltSample> samples) {
  const BuildPlan& plan = options.plan;
  const auto n = [](std::int64_t count) { return std::to_string(count); };
  std::string text =
      "# " + plan.name + "\n\nMade by `kantei dataset build`. Licence: " + plan.licence + ".\n\n";
  text += n(summary.authentic) + " authentic, " + n(summary.edited) + " edited, " + n(summary.generated) +
          " generated pictures; " + n(summary.refused) + " refused by the plan, " + n(summary.fruitless) +
          " came to nothing, " + n(summary.duplicates) + " files were equal to another, " +
          n(summary.failed) + " could not be read.\n";
  if (!summary.finished) text += "The run was stopped and can go on.\n";
  text +=
      "\n## Commands\n\n```\nkantei dataset build SOURCE --out OUT --plan plan.json\n"
      "kantei train authenticity OUT/train --validation OUT/val --out RUN\n"
      "kantei evaluate authenticity OUT/test-in --model RUN/model.safetensors\n"
      "sha256sum -c SHA256SUMS\n```\n\nSources:";
  for (const fs::path& source : options.sources) text += " `" + DisplayPath(source) + "`";
  text += ". Seed " + std::to_string(plan.seed) + ".\n\n## Pictures\n\n";
  const auto split = [](const BuiltSample& s) { return s.split; };
  text += Table(
      samples, "engine", [](const BuiltSample& s) { return s.engine + " " + s.kind; }, split);
  text += Table(
      samples, "source", [](const BuiltSample& s) { return s.source; }, split);
  text += Table(
      samples, "mask", [](const BuiltSample& s) { return s.mask_kind.empty() ? "none" : s.mask_kind; },
      split);
  text += Table(
      samples, "post-processing", [](const BuiltSample& s) { return s.post; }, split);
  text += "Splits: near duplicates (PDQ, " + std::to_string(plan.splits.near_duplicate) +
          " bits) share one; test-out has the engines, sources and objects that were held out. leaks.json: " +
          n(summary.leaks) + " found.\n";
  text +=
      "\n## What is what\n\n"
      "| kind | outside the mask |\n|---|---|\n"
      "| spliced | bit-identical to the authentic picture before post-processing |\n"
      "| regenerated | the whole picture passed an autoencoder after the fill |\n"
      "| text-to-picture | made from words alone; not aligned with its source picture |\n\n"
      "## Limits\n\n"
      "- One recipe of post-processing is drawn for each source picture, and all that is made of it passes "
      "it "
      "alike, so that no format tells the class. Handle all classes alike in training and scoring too.\n"
      "- `detector_uncertainty` is the doubt of Kantei's own detector (bits), not what people see; it is no "
      "measure of deceptiveness.\n"
      "- Objects named `subject` and `segment` were found without a network and may be parts of things.\n"
      "- Pictures made from words have the generator's size; size tells them from the others.\n\n"
      "## Plan\n\n```json\n" +
      DumpJson(BuildPlanJson(plan), 2) + "\n```\n";
  return WriteFileAtomic(options.out / "README.md", text);
}

}  // namespace kantei::dataset
