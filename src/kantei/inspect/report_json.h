// The JSON form of an inspection, schema "kantei.inspect/1" (docs/formats.md).
#pragma once

#include "kantei/base/json.h"
#include "kantei/inspect/evidence.h"

namespace kantei::inspect {

inline constexpr std::string_view kInspectSchema = "kantei.inspect/1";

/// One picture: {schema, tool, file{...}, checks{<key>{band, ...}}, conflicts[], error?}.
Json ToJson(const Inspection& inspection, const RunFacts& run);

}  // namespace kantei::inspect
