// Words for pictures that nobody described: what their folders and files are called.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "kantei/base/result.h"

namespace kantei::train {

/// The words of a path in lower case, in their order, each once: split at all that is no letter, without numbers, hexadecimal hashes,
/// the extension and words that every camera and downloader writes ("image", "img", "dsc", "photo" ...). May be empty.
std::string CaptionFromPath(const std::filesystem::path& path);

/// One caption a file. With a `table` (text, a line a picture: path TAB caption; paths as given or relative to the table's folder)
/// pictures that it does not name get no words. Else from the path below the root that the file lies under; words that stand in nearly
/// all captions of a set of ten or more say nothing and are left out. kNotFound, kCorrupt (line number) for the table.
Result<std::vector<std::string>> CaptionPictures(const std::vector<std::filesystem::path>& files,
                                                 const std::vector<std::filesystem::path>& roots,
                                                 const std::filesystem::path& table);

}  // namespace kantei::train
