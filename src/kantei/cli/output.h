// Data for standard output. A closed pipe or a full disk is noticed, not ignored.
#pragma once

#include <string>
#include <string_view>

#include "kantei/base/result.h"

namespace kantei::cli {

/// Buffers what is written; the first failed write is kept and every later one is dropped. Not thread-safe.
class Output {
 public:
  explicit Output(int descriptor) : descriptor_(descriptor) {}
  void Write(std::string_view text);
  void WriteLine(std::string_view line);
  /// kUnavailable when anything written so far could not be delivered.
  Status Flush();
  bool failed() const { return !status_.ok(); }
  /// Makes every write fail with this message, e.g. because the caller closed the descriptor.
  void Refuse(std::string message);
  /// True when a person reads it.
  bool IsTerminal() const;
  /// Columns to wrap text at: the terminal's, within reason; 110 for a file or pipe.
  int Width() const;

 private:
  int descriptor_;
  std::string buffer_;
  Status status_;
};

}  // namespace kantei::cli
