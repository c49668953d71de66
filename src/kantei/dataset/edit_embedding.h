// Edits that make the picture a part of something larger. Private to dataset/.
//
// Every frame is as long as the picture's longer side: what shows the picture is a picture of the usual size again.
#pragma once

#include "kantei/base/random.h"
#include "kantei/dataset/edit_overlay.h"

namespace kantei::dataset {

/// One of `cells` (2..9) cells of equal size, others in the rest.
Image Collage(const Image& picture, int cells, Others others, Random& random);
/// In an app on a phone or a page in a browser; `share` of the frame's area is the picture.
Image Screenshot(const Image& picture, double share, Random& random);
/// A caption in bars of `bar` × the picture's height, or in large letters on the picture.
Image Meme(const Image& picture, double bar, Random& random);
/// A frame of `width` × the shorter side: plain, double, instant photo, rounded or film.
Image Border(const Image& picture, double width, Random& random);
/// Printed among text and scanned; the picture is `share` of the page's width.
Image PageScan(const Image& picture, double share, Random& random);
/// A screen in a room photographed aslant; corners move by up to `slant` of the side.
Image Recapture(const Image& picture, double slant, Others others, Random& random);

}  // namespace kantei::dataset
