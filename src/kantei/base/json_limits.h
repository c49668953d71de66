// What the readers of JSON and CBOR refuse alike. Private to base/.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "kantei/base/json.h"

namespace kantei::json_limits {

inline constexpr int kMaxDepth = 64;

inline Error TooDeep(std::string_view source) {
  return {ErrorCode::kTooLarge,
          std::string(source) + " is nested deeper than " + std::to_string(kMaxDepth) + " levels"};
}
inline Error Malformed(std::string_view source, std::size_t position) {
  return {ErrorCode::kCorrupt, std::string(source) + " is malformed at byte " + std::to_string(position)};
}

inline bool HasEqualKeys(const Json::object_t& object) {
  std::vector<std::string_view> keys;
  keys.reserve(object.size());
  for (const auto& member : object) keys.push_back(member.first);
  std::sort(keys.begin(), keys.end());
  return std::adjacent_find(keys.begin(), keys.end()) != keys.end();
}

}  // namespace kantei::json_limits
