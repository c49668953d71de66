// Numbers in the metadata of weights files, read with limits and written back. Private to the folder.
#pragma once

#include <array>
#include <charconv>
#include <cstddef>
#include <map>
#include <optional>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "kantei/base/result.h"

namespace kantei::nn {

template <typename Number>
std::optional<Number> ParseNumber(std::string_view text) {
  Number value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

template <typename Number>
std::optional<std::vector<Number>> ParseList(std::string_view text) {
  std::vector<Number> values;
  while (true) {
    const std::size_t comma = text.find(',');
    const auto value = ParseNumber<Number>(text.substr(0, comma));
    if (!value) return std::nullopt;
    values.push_back(*value);
    if (comma == std::string_view::npos) return values;
    text.remove_prefix(comma + 1);
  }
}

template <typename Range>
std::string ListText(const Range& values) {
  std::ostringstream text;
  text.imbue(std::locale::classic());
  text.precision(9);
  bool first = true;
  for (const auto& value : values) {
    if (!first) text << ',';
    text << value;
    first = false;
  }
  return text.str();
}

inline std::string NumberText(double value) {
  return ListText(std::array{value});
}

// Reads one entry after the other; the first that is wrong is remembered.
class MetadataReader {
 public:
  MetadataReader(const std::map<std::string, std::string>& metadata, std::string_view file_name)
      : metadata_(metadata), file_name_(file_name) {}

  std::string Text(const std::string& key) const {
    const auto found = metadata_.find(key);
    return found == metadata_.end() ? "" : found->second;
  }

  template <typename Number>
  void Read(const std::string& key, double low, double high, Number* value) {
    const auto found = metadata_.find(key);
    if (found == metadata_.end()) return;
    const auto parsed = ParseNumber<Number>(found->second);
    if (!parsed || !(*parsed >= low && *parsed <= high)) {
      Fail(key, "a number from " + NumberText(low) + " to " + NumberText(high));
      return;
    }
    *value = *parsed;
  }

  template <typename Number>
  std::vector<Number> ReadList(const std::string& key, std::size_t least, std::size_t most, double low,
                               double high, std::vector<Number> otherwise) {
    const auto found = metadata_.find(key);
    if (found == metadata_.end()) return otherwise;
    const auto parsed = ParseList<Number>(found->second);
    bool good = parsed && parsed->size() >= least && parsed->size() <= most;
    if (good) {
      for (const Number value : *parsed) good = good && value >= low && value <= high;
    }
    if (good) return *parsed;
    Fail(key, std::to_string(least) + (most == least ? "" : " to " + std::to_string(most)) +
                  " numbers with commas between, each from " + NumberText(low) + " to " + NumberText(high));
    return otherwise;
  }

  void Fail(const std::string& key, const std::string& expected) {
    if (error_.has_value()) return;
    error_ = Error{ErrorCode::kCorrupt, std::string(file_name_) + ": the metadata entry " + key + " is \"" +
                                            Text(key).substr(0, 64) + "\"; expected " + expected};
  }
  const std::optional<Error>& error() const { return error_; }

 private:
  const std::map<std::string, std::string>& metadata_;
  std::string_view file_name_;
  std::optional<Error> error_;
};

}  // namespace kantei::nn
