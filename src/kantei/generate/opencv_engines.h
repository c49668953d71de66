// The inpainting of OpenCV and its xphoto module behind our interface. Private to generate/.
#pragma once

#include <memory>
#include <string_view>

#include "kantei/generate/inpaint_engine.h"

namespace kantei::generate {

/// "telea", "navier-stokes", "fsr" or "shift-map"; null for any other name.
std::unique_ptr<InpaintEngine> MakeOpencvEngine(std::string_view name);

}  // namespace kantei::generate
