// Statistics of a set of real pictures: made, saved, loaded and found by name.
#include <algorithm>
#include <array>
#include <charconv>
#include <filesystem>
#include <limits>
#include <utility>

#include "kantei/authenticity/realism.h"
#include "kantei/authenticity/realism_score.h"
#include "kantei/base/files.h"
#include "kantei/base/json.h"

namespace kantei::authenticity {
namespace {

constexpr std::string_view kSchema = "kantei.realism-reference/1";
constexpr int kFewestPictures = 20;
constexpr std::uint64_t kMaxFileBytes = 1 << 20;
constexpr std::size_t kMaxNameBytes = 64, kMaxDescriptionBytes = 4000;
// Above every value that 8-bit pixels can give (MS is the largest, below 255 · 512²) and every score made of
// them.
constexpr double kLargestValue = 1e30;

using Quantiles = std::array<double, 101>;

bool GoodName(std::string_view name) {
  return !name.empty() && name.size() <= kMaxNameBytes && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
  });
}

Error BadName() {
  return {ErrorCode::kInvalidArgument,
          "the name of a realism reference must be 1 to 64 of a-z, 0-9, '-' and '_'; choose such a name"};
}

/// Linear interpolation between order statistics, as numpy.percentile does by default.
Quantiles QuantilesOf(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  Quantiles quantiles;
  for (std::size_t q = 0; q < quantiles.size(); ++q) {
    const double position = static_cast<double>(q) / 100 * static_cast<double>(values.size() - 1);
    const auto below = static_cast<std::size_t>(position);
    const std::size_t above = std::min(below + 1, values.size() - 1);
    quantiles[q] = values[below] + (position - static_cast<double>(below)) * (values[above] - values[below]);
    // Rounding of the interpolation must not make a quantile smaller than the one before.
    if (q > 0) quantiles[q] = std::max(quantiles[q], quantiles[q - 1]);
  }
  return quantiles;
}

/// Nine digits are far finer than any sampling error, and a shipped file stays below 40 KB.
double Rounded(double value) {
  std::array<char, 32> digits;
  const auto written =
      std::to_chars(digits.data(), digits.data() + digits.size(), value, std::chars_format::scientific, 8);
  std::from_chars(digits.data(), written.ptr, value);
  return value;
}

Json ToJson(const Quantiles& quantiles) {
  Json list = Json::array();
  for (const double value : quantiles) list.push_back(value);
  return list;
}

class Reader {
 public:
  explicit Reader(std::string file) : file_(std::move(file)) {}

  Error Corrupt(std::string_view what) const {
    return {ErrorCode::kCorrupt, "realism reference " + file_ + ": " + std::string(what) +
                                     "; make it again with `kantei realism fit`"};
  }
  Result<const Json*> Member(const Json& object, const std::string& key) const {
    const auto found = object.is_object() ? object.find(key) : object.end();
    if (!object.is_object() || found == object.end()) return Corrupt("\"" + key + "\" is missing");
    return &*found;
  }
  Result<std::string> Text(const Json& object, const std::string& key, std::size_t max_bytes) const {
    KANTEI_TRY(const Json* value, Member(object, key));
    if (!value->is_string() || value->get_ref<const std::string&>().size() > max_bytes) {
      return Corrupt("\"" + key + "\" is not a text of at most " + std::to_string(max_bytes) + " bytes");
    }
    return value->get<std::string>();
  }
  Result<int> Integer(const Json& object, const std::string& key, int low, int high) const {
    KANTEI_TRY(const Json* value, Member(object, key));
    if (!value->is_number_integer() && !value->is_number_unsigned())
      return Corrupt("\"" + key + "\" is no integer");
    const double number = value->get<double>();
    if (number < low || number > high) return Corrupt("\"" + key + "\" is out of range");
    return static_cast<int>(number);
  }
  Result<double> Number(const Json& value, const std::string& key) const {
    if (!value.is_number()) return Corrupt("\"" + key + "\" holds something that is no number");
    const double number = value.get<double>();
    if (!(number >= 0 && number <= kLargestValue))
      return Corrupt("\"" + key + "\" holds a number out of range");
    return number;
  }
  Result<Quantiles> Rising(const Json& object, const std::string& key) const {
    KANTEI_TRY(const Json* list, Member(object, key));
    Quantiles quantiles;
    if (!list->is_array() || list->size() != quantiles.size())
      return Corrupt("\"" + key + "\" is no list of 101 numbers");
    for (std::size_t q = 0; q < quantiles.size(); ++q) {
      KANTEI_TRY(quantiles[q], Number((*list)[q], key));
      if (q > 0 && quantiles[q] < quantiles[q - 1]) return Corrupt("the quantiles of \"" + key + "\" fall");
    }
    return quantiles;
  }

