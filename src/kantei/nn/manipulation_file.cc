#include "kantei/nn/manipulation_file.h"

#include <algorithm>
#include <vector>

#include "kantei/nn/metadata_reader.h"

namespace kantei::nn {
namespace {

constexpr int kMinSide = 64, kMaxSide = 2048, kSideMultiple = 32;

}  // namespace

Result<ManipulationDescription> ReadManipulationDescription(
    const std::map<std::string, std::string>& metadata, std::string_view file_name) {
  MetadataReader reader(metadata, file_name);
  ManipulationDescription description;
  description.architecture = reader.Text("kantei.architecture");
  if (description.architecture != "anixplore") {
    return Error{ErrorCode::kUnsupported,
                 std::string(file_name) + ": the metadata entry kantei.architecture is \"" +
                     description.architecture.substr(0, 64) +
                     "\"; expected anixplore; convert the weights with scripts/convert_checkpoint"};
  }
  description.name = reader.Text("kantei.name");
  description.licence = reader.Text("kantei.licence");
  description.source = reader.Text("kantei.source");
  reader.Read("kantei.side", kMinSide, kMaxSide, &description.side);
  if (description.side % kSideMultiple != 0) reader.Fail("kantei.side", "a multiple of 32");
  if (const std::string mode = reader.Text("kantei.input_mode"); !mode.empty()) {
    if (mode != "squash" && mode != "pad") reader.Fail("kantei.input_mode", "squash or pad");
    description.input = mode == "pad" ? ManipulationInput::kPad : ManipulationInput::kSquash;
  }
  int quirks = 1;
  reader.Read("kantei.released_quirks", 0, 1, &quirks);
  description.released_quirks = quirks == 1;
  const auto triple = [&](const std::string& key, double low, std::array<float, 3>* values) {
    const auto list =
        reader.ReadList<float>(key, 3, 3, low, 1000, std::vector<float>(values->begin(), values->end()));
    std::copy_n(list.begin(), 3, values->begin());
  };
  triple("kantei.mean", -1000, &description.mean);
  triple("kantei.std", 1e-6, &description.std);
  if (reader.error()) return *reader.error();
  return description;
}

std::map<std::string, std::string> ToMetadata(const ManipulationDescription& description) {
  std::map<std::string, std::string> metadata = {
      {"kantei.architecture", description.architecture},
      {"kantei.name", description.name},
      {"kantei.side", std::to_string(description.side)},
      {"kantei.input_mode", description.input == ManipulationInput::kPad ? "pad" : "squash"},
      {"kantei.mean", ListText(description.mean)},
      {"kantei.std", ListText(description.std)},
      {"kantei.released_quirks", description.released_quirks ? "1" : "0"},
  };
  if (!description.licence.empty()) metadata["kantei.licence"] = description.licence;
  if (!description.source.empty()) metadata["kantei.source"] = description.source;
  return metadata;
}

}  // namespace kantei::nn
