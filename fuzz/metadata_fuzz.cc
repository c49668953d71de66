// Any bytes as a picture file: every container reader, EXIF, XMP, IPTC, generator texts, C2PA.
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "kantei/authenticity/metadata.h"
#include "kantei/authenticity/metadata_bytes.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  namespace auth = kantei::authenticity;
  const auth::Metadata metadata = auth::ReadMetadata(std::as_bytes(std::span(data, size)), nullptr);
  for (const auto* values : {&metadata.exif, &metadata.xmp, &metadata.iptc}) {
    for (const auth::NamedValue& value : *values) {
      if (value.value.size() > 4096 || !auth::origin::IsUtf8(value.value) ||
          !auth::origin::IsUtf8(value.name))
        std::abort();
    }
  }
  for (const auth::GeneratorTag& tag : metadata.generators) {
    for (const auth::NamedValue& field : tag.fields) {
      if (field.value.size() > 4096 || !auth::origin::IsUtf8(field.value)) std::abort();
    }
  }
  return 0;
}
