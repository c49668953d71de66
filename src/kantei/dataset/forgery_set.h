// A set of pictures with a known history, made from folders of authentic pictures: what `kantei dataset forgeries` does.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "kantei/base/cancellation.h"
#include "kantei/base/result.h"
#include "kantei/dataset/forgery_maker.h"

namespace kantei::dataset {

struct ForgerySetOptions {
  /// Folders of authentic pictures; each folder directly below one is a source by name.
  std::vector<std::filesystem::path> sources;
  std::filesystem::path out;  ///< made if need be
  /// Folders of pictures from which segments are cut; empty: the authentic ones.
  std::vector<std::filesystem::path> donors;
  std::vector<std::filesystem::path> cutouts;    ///< folders of pictures with transparency
  std::vector<std::filesystem::path> generated;  ///< folders of pictures made as a whole by a generator
  std::string generated_engine = "sd15";         ///< the engine written for those
  int tiles = 1;  ///< each generated picture is cut into tiles × tiles pictures first, 1..8
  std::vector<std::string> engines;   ///< names of AllForgeryKinds; empty: all that the material allows
  std::vector<std::string> held_out;  ///< of those, never used
  int count = 2;                      ///< forgeries of each authentic picture, 0..100
  int pictures = 0;                   ///< at most so many authentic pictures, spread over the sources; 0: all
  int side = 512;                     ///< longer side at most, 64..4096
  int least_side = 96;                ///< smaller pictures (shorter side) take no part, 32..side
  std::string split;                  ///< written into the table: "train", "val", "test" or empty
  ForgeryOptions forgery;
  std::uint64_t seed = 1;
  int threads = 0;          ///< 0: all cores
  Status Validate() const;  ///< names the first bad field
};

struct ForgerySetSummary {
  std::int64_t authentic = 0, edited = 0, generated = 0;  ///< rows of the table
  std::int64_t kept = 0;                                  ///< sources that an earlier run had finished
  std::int64_t small = 0,
               blank = 0;      ///< left out: too small; blank, or with black corners as turned pictures have
  std::int64_t fruitless = 0;  ///< forgeries of which nothing came
  std::int64_t failed = 0;     ///< files that could not be read
  std::map<std::string, std::int64_t> engines;  ///< rows by engine
  bool finished = true;                         ///< false when it was cancelled
};

struct ForgerySetReport {
  std::function<void(const std::string& problem)> bad_file;
  std::function<void(std::size_t total)> begin;  ///< once, with the number of source files
  std::function<void()> source_done;
};

inline constexpr const char* kSamplesFile = "samples.tsv";

/// Writes out/authentic/SOURCE/NAME.png, out/edited/SOURCE/NAME-ENGINE-K.png, out/masks/… (255 where changed),
/// out/generated/SOURCE/NAME.png, out/samples.tsv (columns picture, mask, original, history, engine, source, split; paths
/// relative to it) and out/README.md. All pictures pass the same steps whatever their class: up to seven rows and columns
/// cut from the top left (so that blocks of an old JPEG start anywhere), shrunk by area averaging to at most `side` if larger,
/// cut to even sides, transparency laid over a random colour, stored as PNG without metadata.
///
/// The pixels depend on the file's bytes, the options and the other files only, not on the number of threads. What an earlier
/// run has finished is kept; kInvalidArgument when `out` holds a set made with other options. A cancelled run
/// leaves a table of what is there. kNotFound when there is no authentic picture at all.
Result<ForgerySetSummary> MakeForgerySet(const ForgerySetOptions& options,
                                         const CancellationToken& cancellation,
                                         const ForgerySetReport& report);

}  // namespace kantei::dataset
