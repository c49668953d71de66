// What a training run writes down as it goes: a CSV and an event file that TensorBoard reads.
#pragma once

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>
#include <utility>
#include <vector>

#include "kantei/base/result.h"

namespace kantei::train {

using Scalars = std::vector<std::pair<std::string, double>>;

/// Appends rows to DIR/log.csv and DIR/events.out.tfevents.*. Rows of steps later than the one resumed from are dropped, so that
/// an interrupted run leaves no row twice.
class TrainingLog {
 public:
  /// `columns` are the names that Write will be given, in their order. kUnavailable when the files cannot be written.
  static Result<TrainingLog> Open(const std::filesystem::path& directory,
                                  const std::vector<std::string>& columns, std::int64_t resumed_from);
  Status Write(std::int64_t step, const Scalars& scalars);

 private:
  std::filesystem::path directory_;
  std::ofstream csv_, events_;
};

/// One record of TensorBoard's event file: scalar values of a step at a wall time (seconds since 1970). Public for its test.
std::string EventRecord(std::int64_t step, double wall_time, const Scalars& scalars);
/// CRC-32C (Castagnoli) of bytes, as the event file wants it.
std::uint32_t Crc32c(std::string_view bytes);

/// A plot of a series in `width` columns and `height` rows of Braille dots (2 x 4 a cell), with its range at the left.
std::vector<std::string> PlotSeries(const std::vector<double>& values, int width, int height);

}  // namespace kantei::train
