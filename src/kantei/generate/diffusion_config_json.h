// config.json and scheduler_config.json of diffusers and transformers. Private to generate/ and train/.
#pragma once

#include <string_view>

#include "kantei/base/json.h"
#include "kantei/base/result.h"
#include "kantei/generate/diffusion_config.h"

namespace kantei::generate {

// Absent fields have the library's defaults, unknown ones are left. kCorrupt when a field has the wrong type or is out of range,
// kUnsupported when it asks for a part that these networks do not have; both name file and field.
Result<UnetConfig> ReadUnetConfig(const Json& json, std::string_view file_name);
Result<ControlnetConfig> ReadControlnetConfig(const Json& json, std::string_view file_name);
Result<AutoencoderKlConfig> ReadAutoencoderKlConfig(const Json& json, std::string_view file_name);
Result<ClipTextConfig> ReadClipTextConfig(const Json& json, std::string_view file_name);
Result<SchedulerConfig> ReadSchedulerConfig(const Json& json, std::string_view file_name);

// What diffusers and transformers read back.
Json ConfigJson(const UnetConfig& config);
Json ConfigJson(const ControlnetConfig& config);
Json ConfigJson(const AutoencoderKlConfig& config);
Json ConfigJson(const ClipTextConfig& config);
Json ConfigJson(const SchedulerConfig& config);

}  // namespace kantei::generate
