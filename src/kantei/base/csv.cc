#include "kantei/base/csv.h"

#include <algorithm>
#include <utility>

namespace kantei {
namespace {

constexpr std::string_view kBlanks = " \t";

std::string_view Trim(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(kBlanks);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kBlanks) - begin + 1);
}

}  // namespace

CsvReader::CsvReader(std::string_view text) : text_(text) {
  if (text_.starts_with("\xEF\xBB\xBF")) text_.remove_prefix(3);
}

bool CsvReader::AtLineEnd() const {
  return at_ >= text_.size() || text_[at_] == '\n' || text_[at_] == '\r';
}

void CsvReader::TakeLineEnd() {
  if (at_ >= text_.size()) return;
  if (text_[at_] == '\r' && at_ + 1 < text_.size() && text_[at_ + 1] == '\n') ++at_;
  ++at_;
  ++line_;
}

void CsvReader::SkipLine() {
  at_ = std::min(text_.find_first_of("\r\n", at_), text_.size());
  TakeLineEnd();
}

bool CsvReader::ReadQuoted(std::string* field) {
  ++at_;  // the opening mark
  while (at_ < text_.size()) {
    const std::size_t mark = text_.find('"', at_);
    if (mark == std::string_view::npos) return false;
    field->append(text_, at_, mark - at_);
    at_ = mark + 1;
    if (at_ < text_.size() && text_[at_] == '"') {
      *field += '"';
      ++at_;
      continue;
    }
    while (at_ < text_.size() && kBlanks.find(text_[at_]) != std::string_view::npos) ++at_;
    return AtLineEnd() || text_[at_] == ',';
  }
  return false;
}

bool CsvReader::Next(CsvRecord* record) {
  record->fields.clear();
  record->problem.clear();
  while (at_ < text_.size() && (AtLineEnd() || text_[at_] == '#')) SkipLine();
  if (at_ >= text_.size()) return false;
  record->line = line_;
  const std::size_t start = at_;
  while (true) {
    std::string field;
    const std::size_t begin = std::min(text_.find_first_not_of(kBlanks, at_), text_.size());
    if (begin < text_.size() && text_[begin] == '"') {
      at_ = begin;
      const std::size_t first = at_;
      if (!ReadQuoted(&field)) {
        // Back to where the record began: one stray mark must not swallow the rest of the file.
        record->problem = "a quotation mark is not closed, or text follows it";
        at_ = start;
        line_ = record->line;
        SkipLine();
        return true;
      }
      for (std::size_t i = first; i < at_; ++i) {
        line_ +=
            text_[i] == '\n' || (text_[i] == '\r' && (i + 1 >= text_.size() || text_[i + 1] != '\n')) ? 1 : 0;
      }
    } else {
      const std::size_t end = std::min(text_.find_first_of(",\r\n", at_), text_.size());
      field = Trim(text_.substr(at_, end - at_));
      at_ = end;
    }
    record->fields.push_back(std::move(field));
    if (AtLineEnd()) {
      TakeLineEnd();
      return true;
    }
    ++at_;  // the comma
  }
}

std::string CsvField(std::string_view field) {
  const bool blank_edge = !field.empty() && (kBlanks.find(field.front()) != std::string_view::npos ||
                                             kBlanks.find(field.back()) != std::string_view::npos);
  if (!blank_edge && field.find_first_of("\",\r\n") == std::string_view::npos && !field.starts_with('#')) {
    return std::string(field);
  }
  std::string quoted = "\"";
  for (const char c : field) {
    if (c == '"') quoted += '"';
    quoted += c;
  }
  return quoted + '"';
}

}  // namespace kantei
