// The "parameters" text of Stable Diffusion WebUI and its kin, and small helpers for JSON left by generators.
#include <algorithm>
#include <array>
#include <string>
#include <utility>

#include "kantei/authenticity/metadata_internal.h"

namespace kantei::authenticity::origin {
namespace {

constexpr std::size_t kMaxFields = 64;
constexpr std::size_t kMaxMembers = 4096;
constexpr std::string_view kNegative = "Negative prompt:";

struct KeyName {
  std::string_view key, name;
};
constexpr auto kKeys = std::to_array<KeyName>({{"Steps", "steps"},
                                               {"Sampler", "sampler"},
                                               {"Schedule type", "scheduler"},
                                               {"CFG scale", "cfg_scale"},
                                               {"Seed", "seed"},
                                               {"Size", "size"},
                                               {"Model hash", "model_hash"},
                                               {"Model", "model"},
                                               {"Denoising strength", "denoising_strength"},
                                               {"Clip skip", "clip_skip"},
                                               {"Version", "version"},
                                               {"App", "app"}});

// Programs that write this text and sign it.
struct Signature {
  std::string_view key, prefix, generator;
};
constexpr auto kSignatures = std::to_array<Signature>({{"app", "SD.Next", "SD.Next"},
                                                       {"version", "Fooocus", "Fooocus"},
                                                       {"version", "ComfyUI", "ComfyUI"},
                                                       {"version", "f", "Stable Diffusion WebUI Forge"},
                                                       {"version", "neo", "Stable Diffusion WebUI Forge"},
                                                       {"version", "v1", "Stable Diffusion WebUI"}});

bool IsDigit(char c) {
  return c >= '0' && c <= '9';
}
bool IsKeyChar(char c) {
  return IsDigit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == ' ' || c == '_' || c == '-' ||
         c == '/';
}

// The end of a value that starts at `at`: a quoted string with escapes, a bracketed list or object, or up to
// the next comma.
std::size_t ValueEnd(std::string_view text, std::size_t at) {
  const char open = at < text.size() ? text[at] : '\0';
  if (open != '"' && open != '[' && open != '{') return std::min(text.find(',', at), text.size());
  bool quoted = false;
  int depth = 0;
  for (std::size_t i = at; i < text.size(); ++i) {
    const char c = text[i];
    if (quoted) {
      if (c == '\\') ++i;
      if (c == '"') quoted = false;
    } else if (c == '"') {
      quoted = true;
    } else if (c == '[' || c == '{') {
      ++depth;
    } else if (c == ']' || c == '}') {
      --depth;
    }
    if (!quoted && depth <= 0) return i + 1;
  }
  return std::min(text.find(',', at), text.size());  // never closed
}

std::string Unquote(std::string_view value) {
  if (value.size() < 2 || value.front() != '"' || value.back() != '"') return std::string(value);
  std::string text;
  for (std::size_t i = 1; i + 1 < value.size(); ++i) {
    if (value[i] == '\\' && i + 2 < value.size()) {
      ++i;
      text += value[i] == 'n' ? '\n' : value[i] == 't' ? '\t' : value[i];
    } else {
      text += value[i];
    }
  }
  return text;
}

std::string SnakeCase(std::string_view key) {
  std::string name = LowerAscii(key);
  std::replace_if(
      name.begin(), name.end(), [](char c) { return !IsDigit(c) && (c < 'a' || c > 'z'); }, '_');
  return name;
}

void ReadSettings(std::string_view line, GeneratorTag* tag) {
  std::size_t at = 0;
  while (at < line.size() && tag->fields.size() < kMaxFields) {
    while (at < line.size() && (line[at] == ' ' || line[at] == ',' || line[at] == '\n' || line[at] == '\r'))
      ++at;
    std::size_t end = at;
    while (end < line.size() && IsKeyChar(line[end])) ++end;
    if (end == at || end >= line.size() || line[end] != ':') {  // not a key: on to the next comma
      at = line.find(',', end);
      if (at == std::string_view::npos) return;
      continue;
    }
    const std::string_view key = TrimSpace(line.substr(at, end - at));
    std::size_t value_at = end + 1;
    while (value_at < line.size() && line[value_at] == ' ') ++value_at;
    const std::size_t value_end = ValueEnd(line, value_at);
    const std::string value = Unquote(TrimSpace(line.substr(value_at, value_end - value_at)));
    const auto known =
        std::find_if(kKeys.begin(), kKeys.end(), [&](const KeyName& k) { return k.key == key; });
    AddField(known == kKeys.end() ? SnakeCase(key.substr(0, 64)) : known->name, value, tag);
    at = value_end;
  }
}

// Where the settings begin: the last line that starts with "Steps: " and a digit.
std::size_t FindSettings(std::string_view text) {
  for (std::size_t at = text.rfind("Steps: "); at != std::string_view::npos;
       at = text.rfind("Steps: ", at - 1)) {
    const bool line_start = at == 0 || text[at - 1] == '\n' || text[at - 1] == '\r';
    if (line_start && at + 7 < text.size() && IsDigit(text[at + 7])) return at;
    if (at == 0) break;
  }
  return std::string_view::npos;
}

}  // namespace

void AddField(std::string_view name, std::string_view value, GeneratorTag* tag) {
  value = TrimSpace(value);
  if (value.empty() || tag->fields.size() >= kMaxFields) return;
  for (const NamedValue& field : tag->fields) {
    if (field.name == name) return;
  }
  tag->fields.push_back({std::string(name), CutText(value)});
}

bool PrepareJson(std::string_view text, std::string* clean) {
  constexpr std::array<std::string_view, 3> kPythonNumbers = {"NaN", "-Infinity", "Infinity"};
  clean->clear();
  clean->reserve(text.size());
  std::vector<std::size_t> members;  // commas so far, for each open bracket
  for (std::size_t i = 0; i < text.size();) {
    const char c = text[i];
    if (c == '"') {
      std::size_t end = i + 1;
      while (end < text.size() && text[end] != '"') end += text[end] == '\\' ? 2 : 1;
      end = std::min(end + 1, text.size());
      clean->append(text.substr(i, end - i));
      i = end;
      continue;
    }
    const auto number = std::find_if(kPythonNumbers.begin(), kPythonNumbers.end(),
                                     [&](std::string_view n) { return text.substr(i, n.size()) == n; });
    if (number != kPythonNumbers.end()) {
      clean->append("null");
      i += number->size();
      continue;
    }
    if (c == '{' || c == '[') members.push_back(c == '{' ? 0 : std::string_view::npos);
    if ((c == '}' || c == ']') && !members.empty()) members.pop_back();
    if (c == ',' && !members.empty() && members.back() != std::string_view::npos &&
        ++members.back() >= kMaxMembers)
      return false;
    clean->push_back(c);
    ++i;
  }
  return true;
}

bool ReadWebUiParameters(std::string_view text, GeneratorTag* tag) {
  const std::size_t settings = FindSettings(text);
  if (settings == std::string_view::npos) return false;
  GeneratorTag found;
  found.generator = "Stable Diffusion WebUI";
  const std::string_view prompts = text.substr(0, settings);
  std::size_t negative = prompts.starts_with(kNegative) ? 0 : prompts.find("\n" + std::string(kNegative));
  if (negative != std::string_view::npos && negative > 0) ++negative;
  AddField("prompt", prompts.substr(0, negative), &found);
  if (negative != std::string_view::npos)
    AddField("negative_prompt", prompts.substr(negative + kNegative.size()), &found);
  const std::size_t prompt_fields = found.fields.size();
  ReadSettings(text.substr(settings), &found);
  // "Steps: 3" alone may stand in any recipe.
  const auto has = [&](std::string_view name) {
    return std::any_of(found.fields.begin(), found.fields.end(),
                       [&](const NamedValue& f) { return f.name == name; });
  };
  if (found.fields.size() < prompt_fields + 2 ||
      !(has("sampler") || has("seed") || has("cfg_scale") || has("model_hash")))
    return false;
  for (const Signature& signature : kSignatures) {
    const auto signed_by = std::find_if(found.fields.begin(), found.fields.end(), [&](const NamedValue& f) {
      return f.name == signature.key && f.value.starts_with(signature.prefix);
    });
    if (signed_by != found.fields.end()) {
      found.generator = signature.generator;
      break;
    }
  }
  found.location = tag->location;
  *tag = std::move(found);
  return true;
}

}  // namespace kantei::authenticity::origin
