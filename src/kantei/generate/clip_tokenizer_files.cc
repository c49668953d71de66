// A tokenizer's files: read and written.
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "kantei/base/files.h"
#include "kantei/base/json.h"
#include "kantei/generate/clip_tokenizer.h"

namespace kantei::generate {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kMaxFileBytes = 32 << 20;
constexpr std::int64_t kMaxWords = 1'000'000;
constexpr const char *kVocabulary = "vocab.json", *kMerges = "merges.txt", *kWhole = "tokenizer.json",
                     *kSpecials = "special_tokens_map.json", *kConfig = "tokenizer_config.json";

Error Corrupt(const fs::path& path, const std::string& what) {
  return {ErrorCode::kCorrupt, DisplayPath(path) + " " + what + "; fetch it again"};
}

Result<Json> ReadJson(const fs::path& path) {
  KANTEI_TRY(const std::string text, ReadTextFile(path, kMaxFileBytes));
  KANTEI_TRY(Json json, ParseJson(text, DisplayPath(path)));
  if (!json.is_object()) return Corrupt(path, "is no JSON object");
  return json;
}

Status ReadWords(const Json& json, const fs::path& path, std::vector<std::string>* words) {
  if (!json.is_object() || json.empty()) return Corrupt(path, "has no vocabulary");
  for (const auto& [word, id] : json.items()) {
    if (!id.is_number_unsigned() || id.get<std::uint64_t>() >= static_cast<std::uint64_t>(kMaxWords))
      return Corrupt(path,
                     "gives the word " + word + " an id that is not in 0.." + std::to_string(kMaxWords - 1));
    const auto at = id.get<std::size_t>();
    if (words->size() <= at) words->resize(at + 1);
    if (word.empty() || !(*words)[at].empty())
      return Corrupt(path, "has an empty word or gives two words the id " + std::to_string(at));
    (*words)[at] = word;
  }
  return {};
}

Status AddMerge(std::string_view line, const fs::path& path, ClipVocabulary* vocabulary) {
  const std::size_t space = line.find(' ');
  if (space == 0 || space == std::string_view::npos || space + 1 == line.size() ||
      line.find(' ', space + 1) != std::string_view::npos) {
    return Corrupt(path, "has the merge \"" + std::string(line.substr(0, 80)) +
                             "\", where two words with a space between are expected");
  }
  vocabulary->merges.emplace_back(line.substr(0, space), line.substr(space + 1));
  return {};
}

Status ReadMerges(const fs::path& path, ClipVocabulary* vocabulary) {
  KANTEI_TRY(const std::string text, ReadTextFile(path, kMaxFileBytes));
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    std::string_view line = std::string_view(text).substr(at, end - at);
    if (line.ends_with('\r')) line.remove_suffix(1);
    const bool version = at == 0 && line.starts_with("#version");
    if (!line.empty() && !version) KANTEI_RETURN_IF_ERROR(AddMerge(line, path, vocabulary));
    at = end + 1;
  }
  return {};
}

// tokenizer.json: one file in place of the two.
Status ReadWhole(const fs::path& path, ClipVocabulary* vocabulary) {
  KANTEI_TRY(const Json json, ReadJson(path));
  const auto model = json.find("model");
  if (model == json.end() || !model->is_object() || model->value("type", Json()) != "BPE" ||
      !model->contains("vocab") || !model->contains("merges") || !(*model)["merges"].is_array()) {
    return Corrupt(path, "is no tokenizer of byte pairs");
  }
  KANTEI_RETURN_IF_ERROR(ReadWords((*model)["vocab"], path, &vocabulary->words));
  for (const Json& merge : (*model)["merges"]) {
    if (merge.is_string()) {
      KANTEI_RETURN_IF_ERROR(AddMerge(merge.get_ref<const std::string&>(), path, vocabulary));
    } else if (merge.is_array() && merge.size() == 2 && merge[0].is_string() && merge[1].is_string()) {
      vocabulary->merges.emplace_back(merge[0].get<std::string>(), merge[1].get<std::string>());
    } else {
      return Corrupt(path, "has a merge that is not of two words");
    }
  }
  return {};
}

