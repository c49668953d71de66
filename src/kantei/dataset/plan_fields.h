// Reads the members of a JSON object one by one and says what is wrong with the first that does not fit. Private to dataset/.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "kantei/base/json.h"
#include "kantei/base/result.h"

namespace kantei::dataset {

/// Members that are not there leave the value as it is. After the last one, Finish tells the first problem; members that nobody asked for
/// are one, but for those that begin with '#'.
class PlanFields {
 public:
  /// `place` leads to the object, e.g. "plan.json, engines[2]". `object` must outlive the reader.
  PlanFields(const Json& object, std::string place);

  void Number(const char* key, double least, double most, double* value);
  void Integer(const char* key, int least, int most, int* value);
  void Seed(const char* key, std::uint64_t* value);
  void Flag(const char* key, bool* value);
  /// At most 4096 bytes without control characters.
  void Text(const char* key, std::string* value);
  void Choice(const char* key, const std::vector<std::string_view>& choices, std::string* value);
  void Texts(const char* key, std::vector<std::string>* value);
  /// Two numbers, the first not above the second.
  void Range(const char* key, double least, double most, double* low, double* high);
  /// The member if it is an object; null when it is missing (or no object, which is a problem).
  const Json* Object(const char* key);
  const Json* List(const char* key);
  bool Has(const char* key) const { return object_.is_object() && object_.contains(key); }

  void Fail(const std::string& key, const std::string& expected);
  void Take(const Status& status);  ///< of an object within
  std::string PlaceOf(const std::string& key) const;
  Status Finish();

 private:
  const Json* Find(const char* key);
  const Json& object_;
  std::string place_;
  std::set<std::string> known_;
  Status problem_;
};

}  // namespace kantei::dataset
