// Any text as COCO annotations; what is read must be drawn, and run lengths come back.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "kantei/dataset/coco_annotations.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace kantei::dataset;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto counts = ParseRleString(text); counts.ok()) {
    const auto again = ParseRleString(RleString(*counts));
    if (!again.ok() || *again != *counts) std::abort();
  }
  CocoAnnotations annotations;
  if (!annotations.AddJson(text, "fuzz").ok()) return 0;
  const CocoPicture* picture = annotations.Find("a.jpg");
  if (picture == nullptr || std::max(picture->width, picture->height) > 512) return 0;
  for (const CocoObject& object : picture->objects)
    if (!DrawObject(object, *picture, picture->width, picture->height).ok()) std::abort();
  return 0;
}
