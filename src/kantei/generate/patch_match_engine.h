// Exemplar inpainting of our own: the hole is filled so that each of its patches looks like a patch of the known picture, at
// every scale. Private to generate/.
//
// Energy and voting after Wexler, Shechtman and Irani, "Space-Time Completion of Video" (PAMI 2007); nearest patches by the
// randomised search of Barnes et al., "PatchMatch" (SIGGRAPH 2009).
#pragma once

#include <memory>

#include "kantei/generate/inpaint_engine.h"

namespace kantei::generate {

/// Needs at least one wholly known patch of 3 × 3 pixels near the hole (7 × 7 are used where they can be).
std::unique_ptr<InpaintEngine> MakePatchMatchEngine();

}  // namespace kantei::generate
