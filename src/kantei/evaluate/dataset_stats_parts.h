// What the numbers and the page of a built set are made from. Private to evaluate.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "kantei/dataset/built_sample.h"

namespace kantei::evaluate {

using Counted = std::map<std::string, std::int64_t>;
/// Pictures by a name; those without one do not count.
Counted CountBy(const std::vector<dataset::BuiltSample>& samples,
                const std::function<std::string(const dataset::BuiltSample&)>& name);

struct Measured {
  const char* name;
  const char* title;
  std::function<std::optional<double>(const dataset::BuiltSample&)> of;
};
std::vector<Measured> AllMeasured();

/// Sorted.
std::vector<double> ValuesOf(const std::vector<dataset::BuiltSample>& samples, const Measured& measured,
                             const std::function<bool(const dataset::BuiltSample&)>& takes);
/// "authentic", or engine and kind.
std::string MadeBy(const dataset::BuiltSample& sample);
/// Of at least one value, sorted; between two in proportion.
double Quantile(const std::vector<double>& sorted, double share);

}  // namespace kantei::evaluate