 private:
  std::string file_;
};

Result<RealismReference> FromJson(const Json& json, const Reader& reader, const std::string& file) {
  KANTEI_TRY(const std::string schema, reader.Text(json, "schema", 100));
  if (schema != kSchema) {
    return Error{ErrorCode::kUnsupported, "realism reference " + file + ": its schema is not " +
                                              std::string(kSchema) +
                                              "; make it again with `kantei realism fit`"};
  }
  KANTEI_TRY(const int version, reader.Integer(json, "measures_version", 0, std::numeric_limits<int>::max()));
  if (version != kRealismVersion) {
    return Error{ErrorCode::kUnsupported, "realism reference " + file + ": made with measures version " +
                                              std::to_string(version) + ", this program has version " +
                                              std::to_string(kRealismVersion) +
                                              "; make it again with `kantei realism fit`"};
  }
  RealismReference reference;
  KANTEI_TRY(reference.name, reader.Text(json, "name", kMaxNameBytes));
  if (!GoodName(reference.name)) return reader.Corrupt("\"name\" must be of a-z, 0-9, '-' and '_'");
  KANTEI_TRY(reference.description, reader.Text(json, "description", kMaxDescriptionBytes));
  KANTEI_TRY(reference.pictures,
             reader.Integer(json, "pictures", kFewestPictures, std::numeric_limits<int>::max()));
  KANTEI_TRY(const Json* measures, reader.Member(json, "measures"));
  for (std::size_t k = 0; k < kMeasures.size(); ++k) {
    const std::string key(MeasureKey(kMeasures[k]));
    KANTEI_TRY(const Json* measure, reader.Member(*measures, key));
    KANTEI_TRY(const Json* mean, reader.Member(*measure, "mean"));
    KANTEI_TRY(reference.mean[k], reader.Number(*mean, "mean"));
    KANTEI_TRY(reference.quantiles[k], reader.Rising(*measure, "quantiles"));
    // Half a unit of the last digit kept is allowed for.
    constexpr double kSlack = 1e-7;
    if (reference.mean[k] < reference.quantiles[k].front() * (1 - kSlack) ||
        reference.mean[k] > reference.quantiles[k].back() * (1 + kSlack)) {
      return reader.Corrupt("the mean of \"" + key + "\" lies outside its quantiles");
    }
  }
  KANTEI_TRY(reference.irs_quantiles, reader.Rising(json, "irs_quantiles"));
  KANTEI_TRY(reference.robust_quantiles, reader.Rising(json, "robust_quantiles"));
  if (reference.robust_quantiles.back() > 1)
    return reader.Corrupt("\"robust_quantiles\" holds a number above 1");
  return reference;
}

}  // namespace

