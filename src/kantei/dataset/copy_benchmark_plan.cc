#include "kantei/dataset/copy_benchmark_plan.h"

#include <algorithm>
#include <array>
#include <map>
#include <set>

#include "kantei/base/files.h"
#include "kantei/base/random.h"

namespace kantei::dataset {
namespace {

namespace fs = std::filesystem;

void Shuffle(std::vector<std::uint32_t>* items, Random& random) {
  for (std::size_t i = items->size(); i > 1; --i) std::swap((*items)[i - 1], (*items)[random.Below(i)]);
}

std::string SourceName(const fs::path& root, const fs::path& file) {
  const fs::path below = file.lexically_relative(root);
  if (std::distance(below.begin(), below.end()) > 1) return DisplayPath(*below.begin());
  const fs::path plain = root.lexically_normal();
  return DisplayPath(plain.has_filename() ? plain.filename() : plain.parent_path().filename());
}

/// The end of `pool` becomes the start of the result.
std::vector<std::uint32_t> Take(std::vector<std::uint32_t>* pool, std::size_t count) {
  count = std::min(count, pool->size());
  std::vector<std::uint32_t> taken(pool->end() - static_cast<std::ptrdiff_t>(count), pool->end());
  pool->resize(pool->size() - count);
  return taken;
}

struct Pair {
  std::uint32_t reference = 0, query = 0;
};

/// Disjoint pairs of pictures of one folder, the nearest by hash first within a folder.
std::vector<Pair> PairLookalikes(std::map<std::string, std::vector<std::uint32_t>>& by_subject,
                                 const std::vector<SurveyedPicture>& survey, Random& random) {
  std::vector<Pair> pairs;
  for (auto& [subject, members] : by_subject) {
    Shuffle(&members, random);
    while (members.size() >= 2) {
      const std::uint32_t reference = members.back();
      members.pop_back();
      const auto nearest =
          std::min_element(members.begin(), members.end(), [&](std::uint32_t a, std::uint32_t b) {
            return HammingDistance(survey[a].pdq, survey[reference].pdq) <
                   HammingDistance(survey[b].pdq, survey[reference].pdq);
          });
      pairs.push_back({reference, *nearest});
      members.erase(nearest);
    }
  }
  for (std::size_t i = pairs.size(); i > 1; --i) std::swap(pairs[i - 1], pairs[random.Below(i)]);
  return pairs;
}

}  // namespace

Result<std::vector<Candidate>> ListCandidates(const CopyBenchmarkOptions& options) {
  std::map<fs::path, Candidate> by_path;
  std::error_code failure;
  // Inside the benchmark's own folder there are no sources.
  const fs::path own = fs::weakly_canonical(options.out, failure);
  const auto add = [&](const std::vector<fs::path>& roots, bool Candidate::*role) -> Status {
    for (const fs::path& root : roots) {
      KANTEI_TRY(const std::vector<fs::path> files, ListFiles(std::array{root}));
      for (const fs::path& file : files) {
        if (!HasImageExtension(file)) continue;
        const fs::path path = fs::weakly_canonical(file, failure);
        const auto in_own = std::mismatch(own.begin(), own.end(), path.begin(), path.end());
        if (in_own.first == own.end()) continue;
        Candidate& candidate = by_path[path];
        candidate.file = path;
        if (candidate.source.empty()) candidate.source = SourceName(root, file);
        candidate.subject = path.parent_path().native();
        candidate.*role = true;
      }
    }
    return {};
  };
  KANTEI_RETURN_IF_ERROR(add(options.sources, &Candidate::from_sources));
  KANTEI_RETURN_IF_ERROR(add(options.lookalikes, &Candidate::from_lookalikes));
  KANTEI_RETURN_IF_ERROR(add(options.distractors, &Candidate::from_distractors));
  std::vector<Candidate> candidates;
  for (auto& [path, candidate] : by_path) candidates.push_back(std::move(candidate));
  if (candidates.empty()) return Error{ErrorCode::kNotFound, "the folders hold no pictures"};
  return candidates;
}

Result<BenchmarkPlan> PlanBenchmark(const CopyBenchmarkOptions& options,
                                    const std::vector<Candidate>& candidates,
                                    const std::vector<SurveyedPicture>& survey,
                                    const std::vector<std::uint32_t>& groups, CopyBenchmarkSummary* summary) {
  summary->surveyed = static_cast<std::int64_t>(candidates.size());
  const auto usable = [&](std::uint32_t i) {
    return survey[i].problem.empty() && std::min(survey[i].width, survey[i].height) >= options.least_side &&
           survey[i].pdq_quality >= options.least_quality;
  };
  // Of each group the first usable picture stands for all; one from the sources is preferred.
  std::map<std::uint32_t, std::uint32_t> chosen;
  std::int64_t usable_count = 0;
  for (std::uint32_t i = 0; i < candidates.size(); ++i) {
    if (!usable(i)) continue;
    ++usable_count;
    const auto [known, is_new] = chosen.try_emplace(groups[i], i);
    if (!is_new && !candidates[known->second].from_sources && candidates[i].from_sources) known->second = i;
  }
  summary->unusable = summary->surveyed - usable_count;
  summary->same = usable_count - static_cast<std::int64_t>(chosen.size());

  Random random(options.seed);
  BenchmarkPlan plan;
  std::set<std::uint32_t> used;
  // Look-alikes first, as only they depend on folders.
  std::map<std::string, std::vector<std::uint32_t>> by_subject;
  for (const auto& [group, i] : chosen) {
    if (candidates[i].from_lookalikes) by_subject[candidates[i].subject].push_back(i);
  }
  std::vector<Pair> pairs = PairLookalikes(by_subject, survey, random);
  pairs.resize(std::min({pairs.size(), static_cast<std::size_t>(options.lookalike_queries),
                         static_cast<std::size_t>(options.references - options.queries)}));
  for (const Pair& pair : pairs) {
    used.insert({pair.reference, pair.query});
    plan.references.push_back(pair.reference);
    plan.queries.push_back({pair.query, "look-alike", EditLevel::kHard});
  }

  std::vector<std::uint32_t> pool, spare;  // from the sources, and what may only be a distractor
  for (const auto& [group, i] : chosen) {
    if (used.count(i) > 0) continue;
    if (candidates[i].from_sources) {
      pool.push_back(i);
    } else if (candidates[i].from_distractors) {
      spare.push_back(i);
    }
  }
  Shuffle(&pool, random);
  Shuffle(&spare, random);
  const auto count = [](int n) { return static_cast<std::size_t>(n); };
  const std::size_t must = kMaterial + count(options.queries) + count(options.distractor_queries);
  const std::size_t wanted =
      must + count(options.background) + count(options.references) - pairs.size() - count(options.queries);
  if (pool.size() < must || pool.size() + spare.size() < wanted) {
    return Error{ErrorCode::kInvalidArgument,
                 "there are " + std::to_string(pool.size()) +
                     " different usable pictures in the sources and " + std::to_string(spare.size()) +
                     " more in the distractors (" + std::to_string(summary->unusable) +
                     " are unreadable, small or blank, " + std::to_string(summary->same) +
                     " the same as another), but the benchmark wants " + std::to_string(must) +
                     " of the sources and " + std::to_string(wanted) +
                     " in all; give more folders or smaller numbers"};
  }
  plan.material = Take(&pool, kMaterial);
  for (const std::uint32_t i : Take(&pool, count(options.queries))) {
    plan.queries.push_back({i, "copy", EditLevel::kHard});
    plan.references.push_back(i);
  }
  for (const std::uint32_t i : Take(&pool, count(options.distractor_queries)))
    plan.queries.push_back({i, "stranger", EditLevel::kHard});
  pool.insert(pool.begin(), spare.begin(), spare.end());  // the rest of the sources is taken first
  for (const std::uint32_t i : Take(&pool, count(options.references) - plan.references.size()))
    plan.references.push_back(i);
  plan.background = Take(&pool, count(options.background));
  Shuffle(&plan.references, random);
  std::map<std::string, std::size_t> turn;
  for (PlannedQuery& query : plan.queries) {
    if (query.kind != "look-alike") query.level = options.levels[turn[query.kind]++ % options.levels.size()];
  }
  for (std::size_t i = plan.queries.size(); i > 1; --i)
    std::swap(plan.queries[i - 1], plan.queries[random.Below(i)]);
  return plan;
}

}  // namespace kantei::dataset
