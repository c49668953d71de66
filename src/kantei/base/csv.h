// Reader of comma-separated values (RFC 4180) as people really write them.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace kantei {

struct CsvRecord {
  std::size_t line = 0;  ///< where it starts, from 1
  std::vector<std::string> fields;
  std::string problem;  ///< not empty: the record is unreadable, and reading goes on with the next line
};

/// Takes LF, CRLF and CR, a byte-order mark, blanks around unquoted fields; leaves out blank lines and lines
/// that start with '#'. The text must outlive the reader.
class CsvReader {
 public:
  explicit CsvReader(std::string_view text);
  /// False at the end.
  bool Next(CsvRecord* record);

 private:
  void SkipLine();
  bool AtLineEnd() const;
  void TakeLineEnd();
  bool ReadQuoted(std::string* field);

  std::string_view text_;
  std::size_t at_ = 0;
  std::size_t line_ = 1;
};

/// The field quoted if it needs to be.
std::string CsvField(std::string_view field);

}  // namespace kantei