Result<RealismReference> FitRealismReference(std::string name, std::string description,
                                             std::span<const RealismMeasures> measures) {
  if (!GoodName(name)) return BadName();
  if (description.size() > kMaxDescriptionBytes) {
    return Error{ErrorCode::kInvalidArgument,
                 "the description of realism reference " + name + " is longer than 4000 bytes; shorten it"};
  }
  if (measures.size() < kFewestPictures) {
    return Error{ErrorCode::kInvalidArgument, "realism reference " + name +
                                                  " needs at least 20 pictures and was given " +
                                                  std::to_string(measures.size()) + "; add pictures"};
  }
  if (measures.size() > static_cast<std::size_t>(std::numeric_limits<int>::max())) {
    return Error{ErrorCode::kTooLarge,
                 "realism reference " + name + " was given more pictures than it can count"};
  }
  RealismReference reference;
  reference.name = std::move(name);
  reference.description = std::move(description);
  reference.pictures = static_cast<int>(measures.size());
  for (std::size_t k = 0; k < kMeasures.size(); ++k) {
    std::vector<double> values;
    double sum = 0;
    for (const RealismMeasures& picture : measures) {
      if (!(picture[k] >= 0 && picture[k] <= kLargestValue)) {
        return Error{ErrorCode::kInvalidArgument,
                     "realism reference " + reference.name +
                         ": a measure is negative or not finite; measure the pictures again"};
      }
      values.push_back(picture[k]);
      sum += picture[k];
    }
    reference.mean[k] = Rounded(sum / static_cast<double>(values.size()));
    reference.quantiles[k] = QuantilesOf(std::move(values));
    std::transform(reference.quantiles[k].begin(), reference.quantiles[k].end(),
                   reference.quantiles[k].begin(), Rounded);
  }
  std::vector<double> irs, robust;
  for (const RealismMeasures& picture : measures) {
    irs.push_back(internal::PentagonArea(internal::PublishedRadii(picture, reference.mean)));
    robust.push_back(internal::RobustScore(picture, reference.quantiles));
  }
  reference.irs_quantiles = QuantilesOf(std::move(irs));
  reference.robust_quantiles = QuantilesOf(std::move(robust));
  for (Quantiles* quantiles : {&reference.irs_quantiles, &reference.robust_quantiles}) {
    std::transform(quantiles->begin(), quantiles->end(), quantiles->begin(), Rounded);
  }
  return reference;
}

Result<RealismReference> internal::ParseRealismReference(std::string_view text, const std::string& file) {
  KANTEI_TRY(const Json json, ParseJson(text, file));
  return FromJson(json, Reader(file), file);
}

Result<RealismReference> LoadRealismReference(const std::filesystem::path& path) {
  KANTEI_TRY(const std::string text, ReadTextFile(path, kMaxFileBytes));
  return internal::ParseRealismReference(text, DisplayPath(path));
}

Status SaveRealismReference(const std::filesystem::path& path, const RealismReference& reference) {
  if (!GoodName(reference.name)) return BadName();
  Json json;
  json["schema"] = kSchema;
  json["measures_version"] = kRealismVersion;
  json["name"] = reference.name;
  json["description"] = reference.description;
  json["pictures"] = reference.pictures;
  Json& measures = json["measures"] = Json::object();
  for (std::size_t k = 0; k < kMeasures.size(); ++k) {
    Json& measure = measures[std::string(MeasureKey(kMeasures[k]))] = Json::object();
    measure["mean"] = reference.mean[k];
    measure["quantiles"] = ToJson(reference.quantiles[k]);
  }
  json["irs_quantiles"] = ToJson(reference.irs_quantiles);
  json["robust_quantiles"] = ToJson(reference.robust_quantiles);
  return WriteFileAtomic(path, DumpJson(json) + "\n");
}

Result<RealismReference> FindRealismReference(const std::string& name) {
  if (!GoodName(name)) return BadName();
  if (name == "photo" || name == "drawn") {
    KANTEI_TRY(const std::filesystem::path path, FindModel("realism-" + name + ".json"));
    return LoadRealismReference(path);
  }
  const std::filesystem::path path = DataHome() / "realism" / (name + ".json");
  std::error_code ignored;
  if (!std::filesystem::exists(path, ignored)) {
    return Error{ErrorCode::kNotFound,
                 "realism reference " + name + " was not found at " + DisplayPath(path) +
                     "; use photo or drawn, or make it with `kantei realism fit DIR --name " + name + "`"};
  }
  return LoadRealismReference(path);
}

}  // namespace kantei::authenticity
