// Readers of public sets of manipulated pictures. Paths are put together from what the lists say; pictures are not looked at here.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "kantei/base/result.h"
#include "kantei/dataset/authenticity_samples.h"

namespace kantei::dataset {

/// How a set lies on disk.
enum class AuthenticityLayout {
  kSet,        ///< samples.tsv (authenticity_set.h)
  kAnimeDl2m,  ///< JSON lists of AnimeDL-2M: records with raw, mask, inpaint[], t2i[]
  kPairs,      ///< JSON list of IMDL-BenCo: [["picture", "mask" or "Negative"], ...]
  kTpGt,       ///< folders Tp/ and Gt/, sorted by name and paired in that order
  kCasia,      ///< folders Au/ and Tp/, and one of masks named NAME_gt.png
  kCsv,        ///< a table with a header (TGIF, SAGI, one's own)
};
/// "set", "animedl2m", "pairs", "tp-gt", "casia", "csv".
std::string_view LayoutName(AuthenticityLayout layout);
Result<AuthenticityLayout> ParseLayout(std::string_view name);

/// For tables: how the paths of a row come about. A pattern is text with {column}; a pattern without one names a column. Empty: the
/// usual columns, picture: output_path picture image image_path path; mask: mask mask_path; original: original original_path, and
/// image_path beside an output_path.
struct CsvPatterns {
  std::string picture, mask, original;
};

struct AuthenticityReadOptions {
  std::optional<AuthenticityLayout> layout;  ///< none: told from what is there
  std::filesystem::path raw_root;            ///< AnimeDL-2M: of authentic pictures; empty: the list's folder
  std::filesystem::path fake_root;           ///< of made and edited pictures and masks; empty: raw_root
  CsvPatterns csv;
  std::string engine;  ///< of fakes whose list names none; empty: "unknown"
  std::string source;  ///< of samples whose list names none; empty: the folder's or file's name
  std::string split;   ///< keep this split alone; empty: all
};

/// Reads any of the layouts. kNotFound: nothing there, or no sample left; kCorrupt names file and place; kTooLarge above 5 million
/// samples or 1 GB of text; kInvalidArgument when no layout fits.
Result<std::vector<AuthenticitySample>> ReadAuthenticitySamples(const std::filesystem::path& path,
                                                                const AuthenticityReadOptions& options);

/// Every picture below two folders; fakes get `history` and no mask.
Result<std::vector<AuthenticitySample>> ReadTwoFolders(const std::filesystem::path& authentic,
                                                       const std::filesystem::path& fake, History history,
                                                       const AuthenticityReadOptions& options = {});

// Parsers of the text formats, on text in memory; `name` is used in messages, `directory` is where relative paths begin.
Result<std::vector<AuthenticitySample>> ParseAnimeDl2m(std::string_view json,
                                                       const AuthenticityReadOptions& options,
                                                       const std::filesystem::path& directory,
                                                       std::string_view name);
Result<std::vector<AuthenticitySample>> ParsePairs(std::string_view json,
                                                   const AuthenticityReadOptions& options,
                                                   const std::filesystem::path& directory,
                                                   std::string_view name);
/// A row with a column `status` other than success or ok is left out. The history is that of the column `history`; else by the column
/// `label` (0, authentic, real, pristine or negative; anything else is a fake, edited where it has a mask); else edited with a mask and
/// authentic without one. Columns engine, inpainting_model or model; source or dataset; split are used when there.
Result<std::vector<AuthenticitySample>> ParseSampleCsv(std::string_view csv,
                                                       const AuthenticityReadOptions& options,
                                                       const std::filesystem::path& directory,
                                                       std::string_view name);

}  // namespace kantei::dataset
