// Pictures with a known history: authentic, edited in a known part, or made as a whole. What readers of public sets give and
// what training and evaluation of authenticity take.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace kantei::dataset {

enum class History {
  kAuthentic,  ///< nothing was made or replaced; drawn art by hand is authentic
  kEdited,     ///< the part in the mask was replaced
  kGenerated,  ///< the whole picture came out of a generator or was decoded by one
};

struct AuthenticitySample {
  std::filesystem::path picture;
  std::filesystem::path mask;  ///< 255 where changed; empty for authentic and generated pictures
  std::filesystem::path
      original;  ///< the authentic picture it was made from, aligned; empty when there is none
  History history = History::kAuthentic;
  std::string engine;  ///< what made or changed it ("telea", "sd15", "splice", "authentic")
  std::string
      source;  ///< where the underlying picture comes from ("caltech101", "openclipart"); figures are given by it
  std::string split;  ///< "train", "val", "test" or empty
};

}  // namespace kantei::dataset
