// Diffusion models on this machine: folders in diffusers' layout beside the networks.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "kantei/base/json.h"
#include "kantei/base/result.h"
#include "kantei/nn/model_store.h"

namespace kantei::cli {

/// Folders with a model_index.json directly in nn::ModelDirectories(); of equal names the first.
std::vector<std::filesystem::path> ListGenerators();

/// A path that exists stands for itself; else the folder of this name among ListGenerators(); empty: the shipped one.
/// kNotFound says how to come by one.
Result<std::filesystem::path> FindGenerator(const std::string& named);

/// What `kantei models list` shows of a folder; nothing is read but its name.
Json GeneratorJson(const std::filesystem::path& path);

/// Reads the whole model: kind, sizes, parameters, the hash that records state.
Result<Json> DescribeGenerator(const std::filesystem::path& path);

/// The folder's hash against the card NAME.md beside it (skipped where there is none), every tensor, and one step of one picture.
std::vector<nn::ModelCheck> CheckGenerator(const std::filesystem::path& path);

}  // namespace kantei::cli
