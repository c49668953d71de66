// The one place that names the JSON library. Objects keep the order in which their keys were set.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "kantei/base/result.h"

namespace kantei {

using Json = nlohmann::ordered_json;

/// Parses text. kCorrupt with the byte position, also when an object has two equal keys; kTooLarge when nested
/// deeper than 64.
Result<Json> ParseJson(std::string_view text, std::string_view source_name);
/// CBOR (RFC 8949), as C2PA manifests use it. Same errors and depth limit.
Result<Json> ParseCbor(std::string_view bytes, std::string_view source_name);
/// One line when indent < 0. Invalid UTF-8 is replaced by U+FFFD.
std::string DumpJson(const Json& json, int indent = -1);

}  // namespace kantei
