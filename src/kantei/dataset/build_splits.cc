#include "kantei/dataset/build_splits.h"

#include <algorithm>
#include <array>
#include <map>
#include <tuple>

#include "kantei/base/sha256.h"

namespace kantei::dataset {
namespace {

constexpr std::size_t kTestOut = kBuildSplits.size() - 1;

bool Holds(const std::vector<std::string>& list, const std::string& word) {
  return std::find(list.begin(), list.end(), word) != list.end();
}

struct Group {
  std::string source, order;
  std::vector<std::size_t> members;
  bool foreign = false;
};

}  // namespace

void AssignSplits(const BuildPlan& plan, std::vector<SourcePicture>* pictures) {
  std::map<std::uint32_t, Group> by_number;
  for (std::size_t i = 0; i < pictures->size(); ++i) {
    const SourcePicture& picture = (*pictures)[i];
    if (!picture.problem.empty()) continue;
    Group& group = by_number[picture.group];
    const std::string order = Sha256Hex(std::to_string(plan.seed) + " " + picture.digest);
    if (group.members.empty() || order < group.order) group.order = order, group.source = picture.source;
    group.members.push_back(i);
    group.foreign = group.foreign || Holds(plan.splits.held_out_sources, picture.source) ||
                    std::any_of(picture.objects.begin(), picture.objects.end(), [&](const std::string& name) {
                      return Holds(plan.splits.held_out_objects, name);
                    });
  }
  std::vector<Group*> groups;
  for (auto& [number, group] : by_number) groups.push_back(&group);
  std::sort(groups.begin(), groups.end(), [](const Group* a, const Group* b) {
    return std::tie(a->source, a->order) < std::tie(b->source, b->order);
  });
  std::array<double, kBuildSplits.size()> have{};
  double dealt = 0;
  for (const Group* group : groups) {
    std::size_t split = kTestOut;
    const double size = static_cast<double>(group->members.size());
    if (!group->foreign) {
      // Where most is missing once this group has been dealt.
      double most = -1e300;
      for (std::size_t s = 0; s < have.size(); ++s) {
        const double missing = plan.splits.ratios[s] * (dealt + size) - have[s];
        if (plan.splits.ratios[s] > 0 && missing > most) most = missing, split = s;
      }
      have[split] += size;
      dealt += size;
    }
    for (const std::size_t i : group->members) {
      (*pictures)[i].split = split;
      (*pictures)[i].foreign = group->foreign;
    }
  }
}

std::vector<std::size_t> EnginesFor(const BuildPlan& plan, const SourcePicture& picture) {
  std::vector<std::size_t> engines;
  for (std::size_t e = 0; e < plan.engines.size(); ++e) {
    const bool held_out = plan.engines[e].held_out;
    if (picture.split == kTestOut ? held_out || picture.foreign : !held_out) engines.push_back(e);
  }
  return engines;
}

}  // namespace kantei::dataset
