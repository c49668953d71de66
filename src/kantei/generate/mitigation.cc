#include "kantei/generate/mitigation.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

namespace kantei::generate {
namespace {

struct Row {
  Mitigation kind;
  std::string_view name;
  bool whole;  // amounts are counts
  double least, most, usual;
};
constexpr std::array<Row, 6> kRows = {{
    {Mitigation::kLowerGuidance, "lower-guidance", false, 1, 100, 3},
    {Mitigation::kRandomTokens, "random-tokens", true, 1, 64, 4},
    {Mitigation::kWordRepetition, "word-repetition", true, 1, 64, 4},
    {Mitigation::kEmbeddingNoise, "embedding-noise", false, 0, 10, 0.1},
    {Mitigation::kPadMasking, "pad-masking", true, 1, 1, 1},
    {Mitigation::kBestOfNoise, "best-of-noise", true, 2, 64, 4},
}};

const Row& RowOf(Mitigation kind) {
  return kRows.at(static_cast<std::size_t>(kind));
}

std::string Range(const Row& row) {
  const auto text = [](double value) { return std::to_string(std::lround(value)); };
  return text(row.least) + " to " + text(row.most);
}

}  // namespace

std::string_view MitigationName(Mitigation kind) {
  return RowOf(kind).name;
}

Result<MitigationUse> ParseMitigation(std::string_view text) {
  const std::size_t equals = text.find('=');
  const std::string_view name = text.substr(0, equals);
  const auto row =
      std::find_if(kRows.begin(), kRows.end(), [&](const Row& each) { return each.name == name; });
  if (row == kRows.end()) {
    std::string names;
    for (const Row& each : kRows) names += (names.empty() ? "" : ", ") + std::string(each.name);
    return Error{ErrorCode::kInvalidArgument,
                 "\"" + std::string(name) + "\" is no mitigation; there are " + names};
  }
  MitigationUse use{row->kind, row->usual};
  if (equals != std::string_view::npos) {
    const std::string_view amount = text.substr(equals + 1);
    const auto [end, error] = std::from_chars(amount.data(), amount.data() + amount.size(), use.amount);
    if (error != std::errc() || end != amount.data() + amount.size())
      return Error{ErrorCode::kInvalidArgument, "the amount of " + std::string(text) +
                                                    " is no number; write " + std::string(name) + "=N with " +
                                                    Range(*row)};
  }
  return use;
}

Status ValidateMitigations(const std::vector<MitigationUse>& uses, double guidance) {
  const auto bad = [](const std::string& what) { return Status(Error{ErrorCode::kInvalidArgument, what}); };
  for (const MitigationUse& use : uses) {
    const Row& row = RowOf(use.kind);
    const std::string name(row.name);
    if (FindMitigation(uses, use.kind) != &use) return bad("the mitigation " + name + " is named twice");
    if (!(use.amount >= row.least && use.amount <= row.most) ||
        (row.whole && use.amount != std::floor(use.amount)))
      return bad("the amount of " + name + " must be " + (row.whole ? "a whole number, " : "") + Range(row));
  }
  if (const MitigationUse* cap = FindMitigation(uses, Mitigation::kLowerGuidance); cap != nullptr)
    guidance = std::min(guidance, cap->amount);
  if (FindMitigation(uses, Mitigation::kBestOfNoise) != nullptr && guidance <= 1)
    return bad("best-of-noise compares lengths of the guidance, so guidance must be above 1");
  return {};
}

const MitigationUse* FindMitigation(const std::vector<MitigationUse>& uses, Mitigation kind) {
  const auto found =
      std::find_if(uses.begin(), uses.end(), [&](const MitigationUse& use) { return use.kind == kind; });
  return found == uses.end() ? nullptr : &*found;
}

Json MitigationsJson(const std::vector<MitigationUse>& uses) {
  Json json = Json::array();
  for (const Row& row : kRows)
    if (const MitigationUse* use = FindMitigation(uses, row.kind); use != nullptr)
      json.push_back({{"name", row.name}, {"amount", use->amount}});
  return json;
}

}  // namespace kantei::generate
