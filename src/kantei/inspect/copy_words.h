// What a copy match says, in words and in JSON. Private to inspect.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "kantei/base/json.h"
#include "kantei/base/text.h"
#include "kantei/copy/detector.h"

namespace kantei::inspect {

/// The name a reader knows the picture by: its label with its file name, its file name, or the start of its
/// hash.
std::string KnownName(const store::Picture& picture);

/// How the known picture was moved to lie where it does in the query, at the middle of the region.
struct Placement {
  double scale = 1;    ///< pixels of the query per pixel of the known picture
  double degrees = 0;  ///< clockwise, -180..180, after mirroring left to right if `mirrored`
  bool known = false;  ///< false when the transform cannot be inverted
};
Placement PlacementOf(const copy::RegionMatch& region);

/// Sentences for one match, most weighty first.
std::vector<Text> MatchGrounds(const copy::CopyMatch& match, std::string_view query_sha256);
Text BankKindText(store::BankKind kind);
/// The query is the known file itself; `query_sha256` may be empty (not known).
bool IsSameFile(const copy::CopyMatch& match, std::string_view query_sha256);
int BestInliers(const copy::CopyMatch& match);

Json MatchJson(const copy::CopyMatch& match, std::string_view query_sha256);

}  // namespace kantei::inspect