// A token is a text, or an object with its text as "content".
void ReadSpecial(const Json& json, const char* key, std::string* token) {
  const auto found = json.find(key);
  if (found == json.end()) return;
  if (found->is_string()) *token = found->get<std::string>();
  if (found->is_object() && found->contains("content") && (*found)["content"].is_string())
    *token = (*found)["content"].get<std::string>();
}

}  // namespace

Result<ClipTokenizer> ClipTokenizer::Open(const fs::path& folder) {
  ClipVocabulary vocabulary;
  std::error_code error;
  const auto has = [&](const char* name) { return fs::is_regular_file(folder / name, error); };
  fs::path source = folder / kVocabulary;
  if (has(kVocabulary) && has(kMerges)) {
    KANTEI_TRY(const Json json, ReadJson(source));
    KANTEI_RETURN_IF_ERROR(ReadWords(json, source, &vocabulary.words));
    KANTEI_RETURN_IF_ERROR(ReadMerges(folder / kMerges, &vocabulary));
  } else if (has(kWhole)) {
    source = folder / kWhole;
    KANTEI_RETURN_IF_ERROR(ReadWhole(source, &vocabulary));
  } else {
    return Error{ErrorCode::kNotFound,
                 DisplayPath(folder) +
                     " has no tokenizer; expected vocab.json and merges.txt (or "
                     "tokenizer.json), as in the folder tokenizer of a Diffusers model"};
  }
  int length = 77;
  // The map is the older file and tells what a prompt was padded with when the model was trained.
  for (const char* name : {kConfig, kSpecials}) {
    if (!has(name)) continue;
    KANTEI_TRY(const Json json, ReadJson(folder / name));
    ReadSpecial(json, "bos_token", &vocabulary.begin);
    ReadSpecial(json, "eos_token", &vocabulary.end);
    ReadSpecial(json, "unk_token", &vocabulary.unknown);
    ReadSpecial(json, "pad_token", &vocabulary.pad);
    // Without a limit transformers states a number of 30 digits.
    const auto stated = json.find("model_max_length");
    if (stated != json.end() && stated->is_number_unsigned() && stated->get<std::uint64_t>() <= 4096)
      length = static_cast<int>(stated->get<std::uint64_t>());
  }
  auto made = Make(std::move(vocabulary), length);
  if (!made.ok()) return Corrupt(source, "and the files beside it do not fit: " + made.error().message);
  return made;
}

Status ClipTokenizer::Save(const fs::path& folder) const {
  std::error_code failure;
  fs::create_directories(folder, failure);
  if (failure)
    return Error{ErrorCode::kUnavailable, DisplayPath(folder) + " cannot be made: " + failure.message()};
  const ClipVocabulary& kept = vocabulary();
  Json words = Json::object();
  for (std::size_t id = 0; id < kept.words.size(); ++id) {
    // Not by operator[], which looks through all earlier words.
    if (!kept.words[id].empty()) words.get_ref<Json::object_t&>().emplace_back(kept.words[id], id);
  }
  std::string merges = "#version: 0.2\n";
  for (const auto& [left, right] : kept.merges) merges += left + " " + right + "\n";
  const Json specials = {{"bos_token", kept.begin},
                         {"eos_token", kept.end},
                         {"unk_token", kept.unknown},
                         {"pad_token", kept.words[static_cast<std::size_t>(pad())]}};
  Json config = specials;
  config["model_max_length"] = length();
  config["tokenizer_class"] = "CLIPTokenizer";
  KANTEI_RETURN_IF_ERROR(WriteFileAtomic(folder / kVocabulary, std::string_view(DumpJson(words))));
  KANTEI_RETURN_IF_ERROR(WriteFileAtomic(folder / kMerges, std::string_view(merges)));
  KANTEI_RETURN_IF_ERROR(WriteFileAtomic(folder / kSpecials, std::string_view(DumpJson(specials, 1))));
  return WriteFileAtomic(folder / kConfig, std::string_view(DumpJson(config, 1)));
}

}  // namespace kantei::generate
