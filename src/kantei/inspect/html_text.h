// Text and pictures as they may stand in a page. Private to inspect.
#pragma once

#include <string>
#include <string_view>

#include "kantei/image/image.h"

namespace kantei::inspect {

/// Appends `text` for element content and quoted attributes: markup escaped, invalid UTF-8 as U+FFFD, and
/// characters that reorder or hide text (bidirectional controls, zero-width and tag characters, control
/// codes) shown as [U+202E].
void AppendEscaped(std::string_view text, std::string* out);
std::string Escaped(std::string_view text);

/// <img> with the picture inside as a JPEG; a sentence-less dash when it cannot be encoded.
void AppendImage(const image::Image& picture, std::string_view alternative, std::string_view css_class,
                 std::string* out);

}  // namespace kantei::inspect
