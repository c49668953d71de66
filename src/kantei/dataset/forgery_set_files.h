// The files of a set of forgeries: pictures, table, what is finished. Private to dataset/.
#pragma once

#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "kantei/base/result.h"
#include "kantei/dataset/forgery_set.h"
#include "kantei/image/image.h"

namespace kantei::dataset {

/// One line of samples.tsv. Paths are relative to the table.
struct SampleRow {
  std::string picture, mask, original, history, engine, source, split;
};

/// Tab-separated with a header, written atomically.
Status WriteSamplesTable(const std::filesystem::path& path, std::span<const SampleRow> rows);

/// Letters, digits, '-', '.' and '_' of a name, others as '_'; never empty, no leading dot.
std::string PlainFileName(std::string_view name);

class ForgerySetFiles {
 public:
  explicit ForgerySetFiles(std::filesystem::path out) : out_(std::move(out)) {}

  /// Makes the folder and writes the options into it; kInvalidArgument when it holds a set of other options.
  static Status Begin(const ForgerySetOptions& options);
  static Status WriteReadme(const ForgerySetOptions& options, const ForgerySetSummary& summary);

  /// `name` relative to the folder, which is made if need be.
  Status Write(const std::string& name, const image::Image& picture) const;
  /// The rows of a source that an earlier run has finished, if all their pictures are still there.
  std::optional<std::vector<SampleRow>> Finished(const std::string& key) const;
  Status Finish(const std::string& key, std::span<const SampleRow> rows) const;

 private:
  std::filesystem::path RowsPath(const std::string& key) const;
  std::filesystem::path out_;
};

}  // namespace kantei::dataset
