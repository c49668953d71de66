// Parts of a picture that are copies of other parts of it. Private to authenticity.
#pragma once

#include "kantei/authenticity/traces.h"
#include "kantei/base/cancellation.h"
#include "kantei/image/image.h"

namespace kantei::authenticity::trace {

/// kCopyMove: shifted copies, neither turned nor scaled. Corners are described by their patches and matched within the
/// picture; what matches names offsets; every popular offset is checked block by block for agreement in fine detail.
Status FindCopyMove(const image::Image& picture, int threads, const CancellationToken& cancellation,
                    Trace* trace);

}  // namespace kantei::authenticity::trace
