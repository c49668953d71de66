// Reads the fields of a config in JSON with their types checked.
#pragma once

#include <cstddef>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "kantei/base/json.h"
#include "kantei/base/result.h"

namespace kantei {

/// Reads one field after the other; the first that is wrong is remembered, and those behind it are not looked at. Fields that are
/// absent or null leave the value as it is. Lists have at most 64 entries. `json` must outlive the reader.
class JsonFields {
 public:
  JsonFields(const Json& json, std::string_view file_name);

  void Read(const char* key, int* value);
  void Read(const char* key, double* value);
  void Read(const char* key, bool* value);
  void Read(const char* key, std::string* value);
  void Read(const char* key, std::vector<int>* values);
  void Read(const char* key, std::vector<double>* values);
  /// A number for all `count`, or a list of so many.
  void ReadOneOrEach(const char* key, std::size_t count, std::vector<int>* values);
  /// A number, or a list of equal ones.
  void ReadOne(const char* key, int* value);
  /// Names of block types: true for `with`, false for `without`.
  void ReadTypes(const char* key, const std::string& with, const std::string& without,
                 std::vector<bool>* values);
  /// Fields that must be as these networks are, where they are stated.
  void Require(std::initializer_list<std::pair<const char*, Json>> fixed);
  bool Has(const char* key) const { return Find(key) != nullptr; }
  /// Null when the field is absent or null, or another was wrong before.
  const Json* Find(const char* key) const;
  /// The field is wrong: kCorrupt, with what was expected.
  void Wrong(const char* key, const std::string& expected);
  /// The field asks for what we do not have: kUnsupported.
  void Unsupported(const char* key, const std::string& expected);

  /// The first error, that of the config's Validate (as kCorrupt), or the config.
  template <typename Config>
  Result<Config> Done(const Config& config) const {
    if (error_) return *error_;
    if (const Status valid = config.Validate(); !valid.ok())
      return Error{ErrorCode::kCorrupt, file_ + ": " + valid.error().message};
    return config;
  }

 private:
  void Remember(ErrorCode code, const char* key, const std::string& rest);

  const Json& json_;
  std::string file_;
  std::optional<Error> error_;
};

}  // namespace kantei
