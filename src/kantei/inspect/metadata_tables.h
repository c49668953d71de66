// The contents of metadata as tables and as JSON. Private to inspect.
#pragma once

#include <vector>

#include "kantei/authenticity/metadata.h"
#include "kantei/inspect/evidence.h"

namespace kantei::inspect {

/// Long values and long lists are shortened; the JSON has all.
std::vector<Exhibit> MetadataTables(const authenticity::Metadata& metadata);
Json MetadataJson(const authenticity::Metadata& metadata);

}  // namespace kantei::inspect
