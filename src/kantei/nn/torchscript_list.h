// TorchScript files are programs, so only those that their owner has listed by SHA-256 are run.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "kantei/base/result.h"
#include "kantei/nn/embedding_network.h"

namespace kantei::nn {

enum class WeightsKind { kSafetensors, kTorchScript };

/// By the first bytes: safetensors, or a zip file that holds TorchScript. kUnsupported for a pickle (bare, or torch.save's
/// zip file), kCorrupt for anything else; both say what to do.
Result<WeightsKind> SniffWeights(const std::filesystem::path& path);

struct TorchScriptEntry {
  std::string sha256;  ///< 64 lower-case hexadecimal digits
  std::string name;    ///< letters, digits, '.', '_', '-'
  int dimension = 512;
  int side = 288;
  InputMode mode = InputMode::kShortSide;
};

/// `torchscript.allow` in UserModelDirectory(). One entry a line, "SHA256 NAME DIMENSION SIDE squash|short_side"; '#' begins
/// a comment.
std::filesystem::path TorchScriptListPath();
/// Empty when there is no list. kCorrupt names the first bad line.
Result<std::vector<TorchScriptEntry>> ReadTorchScriptList(
    const std::filesystem::path& list = TorchScriptListPath());
/// Adds or replaces the entry of this SHA-256; makes the directory when needed.
Status AddTorchScript(const TorchScriptEntry& entry,
                      const std::filesystem::path& list = TorchScriptListPath());
/// The entry of a file; kUnsupported when it is not listed, naming the command that lists it.
Result<TorchScriptEntry> FindTorchScript(const std::filesystem::path& file, const std::string& sha256);

}  // namespace kantei::nn
