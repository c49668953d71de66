#include "kantei/base/json_fields.h"

#include <algorithm>
#include <cstdint>
#include <limits>

namespace kantei {
namespace {

constexpr std::size_t kMaxList = 64;

bool ReadValue(const Json& json, int* value) {
  if (!json.is_number_integer()) return false;
  const auto wide = json.get<std::int64_t>();
  if (wide < std::numeric_limits<int>::min() || wide > std::numeric_limits<int>::max()) return false;
  *value = static_cast<int>(wide);
  return true;
}

bool ReadValue(const Json& json, double* value) {
  if (!json.is_number()) return false;
  *value = json.get<double>();
  return true;
}

template <typename Value>
bool ReadValues(const Json& json, std::vector<Value>* values) {
  std::vector<Value> read;
  bool good = json.is_array() && json.size() <= kMaxList;
  for (std::size_t i = 0; good && i < json.size(); ++i) good = ReadValue(json[i], &read.emplace_back());
  if (good) *values = std::move(read);
  return good;
}

}  // namespace

JsonFields::JsonFields(const Json& json, std::string_view file_name) : json_(json), file_(file_name) {
  if (!json.is_object()) error_ = Error{ErrorCode::kCorrupt, file_ + " is no JSON object"};
}

void JsonFields::Read(const char* key, int* value) {
  const Json* found = Find(key);
  if (found != nullptr && !ReadValue(*found, value)) Wrong(key, "a whole number");
}

void JsonFields::Read(const char* key, double* value) {
  const Json* found = Find(key);
  if (found != nullptr && !ReadValue(*found, value)) Wrong(key, "a number");
}

void JsonFields::Read(const char* key, bool* value) {
  const Json* found = Find(key);
  if (found == nullptr) return;
  if (found->is_boolean()) {
    *value = found->get<bool>();
  } else {
    Wrong(key, "true or false");
  }
}

void JsonFields::Read(const char* key, std::string* value) {
  const Json* found = Find(key);
  if (found == nullptr) return;
  if (found->is_string()) {
    *value = found->get<std::string>();
  } else {
    Wrong(key, "a text");
  }
}

void JsonFields::Read(const char* key, std::vector<int>* values) {
  const Json* found = Find(key);
  if (found != nullptr && !ReadValues(*found, values)) Wrong(key, "a list of whole numbers");
}

void JsonFields::Read(const char* key, std::vector<double>* values) {
  const Json* found = Find(key);
  if (found != nullptr && !ReadValues(*found, values)) Wrong(key, "a list of numbers");
}

void JsonFields::ReadOneOrEach(const char* key, std::size_t count, std::vector<int>* values) {
  const Json* found = Find(key);
  if (found == nullptr) return;
  if (int one = 0; ReadValue(*found, &one)) {
    values->assign(count, one);
  } else {
    Read(key, values);
  }
}

void JsonFields::ReadOne(const char* key, int* value) {
  const Json* found = Find(key);
  if (found == nullptr || ReadValue(*found, value)) return;
  std::vector<int> each;
  Read(key, &each);
  if (!error_ && (each.empty() || std::count(each.begin(), each.end(), each[0]) !=
                                      static_cast<std::ptrdiff_t>(each.size()))) {
    Unsupported(key, "one number for all blocks");
  }
  if (!error_) *value = each[0];
}

void JsonFields::ReadTypes(const char* key, const std::string& with, const std::string& without,
                           std::vector<bool>* values) {
  const Json* found = Find(key);
  if (found == nullptr) return;
  if (!found->is_array() || found->size() > kMaxList) {
    Wrong(key, "a list of block types");
    return;
  }
  values->clear();
  for (const Json& type : *found) {
    if (type == with) {
      values->push_back(true);
    } else if (type == without) {
      values->push_back(false);
    } else {
      Unsupported(key, with == without ? with : with + " or " + without);
      return;
    }
  }
}

void JsonFields::Require(std::initializer_list<std::pair<const char*, Json>> fixed) {
  for (const auto& [key, value] : fixed) {
    const Json* found = Find(key);
    if (found == nullptr || *found == value) continue;
    if (found->is_array() &&
        std::count(found->begin(), found->end(), value) == static_cast<std::ptrdiff_t>(found->size())) {
      continue;
    }
    Unsupported(key, value.is_null() ? "none" : DumpJson(value));
  }
}

const Json* JsonFields::Find(const char* key) const {
  if (error_) return nullptr;
  const auto found = json_.find(key);
  return found == json_.end() || found->is_null() ? nullptr : &*found;
}

void JsonFields::Wrong(const char* key, const std::string& expected) {
  Remember(ErrorCode::kCorrupt, key, "; expected " + expected);
}

void JsonFields::Unsupported(const char* key, const std::string& expected) {
  Remember(ErrorCode::kUnsupported, key, "; only " + expected + " is supported");
}

void JsonFields::Remember(ErrorCode code, const char* key, const std::string& rest) {
  if (!error_) error_ = Error{code, file_ + ": " + key + " is " + DumpJson(json_[key]).substr(0, 80) + rest};
}

}  // namespace kantei
