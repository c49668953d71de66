#include "kantei/train/sample_pool.h"

#include <cmath>
#include <map>

#include "kantei/base/files.h"
#include "kantei/base/log.h"
#include "kantei/base/parallel.h"
#include "kantei/base/progress.h"
#include "kantei/base/sha256.h"
#include "kantei/image/decode.h"
#include "kantei/image/transform.h"

namespace kantei::train {
namespace {

using dataset::AuthenticitySample;
using dataset::History;

/// Empty text when the entry could be read.
std::string Read(const AuthenticitySample& sample, SamplePool::Entry* entry) {
  auto decoded = image::DecodeImageFile(sample.picture, {});
  if (!decoded.ok()) return decoded.error().message;
  entry->picture = image::ToRgb(decoded->pixels);
  entry->history = sample.history;
  if (sample.history != History::kEdited) return {};
  auto mask = image::DecodeImageFile(sample.mask, {});
  if (!mask.ok()) return mask.error().message;
  entry->mask = image::ToGrey(mask->pixels);
  if (entry->mask.width() != entry->picture.width() || entry->mask.height() != entry->picture.height())
    return DisplayPath(sample.mask) + " is not of the size of " + DisplayPath(sample.picture);
  for (std::uint8_t& value : entry->mask.pixels()) value = value >= 128 ? 255 : 0;
  return {};
}

}  // namespace

Result<SamplePool> SamplePool::Load(const std::vector<AuthenticitySample>& samples, int threads,
                                    const CancellationToken& cancellation,
                                    std::vector<std::string>* skipped) {
  std::vector<Entry> read(samples.size());
  std::vector<std::string> problems(samples.size());
  Progress progress("reading", samples.size(), "pictures");
  ParallelFor(samples.size(), ThreadCount(threads), cancellation, [&](std::size_t i) {
    problems[i] = Read(samples[i], &read[i]);
    progress.Advance();
  });
  KANTEI_RETURN_IF_ERROR(cancellation.Check());

  SamplePool pool;
  std::map<std::filesystem::path, std::size_t> authentic;
  std::map<std::string, std::vector<std::size_t>> groups[3];
  std::vector<std::size_t> sample_of;
  std::string listed;
  for (std::size_t i = 0; i < samples.size(); ++i) {
    if (!problems[i].empty()) {
      skipped->push_back(problems[i]);
      continue;
    }
    const AuthenticitySample& sample = samples[i];
    const std::size_t index = pool.entries_.size();
    if (sample.history == History::kAuthentic) authentic[sample.picture] = index;
    groups[static_cast<std::size_t>(sample.history)]
          [sample.history == History::kAuthentic ? sample.source : sample.engine]
              .push_back(index);
    listed += sample.picture.filename().string() + ' ' + std::to_string(read[i].picture.width()) + 'x' +
              std::to_string(read[i].picture.height()) + '\n';
    pool.entries_.push_back(std::move(read[i]));
    sample_of.push_back(i);
  }
  for (std::size_t n = 0; n < pool.entries_.size(); ++n) {
    const auto found = authentic.find(samples[sample_of[n]].original);
    if (samples[sample_of[n]].original.empty() || found == authentic.end()) continue;
    const image::Image &mine = pool.entries_[n].picture, &its = pool.entries_[found->second].picture;
    if (mine.width() == its.width() && mine.height() == its.height())
      pool.entries_[n].original = static_cast<std::int64_t>(found->second);
  }
  for (std::size_t h = 0; h < 3; ++h) {
    double sum = 0;
    for (auto& [name, members] : groups[h]) {
      sum += std::sqrt(static_cast<double>(members.size()));
      pool.groups_[h].push_back({sum, std::move(members)});
    }
    for (Group& group : pool.groups_[h]) group.until /= sum;
  }
  if (!pool.Has(History::kAuthentic) || !(pool.Has(History::kEdited) || pool.Has(History::kGenerated)))
    return Error{ErrorCode::kInvalidArgument,
                 "training needs authentic pictures and edited or generated ones; of " +
                     std::to_string(samples.size()) + " samples " + std::to_string(pool.entries_.size()) +
                     " could be read"};
  pool.fingerprint_ = std::strtoull(Sha256Hex(listed).substr(0, 16).c_str(), nullptr, 16);
  return pool;
}

std::size_t SamplePool::Draw(History history, Random& random) const {
  const std::vector<Group>& groups = groups_[static_cast<std::size_t>(history)];
  const double at = random.Uniform();
  std::size_t g = 0;
  while (g + 1 < groups.size() && groups[g].until <= at) ++g;
  return groups[g].members[random.Below(groups[g].members.size())];
}

Result<SamplePools> SamplePools::Load(const std::vector<dataset::AuthenticitySample>& training,
                                      const std::vector<dataset::AuthenticitySample>& validation, int threads,
                                      const CancellationToken& cancellation) {
  std::vector<std::string> skipped;
  SamplePools pools;
  KANTEI_TRY(pools.training, SamplePool::Load(training, threads, cancellation, &skipped));
  if (!validation.empty()) {
    KANTEI_TRY(pools.validation, SamplePool::Load(validation, threads, cancellation, &skipped));
  }
  for (const std::string& line : skipped) LogWarning("skipped: " + line);
  return pools;
}

}  // namespace kantei::train
