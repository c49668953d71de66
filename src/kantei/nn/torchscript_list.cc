#include "kantei/nn/torchscript_list.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <fstream>
#include <sstream>
#include <string_view>
#include <system_error>

#include "kantei/base/files.h"
#include "kantei/nn/model_store.h"

namespace kantei::nn {
namespace {

constexpr std::uint64_t kMaxListBytes = 1 << 20;
constexpr int kMaxDimension = 65536, kMaxSide = 2048;

bool GoodName(std::string_view name) {
  return !name.empty() && name.size() <= 100 && std::ranges::all_of(name, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '_' || c == '-';
  });
}

bool GoodHash(std::string_view hash) {
  return hash.size() == 64 &&
         std::ranges::all_of(hash, [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

bool ParseInt(std::string_view text, int most, int* value) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), *value);
  return error == std::errc{} && end == text.data() + text.size() && *value >= 1 && *value <= most;
}

// "" when good, else what was expected.
std::string ParseLine(const std::string& line, TorchScriptEntry* entry) {
  std::istringstream words(line);
  std::string dimension, side, mode, rest;
  words >> entry->sha256 >> entry->name >> dimension >> side >> mode;
  if (words >> rest) return "five words";
  if (!GoodHash(entry->sha256)) return "64 lower-case hexadecimal digits first";
  if (!GoodName(entry->name)) return "a name of letters, digits, '.', '_' and '-' second";
  if (!ParseInt(dimension, kMaxDimension, &entry->dimension)) return "the descriptor's length third";
  if (!ParseInt(side, kMaxSide, &entry->side)) return "the input side in pixels fourth";
  if (mode != "squash" && mode != "short_side") return "squash or short_side last";
  entry->mode = mode == "squash" ? InputMode::kSquash : InputMode::kShortSide;
  return "";
}

std::string LineOf(const TorchScriptEntry& entry) {
  return entry.sha256 + " " + entry.name + " " + std::to_string(entry.dimension) + " " +
         std::to_string(entry.side) + " " + (entry.mode == InputMode::kSquash ? "squash" : "short_side");
}

}  // namespace

Result<WeightsKind> SniffWeights(const std::filesystem::path& path) {
  KANTEI_TRY(const MappedFile file, MappedFile::Open(path));
  const std::string_view bytes(reinterpret_cast<const char*>(file.bytes().data()), file.bytes().size());
  const std::string name = DisplayPath(path);
  const auto pickle = [&] {
    return Error{ErrorCode::kUnsupported,
                 name +
                     " is a Python pickle, which can run any program when it is read, so it is "
                     "refused; save its tensors as safetensors and use kantei models import"};
  };
  if (bytes.starts_with("PK\x03\x04")) {
    // The central directory at the end lists the names; TorchScript keeps its program under NAME/code/.
    constexpr std::size_t kDirectoryBytes = 8 << 20;
    const std::string_view tail = bytes.substr(bytes.size() - std::min(bytes.size(), kDirectoryBytes));
    if (tail.find("/code/__torch__") != std::string_view::npos) return WeightsKind::kTorchScript;
    if (tail.find("/data.pkl") != std::string_view::npos) return pickle();
    return Error{ErrorCode::kCorrupt,
                 name + " is a zip file without a network in it, or a truncated one; fetch it again"};
  }
  if (bytes.size() >= 2 && bytes[0] == '\x80' && bytes[1] >= 1 && bytes[1] <= 5 &&
      !(bytes.size() > 8 && bytes[8] == '{')) {
    return pickle();
  }
  return WeightsKind::kSafetensors;  // its reader checks every byte
}

std::filesystem::path TorchScriptListPath() {
  return UserModelDirectory() / "torchscript.allow";
}

Result<std::vector<TorchScriptEntry>> ReadTorchScriptList(const std::filesystem::path& list) {
  std::error_code error;
  if (!std::filesystem::exists(list, error)) return std::vector<TorchScriptEntry>{};
  KANTEI_TRY(const std::string text, ReadTextFile(list, kMaxListBytes));
  std::vector<TorchScriptEntry> entries;
  std::istringstream lines(text);
  std::string line;
  for (int number = 1; std::getline(lines, line); ++number) {
    line = line.substr(0, line.find('#'));
    if (line.find_first_not_of(" \t\r") == std::string::npos) continue;
    TorchScriptEntry entry;
    const std::string expected = ParseLine(line, &entry);
    if (!expected.empty()) {
      return Error{ErrorCode::kCorrupt, DisplayPath(list) + ", line " + std::to_string(number) +
                                            ": expected " + expected +
                                            "; a line is SHA256 NAME DIMENSION SIDE squash|short_side"};
    }
    entries.push_back(std::move(entry));
  }
  return entries;
}

Status AddTorchScript(const TorchScriptEntry& entry, const std::filesystem::path& list) {
  TorchScriptEntry parsed;
  if (const std::string expected = ParseLine(LineOf(entry), &parsed); !expected.empty()) {
    return Error{ErrorCode::kInvalidArgument,
                 "the network " + entry.name + " cannot be listed: expected " + expected};
  }
  KANTEI_TRY(auto entries, ReadTorchScriptList(list));
  std::erase_if(entries, [&](const TorchScriptEntry& old) { return old.sha256 == entry.sha256; });
  entries.push_back(entry);
  std::string text =
      "# TorchScript files that this user trusts: SHA256 NAME DIMENSION SIDE squash|short_side\n";
  for (const TorchScriptEntry& each : entries) text += LineOf(each) + "\n";
  std::error_code error;
  std::filesystem::create_directories(list.parent_path(), error);
  return WriteFileAtomic(list, text);
}

Result<TorchScriptEntry> FindTorchScript(const std::filesystem::path& file, const std::string& sha256) {
  KANTEI_TRY(const auto entries, ReadTorchScriptList());
  for (const TorchScriptEntry& entry : entries) {
    if (entry.sha256 == sha256) return entry;
  }
  const std::string name = DisplayPath(file);
  return Error{ErrorCode::kUnsupported, name + " is TorchScript, a program, and its SHA-256 " + sha256 +
                                            " is not in " + DisplayPath(TorchScriptListPath()) +
                                            "; if you trust where it came from: kantei models import " +
                                            name + " --name NAME --i-trust-this-file"};
}

}  // namespace kantei::nn
