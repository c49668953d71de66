// Where networks are kept on this machine, and what can be said of them without running them. No LibTorch.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "kantei/base/result.h"
#include "kantei/nn/embedding_network.h"
#include "kantei/nn/network_file.h"

namespace kantei::nn {

/// $KANTEI_HOME/models when KANTEI_HOME is set, else DataHome()/models. Need not exist.
std::filesystem::path UserModelDirectory();

/// The directories that are searched for networks, in order: the user's, then the shipped ones (KANTEI_MODEL_DIR, else
/// beside the program); only those that exist.
std::vector<std::filesystem::path> ModelDirectories();

struct ModelEntry {
  std::filesystem::path path;
  NetworkInfo info;     ///< from the header; SHA-256 empty except for TorchScript, whose list states it
  std::string problem;  ///< why it cannot be used; empty when its header is sound
};

/// Networks in ModelDirectories(), sorted by name: safetensors files with our metadata, and listed TorchScript files. Other
/// files are left out; a file of ours with a bad header is there with its problem.
Result<std::vector<ModelEntry>> ListModels();

/// A path that exists stands for itself; else the network of this name, or the file NAME, NAME.safetensors, in
/// ModelDirectories(). kNotFound lists the names that are there.
Result<std::filesystem::path> FindNetwork(std::string_view name_or_path);

/// Facts of one file with its SHA-256 computed; no tensor is read.
Result<NetworkInfo> InspectModel(const std::filesystem::path& path);

struct ModelCheck {
  enum class Outcome { kPassed, kFailed, kSkipped };
  std::string what;  ///< "sha256", "tensors", "forward"
  Outcome outcome = Outcome::kPassed;
  std::string detail;
};

/// The SHA-256 against NAME.sha256 (its first word) or the card NAME.md beside the file (skipped when neither states
/// one), every tensor (names, shapes, finite), and a forward pass over a made picture (unit length, finite). A failed
/// check is a value; an Error means that the file could not be read at all.
Result<std::vector<ModelCheck>> VerifyModel(const std::filesystem::path& path,
                                            const NetworkOptions& options = {});

struct ModelImport {
  std::filesystem::path backbone;  ///< safetensors with torchvision's names ("conv1.weight", ...), fc allowed
  std::filesystem::path
      head;  ///< may be empty; safetensors with weight and bias, with or without "head." before
  NetworkDescription
      description;  ///< architecture, name, side ...; `head` is set by what the head file holds
};

/// Writes one file of ours; the tensors are checked, and kept in the number type they have. Returns its facts.
Result<NetworkInfo> ImportModel(const ModelImport& import, const std::filesystem::path& out);

}  // namespace kantei::nn
