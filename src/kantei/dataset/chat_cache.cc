#include "kantei/dataset/chat_cache.h"

#include "kantei/base/clock.h"
#include "kantei/base/files.h"

namespace kantei::dataset {
namespace {

constexpr std::uint64_t kMaxBytes = 1 << 20;

}  // namespace

std::filesystem::path ChatCache::File(const std::string& key) const {
  return folder_ / key.substr(0, 2) / (key + ".json");
}

std::optional<CachedAnswer> ChatCache::Find(const std::string& key) const {
  if (folder_.empty()) return std::nullopt;
  const auto text = ReadTextFile(File(key), kMaxBytes);
  if (!text.ok()) return std::nullopt;
  const auto json = ParseJson(*text, key);
  if (!json.ok() || !json->is_object() || json->value("request", Json()) != key || !json->contains("answer"))
    return std::nullopt;
  CachedAnswer cached{json->at("answer"), 0, 0};
  if (const Json& tokens = json->value("tokens", Json()); tokens.is_array() && tokens.size() == 2 &&
                                                          tokens[0].is_number_integer() &&
                                                          tokens[1].is_number_integer()) {
    cached.prompt_tokens = tokens[0];
    cached.completion_tokens = tokens[1];
  }
  return cached;
}

Status ChatCache::Put(const std::string& key, const std::string& model, const CachedAnswer& answer) const {
  if (folder_.empty()) return {};
  const std::filesystem::path file = File(key);
  std::error_code failure;
  std::filesystem::create_directories(file.parent_path(), failure);
  if (failure)
    return Error{ErrorCode::kUnavailable,
                 DisplayPath(file.parent_path()) + " cannot be made: " + failure.message()};
  return WriteFileAtomic(file, DumpJson(Json{{"request", key},
                                             {"model", model},
                                             {"stored", UtcNow()},
                                             {"tokens", {answer.prompt_tokens, answer.completion_tokens}},
                                             {"answer", answer.answer}},
                                        1) +
                                   "\n");
}

}  // namespace kantei::dataset
