// Answers of a language model on disk, a file each, by the SHA-256 of what was asked. Private to dataset.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "kantei/base/json.h"
#include "kantei/base/result.h"

namespace kantei::dataset {

struct CachedAnswer {
  Json answer;
  std::int64_t prompt_tokens = 0, completion_tokens = 0;
};

/// FOLDER/ab/ab12….json. Thread-safe, also between processes: files are replaced as a whole.
class ChatCache {
 public:
  /// An empty folder keeps nothing.
  explicit ChatCache(std::filesystem::path folder) : folder_(std::move(folder)) {}
  /// None when there is none, or when the file is damaged or of another key.
  std::optional<CachedAnswer> Find(const std::string& key) const;
  Status Put(const std::string& key, const std::string& model, const CachedAnswer& answer) const;

 private:
  std::filesystem::path File(const std::string& key) const;
  std::filesystem::path folder_;
};

}  // namespace kantei::dataset
