// Any bytes as the weights of a network: either refused, or a network whose every tensor has the size its description says.
// The first bytes choose which metadata entry is replaced by what follows, so that the fuzzer reaches the description's
// reader without having to make a sound container first.
#include <sys/mman.h>
#include <unistd.h>

#include <array>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "kantei/nn/network_file.h"
#include "kantei/nn/torchscript_list.h"

namespace {

using kantei::nn::NetworkDescription;

constexpr std::array kKeys = {"kantei.architecture", "kantei.side",       "kantei.input_mode",
                              "kantei.mean",         "kantei.std",        "kantei.gem_p",
                              "kantei.head",         "kantei.head_slope", "kantei.widths",
                              "kantei.depths",       "kantei.channels",   "kantei.last_stride"};

void ReadMetadata(const std::uint8_t* data, std::size_t size) {
  if (size < 1) return;
  auto metadata = kantei::nn::ToMetadata(NetworkDescription{});
  metadata[kKeys[data[0] % kKeys.size()]] = std::string(reinterpret_cast<const char*>(data) + 1, size - 1);
  const auto description = kantei::nn::ReadDescription(metadata, "fuzz");
  if (!description.ok()) {
    if (description.error().message.empty()) std::abort();
    return;
  }
  if (description->side < 1 || description->side > 4096 || !(description->gem_p > 0)) std::abort();
  if (!kantei::nn::SpecOf(*description).ok()) std::abort();
  const auto again = kantei::nn::ReadDescription(kantei::nn::ToMetadata(*description), "fuzz");
  if (!again.ok()) std::abort();
}

void ReadWeights(const std::string& path) {
  if (!kantei::nn::SniffWeights(path).ok()) return;
  const auto file = kantei::nn::SafetensorsFile::Open(path);
  if (!file.ok()) return;
  const auto description = kantei::nn::ReadDescription(file->metadata(), "fuzz");
  if (!description.ok()) return;
  const auto info = kantei::nn::DescribeNetwork(*file, *description, "fuzz");
  const auto weights = kantei::nn::LoadNetworkWeights(*file, *description, "fuzz");
  if (weights.ok() && !info.ok()) std::abort();
  if (!weights.ok()) return;
  if (weights->dimension() != info->dimension) std::abort();
  for (const auto* unit : kantei::nn::UnitsOf(weights->spec)) {
    const auto& numbers = weights->units.at(unit->conv);
    if (numbers.bias.size() != static_cast<std::size_t>(unit->out)) std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  ReadMetadata(data, size);
  const int fd = memfd_create("kantei-fuzz", MFD_CLOEXEC);
  if (fd < 0 || write(fd, data, size) != static_cast<ssize_t>(size)) std::abort();
  const std::string path = "/proc/self/fd/" + std::to_string(fd);
  ReadWeights(path);
  const auto list = kantei::nn::ReadTorchScriptList(path);
  if (!list.ok() && list.error().message.empty()) std::abort();
  close(fd);
  return 0;
}
